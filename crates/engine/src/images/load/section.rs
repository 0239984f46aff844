//! Files without a name, which hold what came over the wire for as long as it is worked on, and parts of them.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use knarr_model::{Fault, Result};
use rustix::fs::{Mode, OFlags};

/// A part of a nameless file. Clones read from its start.
#[derive(Debug)]
pub(super) struct Section {
    data: Arc<File>,
    offset: u64,
    size: u64,
    at: u64,
}

impl Section {
    /// A part of a file.
    pub(super) fn of(data: &Arc<File>, offset: u64, size: u64) -> Self {
        Self { data: Arc::clone(data), offset, size, at: 0 }
    }

    /// The same part, from its start.
    pub(super) fn again(&self) -> Self {
        Self::of(&self.data, self.offset, self.size)
    }

    /// Its bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.data.read_at(&mut buffer[..left], self.offset + self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// A file below `folder` that has no name and is gone when it is closed.
pub(super) fn nameless(folder: &Path) -> Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR);
    opened.map(File::from).map_err(|e| Fault::io(format!("keep the archive in {}", folder.display()), e.into()))
}
