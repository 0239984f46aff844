//! The folder of one build: its context, its downloads, and the writable layers of its steps.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use knarr_model::{Fault, Result};

/// Hands out fresh names in a folder that its owner removes.
pub(super) struct Workspace<'a> {
    path: &'a Path,
    next: AtomicU64,
}

impl<'a> Workspace<'a> {
    /// Names below `path`, an empty folder.
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path, next: AtomicU64::new(0) }
    }

    /// A fresh folder in it, 0700.
    pub(super) fn folder(&self) -> Result<PathBuf> {
        let path = self.fresh();
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|e| Fault::io(format!("make folder {}", path.display()), e))?;
        Ok(path)
    }

    /// A fresh, empty file in it.
    pub(super) fn file(&self) -> Result<fs::File> {
        let path = self.fresh();
        let opened = fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        opened.map_err(|e| Fault::io(format!("create {}", path.display()), e))
    }

    fn fresh(&self) -> PathBuf {
        self.path.join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }
}
