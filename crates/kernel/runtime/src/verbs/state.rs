//! `state`.

use std::path::Path;

use knarr_spec::State;

use crate::Result;
use crate::arguments::{Global, Words};
use crate::record::Record;
use crate::verbs::print;

/// The state of a container, as the specification has it.
pub fn state(root: &Path, id: &str) -> Result<State> {
    let record = Record::read(root, id)?;
    Ok(record.state(record.status(root)?))
}

/// The command.
pub fn main(global: &Global, words: &[String]) -> Result<i32> {
    print(&state(&global.root, Words::read(words, &[])?.id()?)?)
}
