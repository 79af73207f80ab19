//! Moments as RFC 3339 writes them, in UTC and to the millisecond.

use crate::ids::Timestamp;

const DAY_MS: u64 = 86_400_000;

/// The last millisecond of the year 9999: RFC 3339 has four digits for a year.
const LAST: u64 = 253_402_300_799_999;

/// Such as `2026-07-01T12:00:00.000Z`. What is later than the year 9999 is written as its last millisecond.
///
/// The calendar is computed as in <https://howardhinnant.github.io/date_algorithms.html>, under `civil_from_days`.
pub fn iso(at: Timestamp) -> String {
    let ms = at.0.min(LAST);
    let (days, of_day) = (ms / DAY_MS, ms % DAY_MS);
    // Days since the first of March of the year 0, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (seconds, ms) = (of_day / 1_000, of_day % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_767_225_599_001, "2025-12-31T23:59:59.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso(Timestamp(ms)), text);
        }
    }
}
