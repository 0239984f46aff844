//! End-to-end tests: private daemons and registries on temporary roots, driven by real clients.
//!
//! [`Host`] is a machine's worth of knarr: a daemon with its own roots, socket, bridge and client configuration. [`Registry`] is
//! `knarr registry serve` on a free port. [`base`] makes the base images from the distribution's packages, once, in a cache outside the
//! checkout. [`Ledger`] counts what a test must not leave behind. [`walk`] is the main job, told step by step: the demo and the tests share
//! it.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

pub mod base;
mod client;
mod host;
mod ledger;
mod process;
mod registry;
pub mod walk;

pub use client::{Client, Output};
pub use host::Host;
pub use ledger::Ledger;
pub use process::{Running, knarr_binary, wait_for};
pub use registry::Registry;
