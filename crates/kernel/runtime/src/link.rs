//! The socket between the runtime and the process that it makes. Each message is one packet; the end of the stream,
//! without an error before it, says that the program has started (the child's end is close-on-exec).
//!
//! ```text
//! child → parent   `s`, with a pidfd       it has made the real child, which speaks from here on, and ends
//!                  `r`                     its namespaces exist (ids may be mapped, hooks may run)
//!                  `n`, with a descriptor  its system call filter asks over this
//!                  `c`                     created: it waits for `start`
//!                  `e` errno i32 LE text   it failed, and ends
//! parent → child   `g`                     go on
//! ```

use std::borrow::Cow;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::packets::{self, receive_with, send_with};
use crate::{Error, Result};

/// Longest text of an error in bytes; what is longer is cut (flaw row 23: no length is trusted).
const TEXT_LIMIT: usize = 4000;
/// Stands for what was cut.
const CUT: &str = " … ";

/// One end.
#[derive(Debug)]
pub struct Link(OwnedFd);

/// What the child says.
#[derive(Debug)]
pub enum Message {
    /// It has made the real child, whose descriptor this is, and ends.
    Sibling(OwnedFd),
    /// Its namespaces exist.
    Ready,
    /// Its system call filter asks over this descriptor.
    Listener(OwnedFd),
    /// It waits for `start`.
    Created,
    /// It failed.
    Failed(Failure),
    /// It became the program.
    Started,
}

/// Why a child failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed and why, for people.
    pub text: String,
    /// The error number, 0 where there is none.
    pub errno: i32,
}

impl Failure {
    /// A failure of the set-up: `what: reason`.
    pub fn setup(what: impl AsRef<str>, error: impl Into<io::Error>) -> Self {
        let error = error.into();
        let text = format!("error during container init: {}: {}", what.as_ref(), crate::error::reason(&error));
        Self { text, errno: error.raw_os_error().unwrap_or(0) }
    }

    /// A failure of the set-up that no system call reported.
    pub fn text(text: impl AsRef<str>) -> Self {
        Self { text: format!("error during container init: {}", text.as_ref()), errno: 0 }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Start { text: failure.text, errno: failure.errno }
    }
}

/// Names the step that failed.
pub trait OrFail<T> {
    /// Turns an error into a [`Failure`] of this step.
    fn or_fail(self, what: impl AsRef<str>) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> OrFail<T> for Result<T, E> {
    fn or_fail(self, what: impl AsRef<str>) -> Result<T, Failure> {
        self.map_err(|error| Failure::setup(what, error))
    }
}

impl Link {
    /// Both ends: the parent's, the child's.
    pub fn pair() -> Result<(Self, Self)> {
        packets::pair().map(|(ours, theirs)| (Self(ours), Self(theirs)))
    }

    /// The child says that its namespaces exist and waits until it may go on.
    pub fn ready_and_wait(&self) -> Result<(), Failure> {
        self.send(b"r").or_fail("tell the runtime")?;
        self.wait()
    }

    /// The child waits until it may go on.
    pub fn wait(&self) -> Result<(), Failure> {
        let mut byte = [0u8; 1];
        match receive(&self.0, &mut byte).or_fail("wait for the runtime")? {
            1 => Ok(()),
            _ => Err(Failure::text("the runtime has ended")),
        }
    }

    /// The child says that another process goes on in its place.
    pub fn sibling(&self, pidfd: BorrowedFd<'_>) -> Result<(), Failure> {
        send_with(&self.0, b"s", &[pidfd]).or_fail("tell the runtime")
    }

    /// The child says that its system call filter asks over `listener`.
    pub fn listener(&self, listener: BorrowedFd<'_>) -> Result<(), Failure> {
        send_with(&self.0, b"n", &[listener]).or_fail("tell the runtime")
    }

    /// The child says that it waits for `start`.
    pub fn created(&self) -> Result<(), Failure> {
        self.send(b"c").or_fail("tell the runtime")
    }

    /// The child says why it fails. If nobody listens any more there is nobody to tell.
    pub fn failed(&self, failure: &Failure) {
        let mut message = vec![b'e'];
        message.extend_from_slice(&failure.errno.to_le_bytes());
        message.extend_from_slice(shortened(&failure.text).as_bytes());
        let _nobody_listens = self.send(&message);
    }

    /// Whether the parent has ended.
    pub fn is_abandoned(&self) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok_and(|ready| ready > 0)
    }

    /// The parent lets the child go on.
    pub fn go(&self) -> Result<()> {
        self.send(b"g").map_err(|e| Error::io("talk to", "the container's first process", e))
    }

    /// The parent waits for what the child says next.
    pub fn next(&self) -> Result<Message> {
        let mut buffer = [0u8; TEXT_LIMIT + 8];
        let (length, files) = receive_with(&self.0, &mut buffer)
            .map_err(|e| Error::io("listen to", "the container's first process", e))?;
        Ok(match files.into_iter().next() {
            Some(pidfd) if buffer[..length] == *b"s" => Message::Sibling(pidfd),
            Some(listener) if buffer[..length] == *b"n" => Message::Listener(listener),
            _ => decode(&buffer[..length]),
        })
    }

    fn send(&self, message: &[u8]) -> rustix::io::Result<()> {
        send(&self.0, message, SendFlags::NOSIGNAL).map(drop)
    }
}

/// A text that is too long without its middle: its end tells the reason.
fn shortened(text: &str) -> Cow<'_, str> {
    if text.len() <= TEXT_LIMIT {
        return text.into();
    }
    let half = (TEXT_LIMIT - CUT.len()) / 2;
    let (head, tail) = (text.floor_char_boundary(half), text.ceil_char_boundary(text.len() - half));
    [&text[..head], CUT, &text[tail..]].concat().into()
}

fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> rustix::io::Result<usize> {
    rustix::io::retry_on_intr(|| recv(socket, &mut *buffer, RecvFlags::empty()).map(|(length, _)| length))
}

fn decode(message: &[u8]) -> Message {
    match message {
        [] => Message::Started,
        [b'r'] => Message::Ready,
        [b'c'] => Message::Created,
        [b'e', a, b, c, d, text @ ..] => Message::Failed(Failure {
            text: String::from_utf8_lossy(text).into_owned(),
            errno: i32::from_le_bytes([*a, *b, *c, *d]),
        }),
        _ => Message::Failed(Failure::text("an unknown message")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_arrive_whole_and_the_end_means_started() {
        let (parent, child) = Link::pair().unwrap();
        let failure = Failure::setup("open x", rustix::io::Errno::NOENT);
        child.failed(&failure);
        child.failed(&Failure { text: "ä".repeat(100_000) + ": the reason", errno: 1 });
        drop(child);
        assert!(matches!(parent.next().unwrap(), Message::Failed(whole) if whole == failure));
        let Message::Failed(cut) = parent.next().unwrap() else { panic!("it failed") };
        assert!((TEXT_LIMIT - 8..=TEXT_LIMIT).contains(&cut.text.len()));
        assert!(cut.text.starts_with("ääää") && cut.text.contains(CUT) && cut.text.ends_with("ä: the reason"));
        assert!(matches!(parent.next().unwrap(), Message::Started));
    }

    #[test]
    fn a_child_notices_that_its_parent_has_gone() {
        let (parent, child) = Link::pair().unwrap();
        assert!(!child.is_abandoned());
        drop(parent);
        assert!(child.is_abandoned());
    }
}
