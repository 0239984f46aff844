//! A network as it is remembered, and what is asked of a new one.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Subnet;

/// How a network connects its containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// A Linux bridge with a subnet of its own, behind NAT.
    Bridge,
    /// The host's own network.
    Host,
    /// Loopback only.
    Null,
}

impl Driver {
    /// The word that Docker uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Host => "host",
            Self::Null => "null",
        }
    }
}

/// A network. `bridge`, `host` and `none` always exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// 64 lower-case hex digits.
    pub id: String,
    /// Unique.
    pub name: String,
    /// How it connects.
    pub driver: Driver,
    /// When it was made.
    pub created: Timestamp,
    /// Its bridge; none for `host` and `none`.
    pub bridge: Option<Bridge>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// Driver options as given.
    pub options: BTreeMap<String, String>,
}

/// The bridge of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bridge {
    /// The link's name on the host.
    pub link: String,
    /// Where its containers' addresses come from.
    pub subnet: Subnet,
    /// The bridge's own address, which is the containers' way out.
    pub gateway: Ipv4Addr,
    /// The part of the subnet from which addresses are given, where it is not the whole.
    pub range: Option<Subnet>,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// Whether it has no way out and in.
    pub internal: bool,
    /// The address given last: the next search starts behind it, so that a freed one rests.
    pub last: Option<Ipv4Addr>,
}

/// What is asked of a new network.
#[derive(Debug, Clone, Default)]
pub struct NewNetwork {
    /// Unique among networks.
    pub name: String,
    /// `bridge` or empty.
    pub driver: String,
    /// Chosen from the default pools where none.
    pub subnet: Option<Subnet>,
    /// The first address of the subnet where none.
    pub gateway: Option<Ipv4Addr>,
    /// Gives addresses from this part of the subnet only.
    pub range: Option<Subnet>,
    /// No way out and in.
    pub internal: bool,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// Driver options: `com.docker.network.bridge.name` and `com.docker.network.driver.mtu`; others are refused.
    pub options: BTreeMap<String, String>,
}
