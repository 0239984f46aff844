//! How a process ended, and the durable record of it.

use core::ffi::CStr;

use knarr_sys::children::Ended;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::json;
use crate::place::{Place, write_all};
use crate::text::Text;
use crate::time::rfc3339;

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

    /// Writes the record so that it survives a power cut: temporary name, sync, rename, sync of the folder.
    pub fn record(&self, place: &Place, start_id: &CStr) -> Result<(), Errno> {
        let (name, temporary) = (place.name(b"")?, place.name(b".tmp")?);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::openat(&place.folder, temporary.bytes(), flags, Mode::from_raw_mode(0o600))?;
        let text = self.json(start_id);
        if !text.whole() {
            return Err(Errno::TOOBIG);
        }
        write_all(&file, text.bytes())?;
        rustix::fs::fsync(&file)?;
        knarr_sys::failpoint!("shim.exit-written");
        rustix::fs::renameat(&place.folder, temporary.bytes(), &place.folder, name.bytes())?;
        rustix::fs::fsync(&place.folder)
    }

    fn json(&self, start_id: &CStr) -> Text<1024> {
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
