//! What a path of containerd's stands for.

use std::os::fd::OwnedFd;

use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat};

use crate::{Error, Result};

/// Where bytes go.
#[derive(Debug)]
pub enum Sink {
    /// A fifo, whose reader may come and go.
    Fifo(OwnedFd),
    /// A file, never full.
    File(OwnedFd),
    /// The input of a process of ours; when it reads no more, that is the end.
    Process(OwnedFd),
}

/// Opens a path or `file://` URI for output; none where it is empty.
pub fn sink(uri: &str) -> Result<Option<Sink>> {
    match uri.split_once("://") {
        _ if uri.is_empty() => Ok(None),
        None | Some(("fifo", _)) => fifo_or_file(uri.strip_prefix("fifo://").unwrap_or(uri)).map(Some),
        Some(("file", path)) => Ok(Some(Sink::File(file(path.split('?').next().unwrap_or(path))?))),
        Some((scheme, _)) => {
            Err(Error::Unsupported(format!("output to {scheme}:// is not supported: use a file:// URI")))
        }
    }
}

/// Opens a fifo for input, and its other end, which keeps the input from ending; none where the path is empty.
pub fn source(path: &str) -> Result<Option<(OwnedFd, OwnedFd)>> {
    if path.is_empty() {
        return Ok(None);
    }
    let read = open(path, OFlags::RDONLY | OFlags::NONBLOCK)?;
    let keep = open(path, OFlags::WRONLY | OFlags::NONBLOCK)?;
    Ok(Some((read, keep)))
}

fn fifo_or_file(path: &str) -> Result<Sink> {
    // Open for both directions a fifo waits for nobody; then the other descriptor has its reader.
    let both = match open(path, OFlags::RDWR | OFlags::NONBLOCK) {
        Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Sink::File(file(path)?));
        }
        other => other?,
    };
    let kind = fstat(&both).map_err(|e| Error::io("look at", path, e))?.st_mode;
    if FileType::from_raw_mode(kind) != FileType::Fifo {
        return Ok(Sink::File(file(path)?));
    }
    Ok(Sink::Fifo(open(path, OFlags::WRONLY | OFlags::NONBLOCK)?))
}

fn file(path: &str) -> Result<OwnedFd> {
    open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND)
}

/// `/dev/null`.
pub fn null() -> Result<OwnedFd> {
    open("/dev/null", OFlags::RDWR)
}

fn open(path: &str, flags: OFlags) -> Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NOCTTY;
    rustix::fs::open(path, flags, Mode::from_raw_mode(0o600)).map_err(|e| Error::io("open", path, e))
}

/// Makes reads and writes return at once.
pub fn set_nonblocking(fd: &OwnedFd) -> Result<()> {
    fcntl_getfl(fd)
        .and_then(|flags| fcntl_setfl(fd, flags | OFlags::NONBLOCK))
        .map_err(|e| Error::io("change", "a descriptor", e))
}
