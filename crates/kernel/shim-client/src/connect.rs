//! Further connections.

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect as connect_to, socket_with};

use crate::{Error, Result};

/// Connects to the shim in `dir`. The path goes through the opened folder, because a socket's path is at most 107
/// bytes long. A shim that has ended gives `NotFound` or `ConnectionRefused`: then the exit record tells the rest. This
/// never waits: where too many are waiting already, which a stopped shim does not change, it is [`Error::Busy`].
pub fn connect(dir: &Path) -> Result<UnixStream> {
    let failed = |source: std::io::Error| Error::io(format!("connect to the shim in {}", dir.display()), source);
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::open(dir, flags, Mode::empty()).map_err(|e| failed(e.into()))?;
    let path =
        SocketAddrUnix::new(format!("/proc/self/fd/{}/sock", folder.as_raw_fd())).map_err(|e| failed(e.into()))?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(|e| failed(e.into()))?;
    connect_to(&socket, &path).map_err(|errno| match errno {
        Errno::AGAIN => Error::Busy(dir.display().to_string()),
        errno => failed(errno.into()),
    })?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false).map_err(failed)?;
    Ok(stream)
}
