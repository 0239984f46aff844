//! The bundle: what the runtime reads.

use std::fs;
use std::path::PathBuf;

use knarr_model::{Fault, Result, Snapshot};
use knarr_spec::Spec;
use serde::Serialize;

use crate::Engine;
use crate::containers::Record;
use crate::roots::private_dir;

/// `bundles/<id>`.
pub(super) fn dir(engine: &Engine, record: &Record) -> PathBuf {
    engine.roots.exec("bundles").join(record.id.as_str())
}

/// Writes `config.json` and `rootfs.json`. In the run root, so neither is synced.
pub(super) fn write(engine: &Engine, record: &Record, spec: &Spec, snapshot: &Snapshot) -> Result<()> {
    let dir = dir(engine, record);
    private_dir(&dir)?;
    put(dir.join("config.json"), spec)?;
    put(dir.join("rootfs.json"), snapshot)
}

fn put(path: PathBuf, document: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(document)
        .map_err(|e| Fault::internal(format!("cannot encode {}", path.display())).because(e))?;
    fs::write(&path, bytes).map_err(|e| Fault::io(format!("write {}", path.display()), e))
}
