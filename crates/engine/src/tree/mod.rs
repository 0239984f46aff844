//! `tree`: all images by the layers that they stand on, with the containers that hang on them.
//!
//! The tree itself is the images room's; here it meets the sizes of layers and the containers, a part of it is chosen, and it is put
//! into the API's shape.

mod containers;
mod encode;
mod part;

pub use part::Part;

use std::sync::Arc;

use knarr_images::Tree;
use knarr_model::Result;

use crate::Engine;
use crate::engine::blocking;

/// Which tree to draw.
#[derive(Debug, Clone, Default)]
pub struct TreeQuery {
    /// Also the images of earlier build steps.
    pub all: bool,
    /// What of it.
    pub part: Part,
}

impl Engine {
    /// The image tree, or a part of it.
    pub async fn tree(self: &Arc<Self>, query: TreeQuery) -> Result<knarr_api::tree::Tree> {
        let engine = Arc::clone(self);
        blocking(move || engine.tree_now(&query)).await
    }

    fn tree_now(&self, query: &TreeQuery) -> Result<knarr_api::tree::Tree> {
        let leaves = self.images.leaves()?;
        let hung = self.hung(&leaves)?;
        let stacks: Vec<_> = hung.iter().map(|container| container.stack.as_slice()).collect();
        let tree = Tree::of(leaves, query.all, &stacks);
        let chosen = self.choose(&tree, &query.part)?;
        let sizes = self.layers.list().into_iter().map(|layer| (layer.chain_id, layer.size)).collect();
        Ok(encode::encode(&tree, &hung, &sizes, &chosen))
    }
}
