//! End-to-end tests: private daemons and registries on temporary roots, driven by real clients.
//!
//! [`Host`] is a machine's worth of knarr: a daemon with its own roots, socket, bridge and client configuration. [`Registry`] is
//! `knarr registry serve` on a free port, [`Gate`] makes it want tokens, [`Held`] holds an answer of it back, [`Disk`] is one that can be filled. [`containerd::Containerd`] is a containerd that runs its
//! containers under our shim. [`base`] makes the base images from the distribution's packages, once, in a cache outside the
//! checkout. [`probe`] is one script on every way into a container. [`Ledger`] counts what a test must not leave behind. [`forest`] makes many small images. [`walk`] is the
//! main job, told step by step: the demo and the tests share it.
#![allow(clippy::disallowed_methods, reason = "tests run programs")]

pub mod base;
mod client;
pub mod containerd;
pub mod corpus;
mod disk;
mod failpoints;
pub mod forest;
mod gate;
mod held;
mod host;
mod http;
mod ledger;
pub mod probe;
mod process;
mod registry;
mod tap;
pub mod walk;

pub use client::{Client, Output};
pub use disk::Disk;
pub use failpoints::{disk_failpoints, failpoints};
pub use gate::Gate;
pub use held::Held;
pub use host::Host;
pub use http::{Answer, Http};
pub use ledger::Ledger;
pub use process::{Running, knarr_binary, processes_with, wait_for};
pub use registry::{Registry, blob_file};
pub use tap::Tap;
