//! Lines from a stream that comes in arbitrary pieces.

use crate::json;

/// The longest line that is given as one piece, its newline included.
pub const LONGEST: usize = 16 * 1024;

/// What has come of the present line.
pub struct Lines {
    buffer: &'static mut [u8],
    length: usize,
}

impl Lines {
    /// Over a buffer of [`LONGEST`] bytes.
    pub fn new(buffer: &'static mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// Takes the next bytes and gives every piece that is complete: a line with its newline, or [`LONGEST`] bytes
    /// (three fewer at most, not to cut a character) of a longer one.
    pub fn feed(&mut self, mut bytes: &[u8], mut give: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let window = &bytes[..bytes.len().min(self.buffer.len() - self.length)];
            match window.iter().position(|b| *b == b'\n') {
                Some(end) if self.length == 0 => {
                    give(&window[..=end]);
                    bytes = &bytes[end + 1..];
                }
                Some(end) => {
                    self.keep(&window[..=end]);
                    self.flush(&mut give);
                    bytes = &bytes[end + 1..];
                }
                None => {
                    self.keep(window);
                    bytes = &bytes[window.len()..];
                    self.split_if_full(&mut give);
                }
            }
        }
    }

    /// Gives what is left, at the end of the stream.
    pub fn flush(&mut self, give: &mut impl FnMut(&[u8])) {
        if self.length > 0 {
            give(&self.buffer[..self.length]);
            self.length = 0;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.buffer[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    fn split_if_full(&mut self, give: &mut impl FnMut(&[u8])) {
        if self.length == self.buffer.len() {
            let cut = json::cut(self.buffer);
            give(&self.buffer[..cut]);
            self.buffer.copy_within(cut.., 0);
            self.length -= cut;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(input: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(vec![0; LONGEST].leak());
        let mut all = Vec::new();
        let mut give = |piece: &[u8]| all.push(piece.to_vec());
        input.iter().for_each(|bytes| lines.feed(bytes, &mut give));
        lines.flush(&mut give);
        all
    }

    #[test]
    fn lines_are_put_together_and_taken_apart() {
        let found = pieces(&[b"one\ntw", b"o\n", b"\nthree"]);
        assert_eq!(found, [&b"one\n"[..], b"two\n", b"\n", b"three"]);
    }

    #[test]
    fn a_long_line_is_split_and_only_its_end_has_the_newline() {
        let mut long = vec![b'x'; LONGEST * 2];
        long.push(b'\n');
        let found = pieces(&[&long[..100], &long[100..]]);
        assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [LONGEST, LONGEST, 1]);
        assert_eq!(found[2], b"\n");
    }

    #[test]
    fn no_byte_is_lost_and_no_character_cut() {
        let text = "☃".repeat(LONGEST);
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(1000).collect();
        let found = pieces(&chunks);
        assert!(found.iter().all(|piece| core::str::from_utf8(piece).is_ok() && piece.len() <= LONGEST));
        assert_eq!(found.concat(), text.as_bytes());
    }
}
