//! The way from the well-known port of names in a container's namespace to where their server listens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;

use knarr_sys::netns;

use crate::firewall::{self, Action, Chain, Hook, Kind, Ruleset, Target};
use crate::{NetworkError, Protocol};

/// The table's name in each namespace.
const TABLE: &str = "knarr-names";

/// Leads what the container sends to `port` of `address`, one of its own, to the ports of the same address where a server
/// listens for datagrams and for streams. So the container can have a server of its own at `port`.
pub fn lead_names(
    namespace: impl AsFd + Send,
    (address, port): (Ipv4Addr, u16),
    (datagrams, streams): (u16, u16),
) -> Result<(), NetworkError> {
    let ways = [(Protocol::Udp, datagrams), (Protocol::Tcp, streams)];
    let bound: BTreeMap<_, _> =
        ways.into_iter().map(|(protocol, to)| ((protocol, address, port), Target { address, port: to })).collect();
    let rules = vec![(Vec::new(), Action::PublishBound)];
    let chain = Chain { name: "names", kind: Kind::Nat, hook: Hook::Output, priority: -100, rules };
    let ruleset =
        Ruleset { table: TABLE.to_owned(), uplinks: BTreeSet::new(), bound, any: BTreeMap::new(), chains: vec![chain] };
    netns::inside(namespace, || firewall::replace(&ruleset))
}
