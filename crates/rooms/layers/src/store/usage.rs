//! What the layers take on the disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use knarr_model::Digest;
use knarr_sys::path::disk_usage;

use super::Layers;
use crate::error::{Error, Result};

/// What each layer takes on the disk, as far as it was asked for: a layer never changes.
#[derive(Debug, Default)]
pub(super) struct Measured(Mutex<HashMap<Digest, u64>>);

impl Layers {
    /// Bytes that all layers take on the disk, finished or not, as `du` counts them. Walks what it has not walked before.
    pub fn disk_usage(&self) -> Result<u64> {
        let mut measured = self.measured.0.lock().unwrap_or_else(PoisonError::into_inner);
        measured.retain(|chain, _| self.is_here(chain));
        let layers = self.names()?.into_iter().map(|name| {
            let chain = format!("sha256:{name}").parse().ok().filter(|chain| self.is_here(chain));
            if let Some(known) = chain.as_ref().and_then(|chain| measured.get(chain)) {
                return Ok(*known);
            }
            let folder = self.root.join(&name);
            let bytes = disk_usage(&folder).map_err(Error::at("measure", &folder))?;
            // One that went away meanwhile may come back whole.
            measured.extend(chain.filter(|chain| bytes > 0 && self.is_here(chain)).map(|chain| (chain, bytes)));
            Ok(bytes)
        });
        let below: u64 = layers.sum::<Result<u64>>()?;
        let own = rustix::fs::stat(&self.root).map_err(|e| Error::at("measure", &self.root)(e.into()))?;
        Ok(below + u64::try_from(own.st_blocks).unwrap_or_default() * 512)
    }
}
