//! The keys that detach a client from a terminal.

use knarr_model::{Fault, Result};

/// Finds the sequence in what is typed.
#[derive(Debug, Clone)]
pub(crate) struct DetachKeys {
    keys: Vec<u8>,
    matched: usize,
}

impl DetachKeys {
    /// `ctrl-p,ctrl-q` and the like: single characters, or `ctrl-` with a letter or one of `@ [ \ ] ^ _`. Nothing is Docker's default.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = if text.is_empty() { "ctrl-p,ctrl-q" } else { text };
        let keys = text.split(',').map(|key| one(key).ok_or_else(|| invalid(text))).collect::<Result<_>>()?;
        Ok(Self { keys, matched: 0 })
    }

    /// What of `typed` goes on to the process, and whether the sequence was completed. A beginning of it is held back until the next
    /// key tells.
    pub(crate) fn pass(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(typed.len());
        for byte in typed {
            if self.keys.get(self.matched) == Some(byte) {
                self.matched += 1;
                if self.matched == self.keys.len() {
                    return (out, true);
                }
                continue;
            }
            out.extend_from_slice(&self.keys[..self.matched]);
            self.matched = usize::from(self.keys.first() == Some(byte));
            if self.matched == 0 {
                out.push(*byte);
            }
        }
        (out, false)
    }
}

fn invalid(text: &str) -> Fault {
    Fault::invalid(format!(
        "invalid detach keys {text:?}: expected a character or ctrl- with one of a-z, @, [, \\, ], ^ or _"
    ))
}

fn one(key: &str) -> Option<u8> {
    let single = |text: &str| match text.as_bytes() {
        [byte] if byte.is_ascii() => Some(*byte),
        _ => None,
    };
    match key.strip_prefix("ctrl-") {
        Some(rest) => match single(rest)?.to_ascii_lowercase() {
            letter @ b'a'..=b'z' => Some(letter - b'a' + 1),
            b'@' => Some(0),
            sign @ (b'[' | b'\\' | b']' | b'^' | b'_') => Some(sign - b'[' + 27),
            _ => None,
        },
        None => single(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_found_across_reads_and_the_rest_passes() {
        let mut keys = DetachKeys::parse("").unwrap();
        assert_eq!(keys.pass(b"ab\x10"), (b"ab".to_vec(), false));
        assert_eq!(keys.pass(b"c"), (b"\x10c".to_vec(), false));
        assert_eq!(keys.pass(b"\x10\x10\x11"), (b"\x10".to_vec(), true));
    }

    #[test]
    fn keys_are_parsed() {
        assert_eq!(DetachKeys::parse("a,ctrl-[").unwrap().keys, [b'a', 27]);
        assert!(DetachKeys::parse("ctrl-").is_err() && DetachKeys::parse("ab").is_err());
    }
}
