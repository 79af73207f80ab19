//! The time, and days of the calendar. All of the program takes the time from here.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Seconds since 1970-01-01T00:00:00Z, by the system's clock, plus the number of seconds in the file that
/// `TODO_CLOCK_OFFSET_FILE` names, if there is one.
pub fn now() -> i64 {
    let system = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(_) => 0,
    };
    let offset = std::env::var_os("TODO_CLOCK_OFFSET_FILE")
        .and_then(|file| std::fs::read_to_string(file).ok())
        .and_then(|text| text.trim().parse::<f64>().ok())
        .unwrap_or(0.0);
    system.saturating_add(offset as i64)
}

/// The day in UTC, as days since 1970-01-01.
pub fn day(seconds: i64) -> i64 {
    seconds.div_euclid(DAY)
}

/// `YYYY-MM-DD` of a day, in the proleptic Gregorian calendar.
pub fn date(day: i64) -> String {
    // Howard Hinnant, “chrono-compatible low-level date algorithms”, `civil_from_days`.
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (day, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (20_088, "2024-12-31")] {
            assert_eq!(date(day), text);
        }
        assert_eq!((day(86_399), day(86_400), day(-1)), (0, 1, -1));
    }
}
