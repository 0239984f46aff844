//! Netlink without a library (netlink(7)): [`Message`]s with [`Attributes`], and the [`Socket`] that carries them. What the
//! families say (rtnetlink(7), nf_tables) is for those who speak them.
#![forbid(unsafe_code)]

mod message;
mod socket;

pub use message::{Attributes, Message, flag};
pub use socket::{Protocol, Reply, Socket};
