//! Compressed streams: which kind it is (by its first bytes), and reading it with bounded memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};

/// The largest zstd window accepted, as a power of two: 128 MiB, what `zstd -19` and `--long=27` need.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Read ahead of the decoder, in bytes.
const BUFFER: usize = 128 << 10;

/// What a stream's first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952, possibly of several members.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// None that is known.
    Plain,
}

/// First bytes of kinds that are recognised only to be refused by name.
const REFUSED: [(&[u8], &str); 2] = [(b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz")];

impl Compression {
    /// Looks at the first bytes.
    pub fn sniff(head: &[u8]) -> Result<Self> {
        if let Some((_, name)) = REFUSED.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(Error::Compression(name));
        }
        match head {
            [0x1f, 0x8b, 8, ..] => Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Ok(Self::Zstd),
            _ => Ok(Self::Plain),
        }
    }
}

/// The uncompressed bytes of `source`, whichever way it is compressed.
pub fn decompress<'a>(source: impl Read + Send + 'a) -> Result<Box<dyn Read + Send + 'a>> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    let step = || Error::io("read the archive");
    Ok(match Compression::sniff(fill(&mut source).map_err(step())?)? {
        Compression::Plain => Box::new(source),
        Compression::Gzip => Box::new(MultiGzDecoder::new(source)),
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
        assert!(matches!(decompress(&b"BZh91AY"[..]), Err(Error::Compression("bzip2"))));
    }

    #[test]
    fn a_zstd_window_over_the_cap_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(28).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
        let data = encoder.finish().unwrap();
        assert!(decompress(&data[..]).unwrap().read_to_end(&mut Vec::new()).is_err());
    }
}
