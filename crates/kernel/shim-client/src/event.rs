//! What a shim says.

use std::io::{ErrorKind, Read};

use crate::protocol::{HEAD, read_head, tell};
use crate::{Error, Exit, Result};

/// A frame from the shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The process runs, with this id in the daemon's namespace.
    Started(u32),
    /// It has written to its standard output, or to its terminal.
    Stdout(Vec<u8>),
    /// It has written to its standard error.
    Stderr(Vec<u8>),
    /// It has ended; nothing comes after this.
    Exited(Exit),
    /// The runtime has failed with this exit code (255: the shim itself has); `runtime.log` tells why.
    Failed(i32),
    /// The errno of a resize or signal, 0 when it was done.
    Answer(i32),
}

/// Puts events together from bytes that come in arbitrary pieces.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    from: usize,
}

impl Decoder {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.from);
        self.from = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next event that is complete. Not an `Iterator`: after an error there is no next.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Event>> {
        let rest = &self.bytes[self.from..];
        let Some((head, rest)) = rest.split_first_chunk::<HEAD>() else { return Ok(None) };
        let (kind, length) = checked_head(*head)?;
        let Some(payload) = rest.get(..length) else { return Ok(None) };
        let event = event(kind, payload)?;
        self.from += HEAD + length;
        Ok(Some(event))
    }
}

/// Reads one event from a blocking stream; none when the shim has closed it between two frames.
pub fn read_event(stream: &mut impl Read) -> Result<Option<Event>> {
    let failed = |source| Error::io("read from the shim", source);
    let mut head = [0; HEAD];
    let first = loop {
        match stream.read(&mut head) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => break result.map_err(failed)?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut head[first..]).map_err(failed)?;
    let (kind, length) = checked_head(head)?;
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).map_err(failed)?;
    event(kind, &payload).map(Some)
}

fn checked_head(head: [u8; HEAD]) -> Result<(u8, usize)> {
    read_head(head).ok_or(Error::Protocol("a frame's head is malformed, or its length over the limit"))
}

fn event(kind: u8, payload: &[u8]) -> Result<Event> {
    let event = match kind {
        tell::STARTED => number(payload).map(u32::from_le_bytes).map(Event::Started),
        tell::STDOUT => Some(Event::Stdout(payload.to_vec())),
        tell::STDERR => Some(Event::Stderr(payload.to_vec())),
        tell::EXITED => Exit::decode(payload).map(Event::Exited),
        tell::FAILED => number(payload).map(i32::from_le_bytes).map(Event::Failed),
        tell::ANSWER => number(payload).map(i32::from_le_bytes).map(Event::Answer),
        _ => return Err(Error::Protocol("a frame of an unknown type")),
    };
    event.ok_or(Error::Protocol("a frame's payload has the wrong length"))
}

fn number(payload: &[u8]) -> Option<[u8; 4]> {
    payload.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::protocol::head;

    fn all(bytes: &[u8], piece: usize) -> Result<Vec<Event>> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for part in bytes.chunks(piece) {
            decoder.push(part);
            while let Some(event) = decoder.next()? {
                events.push(event);
            }
        }
        Ok(events)
    }

    fn sample() -> (Vec<u8>, Vec<Event>) {
        let exit = Exit { code: 137, signal: 9, seconds: 1_795_354_205, nanoseconds: 5 };
        let mut bytes = [&head(tell::STARTED, 4)[..], &7u32.to_le_bytes(), &head(tell::STDOUT, 2), b"hi"].concat();
        bytes.extend([&head(tell::EXITED, 20)[..], &exit.encode()].concat());
        (bytes, vec![Event::Started(7), Event::Stdout(b"hi".to_vec()), Event::Exited(exit)])
    }

    #[test]
    fn pieces_of_any_size_give_the_same_events() {
        let (bytes, events) = sample();
        for piece in 1..=bytes.len() {
            assert_eq!(all(&bytes, piece).unwrap(), events);
        }
        let mut stream = &bytes[..];
        let read: Vec<_> = std::iter::from_fn(|| read_event(&mut stream).unwrap()).collect();
        assert_eq!(read, events);
    }

    #[test]
    fn nonsense_is_an_error() {
        for bytes in [&head(9, 0)[..], &head(tell::STARTED, 3), &[2, 1, 0, 0, 0, 0, 0, 0], &head(tell::STDOUT, 1 << 20)]
        {
            let mut bytes = bytes.to_vec();
            bytes.extend([0; 16]);
            assert!(all(&bytes, 64).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1usize..50) {
            let _ = all(&bytes, piece);
        }
    }
}
