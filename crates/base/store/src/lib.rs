//! What knarr remembers: one redb file (`meta.db`) of named tables with string keys and JSON values, and files that are
//! written whole or not at all ([`files`]).
//!
//! ```text
//! meta.db   containers  id → record      leases    …
//!           volumes     name → record    networks  id → record …
//! ```
//!
//! Invariants: a transaction is durable when [`Store::write`] returns; readers see one consistent snapshot; a second
//! process that opens the same file is refused (redb's lock), which is how a second daemon on a live root is noticed.
//! A failed system call, on a full disk for example, costs the transaction that met it: the next one opens the file anew.
//! A damaged file is moved away and replaced by the copy of the last good start ([`Store::open_or_restore`]).
//! Room is kept beside the database, so that records can be changed and removed on a full disk.
#![forbid(unsafe_code)]

mod error;
mod failure;
pub mod files;
mod leases;
mod reserve;
mod restore;
mod store;

pub use error::StoreError;
pub use leases::Leases;
pub use restore::Restored;
pub use store::{Read, Store, Table, Write};
