//! The other end of a terminal: a socket that a runtime sends it to.

use std::fs::File;
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use crate::process::LIMIT;

/// A socket for `--console-socket`, then the terminal.
#[derive(Debug)]
pub struct Console {
    listener: Option<UnixListener>,
    path: PathBuf,
    terminal: Option<File>,
}

impl Console {
    /// Listens below `folder`.
    pub fn listen(folder: &Path) -> Self {
        let path = folder.join("console");
        let _from_before = std::fs::remove_file(&path);
        Self { listener: Some(UnixListener::bind(&path).unwrap()), path, terminal: None }
    }

    /// A terminal's master end.
    pub fn of(terminal: File) -> Self {
        Self { listener: None, path: PathBuf::new(), terminal: Some(terminal) }
    }

    /// The socket.
    pub fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    /// The terminal; the runtime has sent it.
    pub fn terminal(&mut self) -> &mut File {
        if self.terminal.is_none() {
            let listener = self.listener.as_ref().expect("a socket");
            readable(listener, LIMIT);
            self.terminal = Some(receive(&listener.accept().unwrap().0).1.into());
        }
        self.terminal.as_mut().unwrap()
    }

    /// Reads until `end` was seen, or the terminal was closed.
    pub fn read_until(&mut self, end: &str) -> String {
        let terminal = self.terminal();
        let mut text = String::new();
        let mut buffer = [0u8; 1024];
        while !text.contains(end) {
            readable(&*terminal, LIMIT);
            match terminal.read(&mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(length) => text += &String::from_utf8_lossy(&buffer[..length]),
            }
        }
        text
    }

    /// Types.
    pub fn write(&mut self, text: &str) {
        self.terminal().write_all(text.as_bytes()).unwrap();
    }
}

fn readable(file: impl std::os::fd::AsFd, limit: Duration) {
    let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: 0 };
    let ready = poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&limit));
    assert!(ready.is_ok_and(|count| count > 0), "nothing came from the terminal");
}

/// What a peer sends, with the descriptor that comes along.
pub fn receive(stream: &UnixStream) -> (Vec<u8>, OwnedFd) {
    readable(stream, LIMIT);
    let mut bytes = [0u8; 8192];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(stream, &mut [IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC).unwrap();
    let descriptor = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    (bytes[..received.bytes].to_vec(), descriptor.expect("no descriptor came"))
}
