//! The frames of a zstd stream (RFC 8878, 3.1), found without inflating it.

use std::io::{self, Read};

use knarr_model::Digest;

use super::index::{Chunk, LONGEST};

const FRAME: u32 = 0xfd2f_b528;
const SKIPPABLE: u32 = 0x184d_2a50;
/// The longest block that the format allows.
const BLOCK: usize = 128 << 10;

/// Tells of each frame of `source` with its place, in their order. What is no row of short frames is an error.
pub fn frames(mut source: impl Read, mut tell: impl FnMut(u64, Chunk)) -> io::Result<()> {
    let (mut frame, mut offset) = (Frame::default(), 0);
    while frame.read(&mut source)? {
        let size = frame.0.len() as u64;
        tell(offset, Chunk { size, digest: Digest::of(&frame.0) });
        offset += size;
    }
    Ok(())
}

/// One frame's bytes.
#[derive(Default)]
struct Frame(Vec<u8>);

impl Frame {
    /// Reads the next frame; false at the end.
    fn read(&mut self, source: &mut impl Read) -> io::Result<bool> {
        self.0.clear();
        if source.by_ref().take(1).read_to_end(&mut self.0)? == 0 {
            return Ok(false);
        }
        self.take(source, 3)?;
        match number(&self.0) {
            FRAME => self.blocks(source)?,
            magic if magic & !0xf == SKIPPABLE => {
                let size = number(self.take(source, 4)?);
                self.take(source, size as usize)?;
            }
            _ => return Err(bad("no zstd frame")),
        }
        Ok(true)
    }

    /// Everything behind the magic number.
    fn blocks(&mut self, source: &mut impl Read) -> io::Result<()> {
        let flags = self.take(source, 1)?[0];
        let single = flags >> 5 & 1;
        let dictionary = [0, 1, 2, 4][usize::from(flags & 3)];
        let content = [usize::from(single), 2, 4, 8][usize::from(flags >> 6)];
        self.take(source, usize::from(1 - single) + dictionary + content)?;
        loop {
            let head = number(self.take(source, 3)?);
            let size = match head >> 1 & 3 {
                1 => 1,
                0 | 2 => (head >> 3) as usize,
                _ => return Err(bad("a reserved block")),
            };
            if size > BLOCK {
                return Err(bad("a block that is too long"));
            }
            self.take(source, size)?;
            if head & 1 == 1 {
                break;
            }
        }
        self.take(source, if flags >> 2 & 1 == 1 { 4 } else { 0 }).map(drop)
    }

    /// Reads so many bytes more, and shows them.
    fn take(&mut self, source: &mut impl Read, count: usize) -> io::Result<&[u8]> {
        let start = self.0.len();
        if start as u64 + count as u64 > LONGEST {
            return Err(bad("a frame that is too long"));
        }
        self.0.resize(start + count, 0);
        source.read_exact(&mut self.0[start..])?;
        Ok(&self.0[start..])
    }
}

/// Up to four bytes, the lowest first.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(data: &[u8]) -> io::Result<Vec<(u64, u64)>> {
        let mut found = Vec::new();
        frames(data, |offset, chunk| {
            assert_eq!(Digest::of(&data[offset as usize..][..chunk.size as usize]), chunk.digest);
            found.push((offset, chunk.size));
        })?;
        Ok(found)
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn frames_of_every_shape_are_found() {
        let noise = noise(300_000);
        let mut parts = vec![b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec()];
        for level in [1, 19] {
            for data in [&b""[..], b"x", &[0; 200_000], &noise] {
                parts.push(zstd::encode_all(data, level).unwrap());
                parts.push(zstd::bulk::compress(data, level).unwrap());
            }
        }
        let sizes: Vec<u64> = found(&parts.concat()).unwrap().into_iter().map(|(_, size)| size).collect();
        assert_eq!(sizes, parts.iter().map(|part| part.len() as u64).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_row_of_short_frames_is_an_error() {
        let whole = zstd::bulk::compress(&[7; 1000], 3).unwrap();
        for cut in 1..whole.len() {
            assert!(found(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(found(b"\x1f\x8b\x08\0gzip").is_err());
        assert!(found(b"\x50\x2a\x4d\x18\xff\xff\xff\xff").is_err());
        let long = noise(2_000_000);
        assert!(found(&zstd::bulk::compress(&long, 1).unwrap()).is_err());
        assert_eq!(found(b"").unwrap(), []);
    }
}
