//! Netlink without a library: messages, the socket, and the two families spoken here (rtnetlink(7), nf_tables).

pub(crate) mod conntrack;
mod message;
pub(crate) mod nftables;
pub(crate) mod route;
mod socket;

pub(crate) use message::Attributes;
pub(crate) use socket::{Protocol, Socket};
