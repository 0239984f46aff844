//! The server of names in a container's network: it answers for the container's neighbours, and passes everything else on.
//!
//! A [`Resolver`] listens inside the container's network namespace, on a port of its own at [`ADDRESS`], so that the
//! container's port 53 stays free; the network room leads [`PORT`] there. What a name means is asked of a [`Zone`] at every
//! question: nothing is kept here that could grow old, and answers may not be kept either (their time to live is 0).
//!
//! ```text
//! container ── 127.0.0.11:53 ─(nat)─► 127.0.0.11:n ── Resolver ──┬─ Zone: neighbours
//!                                                                └─ the host's servers, asked from the host's namespace
//! ```
//!
//! Invariants:
//! - A name of a neighbour is never asked outside, whatever the type of the question.
//! - Where the zone has no upstream servers (an internal network), nothing leaves: the answer is a failure.
//! - Questions under way are bounded; one more is dropped, as the network would drop it.
#![forbid(unsafe_code)]

mod answer;
mod forward;
mod message;
mod resolver;

use std::net::{IpAddr, Ipv4Addr};

pub use resolver::Resolver;

/// Where containers ask, as Docker's do.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
/// The port of name servers.
pub const PORT: u16 = 53;

/// What a container may know.
pub trait Zone: Send + Sync + 'static {
    /// The addresses of a name, which is in lower case and without its last dot; none where no neighbour has it.
    fn addresses(&self, name: &str) -> Vec<Ipv4Addr>;

    /// The name of the neighbour that has an address.
    fn owner(&self, address: Ipv4Addr) -> Option<String>;

    /// Whom to ask about everything else, in this order; empty where nobody may be asked.
    fn upstreams(&self) -> Vec<IpAddr>;
}
