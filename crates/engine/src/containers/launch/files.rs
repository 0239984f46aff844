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

/// Writes them, and says where each belongs. A container that shares another's network shares its files.
pub(super) fn write(engine: &Engine, record: &Record, network: &Connected) -> Result<Vec<(PathBuf, &'static str)>> {
    if let Some(other) = record.host.network_mode.strip_prefix("container:") {
        let other = engine.containers.find(other)?;
        return Ok(placed(&engine.container_dir(other.id())));
    }
    let dir = engine.container_dir(&record.id);
    put(&dir, "hosts", &hosts_text(record, network)?)?;
    put(&dir, "hostname", &hostname(&record.config.hostname))?;
    put(&dir, "resolv.conf", &resolver_text(engine, record)?)?;
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

/// The container's wishes, then the daemon's, then the host's own file.
fn resolver_text(engine: &Engine, record: &Record) -> Result<String> {
    let (host, config) = (&record.host, &engine.config);
    let either = |own: &Vec<String>, daemon: &Vec<String>| if own.is_empty() { daemon.clone() } else { own.clone() };
    let address = |text: &String| text.parse().map_err(|_| Fault::invalid(format!("{text} is not an ip address")));
    let asked = Resolver {
        servers: either(&host.dns, &config.dns).iter().map(address).collect::<Result<_>>()?,
        search: either(&host.dns_search, &config.dns_search),
        options: either(&host.dns_options, &config.dns_options),
    };
    let of_host = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    Ok(resolv_conf(&of_host, &asked, host.network_mode == "host"))
}
