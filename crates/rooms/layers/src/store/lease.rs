//! Leases, which keep the collector away from layers that work in progress counts on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use knarr_model::Digest;

use super::Layers;

/// Leases held, and the chain ids that were looked up or made since the first of them began.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: usize,
    touched: HashSet<Digest>,
    /// Some of the work has failed.
    failed: bool,
    /// What was touched by work that failed, and may have no user: for the next collection.
    doubtful: HashSet<Digest>,
}

impl Leases {
    pub(super) fn touch(&mut self, chain: &Digest) {
        if self.held > 0 && !self.touched.contains(chain) {
            self.touched.insert(chain.clone());
        }
    }

    /// Forgets what was touched when nobody works any more.
    fn end(&mut self) {
        self.held -= 1;
        if self.held == 0 {
            let touched = std::mem::take(&mut self.touched);
            if std::mem::take(&mut self.failed) {
                self.doubtful.extend(touched);
            }
        }
    }

    pub(super) fn protects(&self, chain: &Digest) -> bool {
        self.touched.contains(chain)
    }
}

/// As long as it is held, no layer that was looked up or made since it began is collected.
#[derive(Debug)]
pub struct Lease(Arc<Mutex<Leases>>);

impl Lease {
    /// Ends the work, which has failed: what it made may be nobody's.
    pub fn fail(self) {
        lock(&self.0).failed = true;
    }
}

impl Layers {
    /// What failed work touched since this was last asked: candidates for a collection.
    pub fn doubtful(&self) -> HashSet<Digest> {
        std::mem::take(&mut self.leases().doubtful)
    }

    /// Whether work in progress counts on a layer.
    pub fn is_leased(&self, chain: &Digest) -> bool {
        self.leases().protects(chain)
    }

    /// Begins work that must not lose a layer before it has recorded who needs it.
    pub fn lease(&self) -> Lease {
        self.leases().held += 1;
        Lease(self.leases.clone())
    }

    pub(super) fn leases(&self) -> MutexGuard<'_, Leases> {
        lock(&self.leases)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        lock(&self.0).end();
    }
}

/// A panicking holder cannot leave the set half-changed.
fn lock(leases: &Mutex<Leases>) -> MutexGuard<'_, Leases> {
    leases.lock().unwrap_or_else(PoisonError::into_inner)
}
