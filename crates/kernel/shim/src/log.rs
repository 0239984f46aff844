//! The container's log, rotated by size: Docker's json-file, one object a line, or the compact form of `local`.
//!
//! ```text
//! json-file   {"log":"hello\n","stream":"stdout","time":"2026-11-22T13:30:00.000000001Z"}
//! local       length u32 · stream u8 (1 output, 2 error) · seconds i64 · nanoseconds u32 · the line as it came
//! ```
//! Numbers are little-endian; the length is that of what follows it.
//!
//! A disk that is full never stops the container: what cannot be written is dropped by whole records.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::json;
use crate::place::{Place, write_all};
use crate::text::Text;
use crate::time::Stamp;

/// Bytes that are gathered before they are written.
pub const BUFFER: usize = 8 * 1024;

/// How records are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Docker's json-file.
    JsonFile,
    /// Records with a length.
    Local,
}

/// Where a record came from.
#[derive(Clone, Copy)]
pub enum Stream {
    /// The standard output, or the terminal.
    Output = 1,
    /// The standard error.
    Error = 2,
}

/// An open log.
pub struct Log {
    place: Place,
    form: Form,
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
    /// End of the last whole record in the buffer.
    ended: usize,
    /// Whether the rest of the present record is dropped, its beginning being lost.
    dropping: bool,
}

impl Log {
    /// Opens, or makes, the log at `place`.
    pub fn open(place: Place, form: Form, limit: u64, files: u64, buffer: &'static mut [u8]) -> Result<Self, Errno> {
        let mut log = Self {
            place,
            form,
            file: None,
            limit,
            files: files.max(1),
            buffer,
            used: 0,
            written: 0,
            whole: 0,
            ended: 0,
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
    pub fn record(&mut self, stream: Stream, line: &[u8], time: &Stamp) {
        self.dropping = false;
        if self.file.is_none() && self.reopen().is_err() {
            return;
        }
        if self.limit > 0 && self.written + self.used as u64 >= self.limit {
            self.rotate();
        }
        match self.form {
            Form::JsonFile => self.put_json(stream, line, time),
            Form::Local => self.put_frame(stream, line, time),
        }
        if self.used == 0 {
            // Its end was the buffer's.
            self.whole = self.written;
        }
        self.ended = self.used;
    }

    fn put_json(&mut self, stream: Stream, line: &[u8], time: &Stamp) {
        let name: &[u8] = if matches!(stream, Stream::Output) { b"stdout" } else { b"stderr" };
        self.put(b"{\"log\":\"");
        json::escape(line, |part| self.put(part));
        for part in [&b"\",\"stream\":\""[..], name, b"\",\"time\":\"", time.text.bytes(), b"\"}\n"] {
            self.put(part);
        }
    }

    fn put_frame(&mut self, stream: Stream, line: &[u8], time: &Stamp) {
        let (seconds, nanoseconds) = (time.seconds.to_le_bytes(), time.nanoseconds.to_le_bytes());
        let length = 1 + seconds.len() + nanoseconds.len() + line.len();
        for part in [&(length as u32).to_le_bytes()[..], &[stream as u8], &seconds, &nanoseconds, line] {
            self.put(part);
        }
    }

    /// Writes out what was gathered.
    pub fn flush(&mut self) {
        let Some(file) = self.file.as_ref().filter(|_| self.used > 0) else {
            (self.used, self.ended) = (0, 0);
            return;
        };
        let bytes = &self.buffer[..self.used];
        match write_all(file, bytes) {
            Ok(()) => {
                if self.ended > 0 {
                    self.whole = self.written + self.ended as u64;
                }
                self.written += bytes.len() as u64;
            }
            Err(_) => {
                // What cannot be cut off now is cut off by the next failure, or read over as a broken line.
                let _no_better_way = rustix::fs::ftruncate(file, self.whole);
                self.written = self.whole;
                self.dropping = self.ended < self.used;
            }
        }
        (self.used, self.ended) = (0, 0);
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
