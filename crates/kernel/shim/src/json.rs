//! JSON strings from arbitrary bytes.

/// Gives the content of a JSON string (without its quotes) piece by piece: what must be escaped is, and each maximal
/// invalid part becomes U+FFFD.
pub fn escape(bytes: &[u8], mut put: impl FnMut(&[u8])) {
    for chunk in bytes.utf8_chunks() {
        valid(chunk.valid().as_bytes(), &mut put);
        if !chunk.invalid().is_empty() {
            put("\u{fffd}".as_bytes());
        }
    }
}

fn valid(mut bytes: &[u8], put: &mut impl FnMut(&[u8])) {
    while let Some(at) = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1f)) {
        put(&bytes[..at]);
        special(bytes[at], put);
        bytes = &bytes[at + 1..];
    }
    put(bytes);
}

fn special(byte: u8, put: &mut impl FnMut(&[u8])) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => put(b"\\\""),
        b'\\' => put(b"\\\\"),
        b'\n' => put(b"\\n"),
        b'\r' => put(b"\\r"),
        b'\t' => put(b"\\t"),
        _ => put(&[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
    }
}

/// Where to cut `bytes`, which are followed by more, so that no character is cut in two: at most three bytes before
/// the end.
pub fn cut(bytes: &[u8]) -> usize {
    let end = bytes.len();
    for back in 1..=3.min(end) {
        let needed = match bytes[end - back] {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if needed > back { end - back } else { end };
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut all = Vec::new();
        escape(bytes, |part| all.extend_from_slice(part));
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn what_must_be_is_escaped() {
        assert_eq!(escaped(b"a\"b\\c\n\x01\x1f\x7f"), "a\\\"b\\\\c\\n\\u0001\\u001f\x7f");
        assert_eq!(escaped("grün ☃ 🐟".as_bytes()), "grün ☃ 🐟");
    }

    #[test]
    fn what_is_no_text_becomes_the_replacement_character() {
        assert_eq!(escaped(b"a\xffb\xe2\x98"), "a\u{fffd}b\u{fffd}");
        assert_eq!(escaped(b"\xed\xa0\x80"), "\u{fffd}\u{fffd}\u{fffd}");
    }

    #[test]
    fn characters_are_not_cut_in_two() {
        assert_eq!(cut(b"abc"), 3);
        assert_eq!(cut("ab☃".as_bytes()), 5);
        assert_eq!(cut(&"ab☃".as_bytes()[..4]), 2);
        assert_eq!(cut(&"ab🐟".as_bytes()[..5]), 2);
        assert_eq!(cut(b"\x80\x80\x80\x80"), 4);
        assert_eq!(cut(b""), 0);
    }
}
