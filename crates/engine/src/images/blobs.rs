//! Blobs and manifests of images that were made here: compressed when they are first wanted, and kept.

use std::io::{self, Write};

use knarr_images::Image;
use knarr_layers::Layer;
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, Manifest};
use knarr_model::ports::{Content as _, Ingest};
use knarr_model::{Digest, Fault, Result};

use super::compress::{Compression, Encoder};
use crate::Engine;

impl Engine {
    /// The manifest of an image with its bytes; all that it names is in the content store. The one that the image was pulled
    /// with is given back as it is, unless its layers are to be compressed in another way; otherwise one is made. Waits for the disk; the caller
    /// holds a lease.
    pub(crate) fn manifest(&self, image: &Image, wanted: Option<Compression>) -> Result<(Descriptor, Vec<u8>)> {
        if let Some(manifest) = &image.record.manifest
            && let Some((bytes, document)) = self.whole_manifest(manifest)
            && document.layers.iter().all(|layer| wanted.is_none_or(|wanted| wanted.is_of(layer)))
        {
            return Ok((manifest.clone(), bytes));
        }
        let mut layers = Vec::new();
        for chain in image.config().chain_ids() {
            let layer = self.layers.get(&chain).ok_or(knarr_layers::Error::NotFound(chain))?;
            layers.push(self.layer_blob(&layer, wanted)?);
        }
        let size = self.content.size(&image.id)?.unwrap_or_default();
        let made = knarr_images::manifest(image.id.clone(), size, layers);
        let (bytes, manifest) = made.map_err(|e| Fault::internal("cannot write an image manifest").because(e))?;
        self.content.put(&bytes)?;
        self.images.set_manifest(&image.id, manifest.clone(), None)?;
        Ok((manifest, bytes))
    }

    /// The bytes of a manifest, where everything it names is still here.
    fn whole_manifest(&self, manifest: &Descriptor) -> Option<(Vec<u8>, Manifest)> {
        let bytes = self.content.read(&manifest.digest, DOCUMENT_LIMIT).ok()?;
        let (document, _) = Document::parse(&bytes, Some(&manifest.media_type)).ok()?;
        let Document::Manifest(document) = document else { return None };
        let here = |blob: &Descriptor| matches!(self.content.size(&blob.digest), Ok(Some(_)));
        let whole = document.layers.iter().chain([&document.config]).all(here);
        whole.then_some((bytes, document))
    }

    /// The compressed form of a layer, made where there is none, or not the wanted one: then it takes the other's place.
    pub(crate) fn layer_blob(&self, layer: &Layer, wanted: Option<Compression>) -> Result<Descriptor> {
        if let Some(blob) = self.images.blob(&layer.diff_id)?
            && wanted.is_none_or(|wanted| wanted.is_of(&blob) && matches!(self.content.size(&blob.digest), Ok(Some(_))))
        {
            return Ok(blob);
        }
        let compression = wanted.unwrap_or(Compression::Gzip);
        let ingest = self.content.begin(&format!("compressed layer {}", layer.chain_id))?;
        let failed = |e| Fault::io(format!("compress layer {}", layer.diff_id), e);
        let mut encoder = Encoder::new(compression, ingest).map_err(failed)?;
        let copied = self.copy_layer(layer, &mut encoder);
        let finished = encoder.finish().map_err(failed);
        let Target { ingest, bytes } = match (copied, finished) {
            (Ok(()), Ok(target)) => target,
            (Err(fault), target) => {
                target.map(|target| target.ingest.abort()).unwrap_or(Ok(()))?;
                return Err(fault);
            }
            (Ok(()), Err(fault)) => return Err(fault),
        };
        let digest = ingest.commit(None, None)?;
        let blob = descriptor(compression.media_type(), digest, bytes);
        self.images.remember_blobs(&[(layer.diff_id.clone(), blob.clone())])?;
        Ok(blob)
    }
}

/// A descriptor without any extras.
pub(super) fn descriptor(media_type: &str, digest: Digest, size: u64) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size,
        platform: None,
        annotations: Default::default(),
        artifact_type: None,
    }
}

/// An ingest to write to.
pub(super) struct Target {
    pub(super) ingest: Box<dyn Ingest>,
    pub(super) bytes: u64,
}

impl Write for Target {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.ingest.write(data).map_err(to_io)?;
        self.bytes += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A full disk stays recognisable.
fn to_io(fault: Fault) -> io::Error {
    match fault.kind() {
        knarr_model::Kind::NoSpace => io::Error::new(io::ErrorKind::StorageFull, fault),
        _ => io::Error::other(fault),
    }
}
