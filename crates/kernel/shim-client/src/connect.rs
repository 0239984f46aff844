//! Further connections.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::{Error, Result};

/// Connects to the shim in `dir`. The path goes through the opened folder, because a socket's path is at most 107
/// bytes long. A shim that has ended gives `NotFound` or `ConnectionRefused`: then the exit record tells the rest.
pub fn connect(dir: &Path) -> Result<UnixStream> {
    let failed = |source: std::io::Error| Error::io(format!("connect to the shim in {}", dir.display()), source);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(dir, flags, Mode::empty()).map_err(|e| failed(e.into()))?;
    UnixStream::connect(format!("/proc/self/fd/{}/sock", folder.as_raw_fd())).map_err(failed)
}
