//! `delete`: removes what has stopped.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use knarr_cgroups::Cgroup;
use knarr_spec::Status;

use crate::arguments::{Global, Words};
use crate::record::Record;
use crate::{Error, Result, hooks};

/// Removes a container's processes, cgroup and record. One that still runs is refused, or with `force` killed. Every
/// part is tried; all that failed is told together.
pub fn delete(root: &Path, id: &str, force: bool) -> Result<()> {
    let record = match Record::read(root, id) {
        // A folder without a record: its maker was killed before there was a process.
        Err(Error::NotFound(_)) if Record::folder(root, id)?.is_dir() => return remove_folder(root, id),
        // Forced: it is to be gone, and is.
        Err(Error::NotFound(_)) if force => return Ok(()),
        other => other?,
    };
    let status = record.status(root)?;
    if status != Status::Stopped && status != Status::Created && !force {
        return Err(Error::Status { operation: "delete", id: id.to_owned(), status });
    }
    let spec = record.spec(root);
    let parts = [remove_cgroup(&record), remove_folder(root, id)];
    let reasons: Vec<String> = parts.into_iter().filter_map(Result::err).map(|error| error.full()).collect();
    if !reasons.is_empty() {
        return Err(Error::Remove { id: id.to_owned(), reasons: reasons.join("; ") });
    }
    match spec?.hooks {
        Some(list) => hooks::run("poststop", &list.poststop, &record.state(Status::Stopped)),
        None => Ok(()),
    }
}

fn remove_cgroup(record: &Record) -> Result<()> {
    let cgroup = match Cgroup::open(&record.cgroup) {
        Err(knarr_cgroups::Error::NotFound(_)) => return Ok(()),
        other => other?,
    };
    cgroup.kill_all()?;
    Ok(cgroup.delete()?)
}

fn remove_folder(root: &Path, id: &str) -> Result<()> {
    let folder = Record::folder(root, id)?;
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder.display().to_string(), e)),
        _ => Ok(()),
    }
}

/// The command.
pub fn main(global: &Global, words: &[String]) -> Result<i32> {
    let words = Words::read(words, &[("force", b'f', false)])?;
    delete(&global.root, words.id()?, words.has("force"))?;
    Ok(0)
}
