//! Standard input, output and error: between a process and the fifos of containerd's client.
//!
//! ```text
//! containerd's fifo stdin  ──Flow──▶ pipe or terminal ──▶ process ──▶ pipe or terminal ──Flow──▶ fifo stdout, stderr
//! ```
//!
//! Invariants: nothing here waits; what a process wrote before its end is handed on before the end is told; a reader
//! that has gone away is waited for a while and then done without.

mod console;
mod flow;
mod open;

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::termios::{Winsize, tcsetwinsize};

pub use console::ConsoleSocket;
use flow::Flow;
pub use open::Sink;

use crate::poll::Poll;
use crate::{Error, Result, locked};

/// What containerd asks for: paths, empty where there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Where input comes from.
    pub stdin: String,
    /// Where output goes.
    pub stdout: String,
    /// Where error output goes; not with a terminal.
    pub stderr: String,
    /// Whether the process has a terminal.
    pub terminal: bool,
}

/// Who owns the pipes, so that a process in a user namespace can open them again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// The streams of one process.
#[derive(Default)]
pub struct Streams {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// While it is open, input does not end, whoever comes and goes.
    stdin: Option<OwnedFd>,
    terminal: Option<OwnedFd>,
    input: Option<Arc<Flow>>,
    outputs: Vec<Arc<Flow>>,
}

/// The process's side of its streams.
pub struct Ends(pub [OwnedFd; 3]);

/// Both sides, before the process is there.
pub struct Prepared {
    /// For the runtime.
    pub ends: Ends,
    streams: Vec<(OwnedFd, Sink, Direction)>,
    stdin: Option<OwnedFd>,
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    In,
    Out,
}

impl Prepared {
    /// Opens what the paths name, and makes the pipes; with a terminal the process's side is `/dev/null` until it has it.
    pub fn new(paths: &Paths, owner: Owner) -> Result<Self> {
        let null = || open::null();
        let mut prepared = Self { ends: Ends([null()?, null()?, null()?]), streams: Vec::new(), stdin: None };
        if paths.terminal {
            return Ok(prepared);
        }
        if let Some((source, keep)) = open::source(&paths.stdin)? {
            let (theirs, ours) = pipe(owner)?;
            open::set_nonblocking(&ours)?;
            prepared.ends.0[0] = theirs;
            prepared.stdin = Some(keep);
            prepared.streams.push((source, Sink::Process(ours), Direction::In));
        }
        for (number, path) in [(1, &paths.stdout), (2, &paths.stderr)] {
            let Some(sink) = open::sink(path)? else { continue };
            let (ours, theirs) = pipe(owner)?;
            open::set_nonblocking(&ours)?;
            prepared.ends.0[number] = theirs;
            prepared.streams.push((ours, sink, Direction::Out));
        }
        Ok(prepared)
    }

    /// Begins to hand on; to be called when the process's side is closed here.
    pub fn begin(self, poll: &Poll) -> Result<Streams> {
        let mut open = Open { stdin: self.stdin, ..Open::default() };
        for (source, sink, direction) in self.streams {
            let flow = Flow::begin(poll, source, sink)?;
            match direction {
                Direction::In => open.input = Some(flow),
                Direction::Out => open.outputs.push(flow),
            }
        }
        Ok(Streams { open: Mutex::new(open) })
    }
}

impl Streams {
    /// Begins to hand on between a terminal and what the paths name.
    pub fn of_terminal(poll: &Poll, paths: &Paths, terminal: OwnedFd) -> Result<Self> {
        open::set_nonblocking(&terminal)?;
        let copy = || terminal.try_clone().map_err(|e| Error::io("copy", "the terminal's descriptor", e));
        let mut open = Open::default();
        if let Some((source, keep)) = open::source(&paths.stdin)? {
            open.input = Some(Flow::begin(poll, source, Sink::Process(copy()?))?);
            open.stdin = Some(keep);
        }
        // Without a reader the terminal is read all the same: its process must not wait for ever.
        let sink = open::sink(&paths.stdout)?.unwrap_or(Sink::File(open::null()?));
        open.outputs.push(Flow::begin(poll, copy()?, sink)?);
        open.terminal = Some(terminal);
        Ok(Self { open: Mutex::new(open) })
    }

    /// Lets input end when its writers have gone.
    pub fn close_stdin(&self) {
        locked(&self.open).stdin = None;
    }

    /// Changes the terminal's size; without a terminal there is nothing to change.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<()> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        match &locked(&self.open).terminal {
            Some(terminal) => tcsetwinsize(terminal, size).map_err(|e| Error::io("resize", "the terminal", e)),
            None => Ok(()),
        }
    }

    /// Hands on what is there; false where a reader has not taken all of it yet. In the loop's thread only.
    pub fn drain(&self, poll: &Poll) -> bool {
        let outputs = locked(&self.open).outputs.clone();
        // All of them, whatever the first comes to.
        outputs.iter().filter(|flow| !flow.drain(poll)).count() == 0
    }

    /// Ends the input and lets the terminal go. Output that is under way goes on to its end.
    pub fn close(&self, poll: &Poll) {
        let open = std::mem::take(&mut *locked(&self.open));
        if let Some(input) = open.input {
            input.end(poll);
        }
    }
}

/// Waits, at most until `limit`, for output that somebody still reads; in the loop's thread.
pub fn finish(poll: &Poll, limit: Instant) {
    while Flow::any() && Instant::now() < limit {
        if poll.turn(Some(limit)).is_err() {
            return;
        }
    }
}

/// A pipe: what is read from, what is written to.
fn pipe(owner: Owner) -> Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC).map_err(|e| Error::io("make", "a pipe", e))?;
    if owner.uid != 0 || owner.gid != 0 {
        let (uid, gid) = (rustix::fs::Uid::from_raw(owner.uid), rustix::fs::Gid::from_raw(owner.gid));
        for end in [&read, &write] {
            rustix::fs::fchown(end, Some(uid), Some(gid)).map_err(|e| Error::io("hand over", "a pipe", e))?;
        }
    }
    Ok((read, write))
}
