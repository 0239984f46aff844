//! `pause` and `resume`.

use std::path::Path;

use knarr_spec::Status;

use crate::record::Record;
use crate::verbs::Verb;
use crate::{Error, Result};

/// Stops every process of a running container.
pub fn pause(root: &Path, id: &str) -> Result<()> {
    let record = expect(root, id, "pause", &[Status::Running, Status::Created])?;
    Ok(record.cgroup()?.freeze()?)
}

/// Lets a paused container go on.
pub fn resume(root: &Path, id: &str) -> Result<()> {
    let record = expect(root, id, "resume", &[Status::Paused])?;
    Ok(record.cgroup()?.thaw()?)
}

fn expect(root: &Path, id: &str, operation: &'static str, good: &[Status]) -> Result<Record> {
    let record = Record::read(root, id)?;
    let status = record.status(root)?;
    if good.contains(&status) { Ok(record) } else { Err(Error::Status { operation, id: id.to_owned(), status }) }
}

/// The command `pause`.
pub const PAUSE: Verb = Verb {
    name: "pause",
    operands: "CONTAINER",
    about: "stop all processes, until resumed",
    flags: &[],
    run: |global, words| pause(&global.root, words.id()?).map(|()| 0),
};

/// The command `resume`.
pub const RESUME: Verb = Verb {
    name: "resume",
    operands: "CONTAINER",
    about: "let all processes go on",
    flags: &[],
    run: |global, words| resume(&global.root, words.id()?).map(|()| 0),
};
