//! An image to a registry: asks first what is there, sends the rest, names it last.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document};
use knarr_model::ports::Content;
use knarr_model::{Digest, Fault, Progress, Reference, Result, Step};

use crate::answer;
use crate::client::Client;
use crate::credentials::Credentials;
use crate::documents::explain;
use crate::error::Error;
use crate::remote::{Access, Call, Remote};
use crate::retry::Tries;
use crate::sink::on_blocking_thread;
use crate::upload::{Placed, Upload, report};

/// Blobs sent at a time, as Docker's default.
const AT_ONCE: usize = 5;

/// What to push.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// Where to, and under which tag.
    pub reference: Reference,
    /// The manifest or index, which must be in the content store with everything that it names.
    pub manifest: Descriptor,
    /// Who asks.
    pub credentials: Credentials,
    /// For each blob the repositories of the same registry that are believed to have it.
    pub mount_from: HashMap<Digest, Vec<String>>,
}

/// What a push moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Bytes of blobs that went out, repeated ones included.
    pub bytes: u64,
    /// Blobs sent.
    pub sent: usize,
    /// Blobs that were there already.
    pub existed: usize,
    /// Blobs mounted from another repository.
    pub mounted: usize,
    /// Whether indexes of chunks were made. They are in the content store, where nobody needs them any more.
    pub indexed: bool,
}

/// What all blobs of one push share.
pub(crate) struct Push<'a> {
    request: &'a PushRequest,
    pub(crate) content: &'a Arc<dyn Content>,
    progress: &'a dyn Progress,
    pub(crate) remote: Remote,
    sent: Arc<AtomicU64>,
}

impl Client {
    /// Pushes blobs, then manifests, then the tag; a failure leaves the tag as it was.
    pub async fn push(
        &self,
        request: &PushRequest,
        content: &Arc<dyn Content>,
        progress: &dyn Progress,
    ) -> Result<Pushed> {
        let pushed = self.try_push(request, content, progress).await;
        Ok(pushed.map_err(|error| explain(error, "push", &request.reference))?)
    }

    async fn try_push(
        &self,
        request: &PushRequest,
        content: &Arc<dyn Content>,
        progress: &dyn Progress,
    ) -> Result<Pushed, Error> {
        let reference = &request.reference;
        progress
            .step(Step::Say { id: "", text: &format!("The push refers to repository [{}]", reference.repository()) });
        let sources: BTreeSet<&String> = request.mount_from.values().flatten().collect();
        let access = Access::Push { mount_from: sources.into_iter().cloned().collect() };
        let remote = self.remote(reference, &request.credentials, access).await?;
        let push = Push { request, content, progress, remote, sent: Arc::default() };
        let pushed = push.run().await?;
        let tag = reference.tag().unwrap_or(reference.target());
        let (digest, size) = (&request.manifest.digest, request.manifest.size);
        progress.step(Step::Say { id: "", text: &format!("{tag}: digest: {digest} size: {size}") });
        Ok(pushed)
    }
}

impl Push<'_> {
    async fn run(&self) -> Result<Pushed, Error> {
        let (bytes, document) = self.load(&self.request.manifest).await?;
        let mut children = Vec::new();
        let mut blobs = Vec::new();
        let mut images = Vec::new();
        match document {
            Document::Manifest(manifest) => {
                images.push((self.request.manifest.clone(), manifest.layers.clone()));
                blobs.extend(std::iter::once(manifest.config).chain(manifest.layers));
            }
            Document::Index(index) => {
                for entry in index.manifests {
                    let (bytes, Document::Manifest(manifest)) = self.load(&entry).await? else {
                        return Err(Fault::invalid("an index within an index cannot be pushed").into());
                    };
                    images.push((entry.clone(), manifest.layers.clone()));
                    blobs.extend(std::iter::once(manifest.config).chain(manifest.layers));
                    children.push((entry, bytes));
                }
            }
        }
        let mut pushed = self.place_all(blobs).await?;
        if pushed.sent > 0 {
            for (image, layers) in &images {
                pushed.indexed |= self.publish_chunks(image, layers).await?;
            }
            pushed.bytes = self.sent.load(Ordering::Relaxed);
        }
        for (entry, bytes) in &children {
            self.put_manifest(entry, bytes, entry.digest.as_str()).await?;
        }
        let target = self.request.reference.tag().unwrap_or(self.request.manifest.digest.as_str());
        self.put_manifest(&self.request.manifest, &bytes, target).await?;
        Ok(pushed)
    }

    /// Reads a manifest from the content store.
    async fn load(&self, descriptor: &Descriptor) -> Result<(Vec<u8>, Document), Error> {
        let (content, digest) = (Arc::clone(self.content), descriptor.digest.clone());
        let bytes = on_blocking_thread(move || content.read(&digest, DOCUMENT_LIMIT)).await?;
        let (document, _) = Document::parse(&bytes, Some(&descriptor.media_type))?;
        Ok((bytes, document))
    }

    /// Brings all blobs there, several at a time, each once.
    async fn place_all(&self, blobs: Vec<Descriptor>) -> Result<Pushed, Error> {
        let mut seen = HashSet::new();
        let blobs: Vec<Descriptor> = blobs.into_iter().filter(|blob| seen.insert(blob.digest.clone())).collect();
        for blob in &blobs {
            self.progress.step(Step::Phase { id: blob.digest.short(), text: "Preparing" });
        }
        // Collected first: the compiler cannot see that a stream which still holds the closure may cross threads.
        let each: Vec<_> = blobs.iter().map(|blob| self.place(blob)).collect();
        let placed: Vec<Placed> = futures::stream::iter(each).buffer_unordered(AT_ONCE).try_collect().await?;
        let count = |wanted: fn(&Placed) -> bool| placed.iter().filter(|p| wanted(p)).count();
        Ok(Pushed {
            bytes: self.sent.load(Ordering::Relaxed),
            sent: count(|p| *p == Placed::Sent),
            existed: count(|p| *p == Placed::Existed),
            mounted: count(|p| matches!(p, Placed::Mounted(_))),
            indexed: false,
        })
    }

    async fn place(&self, blob: &Descriptor) -> Result<Placed, Error> {
        let placed = self.bring(blob, self.progress).await?;
        report(self.progress, blob, &placed);
        Ok(placed)
    }

    /// Brings a blob there of which nobody is told.
    pub(crate) async fn place_quietly(&self, blob: &Descriptor) -> Result<(), Error> {
        self.bring(blob, &knarr_model::NoProgress).await.map(drop)
    }

    async fn bring(&self, blob: &Descriptor, progress: &dyn Progress) -> Result<Placed, Error> {
        let upload = Upload {
            blob,
            content: self.content,
            progress,
            mount_from: self.request.mount_from.get(&blob.digest).map_or(&[], Vec::as_slice),
            sent: Arc::clone(&self.sent),
        };
        self.remote.place(&upload).await
    }

    /// Puts a manifest; whether the registry has taken note of its subject.
    pub(crate) async fn put_manifest(&self, manifest: &Descriptor, bytes: &[u8], target: &str) -> Result<bool, Error> {
        let mut tries = Tries::new(self.remote.patience);
        loop {
            match self.try_put_manifest(manifest, bytes, target).await {
                Ok(listed) => return Ok(listed),
                Err(error) => tries.pause(error).await?,
            }
        }
    }

    async fn try_put_manifest(&self, manifest: &Descriptor, bytes: &[u8], target: &str) -> Result<bool, Error> {
        let body = || Full::new(Bytes::copy_from_slice(bytes)).map_err(|never| match never {}).boxed_unsync();
        let mut headers = HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(bytes.len()))]);
        headers.extend(HeaderValue::from_str(&manifest.media_type).ok().map(|value| (CONTENT_TYPE, value)));
        let moved = AtomicU64::new(0);
        let url = self.remote.url(&format!("manifests/{target}"));
        let call = Call { method: Method::PUT, url, headers, body: Some(&body), moved: &moved };
        let response = self.remote.send(&call).await?;
        if !response.status().is_success() {
            return Err(answer::refused(response).await);
        }
        let header = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        match header.and_then(|text| text.parse::<Digest>().ok()) {
            Some(found) if found != manifest.digest => {
                let reference = self.request.reference.familiar();
                Err(Error::Digest { reference, expected: manifest.digest.clone(), found })
            }
            _ => Ok(response.headers().contains_key("oci-subject")),
        }
    }
}
