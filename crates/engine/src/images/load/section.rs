//! Parts of files: of nameless ones, which hold what came over the wire for as long as it is worked on, and of a client's.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use knarr_layers::Compression;
use knarr_model::{Fault, Result};
use rustix::fs::{Mode, OFlags};

/// A part of a file. Clones read from its start.
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

    /// All of a file.
    pub(super) fn whole(file: File) -> Result<Self> {
        let size = file.metadata().map_err(|e| Fault::io("read the archive", e))?.len();
        Ok(Self::of(&Arc::new(file), 0, size))
    }

    /// The file of which it is a part.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.data)
    }

    /// How it is compressed.
    pub(super) fn compression(&self) -> Result<Compression> {
        let mut head = Vec::new();
        let read = self.again().take(6).read_to_end(&mut head);
        read.map_err(|e| Fault::io("read the archive", e))?;
        Ok(Compression::sniff(&head))
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

impl Seek for Section {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(distance) => self.size.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.at.checked_add_signed(distance),
        };
        // Unlike a file's, its end is known: what lies behind it is no place.
        self.at = place.filter(|place| *place <= self.size).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(self.at)
    }
}

/// A file below `folder` that has no name and is gone when it is closed.
pub(super) fn nameless(folder: &Path) -> Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let opened = rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR);
    opened.map(File::from).map_err(|e| Fault::io(format!("keep the archive in {}", folder.display()), e.into()))
}
