//! Days, ISO weeks and months of the proleptic Gregorian calendar, in UTC.

use crate::ids::Timestamp;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Days since 1970-01-01.
pub(super) fn day(at: Timestamp) -> i64 {
    i64::try_from(at.0 / DAY_MS).expect("2^64 milliseconds are fewer than 2^38 days")
}

/// Year and month, from 1.
pub(super) fn month(at: Timestamp) -> (i64, u8) {
    let (year, month, _) = civil(day(at));
    (year, month)
}

/// Year and week, from 1, as ISO 8601 numbers them: weeks begin on Monday, and belong to the year of their Thursday.
pub(super) fn week(at: Timestamp) -> (i64, u8) {
    let day = day(at);
    // 1970-01-01 was a Thursday.
    let since_monday = (day + 3).rem_euclid(7);
    let thursday = day - since_monday + 3;
    let (year, _, _) = civil(thursday);
    let week = (thursday - days_before(year)) / 7 + 1;
    (year, u8::try_from(week).expect("a year has at most 53 weeks"))
}

/// Days from 1970-01-01 to the first of that year, for years from 1970 on.
fn days_before(year: i64) -> i64 {
    let past = year - 1;
    365 * (year - 1970) + (past / 4 - past / 100 + past / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400)
}

/// Year, month and day of a day since 1970-01-01. Howard Hinnant, chrono-compatible low-level date algorithms
/// (`civil_from_days`), 2013: eras of 400 years, each year beginning in March.
fn civil(day: i64) -> (i64, u8, u8) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let small = |n: i64| u8::try_from(n).expect("months and days of months are small");
    (year, small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: u64) -> Timestamp {
        Timestamp(day * DAY_MS)
    }

    #[test]
    fn days_that_are_known_by_other_means() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
        assert_eq!((month(at(20_454)), month(at(20_453))), ((2026, 1), (2025, 12)));
        // 2021-01-03 was the Sunday of the last week of 2020, which had 53.
        assert_eq!((week(at(18_630)), week(at(18_631))), ((2020, 53), (2021, 1)));
        // 2024-12-30 was a Monday of the first week of 2025.
        assert_eq!((week(at(20_087)), week(at(20_086))), ((2025, 1), (2024, 52)));
        assert_eq!(week(at(0)), (1970, 1));
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let (mut before, mut weeks) = (civil(0), week(at(0)));
        for day in 1..=146_097 {
            let next = civil(i64::try_from(day).unwrap());
            assert!(next > before, "{before:?} {next:?}");
            let monday = (day + 3) % 7 == 0;
            let now = week(at(day));
            assert_eq!(now != weeks, monday, "{next:?}");
            assert!(now >= weeks);
            (before, weeks) = (next, now);
        }
        assert_eq!(before, (2370, 1, 1));
    }

    #[test]
    fn the_end_of_time_has_a_week() {
        assert!(week(Timestamp(u64::MAX)).0 > 584_000_000);
        assert!(month(Timestamp(u64::MAX)).0 > 584_000_000);
    }
}
