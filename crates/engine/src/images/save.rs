//! `save`: images as one archive that is both Docker's and an OCI layout.
//!
//! ```text
//! blobs/sha256/<hex>   configs, plain layer archives (named by diff id), OCI manifests
//! index.json           OCI: the manifests, named by annotations
//! manifest.json        Docker: configs, tags and layers of each image
//! oci-layout
//! ```

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use knarr_images::Image;
use knarr_layers::archive::Writer;
use knarr_layers::{Kind, Layer, Member};
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Index, Manifest, media};
use knarr_model::ports::Content as _;
use knarr_model::{Digest, Fault, Reference, Result};
use serde::Serialize;
use serde_json::json;

use super::blobs::descriptor;
use super::{Lease, blocking};
use crate::Engine;

/// Images that are about to be written out.
pub struct Save {
    engine: Arc<Engine>,
    images: Vec<(Image, Vec<Reference>)>,
    _lease: Lease,
}

/// What the archive's documents will say.
#[derive(Default)]
struct Documents {
    written: HashSet<String>,
    manifests: Vec<serde_json::Value>,
    index: Vec<Descriptor>,
}

impl Engine {
    /// Looks the images up. A repository without a tag means all its tags.
    pub fn save_images(self: &Arc<Self>, names: &[String]) -> Result<Save> {
        if names.is_empty() {
            return Err(Fault::invalid("no image to save: name at least one"));
        }
        let lease = self.lease();
        let mut images: Vec<(Image, Vec<Reference>)> = Vec::new();
        for name in names {
            for (image, tags) in self.named(name)? {
                match images.iter_mut().find(|(known, _)| known.id == image.id) {
                    Some((_, known)) => known.extend(tags),
                    None => images.push((image, tags)),
                }
            }
        }
        Ok(Save { engine: self.clone(), images, _lease: lease })
    }

    /// The images that a name means, with the tags that it means of each.
    fn named(&self, name: &str) -> Result<Vec<(Image, Vec<Reference>)>> {
        let reference = name.parse::<Reference>().ok().filter(|reference| reference.digest().is_none());
        let whole = reference.filter(|reference| !name.ends_with(&format!(":{}", reference.tag().unwrap_or_default())));
        if let Some(repository) = whole.map(|reference| reference.repository()) {
            let mut found = Vec::new();
            for image in self.images.list()? {
                let tags: Vec<_> = image.tags.iter().filter(|tag| tag.repository() == repository).cloned().collect();
                if !tags.is_empty() {
                    found.push((image, tags));
                }
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let image = self.images.resolve(name)?;
        let tags = name.parse::<Reference>().into_iter().filter(|tag| image.tags.contains(tag)).collect();
        Ok(vec![(image, tags)])
    }
}

impl Save {
    /// Writes the archive on a blocking thread.
    pub async fn write(self, out: impl Write + Send + 'static) -> Result<()> {
        blocking(move || self.write_to(out)).await
    }

    fn write_to(&self, out: impl Write) -> Result<()> {
        let mut writer = Writer::new(out);
        let mut documents = Documents::default();
        for folder in ["blobs", "blobs/sha256"] {
            writer.append_empty(&Member::new(folder, Kind::Folder, 0o755))?;
        }
        for (image, tags) in &self.images {
            self.image(image, tags, &mut writer, &mut documents)?;
        }
        let index = Index {
            schema_version: 2,
            media_type: Some(media::OCI_INDEX.into()),
            artifact_type: None,
            manifests: documents.index,
            subject: None,
            annotations: Default::default(),
        };
        document(&mut writer, "index.json", &index)?;
        document(&mut writer, "manifest.json", &documents.manifests)?;
        document(&mut writer, "oci-layout", &json!({"imageLayoutVersion": "1.0.0"}))?;
        Ok(writer.finish().map(drop)?)
    }

    fn image<W: Write>(
        &self,
        image: &Image,
        tags: &[Reference],
        writer: &mut Writer<W>,
        documents: &mut Documents,
    ) -> Result<()> {
        let config = self.engine.content.read(&image.id, DOCUMENT_LIMIT)?;
        blob(writer, documents, &config)?;
        let mut layers = Vec::new();
        for chain in image.config().chain_ids() {
            let layer = self.engine.layers.get(&chain).ok_or(knarr_layers::Error::NotFound(chain))?;
            self.layer(&layer, writer, documents)?;
            layers.push(descriptor(media::OCI_LAYER, layer.diff_id, layer.archive_size));
        }
        documents.manifests.push(json!({
            "Config": path(&image.id),
            "RepoTags": tags.iter().map(Reference::familiar).collect::<Vec<_>>(),
            "Layers": layers.iter().map(|layer| path(&layer.digest)).collect::<Vec<_>>(),
        }));
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(media::OCI_MANIFEST.into()),
            artifact_type: None,
            config: descriptor(media::OCI_CONFIG, image.id.clone(), config.len() as u64),
            layers,
            subject: None,
            annotations: Default::default(),
        };
        let bytes = encode(&manifest)?;
        blob(writer, documents, &bytes)?;
        let mut plain = descriptor(media::OCI_MANIFEST, Digest::of(&bytes), bytes.len() as u64);
        plain.platform = Some(image.config().platform());
        documents.name(plain, tags);
        Ok(())
    }

    fn layer<W: Write>(&self, layer: &Layer, writer: &mut Writer<W>, documents: &mut Documents) -> Result<()> {
        let path = path(&layer.diff_id);
        if !documents.written.insert(path.clone()) {
            return Ok(());
        }
        let mut member = Member::new(path, Kind::File, 0o644);
        member.size = layer.archive_size;
        writer.append_with::<Failed>(&member, |out| Ok(self.engine.copy_layer(layer, out)?)).map_err(|failed| failed.0)
    }
}

impl Documents {
    /// Puts a manifest into the index, once for each tag.
    fn name(&mut self, manifest: Descriptor, tags: &[Reference]) {
        let named = tags.iter().map(|tag| {
            let mut named = manifest.clone();
            named.annotations.insert("io.containerd.image.name".into(), tag.to_string());
            let short = tag.tag().unwrap_or_default().to_owned();
            named.annotations.insert("org.opencontainers.image.ref.name".into(), short);
            named
        });
        let before = self.index.len();
        self.index.extend(named);
        if self.index.len() == before {
            self.index.push(manifest);
        }
    }
}

/// A fault on its way through the archive's writer.
struct Failed(Fault);

impl From<knarr_layers::Error> for Failed {
    fn from(error: knarr_layers::Error) -> Self {
        Self(error.into())
    }
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

fn path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|e| Fault::internal("cannot write an image archive's document").because(e))
}

fn document<W: Write>(writer: &mut Writer<W>, name: &str, value: &impl Serialize) -> Result<()> {
    member(writer, name, &encode(value)?)
}

fn blob<W: Write>(writer: &mut Writer<W>, documents: &mut Documents, bytes: &[u8]) -> Result<()> {
    let path = path(&Digest::of(bytes));
    if documents.written.insert(path.clone()) { member(writer, &path, bytes) } else { Ok(()) }
}

fn member<W: Write>(writer: &mut Writer<W>, path: &str, bytes: &[u8]) -> Result<()> {
    let mut member = Member::new(path, Kind::File, 0o644);
    member.size = bytes.len() as u64;
    Ok(writer.append(&member, bytes)?)
}
