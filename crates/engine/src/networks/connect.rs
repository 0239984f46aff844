//! `network connect`, `network disconnect`.

use std::sync::Arc;

use knarr_api::network::{ConnectRequest, DisconnectRequest};
use knarr_model::{Fault, Kind, Result};
use knarr_network::Driver;

use super::event;
use crate::Engine;
use crate::containers::Command;
use crate::engine::blocking;

impl Engine {
    /// Has a container join a network: now where it runs, and at each start.
    pub async fn connect_network(self: &Arc<Self>, name: &str, request: ConnectRequest) -> Result<()> {
        let network = self.joinable(name).await?;
        let container = self.containers.find(&request.container)?;
        let wishes = Box::new(request.endpoint_config.unwrap_or_default());
        container.ask(|reply| Command::Connect(network.name.clone(), wishes, reply)).await?;
        self.events.publish(event("connect", &network).with("container", container.id().as_str()));
        Ok(())
    }

    /// Takes a container out of a network: now where it runs, and for each start.
    pub async fn disconnect_network(self: &Arc<Self>, name: &str, request: DisconnectRequest) -> Result<()> {
        let network = self.joinable(name).await?;
        let container = self.containers.find(&request.container)?;
        container.ask(|reply| Command::Disconnect(network.name.clone(), reply)).await?;
        self.events.publish(event("disconnect", &network).with("container", container.id().as_str()));
        Ok(())
    }

    /// A network that containers come into and leave while they run.
    async fn joinable(self: &Arc<Self>, name: &str) -> Result<knarr_network::Network> {
        let (networks, name) = (self.networks()?, name.to_owned());
        let network = blocking(move || Ok(networks.find(&name)?)).await?;
        match network.driver {
            Driver::Bridge => Ok(network),
            Driver::Host | Driver::Null => {
                let text = format!("container cannot be connected to or disconnected from network {}", network.name);
                Err(Fault::new(Kind::Forbidden, text))
            }
        }
    }
}
