//! An image from a registry: resolve, choose the platform, fetch what is missing.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, ImageConfig, Index, Manifest, media};
use knarr_model::ports::Content;
use knarr_model::{Platform, Progress, Reference, Result, Step};

use crate::client::Client;
use crate::credentials::Credentials;
use crate::delta::{Delta, Similar};
use crate::documents::{Resolved, explain};
use crate::error::Error;
use crate::fetch::Target;
use crate::sink::on_blocking_thread;
use crate::sources::Sources;

/// Layers fetched at a time, as Docker's default.
const AT_ONCE: usize = 3;

/// What to pull.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The image.
    pub reference: Reference,
    /// What it must run on; none takes this machine's, and an image of another platform where it is the only one.
    pub platform: Option<Platform>,
    /// Who asks.
    pub credentials: Credentials,
    /// What may be here of its layers already.
    pub similar: Similar,
    /// Who is asked before mirrors and the registry for all that has a digest, and what a tag means where those do not say.
    pub peers: Vec<Peer>,
}

/// Another host that shares what it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// `host[:port]`.
    pub host: String,
    /// What it is shown.
    pub credentials: Credentials,
}

/// An image whose documents are here; its layers may not be.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the reference names: the manifest, or the index that it was chosen from.
    pub target: Descriptor,
    /// The chosen manifest.
    pub manifest: Descriptor,
    /// What it says.
    pub document: Manifest,
    /// The image's config.
    pub config: ImageConfig,
}

/// Told the index of a layer in the manifest as soon as its blob is committed (or was here already).
pub type OnLayer = Arc<dyn Fn(usize, &Descriptor) + Send + Sync>;

/// What a pull moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes of layers transferred.
    pub bytes: u64,
    /// Layers transferred.
    pub layers: usize,
    /// Layers that were here already.
    pub present: usize,
}

impl Client {
    /// What a reference names: manifest or index, with its bytes.
    pub async fn resolve(&self, reference: &Reference, who: &Credentials) -> Result<Resolved> {
        let sources = self.sources(reference, who, &[]).await?;
        Ok(sources.document(reference, reference.target()).await?)
    }

    /// Resolves, chooses the platform, and commits index, manifest and config to the content store.
    pub async fn open(&self, request: &PullRequest, content: &Arc<dyn Content>) -> Result<Image> {
        let sources = self.sources(&request.reference, &request.credentials, &request.peers).await?;
        Ok(open(&sources, request, content).await?)
    }

    /// Fetches the layers that are missing, several at a time, and tells of each as soon as it is committed.
    pub async fn fetch(
        &self,
        request: &PullRequest,
        image: &Image,
        content: &Arc<dyn Content>,
        progress: &dyn Progress,
        on_layer: &OnLayer,
    ) -> Result<Fetched> {
        let sources = self.sources(&request.reference, &request.credentials, &request.peers).await?;
        let target = Target { content, progress };
        let layers = &image.document.layers;
        announce(&target, layers).await?;
        let delta =
            Delta::find(sources.first(), &request.reference, &image.manifest, layers, &request.similar, &target).await;
        let plan = Plan { sources, delta, image: &request.reference, target, on_layer };
        // Collected first: the compiler cannot see that a stream which still holds the closure may cross threads.
        let each = image.document.layers.iter().enumerate();
        let fetches: Vec<_> = each.map(|each| plan.fetch_layer(each)).collect();
        let fetched: Vec<u64> = futures::stream::iter(fetches).buffer_unordered(AT_ONCE).try_collect().await?;
        let arrived = fetched.iter().filter(|bytes| **bytes > 0).count();
        let bytes = fetched.iter().sum::<u64>() + plan.delta.cost();
        Ok(Fetched { bytes, layers: arrived, present: fetched.len() - arrived })
    }
}

/// How the layers of one pull come.
struct Plan<'a> {
    sources: Sources,
    delta: Delta,
    image: &'a Reference,
    target: Target<'a>,
    on_layer: &'a OnLayer,
}

impl Plan<'_> {
    async fn fetch_layer(&self, (index, layer): (usize, &Descriptor)) -> Result<u64, Error> {
        let bytes = match self.delta.rebuild(self.sources.first(), layer, &self.target).await {
            Some(bytes) => bytes,
            None => fetch_blob(&self.sources, &self.target, self.image, layer).await?,
        };
        (self.on_layer)(index, layer);
        Ok(bytes)
    }
}

/// Fetches a blob of an image; a failure names both.
async fn fetch_blob(
    sources: &Sources,
    target: &Target<'_>,
    image: &Reference,
    blob: &Descriptor,
) -> Result<u64, Error> {
    let fetched = sources.fetch(blob, target).await;
    fetched.map_err(|error| explain(error.of_blob(&blob.digest, image), "pull", image))
}

/// Says of each layer whether it is here or will be fetched.
async fn announce(target: &Target<'_>, layers: &[Descriptor]) -> Result<(), Error> {
    let mut told = HashSet::new();
    for layer in layers.iter().filter(|layer| told.insert(&layer.digest)) {
        let id = layer.digest.short();
        match target.has(layer).await? {
            true => target.progress.step(Step::Exists { id }),
            false => target.progress.step(Step::Phase { id, text: "Pulling fs layer" }),
        }
    }
    Ok(())
}

async fn open(sources: &Sources, request: &PullRequest, content: &Arc<dyn Content>) -> Result<Image, Error> {
    let reference = &request.reference;
    let found = sources.document(reference, reference.target()).await?;
    let target = found.descriptor.clone();
    keep(sources, content, &found).await?;
    let (manifest, document, listed) = match found.document {
        Document::Manifest(document) => (found.descriptor, document, false),
        Document::Index(index) => {
            let entry = choose(&index, request.platform.as_ref())?;
            let chosen = sources.document(reference, entry.digest.as_str()).await?;
            keep(sources, content, &chosen).await?;
            match chosen.document {
                Document::Manifest(document) => (chosen.descriptor, document, true),
                Document::Index(_) => return Err(sources.registry.invalid("an index within an index")),
            }
        }
    };
    let config = fetch_config(sources, reference, &document, content).await?;
    check(reference, &document, &config)?;
    match &request.platform {
        Some(wanted) if !listed && !wanted.accepts(&config.platform()) => Err(Error::WrongPlatform {
            reference: reference.familiar(),
            found: Box::new(config.platform()),
            wanted: Box::new(wanted.clone()),
        }),
        _ => Ok(Image { target, manifest, document, config }),
    }
}

/// The entry for a platform: an exact one before one that will do.
fn choose<'a>(index: &'a Index, platform: Option<&Platform>) -> Result<&'a Descriptor, Error> {
    let wanted = platform.cloned().unwrap_or_else(Platform::host);
    let images = || index.manifests.iter().filter(|entry| media::is_manifest(&entry.media_type));
    let exact = images().find(|entry| entry.platform.as_ref() == Some(&wanted));
    let fitting = || images().find(|entry| entry.platform.as_ref().is_some_and(|p| wanted.accepts(p)));
    exact.or_else(fitting).ok_or(Error::NoPlatform(wanted))
}

async fn fetch_config(
    sources: &Sources,
    reference: &Reference,
    document: &Manifest,
    content: &Arc<dyn Content>,
) -> Result<ImageConfig, Error> {
    let not_an_image = |reason: String| Error::NotAnImage { reference: reference.familiar(), reason };
    let blob = document.config.clone();
    if !matches!(blob.media_type.as_str(), media::OCI_CONFIG | media::DOCKER_CONFIG) {
        return Err(not_an_image(format!("its config is of type {:?}", blob.media_type)));
    }
    if blob.size > DOCUMENT_LIMIT {
        return Err(not_an_image(format!("its config is larger than {DOCUMENT_LIMIT} bytes")));
    }
    let read = || {
        let (content, digest) = (Arc::clone(content), blob.digest.clone());
        on_blocking_thread(move || content.read(&digest, DOCUMENT_LIMIT))
    };
    let bytes = match read().await {
        Ok(bytes) => bytes,
        // Not here, or moved away just now because it had changed on the disk.
        Err(_) => {
            let target = Target { content, progress: &knarr_model::NoProgress };
            fetch_blob(sources, &target, reference, &blob).await?;
            read().await?
        }
    };
    serde_json::from_slice(&bytes).map_err(|e| not_an_image(format!("its config is malformed: {e}")))
}

/// Layers and diff ids must pair up, and layers must be of a kind that can be unpacked.
fn check(reference: &Reference, document: &Manifest, config: &ImageConfig) -> Result<(), Error> {
    let not_an_image = |reason: String| Err(Error::NotAnImage { reference: reference.familiar(), reason });
    let (layers, diff_ids) = (document.layers.len(), config.rootfs.diff_ids.len());
    if layers != diff_ids {
        return not_an_image(format!("it has {layers} layers and {diff_ids} diff ids"));
    }
    match document.layers.iter().find(|layer| !is_layer(&layer.media_type)) {
        Some(layer) => not_an_image(format!("a layer is of type {:?}", layer.media_type)),
        None => Ok(()),
    }
}

fn is_layer(media_type: &str) -> bool {
    matches!(
        media_type,
        media::OCI_LAYER
            | media::OCI_LAYER_GZIP
            | media::OCI_LAYER_ZSTD
            | media::DOCKER_LAYER
            | media::DOCKER_LAYER_GZIP
    ) || media_type == "application/vnd.docker.image.rootfs.diff.tar.zstd"
}

/// Commits a document that was verified already.
async fn keep(sources: &Sources, content: &Arc<dyn Content>, found: &Resolved) -> Result<(), Error> {
    let flight = sources.registry.shared.flight(&found.descriptor.digest);
    let _turn = flight.lock().await;
    let (content, bytes, digest) = (Arc::clone(content), found.bytes.clone(), found.descriptor.digest.clone());
    let stored = on_blocking_thread(move || {
        // Read, not asked for its size: one that has changed on the disk is replaced.
        if content.read(&digest, bytes.len() as u64).is_ok() {
            return Ok(());
        }
        let mut ingest = content.begin(&format!("document {digest}"))?;
        ingest.write(&bytes)?;
        ingest.commit(Some(&digest), None).map(drop)
    });
    Ok(stored.await?)
}
