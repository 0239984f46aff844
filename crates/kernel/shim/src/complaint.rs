//! What the shim itself could not do, said where the daemon looks for the runtime's errors: `runtime.log`.

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::place::write_all;
use crate::text::Text;
use crate::time::rfc3339;

/// Adds a line to the log in `folder`, in the form of the runtime's own.
pub fn write(folder: &OwnedFd, what: &[u8], errno: Errno) {
    let mut line = Text::<256>::of(&[b"{\"level\":\"error\",\"msg\":\"shim: ", what, b": errno "]);
    line.put_number(errno.raw_os_error().max(0) as u64, 1);
    let (seconds, nanoseconds) = knarr_sys::program::now();
    for part in [&b"\",\"time\":\""[..], rfc3339(seconds, nanoseconds).bytes(), b"\"}\n"] {
        line.put(part);
    }
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    if let Ok(file) = rustix::fs::openat(folder, c"runtime.log", flags, Mode::from_raw_mode(0o600)) {
        // A complaint about a full disk may well not fit on it.
        let _nowhere_else_to_say_it = write_all(&file, line.bytes());
    }
}
