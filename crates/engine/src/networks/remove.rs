//! `network rm`.

use std::sync::Arc;

use knarr_model::Result;

use super::event;
use crate::Engine;
use crate::engine::blocking;

impl Engine {
    /// Removes a network that no container is connected to.
    pub async fn remove_network(self: &Arc<Self>, name: &str) -> Result<()> {
        let (networks, name) = (self.networks()?, name.to_owned());
        let network = blocking(move || Ok(networks.remove(&name)?)).await?;
        self.events.publish(event("destroy", &network));
        Ok(())
    }
}
