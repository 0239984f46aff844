//! Frames: a head of ten bytes and a message.

use std::io::{self, Read, Write};

/// The largest message that is sent or taken.
pub const LIMIT: usize = 4 << 20;

/// A request opens a stream.
pub const REQUEST: u8 = 1;
/// A response ends it.
pub const RESPONSE: u8 = 2;

/// The flag of a request that goes on as a stream.
pub const REMOTE_OPEN: u8 = 2;

const HEAD: usize = 10;

/// What stands before a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the message.
    pub length: usize,
    /// Which call it belongs to.
    pub stream: u32,
    /// [`REQUEST`], [`RESPONSE`], or data of a stream.
    pub kind: u8,
    /// What more is to come.
    pub flags: u8,
}

impl Head {
    fn parse(bytes: [u8; HEAD]) -> Self {
        let [a, b, c, d, e, f, g, h, kind, flags] = bytes;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        Self { length, stream: u32::from_be_bytes([e, f, g, h]), kind, flags }
    }
}

/// Reads a head; none at the end of the connection.
pub fn read_head(source: &mut impl Read) -> io::Result<Option<Head>> {
    let mut bytes = [0; HEAD];
    let first = loop {
        match source.read(&mut bytes) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if first == 0 {
        return Ok(None);
    }
    source.read_exact(&mut bytes[first..])?;
    Ok(Some(Head::parse(bytes)))
}

/// Reads the message behind a head; none, and the message is passed over, where it is longer than [`LIMIT`]. Memory
/// grows with what arrives, not with what is announced.
pub fn read_message(source: &mut impl Read, head: Head) -> io::Result<Option<Vec<u8>>> {
    let mut message = source.take(head.length as u64);
    let mut bytes = Vec::new();
    let length = match head.length > LIMIT {
        true => io::copy(&mut message, &mut io::sink())? as usize,
        false => message.read_to_end(&mut bytes)?,
    };
    match length == head.length {
        true => Ok((length <= LIMIT).then_some(bytes)),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Writes a frame in one piece.
pub fn write(sink: &mut (impl Write + ?Sized), stream: u32, kind: u8, message: &[u8]) -> io::Result<()> {
    if message.len() > LIMIT {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the message is longer than 4 MiB"));
    }
    let mut frame = Vec::with_capacity(HEAD + message.len());
    frame.extend((message.len() as u32).to_be_bytes());
    frame.extend(stream.to_be_bytes());
    frame.extend([kind, 0]);
    frame.extend(message);
    sink.write_all(&frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let mut bytes = Vec::new();
        write(&mut bytes, 7, REQUEST, b"hello").unwrap();
        let mut source = bytes.as_slice();
        let head = read_head(&mut source).unwrap().unwrap();
        assert_eq!(head, Head { length: 5, stream: 7, kind: REQUEST, flags: 0 });
        assert_eq!(read_message(&mut source, head).unwrap().unwrap(), b"hello");
        assert_eq!(read_head(&mut source).unwrap(), None);
    }

    #[test]
    fn what_is_too_long_is_passed_over() {
        let mut bytes = vec![0; HEAD + LIMIT + 1];
        bytes[..4].copy_from_slice(&(LIMIT as u32 + 1).to_be_bytes());
        write(&mut bytes, 9, RESPONSE, b"next").unwrap();
        let mut source = bytes.as_slice();
        let head = read_head(&mut source).unwrap().unwrap();
        assert_eq!(read_message(&mut source, head).unwrap(), None);
        assert_eq!(read_head(&mut source).unwrap().unwrap().stream, 9);
    }

    #[test]
    fn a_cut_frame_is_an_error() {
        let mut bytes = Vec::new();
        write(&mut bytes, 1, REQUEST, b"hello").unwrap();
        let mut source = &bytes[..12];
        let head = read_head(&mut source).unwrap().unwrap();
        assert!(read_message(&mut source, head).is_err());
        assert!(read_head(&mut &bytes[..4]).is_err());
    }
}
