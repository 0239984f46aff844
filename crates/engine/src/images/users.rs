//! Which containers use which image.

use std::collections::{BTreeMap, HashSet};

use knarr_images::Use;
use knarr_model::{ContainerId, Digest, Result};
use serde::Deserialize;

use crate::Engine;

/// What matters of a container's record.
#[derive(Deserialize)]
struct Holder {
    id: ContainerId,
    image_id: String,
    layer: Option<Digest>,
    state: HolderState,
}

#[derive(Deserialize)]
struct HolderState {
    status: String,
}

impl Engine {
    /// The containers of each image, by the image's id.
    pub(super) fn image_users(&self) -> Result<BTreeMap<String, Vec<Use>>> {
        let mut users: BTreeMap<String, Vec<Use>> = BTreeMap::new();
        for holder in self.holders()? {
            let running = matches!(holder.state.status.as_str(), "running" | "paused" | "restarting");
            let user = Use { container: holder.id.short().to_owned(), running };
            users.entry(holder.image_id).or_default().push(user);
        }
        Ok(users)
    }

    /// The topmost layers of all images and containers.
    pub(super) fn layers_in_use(&self) -> Result<HashSet<Digest>> {
        let mut tops = self.images.tops()?;
        tops.extend(self.holders()?.into_iter().filter_map(|holder| holder.layer));
        Ok(tops)
    }

    fn holders(&self) -> Result<Vec<Holder>> {
        let rows = self.store.read(|tx| tx.list::<Holder>("containers"))?;
        Ok(rows.into_iter().map(|(_, holder)| holder).collect())
    }
}
