//! Verbs about the daemon and its host.

mod host;
mod info;
mod version;

pub use info::Totals;
