//! Garbage collection, and the leases that keep it away from work in progress.

use std::collections::HashSet;

use knarr_model::{Digest, Result};

use crate::content::Content;

/// Leases held, and the digests that were committed or asked for since the first of them began.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: usize,
    touched: HashSet<Digest>,
}

impl Leases {
    /// Notes that work in progress counts on this blob.
    pub(crate) fn touch(&mut self, digest: &Digest) {
        if self.held > 0 && !self.touched.contains(digest) {
            self.touched.insert(digest.clone());
        }
    }
}

/// As long as it is held, no blob that was committed or asked for since it began is collected.
#[derive(Debug)]
pub struct Lease {
    content: Content,
}

impl Lease {
    /// Protects a blob that was there before.
    pub fn protect(&self, digest: &Digest) {
        self.content.shared.leases().touch(digest);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut leases = self.content.shared.leases();
        leases.held -= 1;
        if leases.held == 0 {
            leases.touched.clear();
        }
    }
}

/// What a collection removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Content {
    /// Begins work that must not lose what it commits before it has recorded it.
    pub fn lease(&self) -> Lease {
        self.shared.leases().held += 1;
        Lease { content: self.clone() }
    }

    /// Removes every blob that is neither in `roots` nor protected by a lease. `roots` is asked after the list was made, so
    /// that a blob committed meanwhile is not judged by older roots.
    pub fn collect(&self, roots: impl FnOnce() -> Result<HashSet<Digest>>) -> Result<Collected> {
        let candidates = self.list()?;
        let roots = roots()?;
        let mut collected = Collected::default();
        for (digest, size) in candidates {
            if roots.contains(&digest) {
                continue;
            }
            // Held over the removal: a blob cannot become wanted between the question and the removal.
            let leases = self.shared.leases();
            if !leases.touched.contains(&digest) && self.delete(&digest)? {
                collected.blobs += 1;
                collected.bytes += size;
            }
        }
        Ok(collected)
    }
}
