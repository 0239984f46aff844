//! Numbers in headers: octal text, or base-256 where the first bit is set (GNU).

/// The value of a header field; none where it is neither form or does not fit.
pub(crate) fn parse(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base256(field),
        _ => octal(field),
    }
}

/// Octal digits with leading spaces, ended by spaces or NULs. A blank field is 0.
fn octal(field: &[u8]) -> Option<i64> {
    let start = field.iter().position(|b| *b != b' ').unwrap_or(field.len());
    let text = &field[start..];
    let end = text.iter().position(|b| matches!(b, b' ' | 0)).unwrap_or(text.len());
    if text[end..].iter().any(|b| !matches!(b, b' ' | 0)) {
        return None;
    }
    text[..end].iter().try_fold(0i64, |value, digit| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

/// Big-endian two's complement of which the topmost bit is the marker.
fn base256(field: &[u8]) -> Option<i64> {
    let negative = field[0] & 0x40 != 0;
    let first = if negative { field[0] } else { field[0] & 0x7f };
    let start = if negative { -1i64 } else { 0 };
    std::iter::once(first)
        .chain(field[1..].iter().copied())
        .try_fold(start, |value, byte| value.checked_mul(256)?.checked_add(i64::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn both_forms_are_read_and_rubbish_is_not() {
        assert_eq!(parse(b"0000644\0"), Some(0o644));
        assert_eq!(parse(b"   644 \0"), Some(0o644));
        assert_eq!(parse(b"\0\0\0\0"), Some(0));
        assert_eq!(parse(b"77777777"), Some(0o77777777));
        assert_eq!(parse(b"\x80\0\0\0\0\0\0\0\0\0\x01\0"), Some(256));
        assert_eq!(parse(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), Some(-1));
        assert_eq!(parse(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        for bad in [&b"-1\0\0"[..], b"08\0\0", b"1\x002\0", b"0x1\0"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
    }
}
