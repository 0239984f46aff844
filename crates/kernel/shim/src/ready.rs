//! Waiting: what is ready now.

use knarr_sys::program::monotonic;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use crate::shim::Shim;

/// The most clients at a time.
pub const CLIENTS: usize = 32;
const SOURCES: usize = CLIENTS + 6;

/// What poll(2) has told.
pub struct Ready {
    /// A child has ended.
    pub children: bool,
    /// Somebody connects.
    pub listener: bool,
    /// The runtime connects.
    pub console: bool,
    /// The process takes input again.
    pub stdin: bool,
    /// The process gives output, or has closed it: standard output (or the terminal) and error.
    pub streams: [bool; 2],
    /// Whether anything happened.
    pub any: bool,
    clients: [PollFlags; CLIENTS],
}

/// Who is waited for.
#[derive(Clone, Copy)]
enum Source {
    Children,
    Listener,
    Console,
    Stdin,
    Stream(usize),
    Client(usize),
}

impl Ready {
    /// Waits for anything that the shim can go on with, at most `timeout` milliseconds.
    pub fn wait(shim: &Shim<'_>, timeout: Option<i64>) -> Result<Self, Errno> {
        let mut waiting = Waiting::new(&shim.children);
        waiting.gather(shim);
        waiting.poll(timeout)?;
        Ok(waiting.result())
    }

    fn nothing() -> Self {
        Self {
            children: false,
            listener: false,
            console: false,
            stdin: false,
            streams: [false; 2],
            any: false,
            clients: [PollFlags::empty(); CLIENTS],
        }
    }

    /// Whether the client can be read, or has ended.
    pub fn readable(&self, client: usize) -> bool {
        self.clients[client].intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
    }

    /// Whether the client can be sent to.
    pub fn writable(&self, client: usize) -> bool {
        self.clients[client].contains(PollFlags::OUT)
    }

    /// Whether the client has closed both directions.
    pub fn hung_up(&self, client: usize) -> bool {
        self.clients[client].intersects(PollFlags::HUP | PollFlags::ERR)
    }
}

struct Waiting<'a> {
    fds: [PollFd<'a>; SOURCES],
    sources: [Source; SOURCES],
    length: usize,
}

impl<'a> Waiting<'a> {
    fn new(children: &'a OwnedFd) -> Self {
        let fds = core::array::from_fn(|_| PollFd::new(children, PollFlags::IN));
        Self { fds, sources: [Source::Children; SOURCES], length: 1 }
    }

    fn add(&mut self, source: Source, fd: &'a OwnedFd, flags: PollFlags) {
        self.fds[self.length] = PollFd::new(fd, flags);
        self.sources[self.length] = source;
        self.length += 1;
    }

    fn gather(&mut self, shim: &'a Shim<'_>) {
        if shim.clients.iter().any(|place| place.as_ref().is_none_or(|client| client.gone)) {
            self.add(Source::Listener, &shim.listener, PollFlags::IN);
        }
        if let Some(listener) = &shim.console_listener {
            self.add(Source::Console, listener, PollFlags::IN);
        }
        if let Some(fd) = shim.stdin.blocked_on() {
            self.add(Source::Stdin, fd, PollFlags::OUT);
        }
        for (index, stream) in shim.streams.iter().enumerate() {
            if let Some(stream) = stream.as_ref().filter(|_| shim.takes_output()) {
                self.add(Source::Stream(index), stream, PollFlags::IN);
            }
        }
        for (index, client) in shim.clients.iter().enumerate() {
            let Some(client) = client else { continue };
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, client.may_speak(&shim.stdin));
            flags.set(PollFlags::OUT, client.must_hear(&shim.output));
            // One that has hung up is always ready: it is asked only while it may be read.
            if !client.gone || flags.contains(PollFlags::IN) {
                self.add(Source::Client(index), &client.fd, flags);
            }
        }
    }

    fn poll(&mut self, timeout: Option<i64>) -> Result<(), Errno> {
        let end = timeout.map(|left| monotonic() + left);
        loop {
            let left = end.map(|end| (end - monotonic()).max(0));
            let left = left.map(|left| Timespec { tv_sec: left / 1000, tv_nsec: (left % 1000 * 1_000_000) as _ });
            match poll(&mut self.fds[..self.length], left.as_ref()) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn result(&self) -> Ready {
        let mut ready = Ready::nothing();
        for (fd, source) in self.fds[..self.length].iter().zip(self.sources) {
            let flags = fd.revents();
            let is_ready = !flags.is_empty();
            ready.any |= is_ready;
            match source {
                Source::Children => ready.children = is_ready,
                Source::Listener => ready.listener = is_ready,
                Source::Console => ready.console = is_ready,
                Source::Stdin => ready.stdin = is_ready,
                Source::Stream(index) => ready.streams[index] = is_ready,
                Source::Client(index) => ready.clients[index] = flags,
            }
        }
        ready
    }
}
