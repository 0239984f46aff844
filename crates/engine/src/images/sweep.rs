//! Collecting what no image needs any more.

use knarr_layers::Layer;
use knarr_model::{Fault, Result};

use crate::Engine;

/// What a sweep removed.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Layers, the highest first.
    pub(crate) layers: Vec<Layer>,
    /// Bytes of layers and blobs.
    pub(crate) bytes: u64,
}

impl Engine {
    /// Does work whose layers and blobs nobody needs before its result is recorded: they are kept until then, and removed
    /// where it fails. Waits for the disk.
    pub(crate) fn leased<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let lease = self.lease();
        let done = work();
        drop(lease);
        if done.is_err() {
            self.sweep_failed();
        }
        done
    }

    /// Removes what failed work left. That work's failure is what its caller is told.
    pub(crate) fn sweep_failed(&self) {
        if let Err(error) = self.sweep() {
            tracing::warn!(error = %error.full(), "cannot remove what failed work on an image left");
        }
    }

    /// Removes layers and blobs that no image, no container and no work in progress needs, and the results of builds whose
    /// images are gone. Waits for the disk.
    pub(crate) fn sweep(&self) -> Result<Swept> {
        let layers = self.layers.collect::<Fault>(|| self.layers_in_use())?;
        let blobs = self.content.collect(|| Ok(self.images.roots()?))?;
        crate::build::tidy(self)?;
        let bytes = blobs.bytes + layers.iter().map(|layer| layer.size).sum::<u64>();
        Ok(Swept { layers, bytes })
    }
}
