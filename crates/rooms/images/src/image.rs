//! An image, as stored and as seen.

use knarr_model::oci::{Descriptor, ImageConfig};
use knarr_model::{Digest, Reference};
use serde::{Deserialize, Serialize};

use crate::lineage::Claim;

/// What is stored of an image. Its config's bytes are content; here it is parsed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The config.
    pub config: ImageConfig,
    /// The manifest it was pulled, loaded or pushed with, whose bytes are content; none where none was made yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Descriptor>,
    /// The image it was built or committed on, if that was here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Digest>,
    /// What its manifest and provenance say it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// Bytes of all its unpacked layers.
    pub size: u64,
    /// When a name was last given to it, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_tagged: Option<String>,
}

impl Record {
    /// One of which only the config is known.
    pub fn new(config: ImageConfig) -> Self {
        Self { config, manifest: None, parent: None, claims: Vec::new(), size: 0, last_tagged: None }
    }
}

/// An image with its names.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// The digest of its config.
    pub id: Digest,
    /// What is stored of it.
    pub record: Record,
    /// Its tags, in order.
    pub tags: Vec<Reference>,
    /// The digests it was pulled or pushed under, in order.
    pub digests: Vec<Reference>,
}

impl Image {
    /// The config.
    pub fn config(&self) -> &ImageConfig {
        &self.record.config
    }

    /// The chain id of its topmost layer; none for an image without layers.
    pub fn top(&self) -> Option<Digest> {
        self.record.config.chain_ids().pop()
    }

    /// Whether it has no tag.
    pub fn dangling(&self) -> bool {
        self.tags.is_empty()
    }
}
