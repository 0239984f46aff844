//! The store of blobs.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use knarr_model::{Digest, Result, ports};
use knarr_store::Leases;
use knarr_sys::failpoint;

use crate::error::Error;
use crate::ingest::{self, Writer};
use crate::layout::{self, Layout};

/// Blobs by digest below one root. Cheap to clone; clones share leases and writers.
#[derive(Debug, Clone)]
pub struct Content {
    pub(crate) layout: Layout,
    pub(crate) shared: Arc<Shared>,
}

/// What lives only in this process.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Keys with a writer.
    writing: Mutex<HashSet<String>>,
    /// Leases, and what was touched under them.
    leases: Mutex<Leases>,
}

impl Shared {
    /// Takes the key for one writer; false where it has one.
    pub(crate) fn claim(&self, key: &str) -> bool {
        lock(&self.writing).insert(key.to_owned())
    }

    pub(crate) fn release(&self, key: &str) {
        lock(&self.writing).remove(key);
    }

    pub(crate) fn leases(&self) -> MutexGuard<'_, Leases> {
        lock(&self.leases)
    }
}

/// A panicking holder cannot leave these sets half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Content {
    /// Opens the store below `root`, makes what is missing and removes stale ingests.
    pub fn open(root: &Path) -> Result<Self> {
        let layout = Layout::new(root);
        for folder in [layout.blobs(), layout.ingests()] {
            layout::create_private(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        }
        ingest::remove_stale(&layout)?;
        Ok(Self { layout, shared: Arc::default() })
    }

    /// Where a committed blob lies, whether or not it is there.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.layout.blob(digest)
    }

    /// All committed blobs with their sizes in bytes.
    pub fn list(&self) -> Result<Vec<(Digest, u64)>> {
        let mut found = Vec::new();
        for folder in entries(&self.layout.blobs())? {
            for blob in entries(&folder.path())? {
                let digest = blob.file_name().to_str().and_then(|hex| format!("sha256:{hex}").parse().ok());
                let size = blob.metadata().map(|m| m.len());
                if let (Some(digest), Ok(size)) = (digest, size) {
                    found.push((digest, size));
                }
            }
        }
        Ok(found)
    }

    /// The blobs that were committed longer ago than [`ingest::STALE`].
    pub fn stale(&self) -> Result<HashSet<Digest>> {
        let old = |digest: &Digest| {
            let written = fs::metadata(self.path(digest)).and_then(|metadata| metadata.modified());
            written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ingest::STALE))
        };
        Ok(self.list()?.into_iter().map(|(digest, _)| digest).filter(old).collect())
    }

    /// Whether work in progress counts on a blob.
    pub fn is_leased(&self, digest: &Digest) -> bool {
        self.shared.leases().protects(digest)
    }

    /// Removes a blob; false where it was not there.
    pub fn delete(&self, digest: &Digest) -> Result<bool> {
        match failpoint!("store.blob-removing", io).and_then(|()| fs::remove_file(self.layout.blob(digest))) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io(format!("delete blob {digest}"))(e).into()),
        }
    }

    /// Commits a whole document that is in memory already.
    pub fn put(&self, data: &[u8]) -> Result<Digest> {
        let digest = Digest::of(data);
        if ports::Content::size(self, &digest)? == Some(data.len() as u64) {
            return Ok(digest);
        }
        let mut ingest = Writer::begin(self, &format!("document {digest}"))?;
        ports::Ingest::write(&mut ingest, data)?;
        ports::Ingest::commit(Box::new(ingest), Some(&digest), Some(data.len() as u64))
    }

    /// Hashes a blob; what is wrong with it, none where it is whole.
    pub fn verify(&self, digest: &Digest) -> Option<String> {
        match File::open(self.layout.blob(digest)).and_then(|mut file| ingest::hash_all(&mut file)) {
            Ok((hasher, _)) => Some(hasher.finish())
                .filter(|found| found != digest)
                .map(|found| format!("its bytes have changed: they are those of {found}")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Some("it is gone".to_owned()),
            Err(e) => Some(format!("it cannot be read: {e}")),
        }
    }

    /// Moves a blob whose bytes changed out of sight, so that the next pull fetches it anew.
    pub fn quarantine(&self, digest: &Digest) -> Result<()> {
        let folder = self.layout.quarantine();
        let step = || format!("move corrupt blob {digest} to quarantine");
        layout::create_private(&folder).map_err(Error::io(step()))?;
        match fs::rename(self.layout.blob(digest), folder.join(digest.hex())) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io(step())(e).into()),
            _ => Ok(()),
        }
    }
}

/// A folder's entries; none where it has gone.
fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    let list = || match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    };
    list().map_err(Error::io(format!("list {}", folder.display())))
}

impl ports::Content for Content {
    fn size(&self, digest: &Digest) -> Result<Option<u64>> {
        self.shared.leases().touch(digest);
        match fs::metadata(self.layout.blob(digest)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::io(format!("look up blob {digest}"))(e).into()),
        }
    }

    fn open(&self, digest: &Digest) -> Result<File> {
        self.shared.leases().touch(digest);
        File::open(self.layout.blob(digest)).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => Error::NotFound(digest.clone()).into(),
            _ => Error::io(format!("open blob {digest}"))(e).into(),
        })
    }

    fn read(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>> {
        let file = self.open(digest)?;
        let step = || format!("read blob {digest}");
        let size = file.metadata().map_err(Error::io(step()))?.len();
        if size > limit {
            return Err(Error::TooLarge { digest: digest.clone(), size, limit }.into());
        }
        let mut data = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(limit.saturating_add(1)).read_to_end(&mut data).map_err(Error::io(step()))?;
        let found = Digest::of(&data);
        if found != *digest {
            self.quarantine(digest)?;
            return Err(Error::Corrupt { digest: digest.clone(), found }.into());
        }
        Ok(data)
    }

    fn ingest(&self, key: &str) -> Result<Box<dyn ports::Ingest>> {
        Ok(Box::new(Writer::resume(self, key)?))
    }

    fn begin(&self, what: &str) -> Result<Box<dyn ports::Ingest>> {
        Ok(Box::new(Writer::begin(self, what)?))
    }
}
