//! Sizes of layers, kept in memory: a layer never changes, and a thousand records on the disk take longer to read than the rest
//! of the tree.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use knarr_images::Tree;
use knarr_layers::Layers;
use knarr_model::{Digest, Result};

/// Bytes of the layers that the last tree had, by chain id.
#[derive(Debug, Default)]
pub(crate) struct Sizes(Mutex<HashMap<Digest, u64>>);

impl Sizes {
    /// Bytes of every layer of a tree, by node. A layer that was removed meanwhile counts for nothing.
    pub(super) fn of(&self, tree: &Tree, layers: &Layers) -> Result<Vec<Vec<u64>>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = HashMap::with_capacity(known.len());
        let mut sizes = Vec::with_capacity(tree.nodes.len());
        for node in &tree.nodes {
            let mut run = Vec::with_capacity(node.chain.len());
            for chain in &node.chain {
                let size = match known.get(chain) {
                    Some(size) => Some(*size),
                    None => layers.get(chain).map(|layer| layer.size),
                };
                now.extend(size.map(|size| (chain.clone(), size)));
                run.push(size.unwrap_or_default());
            }
            sizes.push(run);
        }
        *known = now;
        Ok(sizes)
    }
}
