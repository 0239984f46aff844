//! `state`.

use std::path::Path;

use knarr_spec::State;

use crate::Result;
use crate::record::Record;
use crate::verbs::{Verb, print};

/// The state of a container, as the specification has it.
pub fn state(root: &Path, id: &str) -> Result<State> {
    let record = Record::read(root, id)?;
    Ok(record.state(record.status(root)?))
}

/// The command.
pub const VERB: Verb = Verb {
    name: "state",
    operands: "CONTAINER",
    about: "print the state as the specification has it",
    flags: &[],
    run: |global, words| print(&state(&global.root, words.id()?)?),
};
