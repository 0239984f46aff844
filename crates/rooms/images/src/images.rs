//! Recording, naming and listing images.

use std::sync::Arc;

use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document, ImageConfig, Manifest};
use knarr_model::ports::Content;
use knarr_model::{Digest, Reference};
use knarr_store::{Store, Write};
use knarr_sys::failpoint;

use crate::error::{Error, Result};
use crate::image::{Image, Record};
use crate::lineage::{self, Claim};
use crate::needs::remember_manifest;
use crate::tables::{self, IMAGES, REFERENCES};

/// All images of one daemon.
#[derive(Clone)]
pub struct Images {
    pub(crate) store: Arc<Store>,
    pub(crate) content: Arc<dyn Content>,
}

/// What an image is recorded with.
#[derive(Debug, Clone, Default)]
pub struct Registration {
    /// The bytes of its config.
    pub config: Vec<u8>,
    /// Its manifest, whose bytes are in the content store.
    pub manifest: Option<Descriptor>,
    /// The image it was built or committed on.
    pub parent: Option<Digest>,
    /// What its provenance says it was made from.
    pub provenance: Vec<Claim>,
    /// Bytes of all its unpacked layers.
    pub size: u64,
    /// Names to give it in the same transaction: tags, and digests it was pulled under.
    pub names: Vec<Reference>,
}

impl Images {
    /// Images kept in `store`, with their configs in `content`.
    pub fn new(store: Arc<Store>, content: Arc<dyn Content>) -> Self {
        Self { store, content }
    }

    /// Records an image and names it. One that is recorded already keeps what it has and gets the new names, and a manifest
    /// where it had none.
    pub fn register(&self, new: Registration) -> Result<Image> {
        let id = Digest::of(&new.config);
        let config = parse_config(&id, &new.config)?;
        for name in &new.names {
            check_name(name)?;
        }
        self.put_content(&new.config)?;
        let named = new.manifest.as_ref().and_then(|manifest| self.manifest(&manifest.digest));
        let mut claims = new.provenance;
        claims.extend(named.as_ref().and_then(|manifest| lineage::annotated(&manifest.annotations)));
        self.store.write(|tx| {
            if let (Some(descriptor), Some(named)) = (&new.manifest, named) {
                remember_manifest(tx, &descriptor.digest, named)?;
            }
            let old = tx.get::<Record>(IMAGES, id.as_str())?;
            let mut record = old.unwrap_or_else(|| Record::new(config));
            record.size = new.size;
            claims.retain(|claim| !record.claims.contains(claim));
            record.claims.extend(claims);
            record.manifest = record.manifest.or(new.manifest);
            record.parent = record.parent.or(new.parent.filter(|parent| *parent != id));
            tx.put(IMAGES, id.as_str(), &record)?;
            give_names(tx, &id, &new.names)?;
            failpoint!("store.image-registering");
            tables::image(tx, &id)
        })
    }

    /// Gives an image further names; a name that means another image moves. Says what the names meant before.
    pub fn tag(&self, id: &Digest, names: &[Reference]) -> Result<Vec<(Reference, Digest)>> {
        for name in names {
            check_name(name)?;
        }
        self.store.write(|tx| {
            tables::image(tx, id)?;
            let moved = give_names(tx, id, names)?;
            failpoint!("store.image-tagging");
            Ok(moved)
        })
    }

    /// Takes a name away; false where nothing had it.
    pub fn untag(&self, name: &Reference) -> Result<bool> {
        Ok(self.store.write(|tx| tx.delete(REFERENCES, &name.to_string()))?)
    }

    /// Records the manifest that was made for an image, and the digest it was pushed under.
    pub fn set_manifest(&self, id: &Digest, manifest: Descriptor, pushed: Option<&Reference>) -> Result<()> {
        let named = self.manifest(&manifest.digest);
        self.store.write(|tx| {
            if let Some(named) = named {
                remember_manifest(tx, &manifest.digest, named)?;
            }
            let mut record = tables::image(tx, id)?.record;
            let name = pushed.map(|reference| reference.with_digest(manifest.digest.clone()));
            record.manifest = Some(manifest);
            tx.put(IMAGES, id.as_str(), &record)?;
            if let Some(name) = name {
                tx.put(REFERENCES, &name.to_string(), id)?;
            }
            Ok(())
        })
    }

    /// All images, by id.
    pub fn list(&self) -> Result<Vec<Image>> {
        self.store.read(|tx| Ok(tables::images(tx)?.into_values().collect()))
    }

    /// One image by its id.
    pub fn get(&self, id: &Digest) -> Result<Image> {
        self.store.read(|tx| tables::image(tx, id))
    }

    /// A manifest; none where its bytes are gone.
    pub(crate) fn manifest(&self, digest: &Digest) -> Option<Manifest> {
        let bytes = self.content.read(digest, DOCUMENT_LIMIT).ok()?;
        match Document::parse(&bytes, None) {
            Ok((Document::Manifest(manifest), _)) => Some(manifest),
            _ => None,
        }
    }

    /// Puts a small document into the content store.
    pub(crate) fn put_content(&self, data: &[u8]) -> Result<Digest> {
        let digest = Digest::of(data);
        let put = || {
            // Read, not asked for its size: one that has changed on the disk is replaced.
            if self.content.read(&digest, data.len() as u64).is_err() {
                let mut ingest = self.content.begin(&format!("document {digest}"))?;
                ingest.write(data)?;
                ingest.commit(Some(&digest), Some(data.len() as u64))?;
            }
            Ok(())
        };
        put().map_err(Error::Content)?;
        Ok(digest)
    }
}

/// Parses a config, and refuses what could not be run or stacked.
fn parse_config(id: &Digest, bytes: &[u8]) -> Result<ImageConfig> {
    let bad = |reason: String| Error::Config { id: id.clone(), reason };
    let config: ImageConfig = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
    if config.rootfs.kind != "layers" {
        return Err(bad(format!("rootfs has the type {:?}, not \"layers\"", config.rootfs.kind)));
    }
    if config.os != "linux" {
        return Err(bad(format!("it is for {:?}, not for linux", config.os)));
    }
    Ok(config)
}

fn check_name(name: &Reference) -> Result<()> {
    let bad = |reason| Err(Error::Tag { name: name.familiar(), reason });
    match (name.tag(), name.digest()) {
        (Some(_), Some(_)) => bad("refusing to create a tag with a digest reference"),
        (Some(_), None) if name.familiar_name() == "sha256" => {
            bad("refusing to create an ambiguous tag using digest algorithm as name")
        }
        _ => Ok(()),
    }
}

/// Points names at an image; says what they meant before.
fn give_names(tx: &Write, id: &Digest, names: &[Reference]) -> Result<Vec<(Reference, Digest)>> {
    let mut moved = Vec::new();
    for name in names {
        let key = name.to_string();
        match tx.get::<Digest>(REFERENCES, &key)? {
            Some(old) if old == *id => continue,
            Some(old) => moved.push((name.clone(), old)),
            None => {}
        }
        tx.put(REFERENCES, &key, id)?;
    }
    if let (Some(mut record), false) = (tx.get::<Record>(IMAGES, id.as_str())?, names.is_empty()) {
        record.last_tagged = Some(jiff::Timestamp::now().to_string());
        tx.put(IMAGES, id.as_str(), &record)?;
    }
    Ok(moved)
}
