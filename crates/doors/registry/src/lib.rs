//! The registry door: OCI distribution-spec 1.1 on files, `knarr registry serve`.
//!
//! [`serve()`] with a [`Config`] is the server; [`ServeArgs`] and [`run`] are its command. A request goes
//! `serve` (connections, deadlines) → `registry` (authenticate, route) → `blobs`, `manifests`, `listings` → `storage`.
//!
//! ```text
//! <root>/                                          0700, one process at a time (lock)
//!   blobs/sha256/ab/<hex>   ingest/                the content room's
//!   repositories/<name>/_layers/<hex>              empty: this repository has the blob
//!   repositories/<name>/_manifests/revisions/<hex> the manifest's media type
//!   repositories/<name>/_manifests/tags/<tag>      the digest it names
//!   repositories/<name>/_manifests/referrers/<subject hex>/<hex>   a descriptor
//! ```
//!
//! Invariants:
//! - Bytes are hashed before they are parsed or named; nothing unverified can be read.
//! - A repository shows only blobs that were pushed to it or mounted from one that had them.
//! - A manifest is accepted only when everything it names is in its repository, and is kept byte for byte.
//! - A name becomes a path only after the reference grammar accepted it.
//! - Every file is whole or absent; after a kill only unfinished uploads and unnamed blobs are left, and removed at start.
#![forbid(unsafe_code)]

mod answer;
mod auth;
mod blobs;
mod command;
mod error;
mod listings;
mod manifests;
mod name;
mod patience;
mod problem;
mod range;
mod registry;
mod repositories;
mod request;
mod route;
mod serve;
mod storage;
mod tls;
mod uploads;

pub use command::{ServeArgs, run};
pub use error::Error;
pub use serve::{Config, serve};
