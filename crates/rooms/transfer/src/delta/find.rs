//! Before a pull's layers are fetched: which of them can be rebuilt, and of what.

use std::collections::{HashMap, HashSet};
use std::io::BufReader;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::StatusCode;
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, Manifest, media};
use knarr_model::ports::Content;
use knarr_model::{Digest, Reference, Result as ModelResult};

use super::frames::frames;
use super::index::{self, Chunk};
use super::plan::{Piece, Place, plan};
use super::{ABOUT, MEDIA_TYPE, Similar};
use crate::error::Error;
use crate::fetch::Target;
use crate::remote::Remote;
use crate::sink::on_blocking_thread;

/// Layers below this size are fetched: asking costs as much.
const WORTH: u64 = 128 << 10;

/// Plans for the layers of one pull.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    plans: HashMap<Digest, Vec<Piece>>,
    /// Bytes that finding out has cost.
    pub(super) transferred: AtomicU64,
}

impl Delta {
    /// Looks for what may be rebuilt. Whatever goes wrong, there is less to rebuild.
    pub(crate) async fn find(
        remote: &Remote,
        image: &Reference,
        manifest: &Descriptor,
        layers: &[Descriptor],
        similar: &Similar,
        target: &Target<'_>,
    ) -> Self {
        let mut delta = Self::default();
        if !similar.is_none()
            && let Err(error) = delta.look(remote, image, manifest, layers, similar, target).await
        {
            tracing::debug!(%error, "no chunks to rebuild layers of");
        }
        delta
    }

    /// The plan for a blob.
    pub(super) fn plan(&self, blob: &Digest) -> Option<&[Piece]> {
        self.plans.get(blob).map(Vec::as_slice)
    }

    /// Bytes that finding out has cost, told once.
    pub(crate) fn cost(&self) -> u64 {
        self.transferred.swap(0, Ordering::Relaxed)
    }

    async fn look(
        &mut self,
        remote: &Remote,
        image: &Reference,
        manifest: &Descriptor,
        layers: &[Descriptor],
        similar: &Similar,
        target: &Target<'_>,
    ) -> Result<(), Error> {
        let mut wanted = Vec::new();
        for layer in layers.iter().filter(|layer| layer.media_type == media::OCI_LAYER_ZSTD && layer.size >= WORTH) {
            if !target.has(layer).await? {
                wanted.push(layer);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let ask = similar.clone();
        let blobs = on_blocking_thread(move || Ok(ask.ask())).await?;
        if blobs.is_empty() {
            return Ok(());
        }
        let Some(artifact) = self.artifact(remote, image, manifest).await? else { return Ok(()) };
        let mut indexes = HashMap::new();
        for entry in artifact.layers.iter().filter(|entry| entry.media_type == MEDIA_TYPE && entry.size <= index::LIMIT)
        {
            let about = entry.annotations.get(ABOUT).map(String::as_str);
            let Some(layer) = wanted.iter().find(|layer| Some(layer.digest.as_str()) == about) else { continue };
            let bytes =
                self.fetch(remote, &format!("blobs/{}", entry.digest), Some(&entry.digest), index::LIMIT).await?;
            match index::parse(&bytes, layer) {
                Ok(chunks) => drop(indexes.insert(layer.digest.clone(), chunks)),
                Err(reason) => tracing::debug!(layer = %layer.digest, reason, "an index of chunks is wrong"),
            }
        }
        let content = Arc::clone(target.content);
        self.plans = on_blocking_thread(move || Ok(plans(&indexes, &blobs, &content))).await?;
        Ok(())
    }

    /// The manifest of the artifact about an image, by the referrers API or, where there is none, by its tag.
    async fn artifact(
        &self,
        remote: &Remote,
        image: &Reference,
        manifest: &Descriptor,
    ) -> Result<Option<Manifest>, Error> {
        let path = format!("referrers/{}?artifactType={MEDIA_TYPE}", manifest.digest);
        let listed = match self.fetch(remote, &path, None, DOCUMENT_LIMIT).await {
            Err(Error::Refused { status: StatusCode::NOT_FOUND, .. }) => {
                let tag = super::publish::fallback_tag(&manifest.digest);
                self.fetch(remote, &format!("manifests/{tag}"), None, DOCUMENT_LIMIT).await?
            }
            other => other?,
        };
        let Ok((Document::Index(list), _)) = Document::parse(&listed, Some(media::OCI_INDEX)) else { return Ok(None) };
        let ours = |entry: &&Descriptor| entry.artifact_type.as_deref() == Some(MEDIA_TYPE);
        let Some(entry) = list.manifests.iter().find(ours) else { return Ok(None) };
        let found = remote.document(image, entry.digest.as_str()).await?;
        self.transferred.fetch_add(found.bytes.len() as u64, Ordering::Relaxed);
        let Document::Manifest(found) = found.document else { return Ok(None) };
        let about = found.subject.as_ref().map(|subject| &subject.digest);
        Ok((about == Some(&manifest.digest)).then_some(found))
    }

    /// See [`Remote::small`]; what it cost is added up.
    async fn fetch(&self, remote: &Remote, path: &str, digest: Option<&Digest>, limit: u64) -> Result<Vec<u8>, Error> {
        let bytes = remote.small(path, digest, limit).await?;
        self.transferred.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

/// Looks through what is here until every chunk is found, and plans.
fn plans(
    indexes: &HashMap<Digest, Vec<Chunk>>,
    blobs: &[Digest],
    content: &Arc<dyn Content>,
) -> HashMap<Digest, Vec<Piece>> {
    let mut missing: HashSet<&Digest> = indexes.values().flatten().map(|chunk| &chunk.digest).collect();
    let mut here = HashMap::new();
    for blob in blobs {
        if missing.is_empty() {
            break;
        }
        // One that has gone, or is compressed otherwise, has no chunks for us; those before the damage in one are good.
        let _ = look_through(blob, content, |offset, chunk| {
            if missing.remove(&chunk.digest) {
                here.insert(chunk.digest, Place { blob: blob.clone(), offset });
            }
        });
    }
    indexes.iter().filter_map(|(blob, chunks)| Some((blob.clone(), plan(chunks, &here)?))).collect()
}

fn look_through(blob: &Digest, content: &Arc<dyn Content>, tell: impl FnMut(u64, Chunk)) -> ModelResult<()> {
    let file = BufReader::with_capacity(256 << 10, content.open(blob)?);
    frames(file, tell).map_err(|e| knarr_model::Fault::io(format!("read the frames of {blob}"), e))
}
