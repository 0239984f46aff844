//! Taking a run down again.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{bundle, cgroup_path};
use crate::Engine;
use crate::containers::Record;

/// Gives addresses and ports back, lets go of volumes, and says whether the end was an OOM kill. Before anybody is told of the end,
/// so that a published port is free when `stop` returns.
pub(crate) fn release(engine: &Engine, record: &Record) -> bool {
    let oom_killed = knarr_cgroups::Cgroup::open(&cgroup_path(&engine.config, record))
        .and_then(|cgroup| cgroup.oom_kills())
        .is_ok_and(|kills| kills > 0);
    let networks = engine.networks();
    if let Err(error) = networks.and_then(|networks| Ok(networks.release(&record.id)?)) {
        tracing::warn!(container.id = %record.id, error = %error.full(), "cannot release addresses");
    }
    oom_killed
}

/// Removes what a run left in the kernel and in the run root: processes, cgroup, runtime state, bundle, the shim's folder. Goes on
/// over failures, and does nothing where nothing is left.
pub(crate) fn clean(engine: &Engine, record: &Record) {
    let warn = |what: &str, error: &dyn std::fmt::Display| {
        tracing::warn!(container.id = %record.id, %error, "cannot remove {what}");
    };
    let state = engine.roots.exec("runtime");
    if state.join(record.id.as_str()).exists()
        && let Err(error) = knarr_runtime::delete(&state, record.id.as_str(), true)
    {
        warn("the runtime's state", &error);
    }
    if let Err(error) = remove_cgroup(&cgroup_path(&engine.config, record)) {
        warn("the cgroup", &error);
    }
    for dir in [bundle::dir(engine, record), engine.roots.exec("shims").join(record.id.as_str())] {
        if let Err(error) = remove_tree(&dir) {
            warn("a folder of the run root", &error);
        }
    }
}

/// A runtime that was killed half-way has made a cgroup and written no state.
fn remove_cgroup(path: &str) -> knarr_cgroups::Result<()> {
    match knarr_cgroups::Cgroup::open(path) {
        Ok(cgroup) => {
            cgroup.kill_all()?;
            cgroup.delete()
        }
        Err(knarr_cgroups::Error::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a folder of ours; nothing there is fine.
pub(crate) fn remove_tree(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
