//! The records of all layers, in memory: whoever asks for a layer, or for what may go, reads no file.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use knarr_model::Digest;

use super::Layer;

/// Layers by chain id.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Digest, Layer>>);

impl Known {
    pub(super) fn all(&self) -> MutexGuard<'_, HashMap<Digest, Layer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, chain: &Digest) -> Option<Layer> {
        self.all().get(chain).cloned()
    }

    pub(super) fn insert(&self, layer: Layer) {
        self.all().insert(layer.chain_id.clone(), layer);
    }
}

/// A folder among the layers that cannot be one: found when they are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// The layer it was.
    pub chain: Digest,
    /// Where its files were moved.
    pub moved_to: PathBuf,
    /// What is wrong.
    pub reason: String,
}

/// The record of the folder of a layer, where record and files are there and belong to it.
pub(super) fn read(folder: &Path, chain: &Digest) -> Result<Layer, String> {
    let path = folder.join("meta.json");
    let data = fs::read(&path).map_err(|e| format!("its record cannot be read: {e}"))?;
    let layer: Layer = serde_json::from_slice(&data).map_err(|e| format!("its record is malformed: {e}"))?;
    if layer.chain_id != *chain || super::batch::chain(layer.parent.as_ref(), &layer.diff_id) != *chain {
        return Err("its record is another layer's".to_owned());
    }
    match fs::symlink_metadata(folder.join("fs")) {
        Ok(files) if files.is_dir() => Ok(layer),
        _ => Err("its files are gone".to_owned()),
    }
}
