//! Output in frames.

use std::io::{stderr, stdout};

use super::write_to;
use crate::error::{Error, Result};

/// Takes frames apart, however they are cut.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    head: Vec<u8>,
    stream: u8,
    left: usize,
}

impl Demux {
    /// Prints the payloads to stdout and stderr.
    pub(crate) fn feed(&mut self, data: &[u8]) -> Result {
        self.split(data, |stream, payload| match stream {
            2 | 3 => write_to(stderr().lock(), payload),
            _ => write_to(stdout().lock(), payload),
        })
    }

    fn split(&mut self, mut data: &[u8], mut print: impl FnMut(u8, &[u8]) -> Result) -> Result {
        while !data.is_empty() {
            if self.left > 0 {
                let (payload, rest) = data.split_at(self.left.min(data.len()));
                print(self.stream, payload)?;
                self.left -= payload.len();
                data = rest;
                continue;
            }
            let (part, rest) = data.split_at((8 - self.head.len()).min(data.len()));
            self.head.extend_from_slice(part);
            data = rest;
            if let [stream, 0, 0, 0, a, b, c, d] = self.head[..] {
                self.stream = stream;
                self.left = u32::from_be_bytes([a, b, c, d]) as usize;
                self.head.clear();
            } else if self.head.len() == 8 {
                return Err(Error::invalid("unrecognized stream: the output is not in frames"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_apart_at_every_cut() {
        let bytes = b"\x01\0\0\0\0\0\0\x02hi\x02\0\0\0\0\0\0\x01!\x01\0\0\0\0\0\0\0";
        for cut in 0..bytes.len() {
            let (mut demux, mut seen) = (Demux::default(), [Vec::new(), Vec::new()]);
            for part in [&bytes[..cut], &bytes[cut..]] {
                let keep = |stream: u8, payload: &[u8]| {
                    seen[usize::from(stream) - 1].extend_from_slice(payload);
                    Ok(())
                };
                demux.split(part, keep).unwrap();
            }
            assert_eq!(seen, [b"hi".to_vec(), b"!".to_vec()]);
        }
        assert!(Demux::default().feed(b"not a frame").is_err());
    }
}
