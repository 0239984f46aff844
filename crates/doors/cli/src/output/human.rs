//! Sizes and times for people, as Docker prints them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use knarr_model::age;

/// A size in powers of 1000 with three significant digits: `12.3MB`.
pub(crate) fn short_size(bytes: f64) -> String {
    scaled(bytes, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB", "EB"], 3)
}

/// The same with four significant digits: `12.35MB`.
pub(crate) fn long_size(bytes: f64) -> String {
    scaled(bytes, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB", "EB"], 4)
}

/// A size in powers of 1024 with four significant digits: `7.637MiB`.
pub(crate) fn binary_size(bytes: f64) -> String {
    scaled(bytes, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], 4)
}

fn scaled(mut size: f64, base: f64, units: &[&str], digits: i32) -> String {
    let mut unit = 0;
    while size >= base && unit + 1 < units.len() {
        size /= base;
        unit += 1;
    }
    format!("{}{}", significant(size, digits), units[unit])
}

/// C's `%.*g`.
fn significant(value: f64, digits: i32) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{value:.*e}", (digits - 1) as usize);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), exponent.abs());
    }
    trim(&format!("{value:.*}", (digits - 1 - exponent).max(0) as usize))
}

/// How long ago a time was: `5 minutes ago`; empty for a time that never was.
pub(crate) fn since(seconds: i64) -> String {
    if seconds <= 0 { String::new() } else { format!("{} ago", age(Timestamp::now().as_second() - seconds)) }
}

/// A time in the user's zone as Go prints it: `2026-01-02 15:04:05 +0100 CET`.
pub(crate) fn clock(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::system());
    time.strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
}

/// The same as RFC 3339: `2026-01-02T15:04:05+01:00`.
pub(crate) fn iso(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or_default().to_zoned(TimeZone::system());
    let zone = if time.offset().is_zero() { "Z".into() } else { time.strftime("%:z").to_string() };
    format!("{}{zone}", time.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// A time of RFC 3339 as Go prints one that it keeps to the nanosecond: `2026-01-02 15:04:05.12 +0000 UTC`.
pub(crate) fn nanoseconds(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.f %z %Z").to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_dockers() {
        for (bytes, short, binary) in [
            (0.0, "0B", "0B"),
            (999.0, "999B", "999B"),
            (1000.0, "1kB", "1000B"),
            (12_345_678.0, "12.3MB", "11.77MiB"),
            (1_500_000_000.0, "1.5GB", "1.397GiB"),
            (8_008_000.0, "8.01MB", "7.637MiB"),
            (999_900.0, "1e+03kB", "976.5KiB"),
        ] {
            assert_eq!(short_size(bytes), short);
            assert_eq!(binary_size(bytes), binary);
        }
        assert_eq!(long_size(1_982_354.0), "1.982MB");
    }

    #[test]
    fn times_are_gos() {
        assert_eq!(nanoseconds("2026-01-02T15:04:05.12Z"), "2026-01-02 15:04:05.12 +0000 UTC");
        assert_eq!(nanoseconds("2026-01-02T16:04:05+01:00"), "2026-01-02 15:04:05 +0000 UTC");
        assert!(iso(0).starts_with("19"));
    }
}
