//! Progress of long work, reported by rooms and rendered by doors.

/// Something that happened to one item (a layer, an image) of a long operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// `Pulling from library/debian`: a line about the whole operation, with the tag or id it concerns.
    Say {
        /// The item the line is about, often empty.
        id: &'a str,
        /// The line.
        text: &'a str,
    },
    /// The item was there already.
    Exists {
        /// Short id of the layer.
        id: &'a str,
    },
    /// The item waits, or moves from phase to phase (`Pulling fs layer`, `Verifying Checksum`, `Pull complete`, …).
    Phase {
        /// Short id of the layer.
        id: &'a str,
        /// Docker's word for the phase.
        text: &'a str,
    },
    /// Bytes done of a phase (`Downloading`, `Extracting`, `Pushing`).
    Bytes {
        /// Short id of the layer.
        id: &'a str,
        /// Docker's word for the phase.
        text: &'a str,
        /// Bytes so far.
        current: u64,
        /// All bytes, 0 where unknown.
        total: u64,
    },
}

/// Where progress goes. Implementations must not block: a slow reader loses steps, never delays the work.
pub trait Progress: Send + Sync {
    /// Takes one step.
    fn step(&self, step: Step<'_>);
}

/// Progress that nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn step(&self, _step: Step<'_>) {}
}
