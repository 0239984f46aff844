//! A connection: what it has said of its present frame, and what it has still to be told.

use knarr_sys::program::monotonic;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::output::Output;
use crate::protocol::{HEAD, ask, head, read_head, want};
use crate::stdin::Stdin;

/// Room for events and answers that wait to be sent.
const QUEUE: usize = 96;
/// What may be queued at most by one frame and by the events of an end: two heads with four bytes, one with twenty.
const RESERVE: usize = 2 * (HEAD + 4) + HEAD + 20;

/// A connected client.
pub struct Client {
    /// Its socket.
    pub fd: OwnedFd,
    /// Whether it is the one that the shim was born with.
    pub first: bool,
    /// What it asked for in its hello ([`want`]).
    pub wants: u32,
    /// Whether it has hung up: nothing is sent any more, what it had sent is still read.
    pub gone: bool,
    /// Whether it has ended its direction.
    pub ended: bool,
    head: [u8; HEAD],
    head_read: usize,
    kind: u8,
    left: usize,
    small: [u8; 8],
    small_read: usize,
    queue: [u8; QUEUE],
    queued: usize,
    /// Bytes of the first queued frame that it has been sent.
    queue_sent: usize,
    /// Bytes of the present output that it has been sent, or does not want.
    sent: usize,
    /// End of the output frame that it is being sent.
    frame_end: usize,
    /// Since when it has taken nothing of what it must be sent, in milliseconds.
    stuck: Option<i64>,
}

/// What came of reading once.
pub enum Heard {
    /// Nothing that is complete.
    Nothing,
    /// The end of its direction.
    End,
    /// Something that is no frame of ours: it is cut off.
    Nonsense,
    /// A whole frame other than input, with its payload.
    Frame(u8, [u8; 8]),
}

impl Client {
    /// Of a fresh connection, which wants nothing of the output that is on its way.
    pub fn new(fd: OwnedFd, first: bool, output: &Output<'_>) -> Self {
        Self {
            fd,
            first,
            wants: 0,
            gone: false,
            ended: false,
            head: [0; HEAD],
            head_read: 0,
            kind: 0,
            left: 0,
            small: [0; 8],
            small_read: 0,
            queue: [0; QUEUE],
            queued: 0,
            queue_sent: 0,
            sent: output.bytes().len(),
            frame_end: output.bytes().len(),
            stuck: None,
        }
    }

    /// Whether to wait for more from it: not while its answers have no room or its input cannot go on.
    pub fn may_speak(&self, stdin: &Stdin<'_>) -> bool {
        let is_input = self.head_read == HEAD && self.kind == ask::STDIN;
        !self.ended && self.queued + RESERVE <= QUEUE && (!is_input || stdin.is_ready())
    }

    /// Whether something has to be sent to it.
    pub fn must_hear(&self, output: &Output<'_>) -> bool {
        !self.gone && (self.queued > 0 || self.must_hear_output(output))
    }

    /// Whether some of the output is missing to it.
    pub fn must_hear_output(&self, output: &Output<'_>) -> bool {
        !self.gone && self.sent < output.bytes().len()
    }

    /// Reads once, without waiting.
    pub fn read(&mut self, stdin: &mut Stdin<'_>) -> Heard {
        let result = if self.head_read < HEAD {
            recv(&self.fd, &mut self.head[self.head_read..], RecvFlags::DONTWAIT).map(|(read, _)| read)
        } else if self.kind == ask::STDIN {
            stdin.take(self.left, |buffer| recv(&self.fd, buffer, RecvFlags::DONTWAIT).map(|(read, _)| read))
        } else {
            let end = self.small_read + self.left;
            recv(&self.fd, &mut self.small[self.small_read..end], RecvFlags::DONTWAIT).map(|(read, _)| read)
        };
        match result {
            Ok(0) => self.end(),
            Ok(read) => self.advance(read),
            Err(Errno::AGAIN | Errno::INTR) => Heard::Nothing,
            Err(_connection_lost) => self.end(),
        }
    }

    fn end(&mut self) -> Heard {
        self.ended = true;
        Heard::End
    }

    fn advance(&mut self, read: usize) -> Heard {
        if self.head_read < HEAD {
            self.head_read += read;
            if self.head_read < HEAD {
                return Heard::Nothing;
            }
            match read_head(self.head).filter(|(kind, length)| is_known(*kind, *length)) {
                Some((kind, length)) => (self.kind, self.left) = (kind, length),
                None => return Heard::Nonsense,
            }
        } else {
            self.left -= read;
            if self.kind != ask::STDIN {
                self.small_read += read;
            }
        }
        if self.left > 0 { Heard::Nothing } else { self.complete() }
    }

    fn complete(&mut self) -> Heard {
        self.head_read = 0;
        self.small_read = 0;
        if self.kind == ask::STDIN { Heard::Nothing } else { Heard::Frame(self.kind, self.small) }
    }

    /// Queues an event or an answer; there is always room for what [`Client::may_speak`] reserves.
    pub fn tell(&mut self, kind: u8, payload: &[u8]) {
        if self.gone {
            return;
        }
        let end = self.queued + HEAD + payload.len();
        if let Some(room) = self.queue.get_mut(self.queued..end) {
            room[..HEAD].copy_from_slice(&head(kind, payload.len() as u32));
            room[HEAD..].copy_from_slice(payload);
            self.queued = end;
        }
    }

    /// The output has been cleared.
    pub fn rewind(&mut self) {
        (self.sent, self.frame_end) = (0, 0);
    }

    /// Sends what the socket takes now: the rest of an event that has been begun, then output, then events, so that
    /// the last event comes behind the last output.
    pub fn send(&mut self, output: &Output<'_>) {
        while !self.gone {
            self.skip_unwanted(output);
            let is_event = self.queue_sent > 0 || (self.sent == output.bytes().len() && self.queued > 0);
            let result = if is_event { self.send_event() } else { self.send_output(output) };
            match result {
                Ok(true) => self.stuck = None,
                Err(Errno::INTR) => {}
                Ok(false) => return,
                Err(Errno::AGAIN) => {
                    self.stuck.get_or_insert_with(monotonic);
                    return;
                }
                Err(_hung_up) => self.hang_up(),
            }
        }
    }

    /// At the boundary of a frame: moves to the next one that it wants.
    fn skip_unwanted(&mut self, output: &Output<'_>) {
        while self.sent == self.frame_end && self.sent < output.bytes().len() {
            let (end, wanted) = output.frame(self.sent);
            self.frame_end = end;
            if self.wants & wanted == 0 {
                self.sent = end;
            }
        }
    }

    /// `Ok(false)` when there is nothing.
    fn send_output(&mut self, output: &Output<'_>) -> Result<bool, Errno> {
        let bytes = &output.bytes()[self.sent..self.frame_end];
        if bytes.is_empty() {
            return Ok(false);
        }
        self.sent += self.put(bytes)?;
        Ok(true)
    }

    fn send_event(&mut self) -> Result<bool, Errno> {
        let end = HEAD + usize::from(self.queue[4]);
        self.queue_sent += self.put(&self.queue[self.queue_sent..end])?;
        if self.queue_sent == end {
            self.queue.copy_within(end..self.queued, 0);
            self.queued -= end;
            self.queue_sent = 0;
        }
        Ok(true)
    }

    fn put(&self, bytes: &[u8]) -> Result<usize, Errno> {
        send(&self.fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
    }

    /// Since when something waits that it does not take, in milliseconds.
    pub fn stuck_since(&self) -> Option<i64> {
        self.stuck.filter(|_| !self.gone)
    }

    /// Nothing more is sent to it.
    pub fn hang_up(&mut self) {
        self.gone = true;
        (self.queued, self.queue_sent) = (0, 0);
    }

    /// Whether it sends input.
    pub fn feeds(&self) -> bool {
        self.wants & want::STDIN != 0
    }
}

fn is_known(kind: u8, length: usize) -> bool {
    match kind {
        ask::STDIN => true,
        ask::HELLO | ask::RESIZE => length == 4,
        ask::SIGNAL => length == 8,
        ask::STDIN_END | ask::GO | ask::ROTATE => length == 0,
        _ => false,
    }
}
