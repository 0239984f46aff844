//! An OCI image layout (image-spec image-layout.md).

use knarr_images::Registration;
use knarr_model::oci::{Descriptor, Document, ImageConfig, Index, Manifest, media};
use knarr_model::{Fault, Platform, Reference, Result};

use super::Loaded;
use super::files::{self, Files};
use crate::Engine;

/// Indexes inside of indexes, at most.
const DEPTH: usize = 4;

impl Engine {
    pub(super) fn load_layout(&self, files: &Files) -> Result<Vec<Loaded>> {
        let index = match Document::parse(&files.read("index.json")?, None)? {
            (Document::Index(index), _) => index,
            (Document::Manifest(_), _) => return Err(Fault::invalid("index.json in the archive is no image index")),
        };
        let mut loaded: Vec<Loaded> = Vec::new();
        for entry in &index.manifests {
            let Some((descriptor, manifest)) = choose(files, entry, DEPTH)? else { continue };
            let image = self.load_manifest(files, &descriptor, &manifest, name(entry)?)?;
            match loaded.iter_mut().find(|known| known.id == image.id) {
                Some(known) => known.names.extend(image.names),
                None => loaded.push(image),
            }
        }
        if loaded.is_empty() {
            return Err(Fault::invalid(format!("the archive has no image for {}", Platform::host())));
        }
        Ok(loaded)
    }

    fn load_manifest(
        &self,
        files: &Files,
        descriptor: &Descriptor,
        manifest: &Manifest,
        names: Vec<Reference>,
    ) -> Result<Loaded> {
        let config = files.read_verified(&manifest.config.digest)?;
        let parsed: ImageConfig = serde_json::from_slice(&config)
            .map_err(|e| Fault::invalid(format!("config {} is malformed", manifest.config.digest)).because(e))?;
        let (layers, diff_ids) = (manifest.layers.len(), parsed.rootfs.diff_ids.len());
        if layers != diff_ids {
            return Err(Fault::invalid(format!(
                "manifest {} has {layers} layers, its config {diff_ids}",
                descriptor.digest
            )));
        }
        let mut batch = self.layers.batch(None)?;
        for (blob, diff_id) in manifest.layers.iter().zip(&parsed.rootfs.diff_ids) {
            let path = files::blob(&blob.digest);
            self.load_blob(files.open(&path)?, blob)?;
            batch.apply(files.open(&path)?, Some(diff_id))?;
        }
        let top = batch.top().cloned();
        batch.finish()?;
        let blobs: Vec<_> = parsed.rootfs.diff_ids.iter().cloned().zip(manifest.layers.iter().cloned()).collect();
        self.images.remember_blobs(&blobs)?;
        self.load_blob(files.open(&files::blob(&descriptor.digest))?, descriptor)?;
        let size = self.layers.size(top.as_ref())?;
        let new = Registration {
            config,
            manifest: Some(Descriptor { platform: None, annotations: Default::default(), ..descriptor.clone() }),
            size,
            names: names.clone(),
            ..Registration::default()
        };
        Ok(Loaded { id: self.images.register(new)?.id, names })
    }
}

/// The manifest that an entry means on this machine; none for other platforms.
fn choose(files: &Files, entry: &Descriptor, depth: usize) -> Result<Option<(Descriptor, Manifest)>> {
    let fits = |entry: &Descriptor| entry.platform.as_ref().is_none_or(|platform| Platform::host().accepts(platform));
    if !fits(entry) || !(media::is_manifest(&entry.media_type) || media::is_index(&entry.media_type)) {
        return Ok(None);
    }
    let bytes = files.read_verified(&entry.digest)?;
    match Document::parse(&bytes, Some(&entry.media_type))? {
        (Document::Manifest(manifest), _) => Ok(Some((entry.clone(), manifest))),
        (Document::Index(_), _) if depth == 0 => Err(Fault::invalid("image indexes are nested too deeply")),
        (Document::Index(Index { manifests, .. }), _) => {
            let found = manifests.iter().map(|inner| choose(files, inner, depth - 1));
            found.filter_map(Result::transpose).next().transpose()
        }
    }
}

/// The name that an entry's annotations give it.
fn name(entry: &Descriptor) -> Result<Vec<Reference>> {
    let annotation = |key: &str| entry.annotations.get(key);
    if let Some(name) = annotation("io.containerd.image.name") {
        return Ok(vec![name.parse::<Reference>()?]);
    }
    // Most writers put only a tag here, which names nothing.
    let whole = annotation("org.opencontainers.image.ref.name").filter(|name| name.contains(['/', ':']));
    Ok(whole.and_then(|name| name.parse().ok()).into_iter().collect())
}
