//! `--since` and `--until`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::duration::duration;

/// Reads seconds since 1970 (with a fraction), RFC 3339, a local date or time, or a span before `now` (`42m`). Returns seconds and
/// nanoseconds as the API wants them, `1700000000.000000000`.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Ok(text.to_owned());
    }
    let before = duration(text).ok().and_then(|nanos| now.checked_sub(SignedDuration::from_nanos(nanos)).ok());
    let stamp = before.or_else(|| text.parse::<Timestamp>().ok()).or_else(|| local(text));
    let stamp = stamp.ok_or_else(|| {
        format!("failed to parse value as time or duration: {text:?}: expected 2026-01-02T15:04:05Z, 1700000000 or 42m")
    })?;
    Ok(format!("{}.{:09}", stamp.as_second(), stamp.subsec_nanosecond()))
}

fn local(text: &str) -> Option<Timestamp> {
    let time: DateTime = text.parse().ok()?;
    Some(time.to_zoned(TimeZone::system()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let now = Timestamp::from_second(1000).unwrap();
        for (text, expected) in [
            ("1700000000", "1700000000"),
            ("1.5", "1.5"),
            ("10s", "990.000000000"),
            ("1970-01-01T00:00:01.5Z", "1.500000000"),
        ] {
            assert_eq!(moment(text, now).unwrap(), expected);
        }
        assert!(moment("yesterday", now).is_err());
    }
}
