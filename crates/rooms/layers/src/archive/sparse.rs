//! Sparse files: the old GNU header map, and PAX formats 0.1 and 1.0 (GNU tar manual, "Storing Sparse Files").

use std::io::Read;

use super::{BLOCK, METADATA_LIMIT, Segment, number, pax};
use crate::error::{Error, Result};

/// What the `GNU.sparse.*` records say.
#[derive(Debug, Default)]
pub(crate) struct PaxSparse {
    /// The file's name (the header's own is a made-up one).
    pub name: Option<String>,
    /// Size with holes.
    pub size: u64,
    /// The map of format 0.1; in format 1.0 it stands before the content.
    pub map: Option<Vec<Segment>>,
}

impl PaxSparse {
    /// Reads the records; none where there are none.
    pub fn parse(records: &[(String, String)]) -> Result<Option<Self>> {
        if records.is_empty() {
            return Ok(None);
        }
        let get = |key: &str| records.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        let bad = || Error::archive("unsupported or malformed sparse file records");
        let name = get("name").map(str::to_owned);
        let version = (get("major"), get("minor"));
        let (size, map) = match version {
            (Some("1"), Some("0")) => (get("realsize"), None),
            (None | Some("0"), None | Some("1")) => (get("size"), Some(list_map(get("map").ok_or_else(bad)?)?)),
            _ => return Err(bad()),
        };
        let size = size.and_then(pax::decimal).ok_or_else(bad)?;
        Ok(Some(Self { name, size, map }))
    }
}

/// `offset,length,offset,length,…`
fn list_map(text: &str) -> Result<Vec<Segment>> {
    let numbers: Option<Vec<u64>> = text.split(',').map(pax::decimal).collect();
    let numbers = numbers.filter(|n| n.len() % 2 == 0).ok_or_else(|| Error::archive("malformed sparse map"))?;
    Ok(numbers.chunks_exact(2).map(|pair| Segment { offset: pair[0], length: pair[1] }).collect())
}

/// The map of format 1.0: a count and pairs, a decimal number a line, padded to a block. Also says how many bytes it took.
pub(crate) fn read_map(source: &mut impl Read) -> Result<(Vec<Segment>, u64)> {
    let mut lines = Lines { source, block: [0; BLOCK], at: BLOCK, taken: 0 };
    let count = lines.number()?;
    let mut segments = Vec::new();
    for _ in 0..count {
        segments.push(Segment { offset: lines.number()?, length: lines.number()? });
    }
    Ok((segments, lines.taken))
}

/// Numbers that stand one a line in whole blocks.
struct Lines<'a, R> {
    source: &'a mut R,
    block: [u8; BLOCK],
    at: usize,
    taken: u64,
}

impl<R: Read> Lines<'_, R> {
    fn number(&mut self) -> Result<u64> {
        let mut text = String::new();
        loop {
            match self.byte()? {
                b'\n' => return pax::decimal(&text).filter(|_| !text.is_empty()).ok_or_else(malformed),
                digit if text.len() < 20 => text.push(char::from(digit)),
                _ => return Err(malformed()),
            }
        }
    }

    fn byte(&mut self) -> Result<u8> {
        if self.at == BLOCK {
            if self.taken >= METADATA_LIMIT {
                return Err(Error::Limit { reason: format!("a sparse map over {METADATA_LIMIT} bytes") });
            }
            self.source.read_exact(&mut self.block).map_err(Error::io("read a sparse map"))?;
            self.taken += BLOCK as u64;
            self.at = 0;
        }
        self.at += 1;
        Ok(self.block[self.at - 1])
    }
}

fn malformed() -> Error {
    Error::archive("malformed sparse map")
}

/// Adds the pairs of 12-byte fields of an old GNU map to `segments`; blank pairs are skipped.
pub(crate) fn old_gnu_map(pairs: &[u8], segments: &mut Vec<Segment>) -> Result<()> {
    for pair in pairs.chunks_exact(24) {
        if pair.iter().all(|b| matches!(b, 0 | b' ')) {
            continue;
        }
        let field = |bytes: &[u8]| number::parse(bytes).and_then(|n| u64::try_from(n).ok()).ok_or_else(malformed);
        segments.push(Segment { offset: field(&pair[..12])?, length: field(&pair[12..])? });
    }
    Ok(())
}

/// Segments must be in order, apart, inside the file, and together exactly what is stored.
pub(crate) fn check(segments: &[Segment], size: u64, stored: u64) -> Result<()> {
    let mut end = 0u64;
    let mut sum = 0u64;
    for segment in segments {
        let next = segment.offset.checked_add(segment.length).filter(|_| segment.offset >= end);
        end = next.ok_or_else(malformed)?;
        sum += segment.length;
    }
    if end > size || sum != stored { Err(malformed()) } else { Ok(()) }
}
