//! An endpoint: one container in one network. Its record is the lease of its address and ports.

use std::fmt;
use std::net::Ipv4Addr;

use knarr_model::ContainerId;
use serde::{Deserialize, Serialize};

use crate::{Mac, PortRequest, PublishedPort};

/// A container's place in a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// 64 lower-case hex digits.
    pub id: String,
    /// Whose it is.
    pub container: ContainerId,
    /// The container's name, for messages.
    pub name: String,
    /// The network's id.
    pub network: String,
    /// The network's name.
    pub network_name: String,
    /// The container's address.
    pub address: Ipv4Addr,
    /// The subnet's prefix length.
    pub prefix: u8,
    /// The way out; none in an internal network.
    pub gateway: Option<Ipv4Addr>,
    /// The container's hardware address.
    pub mac: Mac,
    /// The link's name in the container.
    pub link: String,
    /// The other end of the pair, on the host.
    pub host_link: String,
    /// Published ports.
    pub ports: Vec<PublishedPort>,
}

impl Endpoint {
    /// The key of its record.
    pub(crate) fn key(&self) -> Key {
        Key { container: self.container.clone(), network: self.network.clone() }
    }
}

/// What is asked of a new endpoint.
#[derive(Debug, Clone)]
pub struct Attach {
    /// Whose it is.
    pub container: ContainerId,
    /// The container's name, for messages.
    pub name: String,
    /// The network's name or id.
    pub network: String,
    /// A fixed address; in user-defined networks only.
    pub address: Option<Ipv4Addr>,
    /// A fixed hardware address.
    pub mac: Option<Mac>,
    /// Ports to publish.
    pub ports: Vec<PortRequest>,
}

/// One container in one network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) container: ContainerId,
    pub(crate) network: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.container, self.network)
    }
}
