//! `image prune`.

use std::sync::Arc;

use knarr_api::image::{DeleteItem, PruneResponse};
use knarr_images::{DeleteOptions, Image};
use knarr_model::Result;

use super::list::until;
use super::sweep::Candidates;
use super::{blocking, created};
use crate::{Engine, Event, Filters};

impl Engine {
    /// Removes images without a tag, or with the filter `dangling=false` all that no container uses. Where no other filter spares something, what is in
    /// quarantine of images and of the database goes too.
    pub async fn prune_images(self: &Arc<Self>, filters: Filters) -> Result<PruneResponse> {
        filters.only(&["dangling", "label", "label!", "until"])?;
        let engine = self.clone();
        blocking(move || engine.prune(&filters)).await
    }

    fn prune(&self, filters: &Filters) -> Result<PruneResponse> {
        let only_dangling = filters.flag("dangling")?.unwrap_or(true);
        let until = filters.get("until").first().map(|text| until(text)).transpose()?;
        let mut gone = Vec::new();
        for image in self.images.list()? {
            let wanted = filters.labels(&image.config().config.labels) && until.is_none_or(|at| created(&image) < at);
            if wanted && (image.dangling() || !only_dangling) {
                gone.extend(self.prune_one(&image));
            }
        }
        crate::build::tidy(self)?;
        let swept = self.sweep(Candidates::all(self)?)?;
        let layers = swept.layers.iter().map(|layer| layer.chain_id.to_string());
        gone.extend(layers.map(|deleted| DeleteItem { untagged: String::new(), deleted }));
        let spares = ["label", "label!", "until"].iter().any(|key| !filters.get(key).is_empty());
        let damaged = if spares { 0 } else { self.prune_quarantine(&["blob", "layer", "database"])? };
        let bytes = swept.bytes + damaged;
        self.events.publish(Event::new("image", "prune", "").with("reclaimed", bytes.to_string()));
        Ok(PruneResponse { images_deleted: gone, space_reclaimed: bytes })
    }

    /// An image that something needs stays: that is no failure of a prune.
    fn prune_one(&self, image: &Image) -> Vec<DeleteItem> {
        let options = DeleteOptions { force: false, prune: true };
        let names: Vec<String> = match image.tags.len() {
            0 => vec![image.id.to_string()],
            _ => image.tags.iter().map(ToString::to_string).collect(),
        };
        names.iter().flat_map(|name| self.delete(name, options).map(|(gone, _)| gone).unwrap_or_default()).collect()
    }
}
