//! The words of knarr: plain data that every room shares.
//!
//! Identifiers ([`Digest`], [`ContainerId`]), names ([`Reference`], [`Platform`], [`accounts`]), the OCI image documents
//! ([`oci`]), what a room hands to the kernel as a root file system ([`Snapshot`]), the boundary error
//! ([`Fault`] with its [`Kind`]) and the ports ([`ports`]) through which rooms meet without importing each other.
//!
//! Invariant: nothing in here touches the file system, the network or the clock.
#![forbid(unsafe_code)]

pub mod accounts;
mod age;
mod digest;
mod fault;
mod id;
pub mod oci;
mod platform;
pub mod ports;
mod progress;
mod reference;
mod snapshot;
mod ulimit;

pub use age::age;
pub use digest::{Digest, DigestError, Hasher};
pub use fault::{Fault, Kind, Result};
pub use id::{ContainerId, IdError, valid_name, valid_word};
pub use platform::Platform;
pub use progress::{NoProgress, Progress, Step};
pub use reference::{Reference, ReferenceError};
pub use snapshot::Snapshot;
pub use ulimit::{UlimitError, check_ulimit};
