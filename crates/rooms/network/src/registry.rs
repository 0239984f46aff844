//! Networks come and go: the predefined ones, create, look up, remove.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use knarr_model::valid_word;

use crate::netlink::route::Links;
use crate::random::hex;
use crate::room::{ENDPOINTS, NETWORKS, Shared, State};
use crate::{Bridge, Driver, Endpoint, Network, NetworkError, Networks, NewNetwork, Options, Subnet, host, ipam};

/// The default bridge network's name.
pub(crate) const DEFAULT: &str = "bridge";
const PREDEFINED: [(&str, Driver); 2] = [("host", Driver::Host), ("none", Driver::Null)];
/// The option that names a bridge, as Docker calls it.
const BRIDGE_NAME: &str = "com.docker.network.bridge.name";
/// The option that sets the MTU, as Docker calls it.
const BRIDGE_MTU: &str = "com.docker.network.driver.mtu";
/// Options that say what is done anyway.
const DEFAULTS: [(&str, &str); 2] =
    [("com.docker.network.bridge.enable_icc", "true"), ("com.docker.network.bridge.enable_ip_masquerade", "true")];
/// `IFNAMSIZ` without the terminating zero.
const LINK_NAME_LIMIT: usize = 15;

impl Networks {
    /// Makes a network and its bridge.
    pub fn create(&self, new: NewNetwork) -> Result<Network, NetworkError> {
        validate(&new)?;
        let shared = &self.shared;
        let network = {
            let _lock = host::subnet_lock()?;
            let mut state = shared.state();
            if state.networks.values().any(|network| network.name == new.name) {
                return Err(NetworkError::NameTaken(new.name));
            }
            let network = plan_network(new, &state, shared.mtu, &host::subnets_in_use()?)?;
            add(shared, &mut state, network)?
        };
        shared.set_firewall().inspect_err(|_| drop(self.withdraw(&network)))?;
        Ok(network)
    }

    /// All networks, by name.
    pub fn list(&self) -> Result<Vec<Network>, NetworkError> {
        let all: Vec<(String, Network)> = self.shared.store.read(|tx| tx.list(NETWORKS))?;
        let mut networks: Vec<Network> = all.into_iter().map(|(_, network)| network).collect();
        networks.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(networks)
    }

    /// The network of this name, id or beginning of an id; `default` is the default bridge.
    pub fn find(&self, name: &str) -> Result<Network, NetworkError> {
        let networks = self.list()?;
        lookup(networks.iter(), name).cloned()
    }

    /// The endpoints in a network.
    pub fn endpoints(&self, network: &Network) -> Result<Vec<Endpoint>, NetworkError> {
        let all: Vec<(String, Endpoint)> = self.shared.store.read(|tx| tx.list(ENDPOINTS))?;
        Ok(all.into_iter().map(|(_, endpoint)| endpoint).filter(|endpoint| endpoint.network == network.id).collect())
    }

    /// Removes a network that nobody uses.
    pub fn remove(&self, name: &str) -> Result<Network, NetworkError> {
        let network = self.find(name)?;
        if is_predefined(&network) {
            return Err(NetworkError::Predefined(network.name));
        }
        self.withdraw(&network)?;
        self.shared.set_firewall()?;
        Ok(network)
    }

    /// Removes all user-defined networks that nobody uses and `keep` does not keep.
    pub fn prune(&self, keep: impl Fn(&Network) -> bool) -> Result<Vec<Network>, NetworkError> {
        let mut removed = Vec::new();
        for network in self.list()?.into_iter().filter(|network| !is_predefined(network) && !keep(network)) {
            match self.remove(&network.id) {
                Ok(network) => removed.push(network),
                Err(NetworkError::InUse { .. } | NetworkError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    /// Takes record and bridge away.
    fn withdraw(&self, network: &Network) -> Result<(), NetworkError> {
        let mut state = self.shared.state();
        if let Some(live) = state.endpoints.values().find(|live| live.endpoint.network == network.id) {
            let endpoint = live.endpoint.name.clone();
            return Err(NetworkError::InUse { name: network.name.clone(), endpoint });
        }
        if let Some(bridge) = &network.bridge {
            Links::open()?.delete_bridge(&bridge.link)?;
        }
        self.shared.store.write::<_, NetworkError>(|tx| Ok(tx.delete(NETWORKS, &network.id)?))?;
        state.networks.remove(&network.id);
        Ok(())
    }
}

/// Whether it always exists.
fn is_predefined(network: &Network) -> bool {
    network.name == DEFAULT || PREDEFINED.iter().any(|(name, _)| *name == network.name)
}

/// The network of this name, id or unambiguous beginning of an id.
pub(crate) fn lookup<'a>(
    networks: impl Iterator<Item = &'a Network> + Clone,
    name: &str,
) -> Result<&'a Network, NetworkError> {
    let name = if name == "default" { DEFAULT } else { name };
    let exact = networks.clone().find(|network| network.id == name || network.name == name);
    if let Some(network) = exact {
        return Ok(network);
    }
    let mut partial = networks.filter(|network| !name.is_empty() && network.id.starts_with(name));
    match (partial.next(), partial.next()) {
        (Some(network), None) => Ok(network),
        (Some(_), Some(_)) => Err(NetworkError::Ambiguous(name.to_owned())),
        (None, _) => Err(NetworkError::NotFound(name.chars().take(255).collect())),
    }
}

/// Makes the predefined networks that are missing, and follows changed options where no container is connected.
pub(crate) fn ensure_predefined(shared: &Shared, options: &Options) -> Result<(), NetworkError> {
    check_link_name(&options.bridge)?;
    let _lock = host::subnet_lock()?;
    let mut state = shared.state();
    for (name, driver) in PREDEFINED {
        if !state.networks.values().any(|network| network.name == name) {
            let network = record(name, driver, None, BTreeMap::new(), BTreeMap::new());
            put(shared, &mut state, network)?;
        }
    }
    let known = state.networks.values().find(|network| network.name == DEFAULT).cloned();
    let bridge = default_bridge(&state, options, shared.mtu, known.as_ref())?;
    if known.as_ref().and_then(|network| network.bridge.as_ref()) == Some(&bridge) {
        return Ok(());
    }
    let mut network = known.unwrap_or_else(|| record(DEFAULT, Driver::Bridge, None, BTreeMap::new(), BTreeMap::new()));
    if let Some(old) = network.bridge.as_ref().filter(|old| old.link != bridge.link || old.subnet != bridge.subnet) {
        Links::open()?.delete_bridge(&old.link)?;
    }
    network.bridge = Some(bridge);
    add(shared, &mut state, network).map(drop)
}

/// The default bridge as options and record want it. Connected containers keep what they have.
fn default_bridge(state: &State, options: &Options, mtu: u32, known: Option<&Network>) -> Result<Bridge, NetworkError> {
    let old = known.and_then(|network| network.bridge.as_ref());
    let connected = known.is_some_and(|n| state.endpoints.values().any(|live| live.endpoint.network == n.id));
    if let Some(old) = old.filter(|_| connected) {
        return Ok(old.clone());
    }
    let (gateway, subnet) = match (options.bip, old) {
        (Some(bip), _) => bip,
        (None, Some(old)) => (old.gateway, old.subnet),
        (None, None) => {
            let mut taken = host::subnets_in_use()?;
            taken.extend(state.bridges().map(|bridge| bridge.subnet));
            let subnet = ipam::next_subnet(&taken).ok_or(NetworkError::PoolsExhausted)?;
            (first_host(subnet)?, subnet)
        }
    };
    check_gateway(subnet, gateway)?;
    let last = old.and_then(|old| old.last).filter(|last| subnet.contains(*last));
    Ok(Bridge { link: options.bridge.clone(), subnet, gateway, range: None, mtu, internal: false, last })
}

fn validate(new: &NewNetwork) -> Result<(), NetworkError> {
    let invalid = |text: String| Err(NetworkError::Invalid(text));
    if !valid_word(&new.name) {
        let name: String = new.name.chars().take(80).collect();
        return invalid(format!("invalid network name {name:?}: only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed"));
    }
    if matches!(new.name.as_str(), DEFAULT | "default") || PREDEFINED.iter().any(|(name, _)| *name == new.name) {
        return Err(NetworkError::Reserved(new.name.clone()));
    }
    if !matches!(new.driver.as_str(), "" | "bridge") {
        return Err(NetworkError::NoDriver(new.driver.clone()));
    }
    if let Some((key, value)) = new.options.iter().find(|(key, value)| !understood(key, value)) {
        return Err(NetworkError::Unsupported(format!("network option {key}={value} is not supported")));
    }
    match (new.subnet, new.gateway, new.range) {
        (None, Some(_), _) | (None, _, Some(_)) => invalid("a gateway or an IP range needs a subnet".to_owned()),
        (Some(subnet), _, Some(range)) if !subnet.contains(range.base()) || range.prefix() < subnet.prefix() => {
            invalid(format!("IP range {range} does not lie in subnet {subnet}"))
        }
        _ => Ok(()),
    }
}

/// Whether an option has its effect. One that was ignored could leave open what a user wants closed.
fn understood(key: &str, value: &str) -> bool {
    matches!(key, BRIDGE_NAME | BRIDGE_MTU) || DEFAULTS.contains(&(key, value))
}

/// The record of a new network.
fn plan_network(new: NewNetwork, state: &State, mtu: u32, in_use: &[Subnet]) -> Result<Network, NetworkError> {
    let mut taken = in_use.to_vec();
    taken.extend(state.bridges().map(|bridge| bridge.subnet));
    let subnet = match new.subnet {
        Some(subnet) => match taken.iter().find(|other| other.overlaps(subnet)) {
            Some(other) => return Err(NetworkError::Overlap { subnet, other: *other }),
            None => subnet,
        },
        None => ipam::next_subnet(&taken).ok_or(NetworkError::PoolsExhausted)?,
    };
    let gateway = new.gateway.map_or_else(|| first_host(subnet), Ok)?;
    check_gateway(subnet, gateway)?;
    let mut network = record(&new.name, Driver::Bridge, None, new.labels, new.options);
    let link = network.options.get(BRIDGE_NAME).cloned().unwrap_or_else(|| format!("kn-{}", &network.id[..12]));
    check_link_name(&link)?;
    if Links::open()?.find(&link)?.is_some() {
        return Err(NetworkError::LinkTaken(link));
    }
    let mtu = chosen_mtu(&network.options, mtu)?;
    network.bridge = Some(Bridge { link, subnet, gateway, range: new.range, mtu, internal: new.internal, last: None });
    Ok(network)
}

fn chosen_mtu(options: &BTreeMap<String, String>, default: u32) -> Result<u32, NetworkError> {
    let Some(text) = options.get(BRIDGE_MTU) else { return Ok(default) };
    let wrong = || NetworkError::Invalid(format!("invalid {BRIDGE_MTU} {text:?}: must be between 68 and 65535"));
    text.parse().ok().filter(|mtu| (68..=65535).contains(mtu)).ok_or_else(wrong)
}

fn first_host(subnet: Subnet) -> Result<Ipv4Addr, NetworkError> {
    let small = || NetworkError::Invalid(format!("subnet {subnet} is too small: at most /30"));
    subnet.hosts().map(|(first, _)| first).ok_or_else(small)
}

fn check_gateway(subnet: Subnet, gateway: Ipv4Addr) -> Result<(), NetworkError> {
    first_host(subnet)?;
    let inside = subnet.hosts().is_some_and(|(low, high)| (low..=high).contains(&gateway));
    let wrong = || NetworkError::Invalid(format!("gateway {gateway} is not a host address of subnet {subnet}"));
    inside.then_some(()).ok_or_else(wrong)
}

fn check_link_name(name: &str) -> Result<(), NetworkError> {
    let wrong = || NetworkError::Invalid(format!("invalid bridge name {name:?}: at most {LINK_NAME_LIMIT} bytes"));
    (valid_word(name) && name.len() <= LINK_NAME_LIMIT).then_some(()).ok_or_else(wrong)
}

fn record(
    name: &str,
    driver: Driver,
    bridge: Option<Bridge>,
    labels: BTreeMap<String, String>,
    options: BTreeMap<String, String>,
) -> Network {
    Network { id: hex::<32>(), name: name.to_owned(), driver, created: Timestamp::now(), bridge, labels, options }
}

/// Makes the bridge, then the record: a crash between leaves a link that the next start removes or takes over.
fn add(shared: &Shared, state: &mut State, network: Network) -> Result<Network, NetworkError> {
    if let Some(bridge) = &network.bridge {
        let made = host::ensure_bridge(bridge).and_then(|()| put(shared, state, network.clone()));
        made.inspect_err(|_| drop(Links::open().and_then(|mut links| links.delete_bridge(&bridge.link))))?;
    }
    Ok(network)
}

fn put(shared: &Shared, state: &mut State, network: Network) -> Result<(), NetworkError> {
    shared.store.write::<_, NetworkError>(|tx| Ok(tx.put(NETWORKS, &network.id, &network)?))?;
    state.networks.insert(network.id.clone(), network);
    Ok(())
}
