//! `start`: lets the program of a created container begin.

use std::fs;

use knarr_spec::{Spec, Status};
use rustix::fs::{Mode, OFlags};

use crate::arguments::{Global, Words};
use crate::log::Log;
use crate::record::Record;
use crate::verbs::Verb;
use crate::{Error, Result, hooks};

/// The command.
pub const VERB: Verb = Verb {
    name: "start",
    operands: "CONTAINER",
    about: "let the program of a created container begin",
    flags: &[],
    run: main,
};

fn main(global: &Global, words: &Words) -> Result<i32> {
    let id = words.id()?;
    let record = Record::read(&global.root, id)?;
    let status = record.status(&global.root)?;
    if status != Status::Created {
        return Err(Error::Status { operation: "start", id: id.to_owned(), status });
    }
    let path = Record::folder(&global.root, id)?.join("exec.fifo");
    let fault = |e: rustix::io::Errno| Error::io("write to", path.display().to_string(), e);
    // Not blocking: without a reader there is nothing to start.
    let fifo = rustix::fs::open(&path, OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty());
    rustix::io::write(&fifo.map_err(fault)?, b"s").map_err(fault)?;
    fs::remove_file(&path).map_err(|e| Error::io("remove", path.display().to_string(), e))?;
    after(&record.spec(&global.root)?, &record, &global.log);
    Ok(0)
}

/// What follows the program's start.
pub fn after(spec: &Spec, record: &Record, log: &Log) {
    if let Some(list) = &spec.hooks {
        hooks::run_all("poststart", &list.poststart, &record.state(Status::Running), log);
    }
}
