//! The network namespace of a run, connected.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::OwnedFd;

use knarr_api::container::{HostConfig, PortBinding};
use knarr_api::network::EndpointSettings;
use knarr_model::{Fault, Result};
use knarr_network::{Attach, Endpoint, Networks, PortRequest, PublishedPort};

use super::join;
use crate::Engine;
use crate::containers::{Record, ports};

/// What the spec names: the shim hands the namespace on as its descriptor 5 (docs/decisions/0001).
const NAMESPACE: &str = "/proc/self/fd/5";

/// Ports as inspect shows them: `80/tcp` → where on the host; none for exposed ones.
pub(crate) type Ports = BTreeMap<String, Option<Vec<PortBinding>>>;

/// A run's network.
#[derive(Default)]
pub(super) struct Connected {
    /// None shares the host's.
    pub(super) namespace: Option<OwnedFd>,
    pub(super) endpoints: BTreeMap<String, EndpointSettings>,
    pub(super) ports: Ports,
    /// Its own addresses, for `/etc/hosts`.
    pub(super) addresses: Vec<IpAddr>,
    /// The host's address on its first network.
    pub(super) gateway: Option<Ipv4Addr>,
}

impl Connected {
    pub(super) fn namespace_path(&self) -> Option<String> {
        self.namespace.as_ref().map(|_| NAMESPACE.to_owned())
    }
}

/// Makes or finds the namespace that the container's network mode asks for, and connects it.
pub(super) fn connect(engine: &Engine, record: &Record) -> Result<Connected> {
    let mode = record.host.network_mode.as_str();
    let networks = engine.networks()?;
    match mode {
        "host" => Ok(Connected::default()),
        "none" => isolated(&networks),
        _ if record.config.network_disabled => isolated(&networks),
        _ => match mode.strip_prefix("container:") {
            Some(other) => shared(engine, other),
            None => own(&networks, record),
        },
    }
}

fn isolated(networks: &Networks) -> Result<Connected> {
    let namespace = networks.isolated()?.into_namespace();
    let none = networks.find("none")?;
    let settings = EndpointSettings { network_id: none.id, ..EndpointSettings::default() };
    let endpoints = BTreeMap::from([("none".to_owned(), settings)]);
    Ok(Connected { namespace: Some(namespace), endpoints, ..Connected::default() })
}

/// The namespace of another container, which must run.
fn shared(engine: &Engine, other: &str) -> Result<Connected> {
    let other = engine.containers.find(other)?.view();
    if !other.state.status.alive() {
        return Err(Fault::conflict(format!("cannot join network of a non running container: {}", other.id)));
    }
    Ok(Connected { namespace: Some(join::namespace(other.state.pid)?), ..Connected::default() })
}

/// A namespace of its own in the networks that it joins; its ports are published on the first one.
fn own(networks: &Networks, record: &Record) -> Result<Connected> {
    let mut sandbox = networks.sandbox()?;
    let mut connected = Connected::default();
    let first = record.host.network_mode.as_str();
    let others = record.wishes.keys().map(String::as_str).filter(|name| *name != first);
    for name in std::iter::once(first).chain(others) {
        let wishes = record.wishes.get(name).cloned().unwrap_or_default();
        let ports = if name == first { requested_ports(record)? } else { Vec::new() };
        let attached = networks.connect(&mut sandbox, &attach(record, name, &wishes, ports)?)?;
        connected.addresses.push(attached.address.into());
        connected.gateway = connected.gateway.or(attached.gateway);
        if name == first {
            connected.ports = published(record, &attached.ports);
        }
        connected.endpoints.insert(attached.network_name.clone(), endpoint(&attached, &wishes));
    }
    connected.namespace = Some(sandbox.into_namespace());
    Ok(connected)
}

pub(super) fn attach(
    record: &Record,
    network: &str,
    wishes: &EndpointSettings,
    ports: Vec<PortRequest>,
) -> Result<Attach> {
    let address = wishes.ipam_config.as_ref().map_or("", |ipam| ipam.ipv4_address.as_str());
    let address = match address {
        "" => None,
        text => Some(text.parse().map_err(|_| Fault::invalid(format!("invalid IPv4 address: {text}")))?),
    };
    let mac = [&wishes.mac_address, &record.config.mac_address].into_iter().find(|mac| !mac.is_empty());
    let mac = mac.map(|text| text.parse()).transpose()?;
    let (container, name) = (record.id.clone(), record.name.clone());
    Ok(Attach { container, name, network: network.to_owned(), address, mac, ports })
}

/// `-p` and `-P`.
fn requested_ports(record: &Record) -> Result<Vec<PortRequest>> {
    let mut all = Vec::new();
    for (port, bindings) in &record.host.port_bindings {
        for binding in bindings.iter().flatten() {
            all.push(request(port, &binding.host_ip, &binding.host_port)?);
        }
    }
    let host: &HostConfig = &record.host;
    if host.publish_all_ports {
        let bound = |port: &String| host.port_bindings.get(port).is_some_and(|bindings| bindings.is_some());
        for port in record.config.exposed_ports.keys().filter(|port| !bound(port)) {
            all.push(request(port, "", "")?);
        }
    }
    Ok(all)
}

fn request(port: &str, ip: &str, host_port: &str) -> Result<PortRequest> {
    let (container_port, protocol) = ports::parse(port)?;
    let invalid = |what: &str| Fault::invalid(format!("invalid port binding for {port}: {what}"));
    let host_ip = match ip {
        "" | "::" => Ipv4Addr::UNSPECIFIED,
        text => text.parse().map_err(|_| invalid(&format!("{text} is not an IPv4 address")))?,
    };
    let number = |text: &str| text.parse::<u16>().map_err(|_| invalid(&format!("{text} is not a port")));
    let host_ports = match host_port.split_once('-') {
        _ if matches!(host_port, "" | "0") => None,
        None => Some((number(host_port)?, number(host_port)?)),
        Some((first, last)) => Some((number(first)?, number(last)?)),
    };
    Ok(PortRequest { protocol: protocol.parse()?, host_ip, host_ports, container_port })
}

/// Exposed ports and published ones, as inspect shows them.
pub(crate) fn published(record: &Record, ports: &[PublishedPort]) -> Ports {
    let mut all: Ports = record.config.exposed_ports.keys().map(|port| (full(port), None)).collect();
    for port in ports {
        let key = format!("{}/{}", port.container_port, port.protocol);
        let binding = PortBinding { host_ip: port.host_ip.to_string(), host_port: port.host_port.to_string() };
        all.entry(key).or_default().get_or_insert_default().push(binding);
    }
    all
}

/// With its protocol.
fn full(port: &str) -> String {
    if port.contains('/') { port.to_owned() } else { format!("{port}/tcp") }
}

/// An endpoint as inspect shows it.
pub(crate) fn endpoint(endpoint: &Endpoint, wishes: &EndpointSettings) -> EndpointSettings {
    EndpointSettings {
        ipam_config: wishes.ipam_config.clone(),
        aliases: wishes.aliases.clone(),
        links: wishes.links.clone(),
        driver_opts: wishes.driver_opts.clone(),
        mac_address: endpoint.mac.to_string(),
        network_id: endpoint.network.clone(),
        endpoint_id: endpoint.id.clone(),
        gateway: endpoint.gateway.map(|gateway| gateway.to_string()).unwrap_or_default(),
        ip_address: endpoint.address.to_string(),
        ip_prefix_len: i64::from(endpoint.prefix),
        ..EndpointSettings::default()
    }
}
