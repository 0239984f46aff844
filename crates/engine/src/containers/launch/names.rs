//! Names of neighbours: who calls whom what in the networks of the user's own, and the server that says so.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;
use std::sync::{Arc, Weak};

use knarr_dns::{ADDRESS, PORT, Resolver, Zone};
use knarr_model::{ContainerId, Fault, Result};
use knarr_network::{Endpoint, Networks};

use super::{files, join};
use crate::Engine;
use crate::containers::Record;

/// What one container may know. It holds nothing of its own: every question is answered from what is so at the moment.
struct Names {
    engine: Weak<Engine>,
    id: ContainerId,
}

impl Names {
    fn rooms(&self) -> Option<(Arc<Engine>, Arc<Networks>)> {
        let engine = self.engine.upgrade()?;
        let networks = engine.networks().ok()?;
        Some((engine, networks))
    }
}

impl Zone for Names {
    fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
        let Some((engine, networks)) = self.rooms() else { return Vec::new() };
        let neighbours = networks.neighbours(&self.id).into_iter();
        neighbours.filter(|endpoint| is_called(&engine, endpoint, name)).map(|endpoint| endpoint.address).collect()
    }

    fn owner(&self, address: Ipv4Addr) -> Option<String> {
        let (engine, networks) = self.rooms()?;
        let endpoint = networks.neighbours(&self.id).into_iter().find(|endpoint| endpoint.address == address)?;
        let container = engine.containers.find(endpoint.container.as_str()).ok()?;
        Some(format!("{}.{}", container.view().name, endpoint.network_name))
    }

    /// Row 33: who is in internal networks only asks nobody outside.
    fn upstreams(&self) -> Vec<IpAddr> {
        let Some((engine, networks)) = self.rooms() else { return Vec::new() };
        let Ok(container) = engine.containers.find(self.id.as_str()) else { return Vec::new() };
        if networks.endpoints_of(&self.id).iter().all(|endpoint| endpoint.gateway.is_none()) {
            return Vec::new();
        }
        let asked = files::asked(&engine, &container.view()).map(|asked| asked.servers).unwrap_or_default();
        if !asked.is_empty() {
            return asked;
        }
        knarr_network::files::servers(&fs::read_to_string("/etc/resolv.conf").unwrap_or_default())
    }
}

/// By its name, the short form of its id, or an alias that it has in this network; with the network's name behind it or not.
fn is_called(engine: &Engine, endpoint: &Endpoint, name: &str) -> bool {
    let network = format!(".{}", endpoint.network_name.to_ascii_lowercase());
    let name = name.strip_suffix(&network).unwrap_or(name);
    let Ok(container) = engine.containers.find(endpoint.container.as_str()) else { return false };
    let record = container.view();
    let wishes = record.wishes.get(&endpoint.network_name);
    let mut aliases = wishes.into_iter().flat_map(|wishes| wishes.aliases.iter());
    name == endpoint.container.short()
        || record.name.eq_ignore_ascii_case(name)
        || aliases.any(|alias| alias.eq_ignore_ascii_case(name))
}

/// Serves names inside `namespace`, where the container is in a network of the user's own.
pub(super) fn serve(engine: &Arc<Engine>, id: &ContainerId, namespace: impl AsFd) -> Result<Option<Resolver>> {
    if engine.networks()?.neighbours(id).is_empty() {
        return Ok(None);
    }
    let names = Names { engine: Arc::downgrade(engine), id: id.clone() };
    let namespace = namespace.as_fd();
    let resolver = Resolver::open(namespace, names).map_err(|e| Fault::io("listen for questions of names", e))?;
    knarr_network::lead_names(namespace, (ADDRESS, PORT), resolver.ports())?;
    Ok(Some(resolver))
}

/// The same for a container that runs: after the daemon has come back, or when it joins its first network.
pub(crate) fn of_running(engine: &Arc<Engine>, record: &Record) -> Result<Option<Resolver>> {
    let resolver = serve(engine, &record.id, join::namespace(record.state.pid)?)?;
    if resolver.is_some() {
        files::lead_to_names(engine, record)?;
    }
    Ok(resolver)
}
