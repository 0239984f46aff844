//! `hosts`, `hostname` and `resolv.conf` of a container.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use knarr_model::{Fault, Result};
use knarr_network::files::{Resolver, hostname, hosts, resolv_conf};

use super::network::Connected;
use crate::Engine;
use crate::containers::Record;

/// Where each is seen.
const PLACES: [(&str, &str); 3] =
    [("resolv.conf", "/etc/resolv.conf"), ("hostname", "/etc/hostname"), ("hosts", "/etc/hosts")];

/// Writes them, and says where each belongs. `named` says that a server of names listens in the network. A container that shares another's network shares its files.
pub(super) fn write(
    engine: &Engine,
    record: &Record,
    network: &Connected,
    named: bool,
) -> Result<Vec<(PathBuf, &'static str)>> {
    if let Some(other) = record.host.network_mode.strip_prefix("container:") {
        let other = engine.containers.find(other)?;
        return Ok(placed(&engine.container_dir(other.id())));
    }
    let dir = engine.container_dir(&record.id);
    put(&dir, "hosts", &hosts_text(record, network)?)?;
    put(&dir, "hostname", &hostname(&record.config.hostname))?;
    put(&dir, "resolv.conf", &resolver_text(engine, record, named)?)?;
    Ok(placed(&dir))
}

fn placed(dir: &Path) -> Vec<(PathBuf, &'static str)> {
    PLACES.iter().map(|(file, place)| (dir.join(file), *place)).collect()
}

fn put(dir: &Path, name: &str, text: &str) -> Result<()> {
    let path = dir.join(name);
    fs::write(&path, text).map_err(|e| Fault::io(format!("write {}", path.display()), e))?;
    // Readable by whatever user the container runs as; the folder above is closed to the host's users.
    rustix::fs::chmod(&path, 0o644.into()).map_err(|e| Fault::io(format!("write {}", path.display()), e.into()))
}

fn hosts_text(record: &Record, network: &Connected) -> Result<String> {
    let mut extra = Vec::new();
    for entry in &record.host.extra_hosts {
        let invalid = || Fault::invalid(format!("bad format for add-host: {entry:?}"));
        let (name, address) = entry.split_once([':', '=']).ok_or_else(invalid)?;
        let address: IpAddr = match address {
            "host-gateway" => network.gateway.ok_or_else(invalid)?.into(),
            text => text.trim_matches(['[', ']']).parse().map_err(|_| invalid())?,
        };
        extra.push((name.to_owned(), address));
    }
    let domain = Some(record.config.domainname.as_str()).filter(|domain| !domain.is_empty());
    if record.host.network_mode == "host" {
        let host = fs::read_to_string("/etc/hosts").unwrap_or_default();
        let own: String = extra.iter().map(|(name, address)| format!("{address}\t{name}\n")).collect();
        return Ok(format!("{}\n{own}", host.trim_end()));
    }
    Ok(hosts(&network.addresses, &record.config.hostname, domain, &extra))
}

/// Has a container that runs ask the server of names of its network from now on.
pub(super) fn lead_to_names(engine: &Engine, record: &Record) -> Result<()> {
    put(&engine.container_dir(&record.id), "resolv.conf", &resolver_text(engine, record, true)?)
}

/// The container's wishes, then the daemon's, then the host's own file; where there is a server of names, that alone is
/// asked, and asks these in turn.
fn resolver_text(engine: &Engine, record: &Record, named: bool) -> Result<String> {
    let mut asked = asked(engine, record)?;
    let of_host = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    if named {
        asked.servers = vec![knarr_dns::ADDRESS.into()];
    }
    let text = resolv_conf(&of_host, &asked, record.host.network_mode == "host");
    // Names of neighbours have no dot: they are tried as they are before any domain is put behind them.
    Ok(if named && !text.contains("ndots:") { format!("{text}options ndots:0\n") } else { text })
}

/// What the container, or else the daemon, was told about resolving names.
pub(super) fn asked(engine: &Engine, record: &Record) -> Result<Resolver> {
    let (host, config) = (&record.host, &engine.config);
    let either = |own: &Vec<String>, daemon: &Vec<String>| if own.is_empty() { daemon.clone() } else { own.clone() };
    let address = |text: &String| text.parse().map_err(|_| Fault::invalid(format!("{text} is not an ip address")));
    Ok(Resolver {
        servers: either(&host.dns, &config.dns).iter().map(address).collect::<Result<_>>()?,
        search: either(&host.dns_search, &config.dns_search),
        options: either(&host.dns_options, &config.dns_options),
    })
}
