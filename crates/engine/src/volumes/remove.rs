//! `volume rm`.

use std::sync::Arc;

use knarr_model::{Kind, Result};

use super::event;
use crate::Engine;
use crate::engine::blocking;

impl Engine {
    /// Removes a volume that no container uses; `force` is content where there is none.
    pub async fn remove_volume(self: &Arc<Self>, name: &str, force: bool) -> Result<()> {
        let users = self.volume_users().remove(name).unwrap_or_default();
        let (engine, name) = (self.clone(), name.to_owned());
        blocking(move || {
            let volume = match engine.volumes.get(&name) {
                Ok(volume) => volume,
                Err(error) => {
                    let fault = knarr_model::Fault::from(error);
                    return if force && fault.kind() == Kind::NotFound { Ok(()) } else { Err(fault) };
                }
            };
            engine.volumes.remove(&name, &users)?;
            engine.events.publish(event("destroy", &volume));
            Ok(())
        })
        .await
    }
}
