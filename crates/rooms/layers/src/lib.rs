//! Layers: image archives unpacked to folders that overlayfs stacks, and trees packed to archives again.
//!
//! [`Layers`] keeps unpacked layers by chain id and hands out stacks of them as [`knarr_model::Snapshot`]s; nothing is
//! mounted here. [`unpack()`] is the one unpacker of knarr, for layers, `cp`, `build` and `import` alike; [`diff`], [`export`]
//! and [`pack`] are its mirror; [`changes`] tells what a container changed, [`Merged`] what a stack of layers hides and how two stacks differ.
//!
//! ```text
//! <root>/
//!   <chain id's hex>/fs/         the layer's files, in overlayfs's form (0:0 devices, trusted.overlay.opaque)
//!   <chain id's hex>/meta.json   its record, see [`Layer`]
//!   <chain id's hex>/archive.zst how the archive that it came as is written again, where others wrote that
//!   empty/                       the lowest layer of images that have none, made when it is first needed
//!   .unfinished-<pid>-<n>/       being unpacked or removed; gone at the next start
//! <container>/{upper,work}/        what it writes
//! <container>/skeleton/            a layer with the places for /dev, /proc, /sys, /etc/hosts and kin
//! ```
//!
//! Invariants:
//! - A layer is visible only when it is unpacked, its diff id verified, all of it synced.
//! - A layer never changes; whoever wants to write has an upper folder of their own.
//! - Names in archives are data: nothing is made, followed or removed outside the root ([`unpack()`]).
//! - What is read ahead of trust (headers, windows, maps) is limited; memory does not grow with an archive's content.
#![forbid(unsafe_code)]

pub mod archive;
mod chunked;
mod compression;
mod cut;
mod error;
mod gzip;
mod pipe;
mod recipe;
mod store;
mod tree;
mod unpack;

pub use archive::{Kind, Member};
pub use chunked::Chunked;
pub use compression::{Compression, decompress};
pub use error::{Error, Result};
pub use gzip::Gzip;
pub use store::{Batch, Damaged, Health, Layer, Layers, Lease};
pub use tree::{Aspect, Change, ChangeKind, Difference, Hidden, Merged, changes, diff, export, pack};
pub use unpack::{Attributes, Inherit, Limits, Options, Unpacked, Whiteouts, unpack};
