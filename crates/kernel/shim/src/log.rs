//! The container's log: Docker's json-file, one object a line, rotated by size.
//!
//! ```text
//! {"log":"hello\n","stream":"stdout","time":"2026-11-22T13:30:00.000000001Z"}
//! ```
//! A disk that is full never stops the container: what cannot be written is dropped by whole records.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::json;
use crate::place::{Place, write_all};
use crate::text::Text;

/// Bytes that are gathered before they are written.
pub const BUFFER: usize = 8 * 1024;

/// An open log.
pub struct Log {
    place: Place,
    /// None after it could not be opened; tried again with the next record.
    file: Option<OwnedFd>,
    /// Bytes at which a new file is begun; 0 is never.
    limit: u64,
    /// Files that are kept, the present one included.
    files: u64,
    buffer: &'static mut [u8],
    used: usize,
    /// Bytes of the file, without the buffer.
    written: u64,
    /// End of the last whole record in the file.
    whole: u64,
    /// Whether the buffer's end is the end of a record.
    at_boundary: bool,
    /// Whether the rest of the present record is dropped, its beginning being lost.
    dropping: bool,
}

impl Log {
    /// Opens, or makes, the log at `place`.
    pub fn open(place: Place, limit: u64, files: u64, buffer: &'static mut [u8]) -> Result<Self, Errno> {
        let mut log = Self {
            place,
            file: None,
            limit,
            files: files.max(1),
            buffer,
            used: 0,
            written: 0,
            whole: 0,
            at_boundary: true,
            dropping: false,
        };
        log.reopen()?;
        Ok(log)
    }

    /// Opens the file by its name again (after somebody has moved it away).
    pub fn reopen(&mut self) -> Result<(), Errno> {
        self.flush();
        self.file = None;
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let name = self.place.name(b"")?;
        let file = rustix::fs::openat(&self.place.folder, name.bytes(), flags, Mode::from_raw_mode(0o640))?;
        self.written = rustix::fs::fstat(&file)?.st_size.max(0) as u64;
        self.whole = self.written;
        self.file = Some(file);
        Ok(())
    }

    /// Adds a record; [`Log::flush`] makes it visible.
    pub fn record(&mut self, stream: &[u8], line: &[u8], time: &[u8]) {
        self.dropping = false;
        if self.file.is_none() && self.reopen().is_err() {
            return;
        }
        if self.limit > 0 && self.written + self.used as u64 >= self.limit {
            self.rotate();
        }
        self.at_boundary = false;
        self.put(b"{\"log\":\"");
        json::escape(line, |part| self.put(part));
        for part in [&b"\",\"stream\":\""[..], stream, b"\",\"time\":\"", time, b"\"}\n"] {
            self.put(part);
        }
        self.at_boundary = true;
    }

    /// Writes out what was gathered.
    pub fn flush(&mut self) {
        let Some(file) = self.file.as_ref().filter(|_| self.used > 0) else {
            self.used = 0;
            return;
        };
        let bytes = &self.buffer[..self.used];
        match write_all(file, bytes) {
            Ok(()) => {
                let end = if self.at_boundary {
                    Some(bytes.len())
                } else {
                    bytes.iter().rposition(|b| *b == b'\n').map(|at| at + 1)
                };
                self.whole = end.map_or(self.whole, |end| self.written + end as u64);
                self.written += bytes.len() as u64;
            }
            Err(_) => {
                // What cannot be cut off now is cut off by the next failure, or read over as a broken line.
                let _no_better_way = rustix::fs::ftruncate(file, self.whole);
                self.written = self.whole;
                self.dropping = !self.at_boundary;
            }
        }
        self.used = 0;
    }

    fn put(&mut self, mut part: &[u8]) {
        while !part.is_empty() && !self.dropping {
            let taken = part.len().min(self.buffer.len() - self.used);
            self.buffer[self.used..self.used + taken].copy_from_slice(&part[..taken]);
            self.used += taken;
            part = &part[taken..];
            if self.used == self.buffer.len() {
                self.flush();
            }
        }
    }

    /// `log.1` → `log.2`, …, `log` → `log.1`, and a new `log`. With one file it is emptied instead.
    fn rotate(&mut self) {
        self.flush();
        if let Some(file) = self.file.as_ref().filter(|_| self.files == 1) {
            let _kept_growing = rustix::fs::ftruncate(file, 0);
        }
        for number in (1..self.files).rev() {
            let _first_times_there_is_none = self.rename(number - 1, number);
        }
        let _tried_again_with_the_next_record = self.reopen();
    }

    fn rename(&self, from: u64, to: u64) -> Result<(), Errno> {
        let name = |number: u64| {
            let mut suffix = Text::<24>::new();
            if number > 0 {
                suffix.put(b".");
                suffix.put_number(number, 1);
            }
            self.place.name(suffix.bytes())
        };
        rustix::fs::renameat(&self.place.folder, name(from)?.bytes(), &self.place.folder, name(to)?.bytes())
    }
}
