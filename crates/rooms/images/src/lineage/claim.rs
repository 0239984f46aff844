//! What others say an image was made from.

use std::collections::BTreeMap;

use knarr_model::{Digest, Reference};
use serde::{Deserialize, Serialize};

/// How a descent is known, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A build or commit here made the one on the other.
    Built,
    /// The build's provenance names it, and its layers are the lowest ones.
    Provenance,
    /// An annotation of the manifest names it (`org.opencontainers.image.base.*`).
    Annotation,
    /// The one's layers begin with all the layers of the other.
    SharedLayers,
}

/// One image that an image's manifest or provenance names as what it was made from. It is data of others: the layers have the last word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who says so: provenance or annotation.
    pub source: Evidence,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Reference>,
    /// The digest of its manifest or index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// What a manifest's annotations claim. Labels of the same names are not asked: an image inherits those of its base.
pub(crate) fn annotated(annotations: &BTreeMap<String, String>) -> Option<Claim> {
    let name = annotations.get("org.opencontainers.image.base.name").and_then(|name| name.parse().ok());
    let digest = annotations.get("org.opencontainers.image.base.digest").and_then(|digest| digest.parse().ok());
    let claim = Claim { source: Evidence::Annotation, name, digest };
    (claim.name.is_some() || claim.digest.is_some()).then_some(claim)
}
