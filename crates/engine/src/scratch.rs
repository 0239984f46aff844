//! Folders for work in progress, gone when it ends.

use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use knarr_model::{Fault, Result};
use knarr_sys::path::{Entry, Root};

use crate::roots::{Roots, private_dir};

/// Tells apart the folders of one process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A private folder below the data root. Dropping it removes all that is in it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one.
    pub(crate) fn new(roots: &Roots) -> Result<Self> {
        let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = roots.data("tmp").join(name);
        private_dir(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes what an earlier daemon left.
    pub(crate) fn clean(roots: &Roots) -> Result<()> {
        let tmp = roots.data("tmp");
        private_dir(&tmp)?;
        remove(&tmp).map_err(|e| Fault::io(format!("clean {}", tmp.display()), e))?;
        private_dir(&tmp)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "cannot remove a folder of finished work");
        }
    }
}

/// Removes a folder of ours and all in it, by descriptors.
fn remove(path: &Path) -> std::io::Result<()> {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => Entry::new(Root::open(parent)?.as_fd(), name)?.remove_tree(),
        _ => Ok(()),
    }
}
