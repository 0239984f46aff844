//! `volume create`.

use std::sync::Arc;

use knarr_api::volume::{CreateRequest, Volume as WireVolume};
use knarr_model::Result;
use knarr_volumes::NewVolume;

use super::{event, inspect::describe};
use crate::Engine;
use crate::engine::blocking;

impl Engine {
    /// Makes a volume, or finds the one of this name.
    pub async fn create_volume(self: &Arc<Self>, request: CreateRequest) -> Result<WireVolume> {
        let new = NewVolume {
            name: request.name,
            driver: request.driver,
            options: request.driver_opts,
            labels: request.labels,
            anonymous: false,
        };
        let engine = self.clone();
        blocking(move || {
            let (volume, made) = engine.volumes.create(new)?;
            if made {
                engine.events.publish(event("create", &volume));
            }
            Ok(describe(&engine, &volume))
        })
        .await
    }
}
