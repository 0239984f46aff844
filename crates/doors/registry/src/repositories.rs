//! What each repository has: tags, manifests, blobs, referrers, as small files that are whole or absent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use knarr_model::oci::Descriptor;
use knarr_model::{Digest, Fault, Result};
use knarr_store::files::{sync_dir, write_atomic};

use crate::name::{Name, is_tag};

/// The folder `repositories/` (drawn in `docs/formats/registry.md`). Synchronous.
#[derive(Debug, Clone)]
pub(crate) struct Repositories {
    root: PathBuf,
}

impl Repositories {
    pub(crate) fn open(root: &Path) -> Result<Self> {
        create_dir(root)?;
        Ok(Self { root: root.to_owned() })
    }

    /// Whether this repository has the blob; others' blobs are not its own (flaw row 70).
    pub(crate) fn has_blob(&self, name: &Name, digest: &Digest) -> Result<bool> {
        exists(&self.blob_path(name, digest))
    }

    pub(crate) fn add_blob(&self, name: &Name, digest: &Digest) -> Result<()> {
        let path = self.blob_path(name, digest);
        if exists(&path)? { Ok(()) } else { write(&path, b"") }
    }

    pub(crate) fn remove_blob(&self, name: &Name, digest: &Digest) -> Result<bool> {
        remove(&self.blob_path(name, digest))
    }

    pub(crate) fn blobs(&self, name: &Name) -> Result<Vec<Digest>> {
        list(&self.folder(name).join("_layers"), parse_hex)
    }

    /// The media type of a manifest that the repository has.
    pub(crate) fn manifest(&self, name: &Name, digest: &Digest) -> Result<Option<String>> {
        read(&self.manifest_path(name, digest))
    }

    pub(crate) fn add_manifest(&self, name: &Name, digest: &Digest, media_type: &str) -> Result<()> {
        write(&self.manifest_path(name, digest), media_type.as_bytes())
    }

    pub(crate) fn remove_manifest(&self, name: &Name, digest: &Digest) -> Result<bool> {
        remove(&self.manifest_path(name, digest))
    }

    pub(crate) fn manifests(&self, name: &Name) -> Result<Vec<Digest>> {
        list(&self.folder(name).join("_manifests/revisions"), parse_hex)
    }

    /// The manifest that a tag names.
    pub(crate) fn tag(&self, name: &Name, tag: &str) -> Result<Option<Digest>> {
        Ok(read(&self.tag_path(name, tag))?.and_then(|text| text.trim_end().parse().ok()))
    }

    pub(crate) fn set_tag(&self, name: &Name, tag: &str, digest: &Digest) -> Result<()> {
        write(&self.tag_path(name, tag), digest.as_str().as_bytes())
    }

    pub(crate) fn remove_tag(&self, name: &Name, tag: &str) -> Result<bool> {
        remove(&self.tag_path(name, tag))
    }

    /// All tags, sorted; none where the repository does not exist.
    pub(crate) fn tags(&self, name: &Name) -> Result<Option<Vec<String>>> {
        if !exists(&self.folder(name).join("_manifests"))? {
            return Ok(None);
        }
        let tag = |file: &str| is_tag(file).then(|| file.to_owned());
        let mut tags = list(&self.folder(name).join("_manifests/tags"), tag)?;
        tags.sort();
        Ok(Some(tags))
    }

    /// Notes that `manifest` refers to `subject`.
    pub(crate) fn add_referrer(&self, name: &Name, subject: &Digest, manifest: &Descriptor) -> Result<()> {
        let encode = |e| Fault::internal("cannot encode a referrer").because(e);
        let data = serde_json::to_vec(manifest).map_err(encode)?;
        write(&self.referrer_path(name, subject, &manifest.digest), &data)
    }

    pub(crate) fn remove_referrer(&self, name: &Name, subject: &Digest, manifest: &Digest) -> Result<bool> {
        remove(&self.referrer_path(name, subject, manifest))
    }

    /// Descriptors of the manifests that refer to `subject`, sorted by digest.
    pub(crate) fn referrers(&self, name: &Name, subject: &Digest) -> Result<Vec<Descriptor>> {
        let folder = self.folder(name).join("_manifests/referrers").join(subject.hex());
        let mut digests = list(&folder, parse_hex)?;
        digests.sort();
        let mut found = Vec::with_capacity(digests.len());
        for digest in digests {
            let text = read(&folder.join(digest.hex()))?;
            found.extend(text.and_then(|text| serde_json::from_str(&text).ok()));
        }
        Ok(found)
    }

    /// Every repository, sorted by name.
    pub(crate) fn names(&self) -> Result<Vec<Name>> {
        let mut found = Vec::new();
        let mut pending = vec![String::new()];
        while let Some(prefix) = pending.pop() {
            for component in list(&self.root.join(&prefix), |file| Some(file.to_owned()))? {
                let path = if prefix.is_empty() { component } else { format!("{prefix}/{component}") };
                let Some(name) = Name::parse(&path) else { continue };
                if exists(&self.folder(&name).join("_manifests"))? || exists(&self.folder(&name).join("_layers"))? {
                    found.push(name);
                }
                pending.push(path);
            }
        }
        found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        Ok(found)
    }

    fn folder(&self, name: &Name) -> PathBuf {
        self.root.join(name.as_str())
    }

    fn blob_path(&self, name: &Name, digest: &Digest) -> PathBuf {
        self.folder(name).join("_layers").join(digest.hex())
    }

    fn manifest_path(&self, name: &Name, digest: &Digest) -> PathBuf {
        self.folder(name).join("_manifests/revisions").join(digest.hex())
    }

    fn tag_path(&self, name: &Name, tag: &str) -> PathBuf {
        self.folder(name).join("_manifests/tags").join(tag)
    }

    fn referrer_path(&self, name: &Name, subject: &Digest, manifest: &Digest) -> PathBuf {
        self.folder(name).join("_manifests/referrers").join(subject.hex()).join(manifest.hex())
    }
}

fn parse_hex(file: &str) -> Option<Digest> {
    format!("sha256:{file}").parse().ok()
}

fn fault<'a>(verb: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Fault + 'a {
    move |e| Fault::internal(format!("cannot {verb} {}", path.display())).because(e)
}

fn exists(path: &Path) -> Result<bool> {
    path.try_exists().map_err(fault("look up", path))
}

/// A small file's text; none where it is not there.
fn read(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(fault("read", path)(e)),
    }
}

fn write(path: &Path, data: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        create_dir(parent)?;
    }
    write_atomic(path, data, 0o600).map_err(|e| Fault::io(format!("write {}", path.display()), e))
}

/// Whether there was a file to remove.
fn remove(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_dir).map_err(fault("sync the folder of", path)).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(fault("remove", path)(e)),
    }
}

/// Makes a folder (0700) and its missing parents, each synced into its parent.
fn create_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_dir(parent)?;
        match fs::DirBuilder::new().mode(0o700).create(path) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Fault::io(format!("make {}", path.display()), e));
            }
            _ => sync_dir(parent).map_err(fault("sync", parent))?,
        }
    }
    Ok(())
}

/// What `parse` makes of the names in a folder; nothing where there is no folder.
fn list<T>(folder: &Path, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound || e.kind() == io::ErrorKind::NotADirectory => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(fault("list", folder)(e)),
    };
    let names = entries.map(|entry| entry.map(|e| e.file_name())).collect::<io::Result<Vec<_>>>();
    let names = names.map_err(fault("list", folder))?;
    Ok(names.iter().filter_map(|name| parse(name.to_str()?)).collect())
}
