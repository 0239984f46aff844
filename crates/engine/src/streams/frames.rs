//! Docker's multiplexed stream: an 8-byte head `[stream, 0, 0, 0, length big-endian]`, then bytes.

use bytes::{BufMut as _, Bytes, BytesMut};

/// Which of a process's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Stdout,
    Stderr,
}

/// `bytes` with a head, or as they are where a terminal has only one stream.
pub(crate) fn framed(source: Source, bytes: &[u8], raw: bool) -> Bytes {
    if raw {
        return Bytes::copy_from_slice(bytes);
    }
    let stream = match source {
        Source::Stdout => 1,
        Source::Stderr => 2,
    };
    let mut out = BytesMut::with_capacity(bytes.len() + 8);
    out.put_slice(&[stream, 0, 0, 0]);
    out.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_dockers_head() {
        assert_eq!(framed(Source::Stderr, b"hi", false).as_ref(), b"\x02\0\0\0\0\0\0\x02hi");
        assert_eq!(framed(Source::Stdout, b"hi", true).as_ref(), b"hi");
    }
}
