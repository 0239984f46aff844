//! Text in a buffer of fixed size, without formatting machinery.

use core::ffi::CStr;

/// At most `N` bytes; what does not fit is left out, and [`Text::whole`] says so.
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
    cut: bool,
}

impl<const N: usize> Text<N> {
    /// Empty.
    pub const fn new() -> Self {
        Self { bytes: [0; N], length: 0, cut: false }
    }

    /// Of these parts.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut text = Self::new();
        parts.iter().for_each(|part| text.put(part));
        text
    }

    /// Adds bytes.
    pub fn put(&mut self, part: &[u8]) {
        let room = N - self.length;
        let taken = part.len().min(room);
        self.bytes[self.length..self.length + taken].copy_from_slice(&part[..taken]);
        self.length += taken;
        self.cut |= taken < part.len();
    }

    /// Adds a number, with leading zeros up to `width` digits (20 at most).
    pub fn put_number(&mut self, mut number: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        while number > 0 || digits.len() - at < width.max(1) {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
        }
        self.put(&digits[at..]);
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Whether everything fitted.
    pub fn whole(&self) -> bool {
        !self.cut
    }

    /// As a C string; none if it was cut or holds a zero.
    pub fn c_str(&mut self) -> Option<&CStr> {
        if self.cut || self.length == N {
            return None;
        }
        self.bytes[self.length] = 0;
        CStr::from_bytes_with_nul(&self.bytes[..=self.length]).ok()
    }
}

/// A decimal number of at most 18 digits.
pub fn number(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0u64, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_and_what_is_too_long_is_seen() {
        let mut text = Text::<8>::new();
        text.put_number(42, 5);
        assert_eq!(text.bytes(), b"00042");
        text.put_number(0, 0);
        assert!(text.whole());
        text.put(b"abc");
        assert_eq!(text.bytes(), b"000420ab");
        assert!(!text.whole());
        assert!(text.c_str().is_none());
    }

    #[test]
    fn only_plain_numbers_are_read() {
        assert_eq!(number(b"104857600"), Some(104_857_600));
        for bad in [&b""[..], b"-1", b"1x", b"9999999999999999999"] {
            assert_eq!(number(bad), None);
        }
    }
}
