//! Where a process's terminal goes: to a socket that the caller named, or to the caller's own terminal, between which
//! and the process's everything is carried for as long as the process runs in the foreground.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::JoinHandle;

use knarr_spec::ConsoleSize;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{OptionalActions, Termios, Winsize, isatty, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

use crate::packets::receive_with;
use crate::{Error, Result};

/// Where the master of a process's terminal is sent.
#[derive(Debug)]
pub enum Console {
    /// Nowhere: the process must not have a terminal.
    Nowhere,
    /// To a socket of the caller's.
    Socket(PathBuf),
    /// To this process, if there is a terminal at all.
    Here(OwnedFd),
}

impl Console {
    /// What is asked for: a socket, or else a foreground.
    pub fn asked(socket: Option<&str>, detach: bool) -> Result<(Self, Option<OwnedFd>)> {
        match socket {
            Some(path) => Ok((Self::Socket(path.into()), None)),
            None if detach => Ok((Self::Nowhere, None)),
            None => {
                let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                    .map_err(|e| Error::io("make", "a socket pair", e))?;
                Ok((Self::Here(theirs), Some(ours)))
            }
        }
    }

    /// Refuses what does not fit a process with or without a terminal.
    pub fn check(&self, terminal: bool) -> Result<()> {
        match (terminal, self) {
            (true, Self::Nowhere) => {
                Err(Error::Usage("a terminal in the background needs --console-socket".to_owned()))
            }
            (false, Self::Socket(_)) => {
                Err(Error::Usage("--console-socket is for processes with a terminal".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The terminal's size when the program starts: the one asked for, else that of the terminal it is shown on.
    pub fn first_size(&self, asked: Option<ConsoleSize>) -> Option<ConsoleSize> {
        let Self::Here(_) = self else { return asked };
        let shown = |size: Winsize| ConsoleSize { height: size.ws_row, width: size.ws_col };
        asked.or_else(|| tcgetwinsize(stdin()).ok().map(shown))
    }

    /// The socket for the child, where it has a terminal.
    pub fn open(&self, terminal: bool) -> Result<Option<OwnedFd>> {
        match self {
            Self::Socket(path) if terminal => UnixStream::connect(path)
                .map(|stream| Some(stream.into()))
                .map_err(|e| Error::io("connect to the console socket", path.display().to_string(), e)),
            Self::Here(socket) if terminal => {
                socket.try_clone().map(Some).map_err(|e| Error::io("copy", "a descriptor", e))
            }
            _ => Ok(None),
        }
    }
}

/// Carries bytes between the caller's standard streams and a process's terminal.
pub struct Relay {
    master: OwnedFd,
    /// Closed when the process has ended.
    running: OwnedFd,
    worker: JoinHandle<()>,
    /// The caller's terminal as it was before.
    before: Option<Termios>,
}

impl Relay {
    /// Takes the master from the socket that the child sent it to, and begins.
    pub fn start(socket: &OwnedFd) -> Result<Self> {
        let fault = |e: Errno| Error::io("take over", "the terminal", e);
        let (_, files) = receive_with(socket, &mut [0; 64]).map_err(fault)?;
        let master = files.into_iter().next().ok_or_else(|| fault(Errno::NOMSG))?;
        let before = isatty(stdin()).then(|| tcgetattr(stdin())).transpose().map_err(fault)?;
        if let Some(mut raw) = before.clone() {
            raw.make_raw();
            tcsetattr(stdin(), OptionalActions::Now, &raw).map_err(fault)?;
        }
        let (ended, running) = pipe_with(PipeFlags::CLOEXEC).map_err(fault)?;
        let copy = master.try_clone().map_err(|e| Error::io("copy", "a descriptor", e))?;
        let worker = std::thread::spawn(move || carry(copy.as_fd(), ended.as_fd()));
        Ok(Self { master, running, worker, before })
    }

    /// Gives the process's terminal the size of the caller's.
    pub fn resize(&self) {
        if let Ok(size) = tcgetwinsize(stdin()) {
            // A terminal that is being closed has no size any more.
            let _closed = tcsetwinsize(&self.master, size);
        }
    }

    /// Ends it: what the process has written is carried to its end, the caller's terminal is as it was.
    pub fn end(self) {
        drop(self.running);
        let _its_panic_was_printed = self.worker.join();
        if let Some(before) = self.before {
            let _closed = tcsetattr(stdin(), OptionalActions::Now, &before);
        }
    }
}

/// Standard input to the terminal and the terminal to standard output, until the terminal is closed, or `ended` is and
/// nothing is left to read.
fn carry(master: BorrowedFd<'_>, ended: BorrowedFd<'_>) {
    let mut input = true;
    loop {
        let events = |wanted: bool| if wanted { PollFlags::IN } else { PollFlags::empty() };
        let mut fds = [
            PollFd::from_borrowed_fd(master, PollFlags::IN),
            PollFd::from_borrowed_fd(ended, PollFlags::empty()),
            PollFd::from_borrowed_fd(stdin(), events(input)),
        ];
        if rustix::io::retry_on_intr(|| poll(&mut fds, None::<&Timespec>)).is_err() {
            return;
        }
        let ready = fds.map(|fd| !fd.revents().is_empty());
        let moved = ready[0] && copy(master, stdout());
        if (ready[0] || ready[1]) && !moved {
            return;
        }
        if input && ready[2] {
            input = copy(stdin(), master);
        }
    }
}

/// Moves what can be read at once; whether there was something, and all of it arrived.
fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> bool {
    let mut buffer = [0u8; 4096];
    let length = rustix::io::retry_on_intr(|| rustix::io::read(from, &mut buffer)).unwrap_or(0);
    let mut rest = &buffer[..length];
    while !rest.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(to, rest)) {
            Ok(written) => rest = &rest[written..],
            Err(_) => return false,
        }
    }
    length > 0
}
