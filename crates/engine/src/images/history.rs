//! `history`.

use knarr_api::image::History;
use knarr_images::HistoryItem;
use knarr_model::Result;

use super::{familiar, seconds};
use crate::Engine;

impl Engine {
    /// The steps by which the image that `name` means came to be, the newest first.
    pub fn image_history(&self, name: &str) -> Result<Vec<History>> {
        let image = self.images.resolve(name)?;
        self.images.history(&image.id)?.into_iter().map(|step| self.step(step)).collect()
    }

    fn step(&self, item: HistoryItem) -> Result<History> {
        let layer = match &item.layer {
            Some(chain) => self.layers.get(chain),
            None => None,
        };
        Ok(History {
            comment: item.step.comment.unwrap_or_default(),
            created: seconds(item.step.created.as_deref()),
            created_by: item.step.created_by.unwrap_or_default(),
            id: item.image.as_ref().map_or_else(|| "<missing>".to_owned(), |image| image.id.to_string()),
            size: layer.map_or(0, |layer| i64::try_from(layer.size).unwrap_or(i64::MAX)),
            tags: item.image.map(|image| familiar(&image.tags)).unwrap_or_default(),
        })
    }
}
