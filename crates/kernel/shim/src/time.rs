//! RFC 3339 with nanoseconds, in UTC.

use crate::text::Text;

/// A moment, as a number and as text.
pub struct Stamp {
    /// Seconds since 1970.
    pub seconds: i64,
    /// And nanoseconds.
    pub nanoseconds: u32,
    /// RFC 3339.
    pub text: Text<40>,
}

impl Stamp {
    /// This moment.
    pub fn now() -> Self {
        let (seconds, nanoseconds) = knarr_sys::program::now();
        Self { seconds, nanoseconds, text: rfc3339(seconds, nanoseconds) }
    }
}

/// `2026-11-22T13:30:00.000000001Z`.
pub fn rfc3339(seconds: i64, nanoseconds: u32) -> Text<40> {
    let days = seconds.div_euclid(86_400);
    let second = seconds.rem_euclid(86_400) as u64;
    let (year, month, day) = civil(days);
    let mut text = Text::new();
    let parts = [
        (year, 4, b"-"),
        (month, 2, b"-"),
        (day, 2, b"T"),
        (second / 3600, 2, b":"),
        (second / 60 % 60, 2, b":"),
        (second % 60, 2, b"."),
        (u64::from(nanoseconds), 9, b"Z"),
    ];
    for (number, width, separator) in parts {
        text.put_number(number, width);
        text.put(separator);
    }
    text
}

/// Year, month and day of a number of days since 1970, in eras of 400 years that begin on the first of March.
fn civil(days: i64) -> (u64, u64, u64) {
    const ERA: i64 = 146_097;
    let shifted = days + 719_468;
    let era = shifted.div_euclid(ERA);
    let day_of_era = shifted.rem_euclid(ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year.max(0) as u64, month as u64, day as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_sorts() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_399, 1, "2000-02-28T23:59:59.000000001Z"),
            (951_782_400, 999_999_999, "2000-02-29T00:00:00.999999999Z"),
            (1_795_354_205, 5, "2026-11-22T13:30:05.000000005Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000000Z"),
        ] {
            assert_eq!(core::str::from_utf8(rfc3339(seconds, nanoseconds).bytes()).unwrap(), text);
        }
    }
}
