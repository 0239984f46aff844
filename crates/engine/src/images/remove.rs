//! `rmi`.

use std::sync::Arc;

use knarr_api::image::DeleteItem;
use knarr_images::{DeleteOptions, Needs, Removed};
use knarr_model::Result;
use knarr_sys::failpoint;

use super::blocking;
use super::sweep::Candidates;
use crate::{Engine, Event};

impl Engine {
    /// Removes the name, or the image, that `name` is, with the layers and blobs that nobody needs then.
    pub async fn remove_image(self: &Arc<Self>, name: &str, force: bool, prune: bool) -> Result<Vec<DeleteItem>> {
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let (mut gone, freed) = engine.delete(&name, DeleteOptions { force, prune })?;
            failpoint!("store.image-deleted");
            if !freed.is_empty() {
                crate::build::tidy(&engine)?;
                let swept = engine.sweep(Candidates::of(&freed))?;
                gone.extend(swept.layers.iter().map(|layer| deleted(layer.chain_id.to_string())));
            }
            Ok(gone)
        })
        .await
    }

    /// Removes names and images, and announces each; the layers and blobs that they needed stay for the sweep.
    pub(super) fn delete(&self, name: &str, options: DeleteOptions) -> Result<(Vec<DeleteItem>, Vec<Needs>)> {
        let users = self.image_users();
        let deleted = self.images.delete(name, options, &|id| users.get(id.as_str()).cloned().unwrap_or_default())?;
        Ok((deleted.removed.into_iter().map(|item| self.announce(item)).collect(), deleted.freed))
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
