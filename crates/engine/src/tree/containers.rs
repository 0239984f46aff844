//! The containers that hang on the tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use knarr_images::{Leaf, Tree};
use knarr_model::{Digest, Result};

use crate::Engine;
use crate::containers::{Record, Status};

/// A container, with the layers that it stands on.
pub(super) struct Hung {
    pub(super) record: Arc<Record>,
    pub(super) running: bool,
    /// Diff ids, the lowest first.
    pub(super) stack: Vec<Digest>,
}

impl Hung {
    /// The node of its uppermost layer; none where it has no layers.
    pub(super) fn node(&self, tree: &Tree) -> Option<usize> {
        tree.place(self.record.layer.as_ref()?)
    }
}

impl Engine {
    /// All containers. The image of one may be gone; its layers stay with it.
    pub(super) fn hung(&self, leaves: &BTreeMap<Digest, Leaf>) -> Result<Vec<Hung>> {
        let views = self.containers.all().into_iter().map(|container| container.view());
        views.map(|record| self.hang(record, leaves)).collect()
    }

    fn hang(&self, record: Arc<Record>, leaves: &BTreeMap<Digest, Leaf>) -> Result<Hung> {
        let leaf = record.image_id.parse().ok().and_then(|id: Digest| leaves.get(&id));
        let stack = match leaf {
            Some(leaf) => leaf.diff_ids.clone(),
            None => self.stack(&record)?,
        };
        let running = record.state.status.alive() || record.state.status == Status::Restarting;
        Ok(Hung { record, running, stack })
    }

    fn stack(&self, record: &Record) -> Result<Vec<Digest>> {
        match self.layers.stack(record.layer.as_ref()) {
            Ok(stack) => Ok(stack.into_iter().map(|layer| layer.diff_id).collect()),
            // The container was removed while we looked.
            Err(knarr_layers::Error::NotFound(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}
