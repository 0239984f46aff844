//! Room on the disk for the database, kept while there is some: on a full disk what is there can still be changed and removed.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// Bytes kept behind the end of a small database.
const LEAST: u64 = 1 << 20;

/// Blocks allocated in and behind the database's file, which others on the disk cannot take.
pub(crate) struct Reserve {
    file: File,
    state: Mutex<State>,
}

/// What was seen last.
#[derive(Default)]
struct State {
    /// The file's length.
    length: u64,
    /// Where the allocated blocks end.
    end: u64,
}

impl Reserve {
    /// For the database at `path`.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::options().read(true).write(true).open(path)?, state: Mutex::default() })
    }

    /// Makes room for the next growth: redb doubles a file that is too small, and writes at its end. False where the disk is full and what was
    /// kept is used up by half: then only what needs no more room should be written.
    pub(crate) fn fill(&self) -> io::Result<bool> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let length = self.file.metadata()?.len();
        if length < state.length {
            // Truncating gave back what was behind the end.
            state.end = state.end.min(length);
        }
        state.length = length;
        let room = length.max(LEAST);
        let missing = (length + room).saturating_sub(state.end);
        if missing == 0 {
            return Ok(true);
        }
        // Only what is missing: a file system that takes a failed call back would take the older room back too.
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, state.end, missing) {
            Err(Errno::NOSPC | Errno::DQUOT) => Ok(state.end >= length + room / 2),
            // A file system that cannot is not asked again before the file has grown.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => {
                state.end = length + room;
                Ok(true)
            }
            // The room is a help, not a condition.
            Err(_) => Ok(true),
        }
    }
}
