//! Networks of containers: bridges, addresses, published ports, and the network namespaces themselves.
//!
//! [`Networks`] is the room. It keeps [`Network`]s and [`Endpoint`]s (a container in a network: the lease of its address
//! and ports) in the metadata database, and derives from them what the kernel shall have: one bridge a network, a veth
//! pair an endpoint, one nf_tables table a daemon. Links and rules are set over netlink by our own code (`netlink`);
//! no program is run, and no process or thread stands beside a published port.
//!
//! ```text
//! host                                      container's namespace (a descriptor, see Sandbox)
//!   eth0 ── forward, masquerade ── knarr0 ── kn3f… ─┬─ eth0 172.17.0.2
//!                                   │ 172.17.0.1    └─ lo
//!   table ip knarr-knarr0: published ports as map elements, guards (see firewall)
//! meta.db: networks  id → Network      endpoints  container/network → Endpoint      network-facts  forwarding
//! ```
//!
//! Invariants:
//! - An address or port is recorded before it is used, and its record goes only after the kernel's rules for it.
//! - What the kernel has is compared with the records when the room opens: missing links and rules are put back, those
//!   of dead containers go.
//! - Namespaces are descriptors, never mounts: with the last process of a container its namespace and links go.
//! - IPv4 only: IPv6 is off in every namespace and on every bridge.
#![forbid(unsafe_code)]

mod attach;
mod endpoint;
mod error;
pub mod files;
mod firewall;
mod forwarding;
mod host;
mod housekeeper;
mod ipam;
mod mac;
mod names;
mod netlink;
mod network;
mod pool;
mod ports;
mod random;
mod registry;
mod room;
mod sandbox;
mod subnet;

pub use endpoint::{Attach, Endpoint};
pub use error::NetworkError;
pub use mac::Mac;
pub use names::lead_names;
pub use network::{Bridge, Driver, Network, NewNetwork};
pub use ports::{PortRequest, Protocol, PublishedPort};
pub use room::{Networks, Options};
pub use sandbox::Sandbox;
pub use subnet::{Subnet, SubnetError, parse_interface};
