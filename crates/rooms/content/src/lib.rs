//! Immutable content by digest: blobs come in through an ingest, are verified, and are visible only when whole.
//!
//! [`Content`] implements the port [`knarr_model::ports::Content`]; [`Writer`] is its
//! [`Ingest`](knarr_model::ports::Ingest). A [`Lease`] keeps the collector away from work in progress.
//!
//! ```text
//! <root>/
//!   blobs/sha256/ab/<hex>       committed, read-only; the name is the hash of the bytes
//!   ingest/<hash of key>/data   what has arrived so far
//!   ingest/<hash of key>/info   the key, one line
//!   quarantine/<hex>            blobs whose bytes were found not to match their name
//! ```
//!
//! Invariants:
//! - Nothing is under `blobs/` before it is whole: write, hash, compare, sync, rename, sync the folder.
//! - One writer a key, in this process; a root belongs to one process (the daemon's or registry's pid file sees to it).
//! - A blob that was committed, or asked for, while any lease is held survives a collection.
//! - An ingest that nobody has touched for [`STALE`] is removed when the root is opened.
#![forbid(unsafe_code)]

mod collect;
mod content;
mod error;
mod ingest;
mod layout;

pub use collect::{Collected, Lease};
pub use content::Content;
pub use error::Error;
pub use ingest::{STALE, Writer};
