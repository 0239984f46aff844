//! `network ls`, `network inspect`.

use std::collections::BTreeMap;
use std::sync::Arc;

use knarr_api::network::{EndpointResource, Ipam, IpamConfig, Network as WireNetwork};
use knarr_model::Result;
use knarr_network::{Driver, Endpoint, Network};

use crate::engine::blocking;
use crate::{Engine, Filters};

/// The keys that lists filter by.
const KEYS: [&str; 7] = ["dangling", "driver", "id", "label", "name", "scope", "type"];

impl Engine {
    /// The networks that pass `filters`.
    pub async fn list_networks(self: &Arc<Self>, filters: &Filters) -> Result<Vec<WireNetwork>> {
        filters.only(&KEYS)?;
        let dangling = filters.flag("dangling")?;
        let networks = self.networks()?;
        let all = blocking(move || {
            let all = networks.list()?.into_iter().map(|network| {
                let used = dangling.is_some() && !networks.endpoints(&network)?.is_empty();
                Ok((network, used))
            });
            all.collect::<Result<Vec<_>>>()
        })
        .await?;
        let wanted = |network: &Network, used: bool| {
            passes(filters, network)
                && dangling.is_none_or(|dangling| dangling != used && is_custom(network) || !dangling)
        };
        Ok(all.into_iter().filter(|(n, used)| wanted(n, *used)).map(|(network, _)| describe(&network, &[])).collect())
    }

    /// Everything about one network, by name, id or an id's beginning.
    pub async fn inspect_network(self: &Arc<Self>, name: &str) -> Result<WireNetwork> {
        let (networks, name) = (self.networks()?, name.to_owned());
        blocking(move || {
            let network = networks.find(&name)?;
            Ok(describe(&network, &networks.endpoints(&network)?))
        })
        .await
    }
}

fn is_custom(network: &Network) -> bool {
    !matches!(network.name.as_str(), "bridge" | "host" | "none")
}

fn passes(filters: &Filters, network: &Network) -> bool {
    let kind = if is_custom(network) { "custom" } else { "builtin" };
    filters.any("driver", |value| value == network.driver.as_str())
        && filters.patterns("id").fit(&network.id)
        && filters.patterns("name").fit(&network.name)
        && filters.any("scope", |value| value == "local")
        && filters.any("type", |value| value == kind)
        && filters.labels(&network.labels)
}

/// In Docker's words.
fn describe(network: &Network, endpoints: &[Endpoint]) -> WireNetwork {
    WireNetwork {
        name: network.name.clone(),
        id: network.id.clone(),
        created: network.created.to_string(),
        scope: "local".into(),
        driver: network.driver.as_str().into(),
        enable_ipv4: true,
        ipam: addresses(network),
        internal: network.bridge.as_ref().is_some_and(|bridge| bridge.internal),
        containers: endpoints.iter().map(|endpoint| (endpoint.container.to_string(), resource(endpoint))).collect(),
        options: options(network),
        labels: network.labels.clone(),
        ..WireNetwork::default()
    }
}

fn addresses(network: &Network) -> Ipam {
    let config = network.bridge.iter().map(|bridge| IpamConfig {
        subnet: bridge.subnet.to_string(),
        ip_range: bridge.range.map(|range| range.to_string()).unwrap_or_default(),
        gateway: bridge.gateway.to_string(),
        ..IpamConfig::default()
    });
    Ipam { driver: "default".into(), config: config.collect(), ..Ipam::default() }
}

/// The driver's options as given; of the default bridge those that describe it.
fn options(network: &Network) -> BTreeMap<String, String> {
    let mut options = network.options.clone();
    if let Some(bridge) = network.bridge.as_ref().filter(|_| network.driver == Driver::Bridge && !is_custom(network)) {
        let bridge_option = |key: &str| format!("com.docker.network.bridge.{key}");
        for key in ["default_bridge", "enable_icc", "enable_ip_masquerade"] {
            options.insert(bridge_option(key), "true".into());
        }
        options.insert(bridge_option("host_binding_ipv4"), "0.0.0.0".into());
        options.insert(bridge_option("name"), bridge.link.clone());
        options.insert("com.docker.network.driver.mtu".into(), bridge.mtu.to_string());
    }
    options
}

fn resource(endpoint: &Endpoint) -> EndpointResource {
    EndpointResource {
        name: endpoint.name.clone(),
        endpoint_id: endpoint.id.clone(),
        mac_address: endpoint.mac.to_string(),
        ipv4_address: format!("{}/{}", endpoint.address, endpoint.prefix),
        ipv6_address: String::new(),
    }
}
