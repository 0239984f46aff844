//! The index of each chunked layer, beside the image that is pushed.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, Index, Manifest, media};
use knarr_model::ports::Content;
use knarr_model::{Digest, Fault, Result as ModelResult};

use super::frames::frames;
use super::{ABOUT, MEDIA_TYPE, index};
use crate::answer;
use crate::error::Error;
use crate::push::Push;
use crate::sink::on_blocking_thread;

/// The config of an artifact without one (image-spec, "Guidance for an Empty Descriptor").
const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");

/// The tag under which referrers are listed by registries without the API (distribution-spec, "Referrers Tag Schema").
pub(super) fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

impl Push<'_> {
    /// Publishes the chunks of an image's layers; false where none is chunked. The image may follow: a subject need not be there. A
    /// registry that does not take them gets the image as ever.
    pub(crate) async fn publish_chunks(&self, image: &Descriptor, layers: &[Descriptor]) -> Result<bool, Error> {
        let mut indexes: Vec<Descriptor> = Vec::new();
        for layer in layers.iter().filter(|layer| layer.media_type == media::OCI_LAYER_ZSTD) {
            let (content, blob) = (Arc::clone(self.content), layer.digest.clone());
            let made = on_blocking_thread(move || index_of(&content, &blob)).await?;
            indexes.extend(made.filter(|made| indexes.iter().all(|known| known.digest != made.digest)));
        }
        if indexes.is_empty() {
            return Ok(false);
        }
        if let Err(error) = self.put_indexes(image, indexes).await {
            tracing::warn!(image = %image.digest, %error, "the registry did not take the chunks of layers");
        }
        Ok(true)
    }

    async fn put_indexes(&self, image: &Descriptor, indexes: Vec<Descriptor>) -> Result<(), Error> {
        let content = Arc::clone(self.content);
        let config = on_blocking_thread(move || keep(&content, EMPTY.0, EMPTY.1)).await?;
        for blob in indexes.iter().chain([&config]) {
            self.place_quietly(blob).await?;
        }
        let artifact = Manifest {
            schema_version: 2,
            media_type: Some(media::OCI_MANIFEST.into()),
            artifact_type: Some(MEDIA_TYPE.into()),
            config,
            layers: indexes,
            subject: Some(Descriptor { annotations: BTreeMap::new(), platform: None, ..image.clone() }),
            annotations: BTreeMap::new(),
        };
        self.put_artifact(&artifact, &image.digest).await
    }

    async fn put_artifact(&self, artifact: &Manifest, subject: &Digest) -> Result<(), Error> {
        let bytes = json(artifact)?;
        let manifest = Descriptor {
            artifact_type: Some(MEDIA_TYPE.into()),
            ..describe(media::OCI_MANIFEST, Digest::of(&bytes), bytes.len() as u64)
        };
        let listed = self.put_manifest(&manifest, &bytes, manifest.digest.as_str()).await?;
        if listed { Ok(()) } else { self.list_by_tag(manifest, subject).await }
    }

    /// Adds the artifact to the list that registries without the referrers API have under a tag.
    async fn list_by_tag(&self, artifact: Descriptor, subject: &Digest) -> Result<(), Error> {
        let tag = fallback_tag(subject);
        let mut listed = self.listed_by_tag(&tag).await?;
        if listed.iter().any(|entry| entry.digest == artifact.digest) {
            return Ok(());
        }
        listed.push(artifact);
        let list = Index {
            schema_version: 2,
            media_type: Some(media::OCI_INDEX.into()),
            artifact_type: None,
            manifests: listed,
            subject: None,
            annotations: BTreeMap::new(),
        };
        let bytes = json(&list)?;
        let list = describe(media::OCI_INDEX, Digest::of(&bytes), bytes.len() as u64);
        self.put_manifest(&list, &bytes, &tag).await.map(drop)
    }

    async fn listed_by_tag(&self, tag: &str) -> Result<Vec<Descriptor>, Error> {
        let url = self.remote.url(&format!("manifests/{tag}"));
        let accept = (http::header::ACCEPT, http::HeaderValue::from_static(media::OCI_INDEX));
        let response = self.remote.ask_once(Method::GET, &url, HeaderMap::from_iter([accept])).await?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(Vec::new()),
            status if !status.is_success() => Err(answer::refused(response).await),
            _ => match Document::parse(&answer::read(response, DOCUMENT_LIMIT).await?, Some(media::OCI_INDEX)) {
                Ok((Document::Index(list), _)) => Ok(list.manifests),
                _ => Ok(Vec::new()),
            },
        }
    }
}

/// Makes the index of a blob and keeps it; none where the blob is not chunked, or in too many pieces.
fn index_of(content: &Arc<dyn Content>, blob: &Digest) -> ModelResult<Option<Descriptor>> {
    let mut chunks = Vec::new();
    let file = BufReader::with_capacity(256 << 10, content.open(blob)?);
    if frames(file, |_, chunk| chunks.push(chunk)).is_err() || chunks.len() < 2 {
        return Ok(None);
    }
    let text = index::encode(blob, &chunks);
    if text.len() as u64 > index::LIMIT {
        return Ok(None);
    }
    let kept = keep(content, MEDIA_TYPE, text.as_bytes())?;
    Ok(Some(Descriptor { annotations: BTreeMap::from([(ABOUT.into(), blob.to_string())]), ..kept }))
}

/// Commits a small document to the content store, for as long as the push's lease holds it.
fn keep(content: &Arc<dyn Content>, media_type: &str, bytes: &[u8]) -> ModelResult<Descriptor> {
    let digest = Digest::of(bytes);
    if content.size(&digest)?.is_none() {
        let mut ingest = content.begin(media_type)?;
        ingest.write(bytes)?;
        ingest.commit(Some(&digest), Some(bytes.len() as u64))?;
    }
    Ok(describe(media_type, digest, bytes.len() as u64))
}

fn describe(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size,
        platform: None,
        annotations: BTreeMap::new(),
        artifact_type: None,
    }
}

fn json(document: &impl serde::Serialize) -> Result<Vec<u8>, Error> {
    Ok(serde_json::to_vec(document).map_err(|e| Fault::internal("cannot write a list of chunks").because(e))?)
}
