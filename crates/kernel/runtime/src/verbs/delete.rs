//! `delete`: removes what has stopped.

use std::fs;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::path::Path;

use knarr_spec::{Spec, Status};
use knarr_sys::signals;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::Signal;

use crate::arguments::{Flag, Global, Words};
use crate::intel_rdt::Class;
use crate::log::Log;
use crate::record::Record;
use crate::verbs::Verb;
use crate::{Error, Result, hooks, scope};

/// Removes a container's processes, cgroup and record. One that still runs is refused, or with `force` killed. Every
/// part is tried; all that failed is told together.
pub fn delete(root: &Path, id: &str, force: bool) -> Result<()> {
    remove(root, id, force, &Log::default())
}

/// [`delete`]; hooks that fail are told in `log`.
pub fn remove(root: &Path, id: &str, force: bool, log: &Log) -> Result<()> {
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
    take_away(root, &record, spec.as_ref().ok())?;
    tell(&record, &spec?, log);
    Ok(())
}

/// Removes a container whose end has just been seen; where somebody else has done so, perhaps made another of its name,
/// that one is not ours.
pub fn remove_ended(root: &Path, record: &Record, spec: &Spec, log: &Log) -> Result<()> {
    if Record::read(root, &record.id).is_ok_and(|now| now != *record) {
        return Ok(());
    }
    take_away(root, record, Some(spec))?;
    tell(record, spec, log);
    Ok(())
}

fn take_away(root: &Path, record: &Record, spec: Option<&Spec>) -> Result<()> {
    let parts = [end_first(record), remove_cgroup(record), leave_class(record, spec), remove_folder(root, &record.id)];
    let reasons: Vec<String> = parts.into_iter().filter_map(Result::err).map(|error| error.full()).collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Error::Remove { id: record.id.clone(), reasons: reasons.join("; ") })
}

fn tell(record: &Record, spec: &Spec, log: &Log) {
    if let Some(list) = &spec.hooks {
        hooks::run_all("poststop", &list.poststop, &record.state(Status::Stopped), log);
    }
}

/// Without a cgroup there is only the first process; with it those in its PID namespace end.
fn end_first(record: &Record) -> Result<()> {
    match record.process()? {
        Some(process) if record.cgroup.is_empty() => {
            signals::send_to(process.as_fd(), Signal::KILL.as_raw())
                .and_then(|()| poll(&mut [PollFd::new(&process, PollFlags::IN)], None).map_err(Into::into))
                .map_err(|e| Error::io("end", &record.id, e))?;
            Ok(())
        }
        _ => Ok(()),
    }
}

fn remove_cgroup(record: &Record) -> Result<()> {
    let cgroup = match record.cgroup() {
        Err(Error::Cgroup(knarr_cgroups::Error::NotFound(_)) | Error::NoCgroup(_)) => None,
        other => Some(other?),
    };
    if let Some(cgroup) = &cgroup {
        cgroup.kill_all()?;
    }
    if !record.scope.is_empty() {
        scope::stop(&record.scope)?;
    }
    Ok(cgroup.map_or(Ok(()), |cgroup| cgroup.delete())?)
}

fn leave_class(record: &Record, spec: Option<&Spec>) -> Result<()> {
    let linux = spec.and_then(|spec| spec.linux.as_ref());
    match Class::of(&record.id, linux.and_then(|linux| linux.intel_rdt.as_ref())) {
        Ok(Some(class)) => class.leave(),
        // Without resctrl there is no class any more.
        Ok(None) | Err(_) => Ok(()),
    }
}

fn remove_folder(root: &Path, id: &str) -> Result<()> {
    let folder = Record::folder(root, id)?;
    match fs::remove_dir_all(&folder) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(Error::io("remove", folder.display().to_string(), e)),
        _ => Ok(()),
    }
}

/// The command.
pub const VERB: Verb = Verb {
    name: "delete",
    operands: "CONTAINER",
    about: "remove what a stopped container has left",
    flags: &[Flag::switch("force", b'f', "end it first if it runs; no error if it is gone")],
    run: main,
};

fn main(global: &Global, words: &Words) -> Result<i32> {
    remove(&global.root, words.id()?, words.has("force"), &global.log)?;
    Ok(0)
}
