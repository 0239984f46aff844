//! `push`: an image, or all tags of a repository, to its registry.

use std::collections::HashMap;
use std::sync::Arc;

use knarr_images::Image;
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document};
use knarr_model::ports::{self, Content as _};
use knarr_model::{Digest, Fault, Progress, Reference, Result};
use knarr_transfer::{Credentials, PushRequest, Pushed};

use crate::Engine;
use crate::images::{Compression, blocking};

/// Repositories tried as the source of one blob.
const SOURCES: usize = 3;

/// What to push.
#[derive(Debug, Clone)]
pub struct Push {
    /// The image's name; its registry is where it goes.
    pub reference: Reference,
    /// Every tag of the repository that is here.
    pub all_tags: bool,
    /// Who asks.
    pub credentials: Credentials,
    /// How the layers are compressed; none takes them as they are.
    pub compression: Option<Compression>,
}

impl Engine {
    /// Pushes; for each tag its manifest and what moved. The digest is recorded as one of the image's names.
    pub async fn push(
        self: &Arc<Self>,
        push: &Push,
        progress: &Arc<dyn Progress>,
    ) -> Result<Vec<(Reference, Descriptor, Pushed)>> {
        let references = if push.all_tags { self.tags_here(&push.reference)? } else { vec![push.reference.clone()] };
        let mut done = Vec::new();
        for reference in references {
            let (manifest, pushed) = self.push_one(&reference, push, progress).await?;
            done.push((reference, manifest, pushed));
        }
        Ok(done)
    }

    async fn push_one(
        self: &Arc<Self>,
        reference: &Reference,
        push: &Push,
        progress: &Arc<dyn Progress>,
    ) -> Result<(Descriptor, Pushed)> {
        let lease = self.lease();
        let image = self.images.resolve(&reference.to_string()).map_err(|_| not_here(reference))?;
        let (engine, wanted, source) = (Arc::clone(self), reference.clone(), image.clone());
        let compression = push.compression;
        let prepared = blocking(move || {
            let (manifest, bytes) = engine.manifest(&source, compression)?;
            let mount_from = engine.mount_sources(&wanted, &bytes)?;
            Ok((manifest, mount_from))
        });
        let (manifest, mount_from) = prepared.await?;
        let request = PushRequest {
            reference: reference.clone(),
            manifest: manifest.clone(),
            credentials: push.credentials.clone(),
            mount_from,
        };
        let content: Arc<dyn ports::Content> = Arc::new(self.content.clone());
        let pushed = self.registries()?.push(&request, &content, progress.as_ref()).await?;
        let (engine, id, name, record) = (Arc::clone(self), image.id.clone(), reference.clone(), manifest.clone());
        blocking(move || Ok(engine.images.set_manifest(&id, record, Some(&name))?)).await?;
        if pushed.indexed || compression.is_some() {
            // The indexes, and archives that others have taken the place of.
            let engine = Arc::clone(self);
            blocking(move || {
                engine.sweep_failed(lease);
                Ok(())
            })
            .await?;
        }
        self.image_event("push", &image.id, reference.familiar());
        Ok((manifest, pushed))
    }

    /// The tags of a repository that are here.
    fn tags_here(&self, repository: &Reference) -> Result<Vec<Reference>> {
        let images = self.images.list()?;
        let mut tags: Vec<_> = images.into_iter().flat_map(|image| image.tags).collect();
        tags.retain(|tag| tag.repository() == repository.repository());
        if tags.is_empty() { Err(not_here(repository)) } else { Ok(tags) }
    }

    /// For each layer the other repositories of the same registry that an image with it was pulled from or pushed to.
    fn mount_sources(&self, target: &Reference, manifest: &[u8]) -> Result<HashMap<Digest, Vec<String>>> {
        let mut sources: HashMap<Digest, Vec<String>> =
            layers(manifest).into_iter().map(|layer| (layer, Vec::new())).collect();
        for image in self.images.list()? {
            let repositories = neighbours(&image, target);
            if repositories.is_empty() {
                continue;
            }
            for layer in self.layers_of(&image) {
                let Some(known) = sources.get_mut(&layer) else { continue };
                known.extend(repositories.iter().cloned());
                known.sort();
                known.dedup();
                known.truncate(SOURCES);
            }
        }
        sources.retain(|_, repositories| !repositories.is_empty());
        Ok(sources)
    }

    /// The layers' blobs of an image that has a manifest.
    pub(super) fn layers_of(&self, image: &Image) -> Vec<Digest> {
        let manifest = image.record.manifest.as_ref();
        let bytes = manifest.and_then(|manifest| self.content.read(&manifest.digest, DOCUMENT_LIMIT).ok());
        bytes.map(|bytes| layers(&bytes)).unwrap_or_default()
    }
}

/// Paths of the repositories of `target`'s registry, other than its own, under which the image is known by digest.
fn neighbours(image: &Image, target: &Reference) -> Vec<String> {
    let near = image.digests.iter().filter(|name| name.domain() == target.domain() && name.path() != target.path());
    near.map(|name| name.path().to_owned()).collect()
}

fn layers(manifest: &[u8]) -> Vec<Digest> {
    match Document::parse(manifest, None) {
        Ok((Document::Manifest(manifest), _)) => manifest.layers.into_iter().map(|layer| layer.digest).collect(),
        _ => Vec::new(),
    }
}

/// Docker's words.
fn not_here(reference: &Reference) -> Fault {
    let what = match reference.tag() {
        Some(_) => format!("An image does not exist locally with the tag: {}", reference.familiar_name()),
        None => format!("An image does not exist locally with the name: {}", reference.familiar()),
    };
    Fault::not_found(what)
}
