//! The shim's exit file: durable before anybody could see the end.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use knarr_model::{Fault, Result};
use knarr_shim_client::{Exit, read_exit};

use crate::containers::Record;
use crate::{Engine, Timestamp};

/// `containers/<id>/exit.json`.
pub(super) fn path(engine: &Engine, record: &Record) -> PathBuf {
    engine.container_dir(&record.id).join("exit.json")
}

/// Removes the last run's file, so that one that is there is always of the run that was started last.
pub(super) fn forget(engine: &Engine, record: &Record) -> Result<()> {
    let path = path(engine, record);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Fault::io(format!("remove {}", path.display()), error))
        }
        _ => Ok(()),
    }
}

/// How the last run ended, where its shim has written that down.
pub(crate) fn recorded_exit(engine: &Engine, record: &Record) -> Option<Exit> {
    session_exit(&path(engine, record))
}

/// What an exit file says; none where there is none, or it cannot be read.
pub(crate) fn session_exit(path: &Path) -> Option<Exit> {
    let read = read_exit(path).inspect_err(|error| tracing::warn!(%error, "an exit file cannot be read"));
    let record = read.ok()??;
    let time: Timestamp = record.time.parse().unwrap_or_else(|_| Timestamp::now());
    let nanoseconds = u32::try_from(time.nanoseconds().rem_euclid(1_000_000_000)).unwrap_or_default();
    Some(Exit { code: record.code, signal: record.signal, seconds: time.seconds(), nanoseconds })
}
