//! Layers compressed chunk by chunk: one zstd stream for everybody, of frames that can be had one by one (docs/formats/delta.md).

use std::io::{self, Write};

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use crate::cut::{LONGEST, cut};

/// zstd's own default.
const LEVEL: i32 = 3;

/// Cuts what is written to it by content, and writes each chunk as a zstd frame. The same bytes for the same input.
pub struct Chunked<W> {
    out: W,
    frame: Compressor<'static>,
    /// Not written yet: less than the longest chunk, between writes.
    gathered: Vec<u8>,
    empty: bool,
}

impl<W: Write> Chunked<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> io::Result<Self> {
        let mut frame = Compressor::new(LEVEL)?;
        frame.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self { out, frame, gathered: Vec::with_capacity(2 * LONGEST), empty: true })
    }

    /// Writes the rest; gives back what was written to. A stream of no bytes is one frame.
    pub fn finish(mut self) -> io::Result<W> {
        self.emit(1)?;
        if self.empty {
            self.out.write_all(&self.frame.compress(&[])?)?;
        }
        Ok(self.out)
    }

    /// Writes chunks as long as `least` bytes are there.
    fn emit(&mut self, least: usize) -> io::Result<()> {
        let mut done = 0;
        while self.gathered.len() - done >= least {
            let rest = &self.gathered[done..];
            let length = cut(rest);
            self.out.write_all(&self.frame.compress(&rest[..length])?)?;
            self.empty = false;
            done += length;
        }
        self.gathered.drain(..done);
        Ok(())
    }
}

impl<W: Write> Write for Chunked<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let taken = data.len().min(LONGEST);
        self.gathered.extend_from_slice(&data[..taken]);
        self.emit(LONGEST)?;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::compression::decompress;

    #[test]
    fn the_stream_is_the_same_however_it_is_written_and_reads_as_one() {
        let data: Vec<u8> = (0..3_000_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let write = |step: usize| {
            let mut out = Chunked::new(Vec::new()).unwrap();
            data.chunks(step).for_each(|part| out.write_all(part).unwrap());
            out.finish().unwrap()
        };
        let whole = write(data.len());
        assert_eq!(write(1_001), whole);
        assert!(whole.len() < data.len() / 2);
        let mut read = Vec::new();
        decompress(&whole[..]).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, data);
        let empty = Chunked::new(Vec::new()).unwrap().finish().unwrap();
        assert_eq!(zstd::decode_all(&empty[..]).unwrap(), b"");
    }
}
