//! `network prune`.

use std::sync::Arc;

use knarr_api::network::PruneResponse;
use knarr_model::Result;

use super::event;
use crate::containers::{Record, prune_time};
use crate::engine::blocking;
use crate::{Engine, Event, Filters};

impl Engine {
    /// Removes all networks of users that no container is connected to or wants to join, and that pass `filters` (`until`,
    /// `label`, `label!`).
    pub async fn prune_networks(self: &Arc<Self>, filters: &Filters) -> Result<PruneResponse> {
        filters.only(&["until", "label", "label!"])?;
        let before = filters.get("until").first().map(|text| prune_time(text)).transpose()?;
        let wanted: Vec<String> =
            self.containers.all().iter().flat_map(|container| joined(&container.view())).collect();
        let (networks, filters) = (self.networks()?, filters.clone());
        let removed = blocking(move || {
            let keep = |network: &knarr_network::Network| {
                let created = network.created.as_nanosecond();
                let young = before.is_some_and(|before| i128::from(before.nanoseconds()) <= created);
                let wanted = wanted.iter().any(|name| *name == network.name || network.id.starts_with(name));
                young || wanted || !filters.labels(&network.labels)
            };
            Ok(networks.prune(keep)?)
        })
        .await?;
        for network in &removed {
            self.events.publish(event("destroy", network));
        }
        self.events.publish(Event::new("network", "prune", "").with("reclaimed", "0"));
        Ok(PruneResponse { networks_deleted: removed.into_iter().map(|network| network.name).collect() })
    }
}

/// The networks that a container joins at its start, by name or id.
fn joined(record: &Record) -> Vec<String> {
    let first = record.host.network_mode.clone();
    std::iter::once(first).chain(record.wishes.keys().cloned()).collect()
}
