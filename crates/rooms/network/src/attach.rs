//! Containers come into networks and leave them.

use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;

use knarr_model::ContainerId;

use crate::endpoint::Key;
use crate::netlink::route::Links;
use crate::ports::{PortRequest, PublishedPort, Reservation, reserve};
use crate::random::hex;
use crate::registry::{DEFAULT, lookup};
use crate::room::{ENDPOINTS, Live, NETWORKS, State};
use crate::{Attach, Bridge, Endpoint, Mac, Network, NetworkError, Networks, Sandbox, firewall, ipam};

impl Networks {
    /// A namespace that is ready to be connected.
    pub fn sandbox(&self) -> Result<Sandbox, NetworkError> {
        let sandbox = self.shared.pool.take();
        self.shared.bell.ring();
        sandbox
    }

    /// A namespace with loopback and nothing else, for the network mode `none`.
    pub fn isolated(&self) -> Result<Sandbox, NetworkError> {
        Sandbox::isolated()
    }

    /// Connects a container's namespace to a network and publishes its ports. When it fails nothing is left.
    pub fn connect(&self, sandbox: &mut Sandbox, request: &Attach) -> Result<Endpoint, NetworkError> {
        let pair = sandbox.next_pair()?;
        let (endpoint, bridge) = self.lease(request, pair)?;
        let connected =
            sandbox.plug(&endpoint, &bridge).and_then(|()| self.shared.change_ports(&endpoint, firewall::add_ports));
        match connected {
            Ok(()) => Ok(endpoint),
            Err(error) => {
                self.forget(vec![endpoint])?;
                Err(error)
            }
        }
    }

    /// Takes a container out of one network.
    pub fn disconnect(&self, container: &ContainerId, network: &str) -> Result<Endpoint, NetworkError> {
        let found = {
            let state = self.shared.state();
            let network = lookup(state.networks.values(), network)?;
            let key = Key { container: container.clone(), network: network.id.clone() };
            let missing =
                || NetworkError::NotConnected { container: container.to_string(), network: network.name.clone() };
            state.endpoints.get(&key).map(|live| live.endpoint.clone()).ok_or_else(missing)?
        };
        Links::open()?.delete(&found.host_link)?;
        self.forget(vec![found.clone()])?;
        Ok(found)
    }

    /// Takes a container that has ended out of all its networks: its ports are withdrawn and its addresses free when this
    /// returns, its links go soon after.
    pub fn release(&self, container: &ContainerId) -> Result<(), NetworkError> {
        self.forget(self.endpoints_of(container))
    }

    /// A container's endpoints.
    pub fn endpoints_of(&self, container: &ContainerId) -> Vec<Endpoint> {
        let state = self.shared.state();
        let own = state.endpoints.iter().filter(|(key, _)| key.container == *container);
        own.map(|(_, live)| live.endpoint.clone()).collect()
    }

    /// Everybody in the networks that a container is in, itself too; but for the default one, where nobody is called by name.
    pub fn neighbours(&self, container: &ContainerId) -> Vec<Endpoint> {
        let state = self.shared.state();
        let own = state.endpoints.keys().filter(|key| key.container == *container);
        let own: BTreeSet<&str> = own.map(|key| key.network.as_str()).collect();
        let all = state.endpoints.values().map(|live| &live.endpoint);
        all.filter(|e| e.network_name != DEFAULT && own.contains(e.network.as_str())).cloned().collect()
    }

    /// Chooses address and ports and records them.
    fn lease(&self, request: &Attach, (outside, inside): (String, String)) -> Result<(Endpoint, Bridge), NetworkError> {
        request.ports.iter().try_for_each(PortRequest::validate)?;
        let shared = &self.shared;
        let mut state = shared.state();
        let mut network = lookup(state.networks.values(), &request.network)?.clone();
        let (address, mut bridge) = choose_address(&state, &network, request)?;
        bridge.last = Some(address);
        network.bridge = Some(bridge.clone());
        let (ports, reservations) = reserve_ports(&state, request, address)?;
        let endpoint = Endpoint {
            id: hex::<32>(),
            container: request.container.clone(),
            name: request.name.clone(),
            network: network.id.clone(),
            network_name: network.name.clone(),
            address,
            prefix: bridge.subnet.prefix(),
            gateway: (!bridge.internal).then_some(bridge.gateway),
            mac: request.mac.unwrap_or_else(|| Mac::of(address)),
            link: inside,
            host_link: outside,
            ports,
        };
        shared.store.write::<_, NetworkError>(|tx| {
            tx.put(NETWORKS, &network.id, &network)?;
            Ok(tx.put(ENDPOINTS, &endpoint.key().to_string(), &endpoint)?)
        })?;
        state.networks.insert(network.id.clone(), network);
        let live = Live { endpoint: endpoint.clone(), _reservations: reservations };
        state.endpoints.insert(endpoint.key(), live);
        Ok((endpoint, bridge))
    }

    /// Withdraws ports, then frees ports and addresses, then has the links removed.
    fn forget(&self, endpoints: Vec<Endpoint>) -> Result<(), NetworkError> {
        if endpoints.is_empty() {
            return Ok(());
        }
        let shared = &self.shared;
        let mut withdrawn = Ok(());
        for endpoint in &endpoints {
            withdrawn = withdrawn.and(shared.change_ports(endpoint, firewall::remove_ports));
        }
        let mut state = shared.state();
        shared.store.write::<_, NetworkError>(|tx| {
            for endpoint in &endpoints {
                tx.delete(ENDPOINTS, &endpoint.key().to_string())?;
            }
            Ok(())
        })?;
        for endpoint in &endpoints {
            state.endpoints.remove(&endpoint.key());
        }
        drop(state);
        shared.bell.bury(endpoints.into_iter().map(|endpoint| endpoint.host_link));
        // Where single elements could not be removed, the whole table is made anew without them.
        withdrawn.or_else(|_| shared.set_firewall())
    }
}

/// The address that the request gets in the network, and the network's bridge.
fn choose_address(state: &State, network: &Network, request: &Attach) -> Result<(Ipv4Addr, Bridge), NetworkError> {
    let no_bridge = || NetworkError::Invalid(format!("containers cannot be connected to network {}", network.name));
    let bridge = network.bridge.clone().ok_or_else(no_bridge)?;
    let endpoints = state.endpoints.iter().filter(|(key, _)| key.network == network.id);
    let used: BTreeSet<Ipv4Addr> = endpoints.map(|(_, live)| live.endpoint.address).collect();
    let key = Key { container: request.container.clone(), network: network.id.clone() };
    if state.endpoints.contains_key(&key) {
        return Err(NetworkError::Connected { name: request.name.clone(), network: network.name.clone() });
    }
    let address = match request.address {
        Some(address) => check_address(network, &bridge, &used, address)?,
        None => {
            let range = bridge.range.unwrap_or(bridge.subnet);
            let next = ipam::next_address(range, bridge.gateway, &used, bridge.last);
            next.ok_or_else(|| NetworkError::NoAddress(network.name.clone()))?
        }
    };
    Ok((address, bridge))
}

fn check_address(
    network: &Network,
    bridge: &Bridge,
    used: &BTreeSet<Ipv4Addr>,
    address: Ipv4Addr,
) -> Result<Ipv4Addr, NetworkError> {
    let inside = bridge.subnet.hosts().is_some_and(|(low, high)| (low..=high).contains(&address));
    if network.name == DEFAULT {
        let text = "user specified IP address is supported on user defined networks only";
        Err(NetworkError::Invalid(text.to_owned()))
    } else if !inside {
        Err(NetworkError::AddressOutside { network: network.name.clone(), address })
    } else if address == bridge.gateway || used.contains(&address) {
        Err(NetworkError::AddressTaken(address))
    } else {
        Ok(address)
    }
}

/// Reserves all ports, or none.
fn reserve_ports(
    state: &State,
    request: &Attach,
    target: Ipv4Addr,
) -> Result<(Vec<PublishedPort>, Vec<Reservation>), NetworkError> {
    let mut ports = Vec::new();
    let mut reservations = Vec::new();
    for wanted in &request.ports {
        let (port, reservation) = reserve_one(state, &ports, wanted, &request.name, target)?;
        ports.push(port);
        reservations.push(reservation);
    }
    Ok((ports, reservations))
}

/// Reserves the first port of the request that is free.
fn reserve_one(
    state: &State,
    own: &[PublishedPort],
    wanted: &PortRequest,
    name: &str,
    target: Ipv4Addr,
) -> Result<(PublishedPort, Reservation), NetworkError> {
    let (first, last) = wanted.host_ports.unwrap_or((0, 0));
    let single = first == last;
    for candidate in first..=last {
        let mut port = PublishedPort {
            protocol: wanted.protocol,
            host_ip: wanted.host_ip,
            host_port: candidate,
            container_port: wanted.container_port,
        };
        let others = state.endpoints.values().flat_map(|live| &live.endpoint.ports).chain(own);
        if candidate != 0 && others.into_iter().any(|other| other.collides(&port)) {
            if single {
                return Err(NetworkError::PortAllocated { name: name.to_owned(), port });
            }
            continue;
        }
        match reserve(wanted.protocol, wanted.host_ip, candidate) {
            Ok((reservation, chosen)) => {
                port.host_port = chosen;
                return Ok((port, reservation));
            }
            Err(error) if !single && error.kind() == io::ErrorKind::AddrInUse => {}
            Err(source) => return Err(NetworkError::PortBusy { name: name.to_owned(), port, target, source }),
        }
    }
    Err(NetworkError::RangeExhausted { name: name.to_owned(), request: wanted.clone() })
}
