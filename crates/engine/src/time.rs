//! Points in time as Docker writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A point in time with nanoseconds, written as Go writes it (RFC 3339 in UTC, as many digits as it takes:
/// `2026-01-02T03:04:05.12Z`), so that an image's configuration keeps its digest when a client in Go writes it again.
/// Go's zero time, `0001-01-01T00:00:00Z`, stands for "never".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(Option<jiff::Timestamp>);

impl Timestamp {
    /// "Never".
    pub const NEVER: Self = Self(None);

    /// The clock's time.
    pub fn now() -> Self {
        Self(Some(jiff::Timestamp::now()))
    }

    /// From seconds and nanoseconds since the epoch; out of range is "never".
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> Self {
        Self(jiff::Timestamp::new(seconds, i32::try_from(nanoseconds).unwrap_or_default()).ok())
    }

    /// Seconds since the epoch; "never" is Go's zero time.
    pub fn seconds(self) -> i64 {
        self.0.map_or(-62_135_596_800, jiff::Timestamp::as_second)
    }

    /// Nanoseconds since the epoch; "never" is 0.
    pub fn nanoseconds(self) -> i64 {
        self.0.map_or(0, |t| i64::try_from(t.as_nanosecond()).unwrap_or(i64::MAX))
    }

    /// Whether it is "never".
    pub fn is_never(self) -> bool {
        self.0.is_none()
    }

    /// With nine digits behind the second, as logs have it.
    pub(crate) fn with_all_digits(self) -> String {
        self.0.map_or_else(|| self.to_string(), |time| format!("{time:.9}"))
    }

    /// Parses what clients send in `since` and `until`: `SECONDS[.NANOSECONDS]` or RFC 3339.
    pub fn parse_query(text: &str) -> Option<Self> {
        let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
        let Ok(seconds) = seconds.parse::<i64>() else { return text.parse().ok() };
        let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
        let nanoseconds = digits.parse().ok()?;
        Some(Self::from_unix(seconds, nanoseconds))
    }
}

/// Go's notation of durations: `1h30m`, `10s`, `1.5h`, `100ms`.
pub(crate) fn duration(text: &str) -> Option<std::time::Duration> {
    let mut rest = text;
    let mut total = std::time::Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += std::time::Duration::try_from_secs_f64(number * seconds).ok()?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(total)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(time) => write!(f, "{time}"),
            None => f.write_str("0001-01-01T00:00:00Z"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        if text.is_empty() || text.starts_with("0001-01-01T") {
            return Ok(Self::NEVER);
        }
        text.parse().map(|time| Self(Some(time)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_go_does() {
        assert_eq!(Timestamp::from_unix(0, 5).to_string(), "1970-01-01T00:00:00.000000005Z");
        assert_eq!(Timestamp::from_unix(0, 120_000_000).to_string(), "1970-01-01T00:00:00.12Z");
        assert_eq!(Timestamp::from_unix(7, 0).to_string(), "1970-01-01T00:00:07Z");
        assert_eq!(Timestamp::NEVER.to_string(), "0001-01-01T00:00:00Z");
        assert!("0001-01-01T00:00:00Z".parse::<Timestamp>().unwrap().is_never());
    }

    #[test]
    fn durations_are_gos() {
        assert_eq!(duration("1h30m"), Some(std::time::Duration::from_secs(5400)));
        assert_eq!(duration("1.5s"), Some(std::time::Duration::from_millis(1500)));
        assert!(duration("").is_none() && duration("5").is_none() && duration("x").is_none());
    }

    #[test]
    fn queries_take_seconds_fractions_and_dates() {
        let half = Timestamp::parse_query("10.5").unwrap();
        assert_eq!(half, Timestamp::from_unix(10, 500_000_000));
        assert_eq!(Timestamp::parse_query("1970-01-01T00:00:10.5Z").unwrap(), half);
        assert!(Timestamp::parse_query("yesterday").is_none());
    }
}
