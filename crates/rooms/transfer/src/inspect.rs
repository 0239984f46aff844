//! What a registry has under a name, without fetching it: the descriptor, and what it runs on.

use std::sync::atomic::AtomicU64;

use http::{HeaderMap, Method};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, ImageConfig};
use knarr_model::{Digest, Platform, Reference, Result};

use crate::answer;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::documents::explain;
use crate::error::Error;
use crate::remote::{Call, Remote};

/// What a registry has under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The manifest or index.
    pub descriptor: Descriptor,
    /// What it can run on.
    pub platforms: Vec<Platform>,
}

impl Client {
    /// Looks a reference up. Of an index the platforms are in it; of a manifest the config says it.
    pub async fn inspect(&self, reference: &Reference, who: &Credentials) -> Result<Found> {
        let sources = self.sources(reference, who, &[]).await?;
        let found = sources.document(reference, reference.target()).await?;
        let platforms = match &found.document {
            Document::Index(index) => index.manifests.iter().filter_map(|entry| entry.platform.clone()).collect(),
            Document::Manifest(manifest) => {
                let config =
                    sources.config(reference, &manifest.config).await.map_err(|e| explain(e, "pull", reference))?;
                vec![config.platform()]
            }
        };
        Ok(Found { descriptor: found.descriptor, platforms })
    }
}

impl Remote {
    /// An image's config, hashed before it is parsed. Not kept.
    pub(crate) async fn config(&self, reference: &Reference, blob: &Descriptor) -> Result<ImageConfig, Error> {
        let moved = AtomicU64::new(0);
        let url = self.url(&format!("blobs/{}", blob.digest));
        let call = Call { method: Method::GET, url: url.clone(), headers: HeaderMap::new(), body: None, moved: &moved };
        let response = self.send(&call).await?;
        if !response.status().is_success() {
            return Err(answer::refused(response).await);
        }
        let bytes = answer::read(response, DOCUMENT_LIMIT).await?;
        let digest = Digest::of(&bytes);
        if digest != blob.digest {
            return Err(Error::Digest {
                reference: reference.familiar(),
                expected: blob.digest.clone(),
                found: digest,
            });
        }
        serde_json::from_slice(&bytes).map_err(|e| self.invalid(&format!("a malformed image config ({e})")))
    }
}
