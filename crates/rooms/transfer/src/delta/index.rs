//! The index of a blob's chunks, as text. Pure.

use std::fmt::Write as _;

use knarr_model::Digest;
use knarr_model::oci::Descriptor;

/// Bytes of an index that are read: 230,000 chunks, some 14 GiB of a layer.
pub(super) const LIMIT: u64 = 16 << 20;
/// The longest chunk that is understood: what of it is here is read whole.
pub(super) const LONGEST: u64 = 1 << 20;
const HEAD: &str = "knarr-chunks 1";

/// A run of a blob's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// How many.
    pub size: u64,
    /// Their digest.
    pub digest: Digest,
}

/// Writes an index: head, blob, then size and digest of each chunk.
pub fn encode(blob: &Digest, chunks: &[Chunk]) -> String {
    let mut text = format!("{HEAD}\n{blob}\n");
    for chunk in chunks {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{} {}", chunk.size, chunk.digest.hex());
    }
    text
}

/// Reads the index of `blob`; the reason where it is none. Its chunks make up the blob: none is empty or too long, none overlaps, none
/// is missing.
pub fn parse(text: &[u8], blob: &Descriptor) -> Result<Vec<Chunk>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is no text")?;
    let rest = text.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')).ok_or("it has another head")?;
    let mut lines = rest.strip_suffix('\n').ok_or("it is cut short")?.split('\n');
    if lines.next() != Some(blob.digest.as_str()) {
        return Err("it is about another blob".into());
    }
    let mut left = blob.size;
    let mut chunks = Vec::new();
    for line in lines {
        let (size, hex) = line.split_once(' ').ok_or("a line is no chunk")?;
        let number: u64 = size.parse().map_err(|_| "a chunk's size is no number")?;
        let size = Some(number).filter(|number| number.to_string() == size).ok_or("a chunk's size is oddly written")?;
        let digest = format!("sha256:{hex}").parse().map_err(|_| "a chunk has no digest")?;
        if size == 0 || size > LONGEST || size > left {
            return Err(format!("a chunk has {size} bytes, where {left} are left of the blob"));
        }
        left -= size;
        chunks.push(Chunk { size, digest });
    }
    if left == 0 { Ok(chunks) } else { Err(format!("{left} bytes of the blob are in no chunk")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(size: u64) -> Descriptor {
        Descriptor {
            media_type: String::new(),
            digest: Digest::of(b"blob"),
            size,
            platform: None,
            annotations: Default::default(),
            artifact_type: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let chunks =
            vec![Chunk { size: 3, digest: Digest::of(b"one") }, Chunk { size: 5, digest: Digest::of(b"three") }];
        let text = encode(&Digest::of(b"blob"), &chunks);
        assert_eq!(parse(text.as_bytes(), &blob(8)).unwrap(), chunks);
        for cut in 0..text.len() {
            assert!(parse(&text.as_bytes()[..cut], &blob(8)).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn an_index_that_does_not_make_up_the_blob_is_refused() {
        let (head, hex) = (format!("{HEAD}\n{}\n", Digest::of(b"blob")), Digest::of(b"x").hex().to_owned());
        let lines = |sizes: &[&str]| sizes.iter().map(|size| format!("{size} {hex}\n")).collect::<String>();
        for wrong in [
            &["9"][..],
            &["7"],
            &["4", "5"],
            &["0", "8"],
            &["-1", "9"],
            &["+8"],
            &["08"],
            &["18446744073709551615", "9"],
            &["", "8"],
        ] {
            assert!(parse(format!("{head}{}", lines(wrong)).as_bytes(), &blob(8)).is_err(), "{wrong:?}");
        }
        assert!(parse(format!("{head}{}", lines(&["2000000"])).as_bytes(), &blob(2_000_000)).is_err(), "too long");
        let other = format!("{HEAD}\n{}\n{}", Digest::of(b"other"), lines(&["8"]));
        assert!(parse(other.as_bytes(), &blob(8)).is_err());
        assert!(parse(format!("{head}8 abc\n").as_bytes(), &blob(8)).is_err());
        assert!(parse(b"\xff\xfe", &blob(8)).is_err());
    }
}
