//! The way of the clients' input to the process.

use rustix::fd::OwnedFd;
use rustix::io::Errno;

/// Bytes on their way.
pub const BUFFER: usize = 16 * 1024;

/// The process's standard input.
pub struct Stdin<'b> {
    state: State,
    buffer: &'b mut [u8],
    from: usize,
    to: usize,
    ending: bool,
}

enum State {
    /// There is no process yet.
    Waiting,
    Open(OwnedFd),
    /// Nobody reads: what comes is thrown away.
    Closed,
}

impl<'b> Stdin<'b> {
    /// Before the process is there.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { state: State::Waiting, buffer, from: 0, to: 0, ending: false }
    }

    /// The process reads from `fd` (which is in non-blocking mode), or from nothing.
    pub fn open(&mut self, fd: Option<OwnedFd>) {
        self.state = match fd {
            Some(fd) if !self.ending => State::Open(fd),
            _ => State::Closed,
        };
    }

    /// Whether [`Stdin::take`] may be called: nothing is on its way.
    pub fn is_ready(&self) -> bool {
        self.from == self.to && !matches!(self.state, State::Waiting)
    }

    /// Takes at most `most` bytes from what `read` puts into the buffer, and gives how many.
    pub fn take(&mut self, most: usize, read: impl FnOnce(&mut [u8]) -> Result<usize, Errno>) -> Result<usize, Errno> {
        let room = most.min(self.buffer.len());
        let taken = read(&mut self.buffer[..room])?;
        (self.from, self.to) = (0, taken);
        self.flush();
        Ok(taken)
    }

    /// The descriptor to wait for, while something is on its way.
    pub fn blocked_on(&self) -> Option<&OwnedFd> {
        match &self.state {
            State::Open(fd) if self.from < self.to => Some(fd),
            _ => None,
        }
    }

    /// Passes on what the process takes now.
    pub fn flush(&mut self) {
        while self.from < self.to {
            let State::Open(fd) = &self.state else {
                self.from = self.to;
                break;
            };
            match rustix::io::write(fd, &self.buffer[self.from..self.to]) {
                Ok(written) => self.from += written,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_nobody_reads) => self.state = State::Closed,
            }
        }
        if self.ending {
            self.close();
        }
    }

    /// Closes it as soon as all has been passed on.
    pub fn end(&mut self) {
        self.ending = true;
        if self.from == self.to {
            self.close();
        }
    }

    fn close(&mut self) {
        if !matches!(self.state, State::Waiting) {
            self.state = State::Closed;
        }
    }
}
