use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarDate {
    year: i16,
    month: u8,
    day: u8,
}

/// Why a text is not a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseDateError {
    /// Not `YYYY-MM-DD`, or no such day.
    #[error("text is not a day of the calendar")]
    NotADay,
    /// A birth after today or before 1890.
    #[error("day cannot be a birth date")]
    NotABirthDate,
}

impl CalendarDate {
    /// Builds a day.
    ///
    /// # Errors
    ///
    /// [`ParseDateError::NotADay`] when the calendar has no such day.
    pub fn new(year: i16, month: u8, day: u8) -> Result<Self, ParseDateError> {
        let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let last_day = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => return Err(ParseDateError::NotADay),
        };
        if (1..=last_day).contains(&day) && (1..=9999).contains(&year) {
            Ok(Self { year, month, day })
        } else {
            Err(ParseDateError::NotADay)
        }
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    ///
    /// [`ParseDateError::NotADay`].
    pub fn parse(text: &str) -> Result<Self, ParseDateError> {
        let bytes = text.as_bytes();
        let is_shaped = bytes.len() == 10
            && bytes.iter().enumerate().all(|(place, byte)| match place {
                4 | 7 => *byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_shaped {
            return Err(ParseDateError::NotADay);
        }
        let number = |from: usize, until: usize| text[from..until].parse::<i16>().map_err(|_| ParseDateError::NotADay);
        let small = |number: i16| u8::try_from(number).map_err(|_| ParseDateError::NotADay);
        Self::new(number(0, 4)?, small(number(5, 7)?)?, small(number(8, 10)?)?)
    }

    /// Reads a birth date: not after `today`, not before 1890.
    ///
    /// # Errors
    ///
    /// See [`ParseDateError`].
    pub fn parse_birth(text: &str, today: Self) -> Result<Self, ParseDateError> {
        let date = Self::parse(text.trim())?;
        if date > today || date.year < FIRST_BIRTH_YEAR { Err(ParseDateError::NotABirthDate) } else { Ok(date) }
    }

    /// Gives the year.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// Gives the month, from 1.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Gives the day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Writes the day in French: `1er mars 2026`.
    #[must_use]
    pub fn long(self) -> String {
        format!("{} {}", self.day_and_month(), self.year)
    }

    /// Writes the day in French without its year: `1er mars`.
    #[must_use]
    pub fn day_and_month(self) -> String {
        const MONTHS: [&str; 12] = [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ];
        let month = MONTHS[usize::from(self.month - 1)];
        let ordinal = if self.day == 1 { "er" } else { "" };
        format!("{}{ordinal} {month}", self.day)
    }

    /// Writes the day in short: `01/03/2026`.
    #[must_use]
    pub fn short(self) -> String {
        format!("{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for CalendarDate {
    type Error = ParseDateError;
    fn try_from(text: String) -> Result<Self, ParseDateError> {
        Self::parse(&text)
    }
}

impl From<CalendarDate> for String {
    fn from(date: CalendarDate) -> Self {
        date.to_string()
    }
}

/// First year accepted for a birth.
const FIRST_BIRTH_YEAR: i16 = 1890;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_that_no_calendar_has_are_refused() {
        for text in ["2025-02-29", "2024-13-01", "2024-00-10", "24-01-01", "2024/01/01", "2024-1-01", "é024-01-0"] {
            assert_eq!(CalendarDate::parse(text), Err(ParseDateError::NotADay), "{text}");
        }
        assert!(CalendarDate::parse("2024-02-29").is_ok());
    }

    #[test]
    fn nobody_is_born_tomorrow() {
        let today = CalendarDate::new(2026, 11, 22).unwrap();
        assert_eq!(CalendarDate::parse_birth("2026-11-23", today), Err(ParseDateError::NotABirthDate));
        assert_eq!(CalendarDate::parse_birth("1750-01-01", today), Err(ParseDateError::NotABirthDate));
        assert!(CalendarDate::parse_birth("2026-11-22", today).is_ok());
    }

    #[test]
    fn dates_are_written_as_french_people_do() {
        assert_eq!(CalendarDate::new(2026, 3, 1).unwrap().long(), "1er mars 2026");
        assert_eq!(CalendarDate::new(2026, 8, 22).unwrap().long(), "22 août 2026");
        assert_eq!(CalendarDate::new(2026, 8, 2).unwrap().short(), "02/08/2026");
    }

    proptest! {
        #[test]
        fn a_date_is_read_back_as_it_was_written(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]|.{0,12}") {
            if let Ok(date) = CalendarDate::parse(&text) {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
