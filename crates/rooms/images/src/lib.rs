//! Images by name: which references, ids and digests mean which image, how images descend from each other, and what
//! removing one takes with it.
//!
//! [`Images`] keeps its tables in the metadata database, and image configs in the content store; an image's id is its
//! config's digest. Layers and blobs are not touched here: [`Images::needs`] says which must stay.
//!
//! ```text
//! images       sha256:<config>              → Record: config, manifest, parent, claims, size, time of the last tag
//! references   docker.io/library/debian:12  → sha256:<config>    tags
//!              docker.io/library/debian@…   → sha256:<config>    digests it was pulled or pushed under
//! blobs        sha256:<diff id>             → Descriptor         the compressed form of a layer, for pushes
//! manifests    sha256:<manifest>            → digests            what it names
//! ```
//!
//! Invariants:
//! - Every change is one transaction: a name never points to an image that is not recorded.
//! - A config is hashed before it is parsed, and what is parsed is what was hashed.
//! - Every edge of the lineage says where it comes from ([`Evidence`]).
#![forbid(unsafe_code)]

mod blobs;
mod delete;
mod error;
mod history;
mod image;
mod images;
mod lineage;
mod manifest;
mod needs;
mod resolve;
mod tables;

pub use delete::{DeleteOptions, Deleted, Removed, Use};
pub use error::Error;
pub use history::HistoryItem;
pub use image::{Image, Record};
pub use images::{Images, Registration};
pub use lineage::{Claim, Edge, Evidence, Leaf, Member, Node, Tree};
pub use manifest::manifest;
pub use needs::Needs;
