//! The keys that detach: `ctrl-p,ctrl-q` unless told otherwise.

use crate::error::{Error, Result};

/// A scanner of input for the sequence of keys.
#[derive(Debug, Clone)]
pub(crate) struct DetachKeys {
    sequence: Vec<u8>,
    matched: usize,
}

/// What to do with some input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned {
    /// Pass these bytes on.
    Pass(Vec<u8>),
    /// Pass these bytes on, then detach.
    Detach(Vec<u8>),
}

impl DetachKeys {
    /// Reads `ctrl-a,b`; nothing means Docker's default.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self> {
        let text = text.filter(|t| !t.is_empty()).unwrap_or("ctrl-p,ctrl-q");
        let sequence = text.split(',').map(key).collect::<Option<Vec<u8>>>();
        let sequence = sequence
            .ok_or_else(|| Error::invalid(format!("invalid detach keys ({text}): expected for example ctrl-p,q")))?;
        Ok(Self { sequence, matched: 0 })
    }

    /// Looks at some input. Keys of an unfinished sequence are held back.
    pub(crate) fn scan(&mut self, input: &[u8]) -> Scanned {
        let mut pass = Vec::with_capacity(input.len());
        for &byte in input {
            if byte != self.sequence[self.matched] {
                pass.extend_from_slice(&self.sequence[..self.matched]);
                self.matched = 0;
            }
            if byte != self.sequence[self.matched] {
                pass.push(byte);
                continue;
            }
            self.matched += 1;
            if self.matched == self.sequence.len() {
                return Scanned::Detach(pass);
            }
        }
        Scanned::Pass(pass)
    }
}

fn key(text: &str) -> Option<u8> {
    let one = |text: &str| match text.as_bytes() {
        [byte] => Some(*byte),
        _ => None,
    };
    let Some(control) = text.strip_prefix("ctrl-") else { return one(text) };
    match one(control)? {
        letter @ b'a'..=b'z' => Some(letter - b'a' + 1),
        b'@' => Some(0),
        sign @ b'['..=b'_' => Some(sign - b'[' + 27),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_detaches() {
        let mut keys = DetachKeys::parse(None).unwrap();
        assert_eq!(keys.scan(b"ab"), Scanned::Pass(b"ab".to_vec()));
        assert_eq!(keys.scan(b"c\x10"), Scanned::Pass(b"c".to_vec()));
        assert_eq!(keys.scan(b"d"), Scanned::Pass(b"\x10d".to_vec()));
        assert_eq!(keys.scan(b"\x10\x10\x11x"), Scanned::Detach(b"\x10".to_vec()));
    }

    #[test]
    fn keys_parse() {
        assert_eq!(DetachKeys::parse(Some("ctrl-@,ctrl-[,a")).unwrap().sequence, [0, 27, b'a']);
        for bad in ["ctrl-", "ab", "ctrl-1", "a,,b"] {
            assert!(DetachKeys::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
