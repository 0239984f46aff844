//! The socket over which the runtime hands out a terminal.

use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::{Error, Result};

const NAME: &str = "console.sock";

/// A socket in a folder of a process; gone when dropped.
pub struct ConsoleSocket {
    listener: UnixListener,
    folder: OwnedFd,
    path: PathBuf,
}

impl ConsoleSocket {
    /// Listens in `folder`.
    pub fn new(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let failed = |e: std::io::Error| Error::io("listen on", path.display().to_string(), e);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty()).map_err(|e| failed(e.into()))?;
        let listener = UnixListener::bind(address(&folder)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        Ok(Self { listener, folder, path })
    }

    /// A name for the socket that other processes can use, and that is short: a bundle's path alone may be longer than a
    /// socket's address can be.
    pub fn name(&self) -> String {
        address(&self.folder)
    }

    /// Takes the terminal that a runtime, which has ended by now, has sent.
    pub fn receive(&self) -> Result<OwnedFd> {
        let failed = |e: std::io::Error| Error::io("take the terminal from", self.path.display().to_string(), e);
        let (connection, _) = self.listener.accept().map_err(failed)?;
        let mut text = [0; 64];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        recvmsg(&connection, &mut [IoSliceMut::new(&mut text)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
            .map_err(|e| failed(e.into()))?;
        let sent = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        sent.ok_or_else(|| failed(std::io::ErrorKind::UnexpectedEof.into()))
    }
}

fn address(folder: &OwnedFd) -> String {
    format!("/proc/{}/fd/{}/{NAME}", std::process::id(), folder.as_raw_fd())
}

impl Drop for ConsoleSocket {
    fn drop(&mut self) {
        let _gone_with_its_bundle = std::fs::remove_file(&self.path);
    }
}
