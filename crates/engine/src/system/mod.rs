//! Verbs about the daemon and its host.

mod host;
mod info;
mod quarantine;
mod usage;
mod version;

pub(crate) use host::{memory, name as host_name, processors};
pub use info::Totals;
