//! Manifests for images that were made here.

use knarr_model::oci::{Descriptor, Manifest, media};

/// The bytes and the descriptor of a Docker schema 2 manifest of this config and these layers, the lowest first. The same
/// input gives the same bytes.
pub fn manifest(config: Descriptor, layers: Vec<Descriptor>) -> Result<(Vec<u8>, Descriptor), serde_json::Error> {
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media::DOCKER_MANIFEST.into()),
        artifact_type: None,
        config,
        layers,
        subject: None,
        annotations: Default::default(),
    };
    let bytes = serde_json::to_vec(&manifest)?;
    let descriptor = Descriptor {
        media_type: media::DOCKER_MANIFEST.into(),
        digest: knarr_model::Digest::of(&bytes),
        size: bytes.len() as u64,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    };
    Ok((bytes, descriptor))
}
