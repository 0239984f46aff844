//! `volume prune`.

use std::sync::Arc;

use knarr_api::volume::PruneResponse;
use knarr_model::Result;
use knarr_volumes::VolumeError;

use super::event;
use crate::engine::blocking;
use crate::{Engine, Event, Filters};

impl Engine {
    /// Removes the volumes that no container uses and that pass `filters` (`label`, `label!`): anonymous ones, with
    /// `all=true` named ones too.
    pub async fn prune_volumes(self: &Arc<Self>, filters: &Filters) -> Result<PruneResponse> {
        filters.only(&["label", "label!", "all"])?;
        let all = filters.flag("all")?.unwrap_or(false);
        let (engine, filters) = (self.clone(), filters.clone());
        let response = blocking(move || {
            let mut response = PruneResponse::default();
            for volume in engine.volumes.list()? {
                let wanted = (all || volume.anonymous) && filters.labels(&volume.labels);
                // Asked anew for each: containers come while others are pruned.
                if !wanted || engine.volume_users().contains_key(&volume.name) {
                    continue;
                }
                let size = engine.volumes.size(&volume)?;
                match engine.volumes.remove(&volume.name, &[]) {
                    Ok(()) => {}
                    Err(VolumeError::NotFound(_)) => continue,
                    Err(error) => return Err(error.into()),
                }
                engine.events.publish(event("destroy", &volume));
                response.space_reclaimed += size;
                response.volumes_deleted.push(volume.name);
            }
            Ok(response)
        })
        .await?;
        self.events.publish(Event::new("volume", "prune", "").with("reclaimed", response.space_reclaimed.to_string()));
        Ok(response)
    }
}
