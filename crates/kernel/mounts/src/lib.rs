//! Mounts by file descriptor: the new mount API, above `knarr-sys` and rustix.
//!
//! A mount is made **detached** ([`overlay()`], [`filesystem`], [`clone_tree`]), looked at, given its attributes
//! ([`Attributes`]), and only then attached with [`attach`] to a place that was opened inside a root ([`Root`]).
//!
//! ```text
//!   Snapshot ──overlay()──▶ detached mount (OwnedFd) ──attach()──▶ O_PATH fd found by Root::open
//!   OCI mount options ──Options::parse()──▶ attributes, propagation, file system parameters
//!   /proc/self/mountinfo ──mountinfo::parse()──▶ Entry
//! ```
//!
//! Invariants: no path string is ever joined and handed to the kernel as a mount target; a lookup inside a root cannot
//! leave it; a writable overlay that the kernel silently made read-only is an error.
#![forbid(unsafe_code)]

mod attributes;
mod error;
pub mod mountinfo;
mod options;
mod overlay;
mod root;
mod tree;

pub use attributes::{Attributes, Propagation};
pub use error::{Error, Result};
pub use options::{Options, Reach};
pub use overlay::{overlay, overlay_for};
pub use root::Root;
pub use tree::{
    attach, clone_tree, detach, filesystem, filesystem_with_attributes, set_attributes, set_owners, set_propagation,
};
