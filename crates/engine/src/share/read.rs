//! What other hosts may read of the store.

use std::fs::File;
use std::sync::Arc;

use knarr_model::oci::{DOCUMENT_LIMIT, Document};
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Result};

use crate::Engine;
use crate::images::blocking;

/// A manifest or index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// What it is.
    pub media_type: String,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Engine {
    /// The manifest of the image that `name` means here, made where there is none.
    pub async fn shared_image(self: &Arc<Self>, name: &str) -> Result<Shared> {
        let (engine, name) = (Arc::clone(self), name.to_owned());
        blocking(move || {
            let _lease = engine.lease();
            let (manifest, bytes) = engine.manifest(&engine.images.resolve(&name)?, None)?;
            Ok(Shared { media_type: manifest.media_type, digest: manifest.digest, bytes })
        })
        .await
    }

    /// The manifest or index with this digest; what is neither is refused.
    pub async fn shared_manifest(self: &Arc<Self>, digest: &Digest) -> Result<Shared> {
        let (engine, digest) = (Arc::clone(self), digest.clone());
        blocking(move || {
            let bytes = engine.content.read(&digest, DOCUMENT_LIMIT)?;
            let (_, media_type) = Document::parse(&bytes, None)?;
            Ok(Shared { media_type, digest, bytes })
        })
        .await
    }

    /// A blob with its size. Once it is open it may be removed, and is read to its end.
    pub async fn shared_blob(self: &Arc<Self>, digest: &Digest) -> Result<(File, u64)> {
        let (engine, digest) = (Arc::clone(self), digest.clone());
        blocking(move || {
            let file = engine.content.open(&digest)?;
            let about = file.metadata().map_err(|e| knarr_model::Fault::io(format!("look up blob {digest}"), e))?;
            Ok((file, about.len()))
        })
        .await
    }
}
