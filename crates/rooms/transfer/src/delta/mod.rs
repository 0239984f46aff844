//! Chunk-level differences (docs/formats/delta.md): a layer that is a row of zstd frames is rebuilt from the frames that other layers
//! here have, and only the others are fetched.
//!
//! ```text
//! push:  frames of each zstd layer ─ index ─ artifact whose subject is the image's manifest
//! pull:  referrers/<manifest> ─ artifact ─ index of each missing layer ─ plan ─ frames from here, ranges from there ─▶ Ingest
//! ```
//!
//! What is rebuilt is the blob itself, byte for byte: it has its digest or is thrown away, and all that follows (diff id, push, save)
//! does not know of it. Whatever is wrong with an index or a range, the blob is fetched as ever.

mod find;
pub(crate) mod frames;
pub(crate) mod index;
mod plan;
mod publish;
mod rebuild;
mod similar;

pub(crate) use find::Delta;
pub use similar::Similar;

/// Of the artifact, and of each index in it.
const MEDIA_TYPE: &str = "application/vnd.knarr.chunks.v1";
/// The annotation that says which blob an index is about.
const ABOUT: &str = "dev.knarr.chunks.blob";
