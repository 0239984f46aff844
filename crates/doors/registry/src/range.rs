//! The two range headers: what a reader wants, and where an upload's chunk belongs. Pure.

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// No range, or one that is ignored (several ranges, other units).
    All,
    /// From this byte, so many.
    Part(u64, u64),
    /// Beyond the end: 416.
    Beyond,
}

/// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n` against content of `size` bytes (RFC 9110, 14.1.2).
pub(crate) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((first, last)) = header.and_then(|h| h.strip_prefix("bytes=")).and_then(|r| r.trim().split_once('-'))
    else {
        return Wanted::All;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), _) if first >= size => Wanted::Beyond,
        (Ok(first), Ok(last)) if last >= first => Wanted::Part(first, last.min(size - 1) - first + 1),
        (Ok(first), Err(_)) if last.is_empty() => Wanted::Part(first, size - first),
        (Err(_), Ok(0)) if first.is_empty() => Wanted::Beyond,
        (Err(_), Ok(tail)) if first.is_empty() && size > 0 => Wanted::Part(size - tail.min(size), tail.min(size)),
        _ => Wanted::All,
    }
}

/// Reads an upload's `Content-Range: <first>-<last>` (distribution-spec; `bytes ` before and `/total` behind are tolerated):
/// the first byte and the length.
pub(crate) fn chunk(header: &str) -> Option<(u64, u64)> {
    let range = header.trim().trim_start_matches("bytes ").split('/').next()?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    Some((first, last.checked_sub(first)?.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        assert_eq!(wanted(None, 10), Wanted::All);
        assert_eq!(wanted(Some("bytes=0-3"), 10), Wanted::Part(0, 4));
        assert_eq!(wanted(Some("bytes=4-"), 10), Wanted::Part(4, 6));
        assert_eq!(wanted(Some("bytes=4-99"), 10), Wanted::Part(4, 6));
        assert_eq!(wanted(Some("bytes=-3"), 10), Wanted::Part(7, 3));
        assert_eq!(wanted(Some("bytes=-30"), 10), Wanted::Part(0, 10));
        assert_eq!(wanted(Some("bytes=10-"), 10), Wanted::Beyond);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Beyond);
        for ignored in ["bytes=3-1", "bytes=0-1,4-5", "lines=1-2", "bytes=x-y", "bytes=-"] {
            assert_eq!(wanted(Some(ignored), 10), Wanted::All, "{ignored}");
        }
    }

    #[test]
    fn chunks_have_a_place() {
        assert_eq!(chunk("0-9"), Some((0, 10)));
        assert_eq!(chunk("bytes 5-9/100"), Some((5, 5)));
        for bad in ["", "5", "9-5", "0-18446744073709551615", "-1-3", "a-b"] {
            assert_eq!(chunk(bad), None, "{bad}");
        }
    }
}
