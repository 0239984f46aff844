//! Where things lie below the root, and the few steps on folders that durability needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use knarr_model::Digest;

/// The root folder and the paths below it.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    pub(crate) fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(&digest.hex()[..2]).join(digest.hex())
    }

    pub(crate) fn ingests(&self) -> PathBuf {
        self.root.join("ingest")
    }

    /// The folder of an ingest. The key is hashed, so that it is never a path.
    pub(crate) fn ingest(&self, key: &str) -> PathBuf {
        self.ingests().join(Digest::of(key.as_bytes()).hex())
    }

    pub(crate) fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }
}

/// Makes a folder and its missing parents, readable by the owner only.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
