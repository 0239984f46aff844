//! What is remembered of a layer.

use knarr_model::Digest;
use serde::{Deserialize, Serialize};

/// A layer's record, `meta.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name: the digest of all diff ids up to this one (image-spec config.md, "Layer ChainID").
    pub chain_id: Digest,
    /// Digest of the uncompressed archive it was unpacked from.
    pub diff_id: Digest,
    /// The chain below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
    /// Bytes of file content in this layer alone.
    pub size: u64,
    /// Bytes of its uncompressed archive.
    pub archive_size: u64,
    /// When it was unpacked, in seconds since the epoch.
    pub created: u64,
    /// It hides all layers below it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opaque: bool,
    /// Its archive can be written again from what is on disk, to the byte ([`super::Layers::pack`]).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own: bool,
}
