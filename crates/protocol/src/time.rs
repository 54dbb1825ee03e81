//! Times as texts, in UTC, as ISO 8601 and JavaScript's `Date` write them.

use crate::Millis;

const DAY_MS: u64 = 86_400_000;

impl Millis {
    /// As `2026-11-25T08:30:00.123Z`.
    #[must_use]
    pub fn iso(self) -> String {
        let (days, ms) = (self.get() / DAY_MS, self.get() % DAY_MS);
        // Days since 1970 to a date: Howard Hinnant, "chrono-compatible low-level date algorithms".
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let (second, ms) = (ms / 1_000, ms % 1_000);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }

    /// Reads what [`Millis::iso`] and `Date.toISOString` write; nothing for another text, or a time before 1970.
    #[must_use]
    pub fn of_iso(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second, ms) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
        // The same source; a year begins in March, so that a leap day is its last.
        let year = if month <= 2 { year.checked_sub(1)? } else { year };
        let (era, year_of_era) = (year / 400, year % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = (era * 146_097 + day_of_era).checked_sub(719_468)?;
        let time = Self::new(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + ms).ok()?;
        // A 30th of February, a 25th hour, or anything between the numbers that does not belong there.
        (time.iso() == text).then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_of_the_calendar_and_reads_back() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_102_444_800_001, "2100-01-01T00:00:00.001Z"),
        ] {
            let time = Millis::new(ms).unwrap();
            assert_eq!(time.iso(), text);
            assert_eq!(Millis::of_iso(text), Some(time));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "2023-02-29T00:00:00.000Z",
            "2024-01-01T24:00:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2024-01-01",
        ] {
            assert_eq!(Millis::of_iso(text), None, "{text}");
        }
    }
}
