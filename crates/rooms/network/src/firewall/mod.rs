//! The firewall: one nf_tables table a daemon, planned as plain data ([`plan()`]), printed as nft would ([`text`]), and put
//! into the kernel whole, in one transaction ([`apply`]).
//!
//! ```text
//! prerouting  raw     loopback   what claims 127.0.0.0/8 and comes over a wire is dropped
//! prerouting  dstnat  publish    a local address and a published port → the container
//! output      dstnat  publish    the same for the host itself
//! forward     filter  isolate    containers are reachable through published ports only, from outside and from other
//!                                networks; the host has not become a router
//! postrouting srcnat  leave      who leaves takes the address of the way out; so do loopback and hairpin traffic
//! ```

mod apply;
mod flows;
mod plan;
mod ruleset;
mod text;
mod watch;

pub(crate) use apply::{TABLE_PREFIX, add_ports, exists, remove_ports, remove_table, replace, tables, uplinks};
pub(crate) use flows::forget_flows;
pub(crate) use plan::{Facts, plan};
pub(crate) use ruleset::{Action, Chain, Hook, Kind, Match, Ruleset, Target};
pub(crate) use watch::Watch;
