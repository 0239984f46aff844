//! Leases, which keep the collector away from layers that work in progress counts on.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use knarr_model::Digest;
use knarr_store::Leases;

use super::Layers;

/// As long as it is held, no layer that was looked up or made since it began is collected.
#[derive(Debug)]
pub struct Lease(Arc<Mutex<Leases>>);

impl Lease {
    /// Ends the work, which has failed: what it made may be nobody's.
    pub fn fail(self) {
        lock(&self.0).fail();
    }
}

impl Layers {
    /// What failed work touched since this was last asked: candidates for a collection.
    pub fn doubtful(&self) -> HashSet<Digest> {
        self.leases().take_doubtful()
    }

    /// Whether work in progress counts on a layer.
    pub fn is_leased(&self, chain: &Digest) -> bool {
        self.leases().protects(chain)
    }

    /// Begins work that must not lose a layer before it has recorded who needs it.
    pub fn lease(&self) -> Lease {
        self.leases().begin();
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
