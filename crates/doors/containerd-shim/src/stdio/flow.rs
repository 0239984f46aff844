//! One direction of one stream.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::event::epoll::EventFlags;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};

use super::Sink;
use crate::poll::{Poll, Ready, Token};
use crate::{Result, locked, log};

/// How long a fifo may be without a reader before its bytes are dropped.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause before it is looked whether a reader is there again.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes moved at once: what a pipe holds.
const CHUNK: usize = 64 * 1024;
/// Bytes carried by hand at once.
const HANDFUL: usize = 16 * 1024;
/// Moves before others have their turn.
const TURN: usize = 16;

/// Flows that have not come to their end, and have a reader.
static OPEN: AtomicIsize = AtomicIsize::new(0);

/// Bytes on their way from a descriptor to a sink.
pub struct Flow {
    token: Token,
    /// None at the end.
    state: Mutex<Option<State>>,
}

struct State {
    source: OwnedFd,
    sink: Sink,
    /// Where the kernel cannot move bytes between the two by itself.
    by_hand: bool,
    /// Bytes that were read and could not be written yet.
    held: Vec<u8>,
    /// Since when the sink has no reader.
    alone: Option<Instant>,
}

/// What one move came to.
#[derive(Clone, Copy, PartialEq)]
enum Move {
    Moved,
    /// There is nothing more to read now.
    Empty,
    /// There is no more room now.
    Full,
    /// Nobody will read; perhaps later.
    Alone,
    /// The end.
    End,
}

impl Flow {
    /// Begins a flow; both descriptors do not block.
    pub fn begin(poll: &Poll, source: OwnedFd, sink: Sink) -> Result<Arc<Self>> {
        let state = State { source, sink, by_hand: false, held: Vec::new(), alone: None };
        OPEN.fetch_add(1, Ordering::Relaxed);
        let (token, flow) = poll.add(|token| Self { token, state: Mutex::new(Some(state)) });
        let armed = locked(&flow.state).as_ref().map_or(Ok(()), |state| poll.arm(&state.source, token, EventFlags::IN));
        armed.inspect_err(|_| flow.end(poll))?;
        Ok(flow)
    }

    /// Whether anybody reads what is under way.
    pub fn any() -> bool {
        OPEN.load(Ordering::Relaxed) > 0
    }

    /// Moves what is there; false where a reader has not taken all of it yet.
    pub fn drain(&self, poll: &Poll) -> bool {
        self.go_on(poll, usize::MAX) != Move::Full
    }

    fn go_on(&self, poll: &Poll, most: usize) -> Move {
        let mut state = locked(&self.state);
        let Some(open) = state.as_mut() else { return Move::End };
        let was_alone = open.alone.is_some();
        let last = open.moves(most);
        let read = match (was_alone, open.alone.is_some()) {
            (false, true) => -1,
            (true, false) => 1,
            _ => 0,
        };
        OPEN.fetch_add(read, Ordering::Relaxed);
        let waiting = match last {
            Move::Moved | Move::Empty => poll.arm(&open.source, self.token, EventFlags::IN),
            Move::Full => poll.arm(open.sink.fd(), self.token, EventFlags::OUT),
            Move::Alone => {
                poll.wake_at(Instant::now() + PAUSE, self.token);
                Ok(())
            }
            Move::End => Ok(()),
        };
        drop(state);
        if let Err(error) = &waiting {
            log::warn(&error.full());
        }
        if last == Move::End || waiting.is_err() {
            self.end(poll);
        }
        last
    }

    /// Ends it, whatever is under way.
    pub fn end(&self, poll: &Poll) {
        let Some(state) = locked(&self.state).take() else { return };
        if state.alone.is_none() {
            OPEN.fetch_sub(1, Ordering::Relaxed);
        }
        poll.remove(self.token);
    }
}

impl Ready for Flow {
    fn ready(&self, poll: &Poll, _: Token) {
        self.go_on(poll, TURN);
    }
}

impl Sink {
    fn fd(&self) -> &OwnedFd {
        match self {
            Self::Fifo(fd) | Self::File(fd) | Self::Process(fd) => fd,
        }
    }
}

impl State {
    fn moves(&mut self, most: usize) -> Move {
        for _ in 0..most {
            match self.step() {
                Move::Moved => self.alone = None,
                Move::Alone if matches!(self.sink, Sink::Fifo(_)) => match self.bear_alone() {
                    Move::Moved => {}
                    other => return other,
                },
                Move::Alone => return Move::End,
                other => return other,
            }
        }
        Move::Moved
    }

    fn step(&mut self) -> Move {
        if self.by_hand {
            return self.carry();
        }
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        match splice(&self.source, None, self.sink.fd(), None, CHUNK, flags) {
            Err(Errno::INVAL) => {
                self.by_hand = true;
                self.carry()
            }
            Ok(0) => Move::End,
            Ok(_) => Move::Moved,
            Err(Errno::AGAIN) => self.which_blocks(Move::Full),
            Err(Errno::PIPE) => self.which_blocks(Move::Alone),
            Err(error) => failed(error),
        }
    }

    /// Reads and writes.
    fn carry(&mut self) -> Move {
        if self.held.is_empty() {
            let mut buffer = [0; HANDFUL];
            match rustix::io::read(&self.source, &mut buffer) {
                Ok(0) => return Move::End,
                Ok(length) => self.held.extend_from_slice(&buffer[..length]),
                Err(Errno::AGAIN | Errno::INTR) => return Move::Empty,
                // A terminal's other side was closed.
                Err(_) => return Move::End,
            }
        }
        match rustix::io::write(self.sink.fd(), &self.held) {
            Ok(length) => {
                self.held.drain(..length);
                if self.held.is_empty() {
                    self.held = Vec::new();
                }
                Move::Moved
            }
            Err(Errno::AGAIN) => Move::Full,
            Err(error) => failed(error),
        }
    }

    /// Nothing was moved: for want of bytes, or else for `other`.
    fn which_blocks(&self, other: Move) -> Move {
        let mut both = [PollFd::new(&self.source, PollFlags::IN), PollFd::new(self.sink.fd(), PollFlags::OUT)];
        match poll(&mut both, Some(&Timespec::default())) {
            Err(_) => Move::Empty,
            Ok(_) if both[0].revents().is_empty() => Move::Empty,
            Ok(_) if !both[0].revents().contains(PollFlags::IN) => Move::End,
            // What was missing has come meanwhile.
            Ok(_) if other == Move::Full && both[1].revents().contains(PollFlags::OUT) => Move::Moved,
            Ok(_) => other,
        }
    }

    /// Without a reader: waits for one, and after a while drops what comes.
    fn bear_alone(&mut self) -> Move {
        let since = *self.alone.get_or_insert_with(Instant::now);
        if since.elapsed() < PATIENCE {
            return Move::Alone;
        }
        self.held = Vec::new();
        let mut buffer = [0; HANDFUL];
        match rustix::io::read(&self.source, &mut buffer) {
            Ok(0) => Move::End,
            Ok(_) => Move::Moved,
            Err(Errno::AGAIN | Errno::INTR) => Move::Empty,
            Err(_) => Move::End,
        }
    }
}

fn failed(error: Errno) -> Move {
    match error {
        Errno::INTR => Move::Moved,
        Errno::PIPE => Move::Alone,
        // A terminal says so when its last process has gone.
        Errno::IO => Move::End,
        other => {
            log::warn(&format!("cannot hand on a stream: {other}"));
            Move::End
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    fn pipe() -> (OwnedFd, OwnedFd) {
        pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap()
    }

    fn read(fd: &OwnedFd) -> Vec<u8> {
        let mut buffer = vec![0; 1 << 20];
        let length = rustix::io::read(fd, &mut buffer).unwrap();
        buffer.truncate(length);
        buffer
    }

    #[test]
    fn bytes_and_the_end_are_handed_on() {
        let loops = Poll::new().unwrap();
        let ((source, write), (read_end, sink)) = (pipe(), pipe());
        let flow = Flow::begin(&loops, source, Sink::Process(sink)).unwrap();
        rustix::io::write(&write, b"hello").unwrap();
        loops.turn(None).unwrap();
        assert_eq!(read(&read_end), b"hello");
        drop(write);
        assert!(flow.drain(&loops));
        assert_eq!(read(&read_end), b"");
    }

    #[test]
    fn a_full_sink_loses_nothing() {
        let loops = Poll::new().unwrap();
        let ((source, write), (read_end, sink)) = (pipe(), pipe());
        let flow = Flow::begin(&loops, source, Sink::Fifo(sink)).unwrap();
        let block: Vec<u8> = (0..CHUNK).map(|i| i as u8).collect();
        rustix::io::write(&write, &block).unwrap();
        assert!(flow.drain(&loops));
        rustix::io::write(&write, &block).unwrap();
        assert!(!flow.drain(&loops), "a pipe holds no more than one block");
        assert_eq!(read(&read_end), block);
        loops.turn(None).unwrap();
        assert_eq!(read(&read_end), block);
    }

    #[test]
    fn files_are_written_by_hand() {
        let loops = Poll::new().unwrap();
        let (source, write) = pipe();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let sink = super::super::open::sink(&format!("file://{}", path.display())).unwrap().unwrap();
        let flow = Flow::begin(&loops, source, sink).unwrap();
        rustix::io::write(&write, b"one\ntwo\n").unwrap();
        assert!(flow.drain(&loops));
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\n");
    }

    #[test]
    fn a_fifo_without_a_reader_is_waited_for_and_a_process_is_not() {
        let loops = Poll::new().unwrap();
        let ((source, write), (read_end, sink)) = (pipe(), pipe());
        drop(read_end);
        let flow = Flow::begin(&loops, source, Sink::Fifo(sink)).unwrap();
        rustix::io::write(&write, b"x").unwrap();
        assert!(flow.drain(&loops), "nobody is waited for at an exit");
        assert!(locked(&flow.state).is_some());
        drop(write);
        assert!(locked(&flow.state).is_some());
        let ((source, write), (read_end, sink)) = (pipe(), pipe());
        drop(read_end);
        let flow = Flow::begin(&loops, source, Sink::Process(sink)).unwrap();
        rustix::io::write(&write, b"x").unwrap();
        assert!(flow.drain(&loops));
        assert!(locked(&flow.state).is_none());
    }
}
