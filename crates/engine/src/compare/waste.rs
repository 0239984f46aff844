//! `image waste`: bytes that an image carries and nobody sees.

use std::sync::Arc;

use knarr_api::compare::{Waste, Wasted};
use knarr_layers::{Hidden, Layer};
use knarr_model::Result;

use super::number;
use crate::Engine;
use crate::engine::blocking;

impl Engine {
    /// The files of an image that its own upper layers overwrite or delete, the largest first.
    pub async fn image_waste(self: &Arc<Self>, name: &str) -> Result<Waste> {
        let (engine, name) = (Arc::clone(self), name.to_owned());
        blocking(move || {
            let _lease = engine.lease();
            engine.waste(&name)
        })
        .await
    }

    fn waste(&self, name: &str) -> Result<Waste> {
        let image = self.images.resolve(name)?;
        let stack = self.layers.stack(image.top().as_ref())?;
        let mut hidden = self.layers.merged(&stack)?.hidden();
        hidden.sort_by_key(|file| std::cmp::Reverse(file.size));
        Ok(Waste {
            id: image.id.to_string(),
            size: number(stack.iter().map(|layer| layer.size).sum()),
            wasted: number(hidden.iter().map(|file| file.size).sum()),
            files: hidden.into_iter().map(|file| wasted(file, &stack)).collect(),
        })
    }
}

fn wasted(file: Hidden, stack: &[Layer]) -> Wasted {
    Wasted {
        path: file.path.to_string_lossy().into_owned(),
        size: number(file.size),
        layer: stack[file.layer].chain_id.to_string(),
        hidden_by: stack[file.by].chain_id.to_string(),
        deleted: file.deleted,
    }
}
