//! The room: its state, how it opens and closes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use knarr_model::ContainerId;
use knarr_store::Store;

use crate::endpoint::Key;
use crate::firewall::{self, Facts, Ruleset};
use crate::housekeeper::{Bell, Housekeeper};
use crate::netlink::route::{LinkChange, Links};
use crate::pool::Pool;
use crate::ports::{Reservation, reserve};
use crate::{Bridge, Endpoint, Network, NetworkError, Subnet, forwarding, host, registry};

/// The table of networks: id → [`Network`].
pub(crate) const NETWORKS: &str = "networks";
/// The table of endpoints: container/network → [`Endpoint`].
pub(crate) const ENDPOINTS: &str = "endpoints";

/// What a daemon decides about its networks.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name of the default bridge, at most 15 bytes; one daemon has it alone.
    pub bridge: String,
    /// The default bridge's address and subnet; chosen where none.
    pub bip: Option<(Ipv4Addr, Subnet)>,
    /// Largest packet in bytes; the uplink's where none.
    pub mtu: Option<u32>,
    /// How many namespaces are kept ready.
    pub ready: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { bridge: "knarr0".to_owned(), bip: None, mtu: None, ready: 4 }
    }
}

/// The network room.
pub struct Networks {
    pub(crate) shared: Arc<Shared>,
    /// Ends its thread when the room is dropped.
    _housekeeper: Housekeeper,
}

/// What the room and its thread share.
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) table: String,
    pub(crate) mtu: u32,
    pub(crate) pool: Pool,
    pub(crate) bell: Bell,
    state: Mutex<State>,
    /// Held while rules are planned and set, so that they are set in the order of the plans. Taken before `state`.
    firewall: Mutex<()>,
}

/// What the records say, and what is held for them.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) networks: BTreeMap<String, Network>,
    pub(crate) endpoints: BTreeMap<Key, Live>,
    uplinks: BTreeSet<String>,
}

/// An endpoint and the sockets that hold its ports.
pub(crate) struct Live {
    pub(crate) endpoint: Endpoint,
    pub(crate) _reservations: Vec<Reservation>,
}

impl Networks {
    /// Opens the room: reads the records, drops the endpoints of containers that are not `running`, and brings the kernel
    /// to what is left.
    pub fn open(store: Arc<Store>, options: &Options, running: &BTreeSet<ContainerId>) -> Result<Self, NetworkError> {
        let mtu = options.mtu.map_or_else(host::uplink_mtu, Ok)?;
        let shared = Arc::new(Shared {
            table: format!("{}{}", firewall::TABLE_PREFIX, options.bridge),
            mtu,
            pool: Pool::new(options.ready, mtu),
            bell: Bell::new()?,
            state: Mutex::default(),
            firewall: Mutex::default(),
            store,
        });
        shared.load(running)?;
        registry::ensure_predefined(&shared, options)?;
        shared.restore()?;
        let housekeeper = Housekeeper::start(Arc::clone(&shared))?;
        Ok(Self { shared, _housekeeper: housekeeper })
    }

    /// Leaves the host: where no container is connected any more the bridges, the rules and forwarding go, else all stays
    /// for them.
    pub fn close(self) -> Result<(), NetworkError> {
        let Self { shared, _housekeeper: housekeeper } = self;
        drop(housekeeper);
        let state = shared.state();
        if !state.endpoints.is_empty() {
            return Ok(());
        }
        firewall::remove_table(&shared.table)?;
        let mut links = Links::open()?;
        for link in shared.pool.drain() {
            links.delete(&link)?;
        }
        for bridge in state.bridges() {
            links.delete_bridge(&bridge.link)?;
        }
        forwarding::give_back(&shared.store, &state.uplinks)
    }
}

impl Shared {
    /// The state, for a moment.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the records and forgets the endpoints of containers that have gone.
    fn load(&self, running: &BTreeSet<ContainerId>) -> Result<(), NetworkError> {
        let (networks, endpoints) = self.store.write(|tx| {
            let networks: Vec<(String, Network)> = tx.list(NETWORKS)?;
            let all: Vec<(String, Endpoint)> = tx.list(ENDPOINTS)?;
            let (live, dead): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, e)| running.contains(&e.container));
            for (key, _) in &dead {
                tx.delete(ENDPOINTS, key)?;
            }
            Ok::<_, NetworkError>((networks, live))
        })?;
        let mut state = self.state();
        state.networks = networks.into_iter().collect();
        state.endpoints =
            endpoints.into_iter().map(|(_, endpoint)| (endpoint.key(), Live::restored(endpoint))).collect();
        Ok(())
    }

    /// Brings bridges, links and rules to what the records say.
    fn restore(&self) -> Result<(), NetworkError> {
        {
            let mut state = self.state();
            let bridges: Vec<Bridge> = state.bridges().cloned().collect();
            let ours = bridges.iter().map(|bridge| bridge.link.as_str()).collect();
            state.uplinks = forwarding::uplinks(&self.store, &self.table, &ours)?;
            for bridge in &bridges {
                host::ensure_bridge(bridge)?;
            }
            restore_links(&state)?;
        }
        self.set_firewall()?;
        host::set_forwarding(true)
    }

    /// Puts the whole table into the kernel.
    pub(crate) fn set_firewall(&self) -> Result<(), NetworkError> {
        let _order = self.firewall.lock().unwrap_or_else(PoisonError::into_inner);
        firewall::replace(&self.plan())
    }

    /// Changes the published ports of one endpoint, in order with whole replacements.
    pub(crate) fn change_ports(
        &self,
        endpoint: &Endpoint,
        change: impl FnOnce(&str, &Endpoint) -> Result<(), NetworkError>,
    ) -> Result<(), NetworkError> {
        let _order = self.firewall.lock().unwrap_or_else(PoisonError::into_inner);
        if endpoint.ports.is_empty() {
            return Ok(());
        }
        change(&self.table, endpoint)?;
        firewall::forget_flows(endpoint);
        Ok(())
    }

    /// Puts the table back if it is gone.
    pub(crate) fn repair_firewall(&self) {
        let _order = self.firewall.lock().unwrap_or_else(PoisonError::into_inner);
        let repaired = firewall::exists(&self.table).and_then(|there| {
            if !there {
                tracing::warn!(table = self.table, "the firewall table was removed by somebody: putting it back");
                firewall::replace(&self.plan())?;
            }
            Ok(())
        });
        if let Err(error) = repaired {
            tracing::error!(%error, "cannot put the firewall back");
        }
    }

    fn plan(&self) -> Ruleset {
        let state = self.state();
        firewall::plan(&Facts {
            table: &self.table,
            bridges: state.bridges().collect(),
            endpoints: state.endpoints.values().map(|live| &live.endpoint).collect(),
            uplinks: &state.uplinks,
        })
    }
}

impl State {
    /// All bridges.
    pub(crate) fn bridges(&self) -> impl Iterator<Item = &Bridge> {
        self.networks.values().filter_map(|network| network.bridge.as_ref())
    }
}

impl Live {
    /// Takes up an endpoint again after a restart. A port that somebody took meanwhile stays published: our rules come
    /// before his socket.
    fn restored(endpoint: Endpoint) -> Self {
        let mut reservations = Vec::new();
        for port in &endpoint.ports {
            match reserve(port.protocol, port.host_ip, port.host_port) {
                Ok((reservation, _)) => reservations.push(reservation),
                Err(error) => {
                    tracing::warn!(%error, container = endpoint.name, port = port.host_port, "cannot reserve a port again")
                }
            }
        }
        Self { endpoint, _reservations: reservations }
    }
}

/// Puts the links of live endpoints back into their bridges and removes those of dead ones.
fn restore_links(state: &State) -> Result<(), NetworkError> {
    let mut links = Links::open()?;
    let all = links.all()?;
    let index = |name: &str| all.iter().find(|link| link.name == name).map(|link| link.index);
    for bridge in state.bridges() {
        let Some(master) = index(&bridge.link) else { continue };
        let member = |link: &str| state.endpoints.values().any(|live| live.endpoint.host_link == link);
        for stale in all.iter().filter(|link| link.master == Some(master) && !member(&link.name)) {
            links.delete(&stale.name)?;
        }
    }
    for Live { endpoint, .. } in state.endpoints.values() {
        let bridge = state.networks.get(&endpoint.network).and_then(|network| network.bridge.as_ref());
        let (Some(bridge), Some(link)) = (bridge, index(&endpoint.host_link)) else { continue };
        links.change(link, LinkChange { up: true, master: index(&bridge.link), ..Default::default() })?;
    }
    Ok(())
}
