//! `rmi`.

use std::sync::Arc;

use knarr_api::image::DeleteItem;
use knarr_images::{DeleteOptions, Removed};
use knarr_model::Result;

use super::blocking;
use crate::{Engine, Event};

impl Engine {
    /// Removes the name, or the image, that `name` is, with the layers and blobs that nobody needs then.
    pub async fn remove_image(self: &Arc<Self>, name: &str, force: bool, prune: bool) -> Result<Vec<DeleteItem>> {
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let mut gone = engine.delete(&name, DeleteOptions { force, prune })?;
            if gone.iter().any(|item| !item.deleted.is_empty()) {
                let swept = engine.sweep()?;
                gone.extend(swept.layers.iter().map(|layer| deleted(layer.chain_id.to_string())));
            }
            Ok(gone)
        })
        .await
    }

    /// Removes names and images, and announces each; layers and blobs stay for the sweep.
    pub(super) fn delete(&self, name: &str, options: DeleteOptions) -> Result<Vec<DeleteItem>> {
        let users = self.image_users();
        let removed = self.images.delete(name, options, &|id| users.get(id.as_str()).cloned().unwrap_or_default())?;
        Ok(removed.into_iter().map(|item| self.announce(item)).collect())
    }

    fn announce(&self, removed: Removed) -> DeleteItem {
        match removed {
            Removed::Untagged(name, id) => {
                self.image_event("untag", &id, id.to_string());
                DeleteItem { untagged: name.familiar(), deleted: String::new() }
            }
            Removed::Deleted(id) => {
                self.events.publish(Event::new("image", "delete", id.to_string()).with("name", id.to_string()));
                deleted(id.to_string())
            }
        }
    }
}

fn deleted(id: String) -> DeleteItem {
    DeleteItem { untagged: String::new(), deleted: id }
}
