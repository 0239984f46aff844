//! Manifests for images that were made here.

use knarr_model::Digest;
use knarr_model::oci::{Descriptor, Manifest, media};

/// The bytes and the descriptor of a manifest of the config with this digest and size and of these layers, the lowest first: Docker's
/// schema 2, or where a layer is one that it does not know, OCI's. The same input gives the same bytes.
pub fn manifest(
    config: Digest,
    size: u64,
    layers: Vec<Descriptor>,
) -> Result<(Vec<u8>, Descriptor), serde_json::Error> {
    let dockers = |layer: &Descriptor| layer.media_type != media::OCI_LAYER_ZSTD;
    let (of_manifest, of_config, layers) = match layers.iter().all(dockers) {
        true => (media::DOCKER_MANIFEST, media::DOCKER_CONFIG, layers),
        false => (media::OCI_MANIFEST, media::OCI_CONFIG, layers.into_iter().map(as_oci).collect()),
    };
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(of_manifest.into()),
        artifact_type: None,
        config: descriptor(of_config, config, size),
        layers,
        subject: None,
        annotations: Default::default(),
    };
    let bytes = serde_json::to_vec(&manifest)?;
    let described = descriptor(of_manifest, Digest::of(&bytes), bytes.len() as u64);
    Ok((bytes, described))
}

/// The layer under OCI's name for it.
fn as_oci(layer: Descriptor) -> Descriptor {
    let media_type = match layer.media_type.as_str() {
        media::DOCKER_LAYER_GZIP => media::OCI_LAYER_GZIP.into(),
        media::DOCKER_LAYER => media::OCI_LAYER.into(),
        _ => layer.media_type,
    };
    Descriptor { media_type, ..layer }
}

fn descriptor(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    }
}
