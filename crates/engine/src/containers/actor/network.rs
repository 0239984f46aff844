//! Into a network and out of one, while the container runs or rests.

use std::sync::Arc;

use knarr_api::container::HostConfig;
use knarr_api::network::EndpointSettings;
use knarr_model::{Fault, Kind, Result};

use super::Actor;
use crate::containers::launch;
use crate::engine::blocking;

impl Actor {
    /// Joins a network: now where the container runs, and at each start.
    pub(super) async fn join(&mut self, network: String, wishes: EndpointSettings) -> Result<()> {
        self.own_network()?;
        let mode = self.record.host.network_mode.clone();
        if mode == network || self.record.wishes.contains_key(&network) {
            let text = format!("endpoint with name {} already exists in network {network}", self.record.name);
            return Err(Fault::new(Kind::Forbidden, text));
        }
        if self.record.state.status.alive() {
            let (engine, record) = (self.engine.clone(), self.record.clone());
            let (name, wanted) = (network.clone(), wishes.clone());
            let endpoint = blocking(move || launch::join(&engine, &record, &name, &wanted)).await?;
            self.record.endpoints.remove("none");
            self.record.endpoints.insert(network.clone(), endpoint);
            self.serve_names().await;
        }
        if mode == "none" {
            self.set_mode(network.clone());
        }
        Arc::make_mut(&mut self.record.wishes).insert(network, wishes);
        self.commit().await
    }

    /// Leaves a network: now where the container runs, and for each start.
    pub(super) async fn leave(&mut self, network: String) -> Result<()> {
        self.own_network()?;
        let mode = self.record.host.network_mode.clone();
        if mode != network && !self.record.wishes.contains_key(&network) {
            let text = format!("container {} is not connected to network {network}", self.record.id);
            return Err(Fault::new(Kind::Forbidden, text));
        }
        if self.record.state.status.alive() {
            let (networks, id, name) = (self.engine.networks()?, self.record.id.clone(), network.clone());
            let left = blocking(move || Ok(networks.disconnect(&id, &name)?)).await?;
            self.record.endpoints.remove(&network);
            if !left.ports.is_empty() {
                self.record.ports.clear();
            }
        }
        Arc::make_mut(&mut self.record.wishes).remove(&network);
        if mode == network {
            let next = self.record.wishes.keys().next().cloned();
            self.set_mode(next.unwrap_or_else(|| "none".to_owned()));
        }
        self.commit().await
    }

    /// Has names of neighbours resolved from now on, where it is in a network of the user's own. A container that runs without
    /// is worse off, but runs.
    pub(super) async fn serve_names(&mut self) {
        if self.names.is_some() {
            return;
        }
        let (engine, record) = (self.engine.clone(), self.record.clone());
        match blocking(move || launch::names_of_running(&engine, &record)).await {
            Ok(names) => self.names = names,
            Err(error) => {
                let container = &self.record.id;
                tracing::warn!(container.id = %container, error = %error.full(), "cannot serve names to a container");
            }
        }
    }

    /// Refused where the namespace is the host's or another container's.
    fn own_network(&self) -> Result<()> {
        let mode = &self.record.host.network_mode;
        if mode == "host" || mode.starts_with("container:") {
            let text =
                format!("container {} shares the network of {mode}: it cannot join or leave others", self.record.name);
            return Err(Fault::new(Kind::Forbidden, text));
        }
        Ok(())
    }

    /// The network that it joins first at its next start.
    fn set_mode(&mut self, network: String) {
        self.record.host = Arc::new(HostConfig { network_mode: network, ..HostConfig::clone(&self.record.host) });
    }
}
