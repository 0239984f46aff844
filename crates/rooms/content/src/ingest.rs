//! Content that is being written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use knarr_model::{Digest, Hasher, Result, ports};
use knarr_store::files::sync_dir;
use knarr_sys::failpoint;

use crate::content::{Content, Shared};
use crate::error::Error;
use crate::layout::{self, Layout};

/// Age of an ingest that nobody takes up again.
pub const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells apart what is begun at the same time.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The writer of one key: hashes while it writes. Dropping it keeps the bytes for a resume, except where they were only begun, and after a
/// failed write.
pub struct Writer {
    layout: Layout,
    folder: PathBuf,
    claim: Claim,
    file: File,
    hasher: Hasher,
    offset: u64,
    /// The bytes go with the writer: nobody takes them up, or a write failed and they are not what was hashed.
    passing: bool,
}

/// The hold on a key, given back when dropped.
#[derive(Debug)]
struct Claim {
    key: String,
    shared: Arc<Shared>,
}

impl Claim {
    fn take(shared: &Arc<Shared>, key: &str) -> Result<Self, Error> {
        if !shared.claim(key) {
            return Err(Error::Busy(key.to_owned()));
        }
        Ok(Self { key: key.to_owned(), shared: Arc::clone(shared) })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.shared.release(&self.key);
    }
}

impl Writer {
    /// Opens the ingest of `key`, hashing what an earlier writer left.
    pub(crate) fn resume(content: &Content, key: &str) -> Result<Self, Error> {
        let claim = Claim::take(&content.shared, key)?;
        let folder = content.layout.ingest(key);
        let fresh = !folder.exists();
        let opened = open(&folder, key).inspect_err(|_| {
            if fresh {
                // What stays after a failure here too is removed as stale when the root is next opened.
                let _ = fs::remove_dir_all(&folder);
            }
        });
        let (file, hasher, offset) = opened.map_err(Error::io(format!("open ingest of {key:?}")))?;
        Ok(Self { layout: content.layout.clone(), folder, claim, file, hasher, offset, passing: false })
    }

    /// Opens an ingest that nobody else takes up, now or after a crash: its folder says no key.
    pub(crate) fn begin(content: &Content, what: &str) -> Result<Self, Error> {
        let key = format!("{what} ({})", NEXT.fetch_add(1, Ordering::Relaxed));
        let claim = Claim::take(&content.shared, &key)?;
        let folder = content.layout.ingest(&key);
        let make = || {
            layout::create_private(&folder)?;
            let file = open_data(&folder)?;
            file.set_len(0)?;
            Ok(file)
        };
        let made = make().inspect_err(|_| drop(fs::remove_dir_all(&folder)));
        let file = made.map_err(Error::io(format!("begin {what}")))?;
        Ok(Self {
            layout: content.layout.clone(),
            folder,
            claim,
            file,
            hasher: Hasher::new(),
            offset: 0,
            passing: true,
        })
    }

    /// Compares with what was promised; after a mismatch the bytes go with the writer.
    fn verify(&mut self, expected: Option<&Digest>, size: Option<u64>) -> Result<Digest, Error> {
        let found = std::mem::take(&mut self.hasher).finish();
        let mismatch = match (expected, size) {
            (_, Some(size)) if size != self.offset => Some(Error::SizeMismatch {
                name: expected.map_or_else(|| format!("{:?}", self.claim.key), ToString::to_string),
                expected: size,
                found: self.offset,
            }),
            (Some(expected), _) if *expected != found => {
                Some(Error::DigestMismatch { expected: expected.clone(), found: found.clone() })
            }
            _ => None,
        };
        self.passing |= mismatch.is_some();
        mismatch.map_or(Ok(found), Err)
    }

    /// Sync, rename, sync the folder. What was there before is replaced: these bytes were just verified, those may have changed on the disk.
    fn publish(&mut self, digest: &Digest) -> io::Result<()> {
        let target = self.layout.blob(digest);
        self.file.set_permissions(fs::Permissions::from_mode(0o400))?;
        failpoint!("store.blob-written", io)?;
        self.file.sync_all()?;
        failpoint!("store.blob-synced", io)?;
        if let Some(parent) = target.parent() {
            if !parent.exists() {
                layout::create_private(parent)?;
                sync_dir(&self.layout.blobs())?;
            }
            fs::rename(self.folder.join("data"), &target)?;
            failpoint!("store.blob-renamed", io)?;
            sync_dir(parent)?;
        }
        failpoint!("store.blob-committed", io)?;
        fs::remove_dir_all(&self.folder)
    }
}

impl ports::Ingest for Writer {
    fn offset(&self) -> u64 {
        self.offset
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        if let Err(e) = self.file.write_all(data).and_then(|()| failpoint!("store.blob-writing", io)) {
            self.passing = true;
            return Err(Error::io(format!("write content {:?}", self.claim.key))(e).into());
        }
        self.hasher.update(data);
        self.offset += data.len() as u64;
        Ok(())
    }

    fn commit(mut self: Box<Self>, expected: Option<&Digest>, size: Option<u64>) -> Result<Digest> {
        let digest = self.verify(expected, size)?;
        self.claim.shared.leases().touch(&digest);
        if let Err(e) = self.publish(&digest) {
            self.passing = true;
            return Err(Error::io(format!("commit blob {digest}"))(e).into());
        }
        Ok(digest)
    }

    fn abort(mut self: Box<Self>) -> Result<()> {
        self.passing = true;
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.passing {
            // What stays after a failure here is removed as stale when the root is next opened.
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Opens an ingest, making what is missing of it: its data, hashed to the end, and how much that is.
fn open(folder: &Path, key: &str) -> io::Result<(File, Hasher, u64)> {
    layout::create_private(folder)?;
    fs::write(folder.join("info"), format!("{key}\n"))?;
    let mut file = open_data(folder)?;
    let (hasher, offset) = hash_all(&mut file)?;
    Ok((file, hasher, offset))
}

fn open_data(folder: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(folder.join("data"))
}

/// Hashes from the start; afterwards the file's position is its end.
pub(crate) fn hash_all(file: &mut File) -> io::Result<(Hasher, u64)> {
    let mut hasher = Hasher::new();
    let mut offset = 0;
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hasher, offset)),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Removes ingests older than [`STALE`], and those that nobody takes up. One that cannot be removed stays for the next time.
pub(crate) fn remove_stale(layout: &Layout) -> Result<(), Error> {
    let folder = layout.ingests();
    let entries = fs::read_dir(&folder).map_err(Error::io(format!("list {}", folder.display())))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let touched = fs::metadata(path.join("data")).or_else(|_| entry.metadata()).and_then(|m| m.modified());
        let age = touched.ok().and_then(|at| SystemTime::now().duration_since(at).ok());
        if age.is_some_and(|age| age > STALE) || !path.join("info").exists() {
            let _ = fs::remove_dir_all(&path);
        }
    }
    Ok(())
}
