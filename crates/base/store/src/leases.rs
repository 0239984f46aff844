//! Leases, which keep a collector away from what work in progress counts on.

use std::collections::HashSet;

use knarr_model::Digest;

/// Leases held, and what was made or asked for since the first of them began.
#[derive(Debug, Default)]
pub struct Leases {
    held: usize,
    touched: HashSet<Digest>,
    /// Some of the work has failed.
    failed: bool,
    /// What was touched by work that failed, and may have no user.
    doubtful: HashSet<Digest>,
}

impl Leases {
    /// Work begins.
    pub fn begin(&mut self) {
        self.held += 1;
    }

    /// Notes that work in progress counts on this; nothing where there is none.
    pub fn touch(&mut self, digest: &Digest) {
        if self.held > 0 && !self.touched.contains(digest) {
            self.touched.insert(digest.clone());
        }
    }

    /// Whether work in progress counts on this.
    pub fn protects(&self, digest: &Digest) -> bool {
        self.touched.contains(digest)
    }

    /// Some of the work has failed, and is about to end: what it made may be nobody's.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Work ends. What was touched is forgotten when nobody works any more.
    pub fn end(&mut self) {
        self.held -= 1;
        if self.held == 0 {
            let touched = std::mem::take(&mut self.touched);
            if std::mem::take(&mut self.failed) {
                self.doubtful.extend(touched);
            }
        }
    }

    /// What failed work touched since this was last asked: candidates for a collection.
    pub fn take_doubtful(&mut self) -> HashSet<Digest> {
        std::mem::take(&mut self.doubtful)
    }
}
