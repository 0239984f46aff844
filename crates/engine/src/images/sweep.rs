//! Collecting what no image needs any more.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use knarr_images::Needs;
use knarr_layers::Layer;
use knarr_model::{Digest, Fault, Result};
use knarr_sys::failpoint;

use crate::Engine;

/// What a sweep removed.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Layers, the highest first.
    pub(crate) layers: Vec<Layer>,
    /// Bytes of layers and blobs.
    pub(crate) bytes: u64,
}

/// What a sweep looks at; what somebody needs stays of it.
#[derive(Debug, Default)]
pub(crate) struct Candidates {
    layers: HashSet<Digest>,
    blobs: HashSet<Digest>,
}

impl Candidates {
    /// What images needed that are gone now.
    pub(super) fn of(freed: &[Needs]) -> Self {
        Self {
            layers: freed.iter().flat_map(|needs| &needs.layers).cloned().collect(),
            blobs: freed.iter().flat_map(|needs| &needs.blobs).cloned().collect(),
        }
    }

    /// All that is here.
    pub(super) fn all(engine: &Engine) -> Result<Self> {
        Ok(Self {
            layers: engine.layers.list().into_iter().map(|layer| layer.chain_id).collect(),
            blobs: engine.content.list()?.into_iter().map(|(digest, _)| digest).collect(),
        })
    }

    /// What is older than work that is cut off may become before somebody takes it up again.
    pub(super) fn old(engine: &Engine) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let old = |layer: &Layer| Duration::from_secs(layer.created) + knarr_content::STALE < now;
        Ok(Self {
            layers: engine.layers.list().into_iter().filter(old).map(|layer| layer.chain_id).collect(),
            blobs: engine.content.stale()?,
        })
    }
}

impl Engine {
    /// Does work whose layers and blobs nobody needs before its result is recorded: they are kept until then, and removed
    /// where it fails. Waits for the disk.
    pub(crate) fn leased<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        let lease = self.lease();
        let done = work();
        failpoint!("store.work-done");
        match &done {
            Ok(_) => drop(lease),
            Err(_) => self.sweep_failed(lease),
        }
        done
    }

    /// Ends work that has failed, or has made what nobody needs after it, and removes that; where other work goes on, a later sweep does. The failure is what its caller is
    /// told.
    pub(crate) fn sweep_failed(&self, lease: super::Lease) {
        lease.fail();
        if let Err(error) = self.sweep(Candidates::default()) {
            tracing::warn!(error = %error.full(), "cannot remove what failed work on an image left");
        }
    }

    /// Removes those of the candidates, and of what failed work has made, that no image, no container and no work in progress needs. Waits for
    /// the disk.
    pub(super) fn sweep(&self, mut candidates: Candidates) -> Result<Swept> {
        if let Err(error) = self.layers.tidy() {
            tracing::warn!(error = %Fault::from(error).full(), "cannot remove what is left of a layer");
        }
        candidates.layers.extend(self.layers.doubtful());
        candidates.blobs.extend(self.content.doubtful());
        if candidates.layers.is_empty() && candidates.blobs.is_empty() {
            return Ok(Swept::default());
        }
        let layers = self.layers.collect::<Fault>(&candidates.layers, || Ok(self.needed()?.layers))?;
        let blobs = self.content.collect(&candidates.blobs, || Ok(self.needed()?.blobs))?;
        let bytes = blobs.bytes + layers.iter().map(|layer| layer.size).sum::<u64>();
        Ok(Swept { layers, bytes })
    }
}
