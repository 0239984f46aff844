//! The words of a firewall plan.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::{Protocol, Subnet};

/// A whole table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ruleset {
    /// Its name.
    pub(crate) table: String,
    /// Links between which the host does not route although forwarding is on.
    pub(crate) uplinks: BTreeSet<String>,
    /// Ports published on one address of the host.
    pub(crate) bound: BTreeMap<(Protocol, Ipv4Addr, u16), Target>,
    /// Ports published on all addresses of the host.
    pub(crate) any: BTreeMap<(Protocol, u16), Target>,
    /// The rules.
    pub(crate) chains: Vec<Chain>,
}

/// Where a published port leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// The container's address.
    pub(crate) address: Ipv4Addr,
    /// The container's port.
    pub(crate) port: u16,
}

/// A base chain: accepts what no rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Its name.
    pub(crate) name: &'static str,
    /// What its rules may do.
    pub(crate) kind: Kind,
    /// Where packets meet it.
    pub(crate) hook: Hook,
    /// When, among the chains of the hook: lower is earlier.
    pub(crate) priority: i32,
    /// Its rules, in order: all of a rule's matches, then its action.
    pub(crate) rules: Vec<(Vec<Match>, Action)>,
}

/// What a chain's rules may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Accept and drop.
    Filter,
    /// Translate addresses.
    Nat,
}

/// Where packets meet a chain (enum nf_inet_hooks).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    /// As they come in.
    Prerouting = 0,
    /// On their way through.
    Forward = 2,
    /// As the host sends them.
    Output = 3,
    /// As they leave.
    Postrouting = 4,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    /// Came in by this link.
    In(String),
    /// Came in by another.
    NotIn(String),
    /// Goes out by this link.
    Out(String),
    /// Goes out by another.
    NotOut(String),
    /// Came in by one of the uplinks.
    InUplink,
    /// Goes out by one of the uplinks.
    OutUplink,
    /// Comes from here.
    Source(Subnet),
    /// Goes there.
    Destination(Subnet),
    /// Goes to an address of the host, or does not.
    Local(bool),
    /// Belongs to a connection that was let through, or is related to one.
    Established,
    /// Belongs to a connection whose destination was translated.
    Translated,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Let through this chain.
    Accept,
    /// Throw away.
    Drop,
    /// Replace the source by the address of the link that it leaves by.
    Masquerade,
    /// Replace the destination by what the map of bound ports says, if it says something.
    PublishBound,
    /// The same by the map of ports published on all addresses.
    PublishAny,
}
