//! Scopes: cgroups that systemd makes and keeps for us.
//!
//! [`Scope::parse`] reads a document's `SLICE:PREFIX:NAME`, [`Manager`] speaks to systemd over its private socket: four
//! calls of D-Bus and one signal, without a bus and without a library.
//!
//! ```text
//! Scope ─ start(pid, properties) ─▶ StartTransientUnit ─▶ job ─▶ JobRemoved "done"
//!       ─ set(properties) ────────▶ SetUnitProperties
//!       ─ stop ───────────────────▶ StopUnit ─▶ JobRemoved, ResetFailedUnit
//! LinuxResources ─ properties() ──▶ MemoryMax, CPUWeight, TasksMax, …   (pure)
//! ```
//!
//! Invariants: nothing is waited for longer than [`connection::PATIENCE`]; no length in a message is trusted; limits are
//! said to systemd too, so that it does not take back what was written to the cgroup.
#![forbid(unsafe_code)]

pub mod connection;
mod error;
mod manager;
mod properties;
mod scope;
mod wire;

pub use error::{Error, Result};
pub use manager::Manager;
pub use properties::{Property, Value, properties};
pub use scope::Scope;
