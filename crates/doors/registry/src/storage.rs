//! Content and repositories together: every step that needs both to agree.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::Path;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use knarr_content::Content;
use knarr_model::oci::{DOCUMENT_LIMIT, Descriptor, Document};
use knarr_model::ports::{Content as _, Ingest};
use knarr_model::{Digest, Fault, Result};

use crate::name::Name;
use crate::repositories::Repositories;

/// What the registry keeps on disk. Additions share the lock; removals hold it alone, so that a blob is never swept
/// between its commit and its membership being written.
#[derive(Debug)]
pub(crate) struct Storage {
    content: Content,
    pub(crate) repositories: Repositories,
    change: RwLock<()>,
    /// Held as long as the registry lives: one process a root.
    _lock: File,
}

/// A manifest that is about to be stored.
#[derive(Debug)]
pub(crate) struct NewManifest {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) document: Document,
}

impl Storage {
    /// Opens the root, removes uploads of a process that has gone, and blobs that no repository has.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let repositories = Repositories::open(&root.join("repositories"))?;
        let lock = lock(&root.join("lock"))?;
        remove_uploads(&root.join("ingest"))?;
        let storage = Self { content: Content::open(root)?, repositories, change: RwLock::new(()), _lock: lock };
        let all = storage.content.list()?.into_iter().map(|(digest, _)| digest).collect();
        storage.content.collect(&all, || storage.wanted())?;
        Ok(storage)
    }

    /// Opens a blob that this repository has, with its size in bytes.
    pub(crate) fn open_blob(&self, name: &Name, digest: &Digest) -> Result<Option<(File, u64)>> {
        if !self.repositories.has_blob(name, digest)? {
            return Ok(None);
        }
        match self.content.size(digest)? {
            Some(size) => Ok(Some((self.content.open(digest)?, size))),
            None => Ok(None),
        }
    }

    /// Begins the content of an upload.
    pub(crate) fn ingest(&self, key: &str) -> Result<Box<dyn Ingest>> {
        self.content.ingest(key)
    }

    /// Publishes an upload's content as a blob of the repository.
    pub(crate) fn commit_blob(&self, name: &Name, ingest: Box<dyn Ingest>, digest: &Digest) -> Result<()> {
        let _shared = self.adding();
        ingest.commit(Some(digest), None)?;
        self.repositories.add_blob(name, digest)
    }

    /// Makes a blob of `from` one of `name` too; false where `from` does not have it.
    pub(crate) fn mount(&self, name: &Name, from: &Name, digest: &Digest) -> Result<bool> {
        let _shared = self.adding();
        let there = self.repositories.has_blob(from, digest)? && self.content.size(digest)?.is_some();
        if there {
            self.repositories.add_blob(name, digest)?;
        }
        Ok(there)
    }

    /// The manifest's bytes and media type.
    pub(crate) fn read_manifest(&self, name: &Name, digest: &Digest) -> Result<Option<(Vec<u8>, String)>> {
        match self.repositories.manifest(name, digest)? {
            Some(media_type) => Ok(Some((self.content.read(digest, DOCUMENT_LIMIT)?, media_type))),
            None => Ok(None),
        }
    }

    /// Stores a manifest, and the tag where one is given, unless it refers to something that the repository lacks: that is
    /// the digest returned.
    pub(crate) fn put_manifest(&self, name: &Name, tag: Option<&str>, new: &NewManifest) -> Result<Option<Digest>> {
        let _shared = self.adding();
        if let Some(missing) = self.missing_part(name, &new.document)? {
            return Ok(Some(missing));
        }
        self.content.put(&new.bytes)?;
        self.repositories.add_manifest(name, &new.digest, &new.media_type)?;
        if let Some(subject) = subject(&new.document) {
            self.repositories.add_referrer(name, &subject.digest, &referrer(new))?;
        }
        tag.map_or(Ok(()), |tag| self.repositories.set_tag(name, tag, &new.digest))?;
        Ok(None)
    }

    /// Removes a manifest, the tags that name it, and the blobs that only it used. False where it was not there.
    pub(crate) fn delete_manifest(&self, name: &Name, digest: &Digest) -> Result<bool> {
        let _alone = self.removing();
        let Some((bytes, media_type)) = self.read_manifest(name, digest)? else { return Ok(false) };
        for tag in self.repositories.tags(name)?.unwrap_or_default() {
            if self.repositories.tag(name, &tag)?.as_ref() == Some(digest) {
                self.repositories.remove_tag(name, &tag)?;
            }
        }
        let (document, _) = Document::parse(&bytes, Some(&media_type))?;
        if let Some(subject) = subject(&document) {
            self.repositories.remove_referrer(name, &subject.digest, digest)?;
        }
        self.repositories.remove_manifest(name, digest)?;
        let mut released = self.release_blobs(name, &document)?;
        released.push(digest.clone());
        self.reclaim(&released)?;
        Ok(true)
    }

    /// Takes a blob from a repository; the bytes go when no repository has it. False where it was not there.
    pub(crate) fn delete_blob(&self, name: &Name, digest: &Digest) -> Result<bool> {
        let _alone = self.removing();
        let removed = self.repositories.remove_blob(name, digest)?;
        if removed {
            self.reclaim(std::slice::from_ref(digest))?;
        }
        Ok(removed)
    }

    /// Takes from the repository what this manifest used and none of its other manifests does; says what that was.
    fn release_blobs(&self, name: &Name, removed: &Document) -> Result<Vec<Digest>> {
        let mut kept = HashSet::new();
        for digest in self.repositories.manifests(name)? {
            if let Some((bytes, media_type)) = self.read_manifest(name, &digest)? {
                kept.extend(blobs(&Document::parse(&bytes, Some(&media_type))?.0).map(|d| d.digest.clone()));
            }
        }
        let mut released = Vec::new();
        for blob in blobs(removed).filter(|blob| !kept.contains(&blob.digest)) {
            if self.repositories.remove_blob(name, &blob.digest)? {
                released.push(blob.digest.clone());
            }
        }
        Ok(released)
    }

    /// Removes the bytes of those of `digests` that no repository has any more.
    fn reclaim(&self, digests: &[Digest]) -> Result<()> {
        let names = self.repositories.names()?;
        for digest in digests {
            let mut wanted = false;
            for name in &names {
                wanted = wanted
                    || self.repositories.has_blob(name, digest)?
                    || self.repositories.manifest(name, digest)?.is_some();
            }
            if !wanted {
                self.content.delete(digest)?;
            }
        }
        Ok(())
    }

    /// Everything that some repository has.
    fn wanted(&self) -> Result<HashSet<Digest>> {
        let mut wanted = HashSet::new();
        for name in self.repositories.names()? {
            wanted.extend(self.repositories.blobs(&name)?);
            wanted.extend(self.repositories.manifests(&name)?);
        }
        Ok(wanted)
    }

    /// The first part of a document that the repository lacks.
    fn missing_part(&self, name: &Name, document: &Document) -> Result<Option<Digest>> {
        if let Document::Index(index) = document {
            for child in &index.manifests {
                if self.repositories.manifest(name, &child.digest)?.is_none() {
                    return Ok(Some(child.digest.clone()));
                }
            }
        }
        for blob in blobs(document).filter(|blob| !is_foreign(&blob.media_type)) {
            if self.open_blob(name, &blob.digest)?.is_none() {
                return Ok(Some(blob.digest.clone()));
            }
        }
        Ok(None)
    }

    fn adding(&self) -> RwLockReadGuard<'_, ()> {
        self.change.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn removing(&self) -> RwLockWriteGuard<'_, ()> {
        self.change.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The blobs that a document names itself.
fn blobs(document: &Document) -> impl Iterator<Item = &Descriptor> {
    let manifest = match document {
        Document::Manifest(manifest) => Some(manifest),
        Document::Index(_) => None,
    };
    manifest.into_iter().flat_map(|m| std::iter::once(&m.config).chain(&m.layers))
}

/// What a document refers to.
pub(crate) fn subject(document: &Document) -> Option<&Descriptor> {
    match document {
        Document::Manifest(manifest) => manifest.subject.as_ref(),
        Document::Index(index) => index.subject.as_ref(),
    }
}

/// A manifest as the referrers API lists it (distribution-spec, "Listing Referrers").
fn referrer(new: &NewManifest) -> Descriptor {
    let (artifact_type, annotations) = match &new.document {
        Document::Manifest(m) => {
            (Some(m.artifact_type.clone().unwrap_or_else(|| m.config.media_type.clone())), m.annotations.clone())
        }
        Document::Index(i) => (i.artifact_type.clone(), i.annotations.clone()),
    };
    Descriptor {
        media_type: new.media_type.clone(),
        digest: new.digest.clone(),
        size: new.bytes.len() as u64,
        platform: None,
        annotations,
        artifact_type,
    }
}

/// Layers that may be kept elsewhere and need not be here.
fn is_foreign(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.docker.image.rootfs.foreign.")
        || media_type.starts_with("application/vnd.oci.image.layer.nondistributable.")
}

fn lock(path: &Path) -> Result<File> {
    let open = || File::options().write(true).create(true).truncate(false).open(path);
    let file = open().map_err(|e| Fault::io(format!("open {}", path.display()), e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Fault::conflict(format!("{} is in use by another registry", path.with_file_name("").display())))
        }
        Err(fs::TryLockError::Error(e)) => Err(Fault::io(format!("lock {}", path.display()), e)),
    }
}

/// Upload sessions live in memory, so what an earlier process was receiving cannot be taken up again.
fn remove_uploads(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Fault::io(format!("remove unfinished uploads in {}", folder.display()), e))
        }
        _ => Ok(()),
    }
}
