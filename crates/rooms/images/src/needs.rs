//! What each image needs of content and layers: as long as it is recorded, that stays.

use knarr_model::Digest;
use knarr_model::oci::{Descriptor, Manifest};
use knarr_store::Write;

use crate::error::Result;
use crate::image::Image;
use crate::images::Images;
use crate::tables::{self, BLOBS, IMAGES, MANIFESTS, Tables};

/// An image with what must stay for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// The image.
    pub image: Image,
    /// Its config, its manifest, what that names, and the archives that its layers are known to have.
    pub blobs: Vec<Digest>,
    /// Its layers, by chain id, the lowest first.
    pub layers: Vec<Digest>,
}

impl Images {
    /// Of all images. Reads the database, and of content only manifests that were recorded before the database knew what they name.
    pub fn needs(&self) -> Result<Vec<Needs>> {
        self.store.read(|tx| tables::images(tx)?.into_values().map(|image| self.needs_of(tx, image)).collect())
    }

    /// Of one image.
    pub(crate) fn needs_of(&self, tx: &impl Tables, image: Image) -> Result<Needs> {
        let mut blobs = vec![image.id.clone()];
        for diff_id in &image.config().rootfs.diff_ids {
            blobs.extend(tx.record::<Descriptor>(BLOBS, diff_id.as_str())?.map(|blob| blob.digest));
        }
        if let Some(manifest) = &image.record.manifest {
            blobs.push(manifest.digest.clone());
            let known = tx.record::<Vec<Digest>>(MANIFESTS, manifest.digest.as_str())?;
            blobs.extend(known.or_else(|| self.manifest(&manifest.digest).map(named)).unwrap_or_default());
        }
        let layers = image.config().chain_ids();
        Ok(Needs { image, blobs, layers })
    }

    /// Forgets archives, and a manifest, of which bytes are gone: they are made again when they are next wanted.
    pub fn forget_lost(&self, id: &Digest) -> Result<()> {
        let lost = |digest: &Digest| matches!(self.content.size(digest), Ok(None));
        self.store.write(|tx| {
            let mut record = tables::image(tx, id)?.record;
            for diff_id in &record.config.rootfs.diff_ids {
                if tx.get::<Descriptor>(BLOBS, diff_id.as_str())?.is_some_and(|blob| lost(&blob.digest)) {
                    tx.delete(BLOBS, diff_id.as_str())?;
                }
            }
            let named = match &record.manifest {
                Some(manifest) => tx.get::<Vec<Digest>>(MANIFESTS, manifest.digest.as_str())?.unwrap_or_default(),
                None => Vec::new(),
            };
            if named.iter().chain(record.manifest.as_ref().map(|manifest| &manifest.digest)).any(lost) {
                record.manifest = None;
                tx.put(IMAGES, id.as_str(), &record)?;
            }
            Ok(())
        })
    }
}

/// Remembers what a manifest names, so that its damage does not cost what it names.
pub(crate) fn remember_manifest(tx: &Write, digest: &Digest, manifest: Manifest) -> Result<()> {
    Ok(tx.put(MANIFESTS, digest.as_str(), &named(manifest))?)
}

fn named(manifest: Manifest) -> Vec<Digest> {
    manifest.layers.into_iter().map(|layer| layer.digest).collect()
}
