//! Time as text.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, as RFC 3339 in UTC with nanoseconds.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    render(since.as_secs(), since.subsec_nanos())
}

fn render(seconds: u64, nanoseconds: u32) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanoseconds:09}Z")
}

/// The Gregorian date of a day counted from 1970-01-01, reckoned in eras of 400 years that begin on a 1 March.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        assert_eq!(render(0, 0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(render(951_827_696, 5), "2000-02-29T12:34:56.000000005Z");
        assert_eq!(render(1_798_761_599, 999_999_999), "2026-12-31T23:59:59.999999999Z");
    }
}
