//! How a process ended, and the durable record of it.
//!
//! ```text
//! start: exit.json.tmp, a block of zeros       end: the record into it, sync, rename to exit.json, sync of the folder
//! ```

use core::ffi::CStr;

use knarr_sys::children::Ended;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FallocateFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::json;
use crate::place::{Place, write_all};
use crate::text::Text;
use crate::time::rfc3339;

/// The most bytes of a record.
const MOST: usize = 1024;
/// What the name of a record has behind it that is none yet.
const UNFINISHED: &[u8] = b".tmp";

/// Where the end will be written down. Its room is taken at the start: a disk that is full by the end holds the record.
pub struct Record {
    place: Place,
    file: Option<OwnedFd>,
}

impl Record {
    /// At `path`, which must be absolute.
    pub fn reserve(path: &CStr) -> Result<Self, Errno> {
        let mut record = Self { place: Place::open(path)?, file: None };
        // A disk that is full now may have room at the end.
        let _tried_again_at_the_end = record.open();
        Ok(record)
    }

    fn open(&mut self) -> Result<(), Errno> {
        let name = self.place.name(UNFINISHED)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::openat(&self.place.folder, name.bytes(), flags, Mode::from_raw_mode(0o600))?;
        match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, MOST as u64) {
            Err(Errno::OPNOTSUPP) => rustix::io::pwrite(&file, &[0; MOST], 0).map(drop)?,
            result => result?,
        }
        self.file = Some(file);
        Ok(())
    }

    /// Writes the end so that it survives a power cut: into the reserved room, sync, rename, sync of the folder.
    pub fn write(&mut self, exit: &Exit, start_id: &CStr) -> Result<(), Errno> {
        if self.file.is_none() {
            self.open()?;
        }
        let text = exit.json(start_id);
        let file = self.file.take().filter(|_| text.whole()).ok_or(Errno::TOOBIG)?;
        write_all(&file, text.bytes())?;
        rustix::fs::ftruncate(&file, text.bytes().len() as u64)?;
        rustix::fs::fsync(&file)?;
        knarr_sys::failpoint!("shim.exit-written");
        let (from, to) = (self.place.name(UNFINISHED)?, self.place.name(b"")?);
        rustix::fs::renameat(&self.place.folder, from.bytes(), &self.place.folder, to.bytes())?;
        rustix::fs::fsync(&self.place.folder)
    }

    /// Gives the room back of which nothing came.
    pub fn give_up(&self) {
        if let (Some(_), Ok(name)) = (&self.file, self.place.name(UNFINISHED)) {
            let _gone_already = rustix::fs::unlinkat(&self.place.folder, name.bytes(), AtFlags::empty());
        }
    }
}

/// The end of a process.
#[derive(Clone, Copy)]
pub struct Exit {
    /// Its code; 128 + n after signal n.
    pub code: i32,
    /// The signal that killed it, or 0.
    pub signal: u32,
    /// When it was seen, in seconds since 1970.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u32,
}

impl Exit {
    /// Of a child that has just been seen dead.
    pub fn of(ended: &Ended) -> Self {
        let (seconds, nanoseconds) = knarr_sys::program::now();
        let signal = ended.signal.unwrap_or(0);
        let code = ended.code.unwrap_or(128 + signal);
        Self { code, signal: signal as u32, seconds, nanoseconds }
    }

    fn json(&self, start_id: &CStr) -> Text<MOST> {
        let mut text = Text::of(&[b"{\"start_id\":\""]);
        json::escape(start_id.to_bytes(), |part| text.put(part));
        text.put(b"\",\"code\":");
        text.put_number(self.code.max(0) as u64, 1);
        text.put(b",\"signal\":");
        text.put_number(self.signal.into(), 1);
        text.put(b",\"time\":\"");
        text.put(rfc3339(self.seconds, self.nanoseconds).bytes());
        text.put(b"\"}\n");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_one_line() {
        let exit = Exit { code: 137, signal: 9, seconds: 0, nanoseconds: 7 };
        let expected =
            "{\"start_id\":\"a\\\"b\",\"code\":137,\"signal\":9,\"time\":\"1970-01-01T00:00:00.000000007Z\"}\n";
        assert_eq!(core::str::from_utf8(exit.json(c"a\"b").bytes()).unwrap(), expected);
    }
}
