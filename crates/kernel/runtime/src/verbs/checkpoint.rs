//! `checkpoint` and `restore`: known, and refused.

use crate::verbs::Verb;
use crate::{Error, Result};

/// The command `checkpoint`.
pub const CHECKPOINT: Verb = Verb {
    name: "checkpoint",
    operands: "CONTAINER",
    about: "not supported: a container's processes cannot be saved",
    flags: &[],
    run: |_, _| refuse("checkpoint"),
};

/// The command `restore`.
pub const RESTORE: Verb = Verb {
    name: "restore",
    operands: "CONTAINER",
    about: "not supported: a container's processes cannot be brought back",
    flags: &[],
    run: |_, _| refuse("restore"),
};

fn refuse(verb: &str) -> Result<i32> {
    Err(Error::Usage(format!("{verb} is not supported: this runtime does not save and restore processes")))
}
