//! What a build says while it works, and how the classic builder writes it.

use std::fmt;

use knarr_model::Digest;

use crate::solve::Cause;

/// Something that happened. Its `Display` is the text of Docker's classic builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A step begins.
    Step {
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        total: usize,
        /// The instruction.
        text: &'a str,
    },
    /// The base image has triggers.
    Triggers(usize),
    /// A trigger begins.
    Trigger(&'a str),
    /// The image behind the step.
    Image(&'a Digest),
    /// The step's result was kept from an earlier build.
    Cached,
    /// The step, which has a result of an earlier build, is carried out again, and why.
    NotCached(&'a Cause),
    /// A build container runs.
    Running(&'a str),
    /// What it wrote.
    Output(&'a [u8]),
    /// It is gone.
    Removed(&'a str),
    /// A remark.
    Warning(&'a str),
    /// The image is made.
    Built(&'a Digest),
    /// It has a name.
    Tagged(&'a str),
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { number, total, text } => writeln!(f, "Step {number}/{total} : {text}"),
            Self::Triggers(1) => writeln!(f, "# Executing 1 build trigger"),
            Self::Triggers(count) => writeln!(f, "# Executing {count} build triggers"),
            Self::Trigger(text) => writeln!(f, "Trigger : {text}"),
            Self::Image(id) => writeln!(f, " ---> {}", id.short()),
            Self::Cached => writeln!(f, " ---> Using cache"),
            Self::NotCached(cause) => writeln!(f, " ---> Not cached: {cause}"),
            Self::Running(container) => writeln!(f, " ---> Running in {container}"),
            Self::Output(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Self::Removed(container) => writeln!(f, " ---> Removed intermediate container {container}"),
            Self::Warning(text) => writeln!(f, "[Warning] {text}"),
            Self::Built(id) => writeln!(f, "Successfully built {}", id.short()),
            Self::Tagged(name) => writeln!(f, "Successfully tagged {name}"),
        }
    }
}
