//! Garbage collection, and the leases that keep it away from work in progress.

use std::collections::HashSet;
use std::fs;

use knarr_model::{Digest, Result};
use knarr_sys::failpoint;

use crate::content::Content;

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

    /// Ends the work, which has failed: what it committed may be nobody's.
    pub fn fail(self) {
        self.content.shared.leases().fail();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.content.shared.leases().end();
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
        self.shared.leases().begin();
        Lease { content: self.clone() }
    }

    /// What failed work touched since this was last asked: candidates for a collection.
    pub fn doubtful(&self) -> HashSet<Digest> {
        self.shared.leases().take_doubtful()
    }

    /// Removes every one of `candidates` that is neither in `roots` nor protected by a lease. `roots` is asked when the candidates are known,
    /// so that a blob committed meanwhile is not judged by older roots.
    pub fn collect(
        &self,
        candidates: &HashSet<Digest>,
        roots: impl FnOnce() -> Result<HashSet<Digest>>,
    ) -> Result<Collected> {
        // Work that ends while this goes on may have recorded what it made after the roots were asked for: what it touched stays known.
        let _until_the_end = self.lease();
        let roots = roots()?;
        let mut collected = Collected::default();
        for digest in candidates.difference(&roots) {
            let size = fs::metadata(self.path(digest)).map_or(0, |metadata| metadata.len());
            // Held over the removal: a blob cannot become wanted between the question and the removal.
            let leases = self.shared.leases();
            if !leases.protects(digest) && self.delete(digest)? {
                collected.blobs += 1;
                collected.bytes += size;
                failpoint!("store.blob-removed");
            }
        }
        Ok(collected)
    }
}
