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
}

impl Leases {
    pub(super) fn touch(&mut self, chain: &Digest) {
        if self.held > 0 && !self.touched.contains(chain) {
            self.touched.insert(chain.clone());
        }
    }

    pub(super) fn protects(&self, chain: &Digest) -> bool {
        self.touched.contains(chain)
    }
}

/// As long as it is held, no layer that was looked up or made since it began is collected.
#[derive(Debug)]
pub struct Lease(Arc<Mutex<Leases>>);

impl Layers {
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
        let mut leases = lock(&self.0);
        leases.held -= 1;
        if leases.held == 0 {
            leases.touched.clear();
        }
    }
}

/// A panicking holder cannot leave the set half-changed.
fn lock(leases: &Mutex<Leases>) -> MutexGuard<'_, Leases> {
    leases.lock().unwrap_or_else(PoisonError::into_inner)
}
