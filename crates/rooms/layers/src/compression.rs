//! Compressed streams: which kind it is (by its first bytes), and reading it with bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;

use crate::error::{Error, Result};

/// The largest zstd window accepted, as a power of two: 64 MiB, eight times what `zstd -19` needs.
const ZSTD_WINDOW_LOG: u32 = 26;

/// The memory that an xz stream may ask for, in KiB: what `xz -9` needs, with its window of 64 MiB.
const XZ_MEMORY: u32 = 66 << 10;

/// Read ahead of the decoder, in bytes.
const BUFFER: usize = 128 << 10;

/// What a stream's first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952, possibly of several members.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// bzip2, possibly of several streams.
    Bzip2,
    /// xz, possibly of several streams.
    Xz,
    /// None that is known.
    Plain,
}

impl Compression {
    /// Looks at the first bytes.
    pub fn sniff(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::Plain,
        }
    }
}

/// The uncompressed bytes of `source`, whichever way it is compressed.
pub fn decompress<'a>(source: impl Read + Send + 'a) -> Result<Box<dyn Read + Send + 'a>> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    let step = || Error::io("read the archive");
    Ok(match Compression::sniff(fill(&mut source).map_err(step())?) {
        Compression::Plain => Box::new(source),
        Compression::Gzip => Box::new(MultiGzDecoder::new(source)),
        Compression::Bzip2 => Box::new(MultiBzDecoder::new(source)),
        Compression::Xz => Box::new(XzReader::new_mem_limit(source, true, XZ_MEMORY)),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(source).map_err(step())?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(step())?;
            Box::new(decoder)
        }
    })
}

/// The first bytes of the stream, left in it.
fn fill(source: &mut impl BufRead) -> io::Result<&[u8]> {
    loop {
        match source.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
            Ok(_) => break,
        }
    }
    source.fill_buf()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn read(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        decompress(data).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn every_kind_is_read() {
        assert_eq!(read(b"plain"), b"plain");
        assert_eq!(read(&[gzip(b"two "), gzip(b"members")].concat()), b"two members");
        assert_eq!(read(&zstd::encode_all(&b"zstd"[..], 1).unwrap()), b"zstd");
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(b"bzip2").unwrap();
        assert_eq!(read(&bzip2.finish().unwrap()), b"bzip2");
        assert_eq!(read(XZ), b"xz");
    }

    /// `printf xz | xz`
    const XZ: &[u8] = b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x01\x78\x7a\x00\x00\x00\x4d\x67\xc7\xc4\xb1\x6a\xd0\x52\x00\x01\x1a\x02\xdc\x2e\xa5\x7e\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a";

    #[test]
    fn an_xz_stream_that_asks_for_more_memory_than_the_best_level_is_refused() {
        // The window's size stands in the block header, whose checksum follows it: 64 MiB, 96 MiB, 1.5 GiB.
        let windowed = |code: u8| {
            let mut data = XZ.to_vec();
            data[16] = code;
            let checksum = crc32(&data[12..20]);
            data[20..24].copy_from_slice(&checksum.to_le_bytes());
            data
        };
        assert_eq!(read(&windowed(28)), b"xz");
        for code in [29, 37] {
            let error = decompress(&windowed(code)[..]).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
            assert!(error.to_string().contains("memory"), "{error}");
        }
    }

    fn crc32(data: &[u8]) -> u32 {
        let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        !data.iter().fold(!0, |crc: u32, byte| (0..8).fold(crc ^ u32::from(*byte), step))
    }

    #[test]
    fn a_zstd_window_over_the_cap_is_refused() {
        let windowed = |log: u32| {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(log).unwrap();
            encoder.include_contentsize(false).unwrap();
            encoder.write_all(&vec![0; 1 << 20]).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(read(&windowed(26)).len(), 1 << 20);
        let error = decompress(&windowed(27)[..]).unwrap().read_to_end(&mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("memory"), "{error}");
    }
}
