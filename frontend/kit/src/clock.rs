//! Dates and hours as people of the practice read them: always Europe/Paris, whatever the computer says.

use std::cell::RefCell;

use colloque_ids::Timestamp;
use js_sys::Intl::DateTimeFormat;
use js_sys::{Array, Date, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::text::locale;

const ZONE: &str = "Europe/Paris";
const DAY_MS: i64 = 86_400_000;

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `14:30`.
    Hour,
    /// `14:42:07`.
    Second,
    /// `lundi 23 novembre 2026`.
    LongDay,
    /// `23 nov. 2026`.
    ShortDay,
    /// `23 nov. 2026, 14:30`.
    Moment,
    /// `23/11/2026 14:42:07,123`.
    Exact,
    /// As [`Style::Exact`], in UTC.
    ExactUtc,
}

const STYLES: usize = 7;

impl Style {
    fn options(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Hour => &[("hour", "2-digit"), ("minute", "2-digit")],
            Self::Second => &[("hour", "2-digit"), ("minute", "2-digit"), ("second", "2-digit")],
            Self::LongDay => &[("weekday", "long"), ("day", "numeric"), ("month", "long"), ("year", "numeric")],
            Self::ShortDay => &[("day", "numeric"), ("month", "short"), ("year", "numeric")],
            Self::Moment => &[
                ("day", "numeric"),
                ("month", "short"),
                ("year", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
            ],
            Self::Exact | Self::ExactUtc => &[
                ("day", "2-digit"),
                ("month", "2-digit"),
                ("year", "numeric"),
                ("hour", "2-digit"),
                ("minute", "2-digit"),
                ("second", "2-digit"),
                ("fractionalSecondDigits", "3"),
            ],
        }
    }

    const fn zone(self) -> &'static str {
        match self {
            Self::ExactUtc => "UTC",
            Self::Hour | Self::Second | Self::LongDay | Self::ShortDay | Self::Moment | Self::Exact => ZONE,
        }
    }
}

thread_local! {
    // Making a formatter costs a hundred times its use; a journal page uses two hundred.
    static FORMATS: RefCell<[Option<DateTimeFormat>; STYLES]> = const { RefCell::new([const { None }; STYLES]) };
    static WALL: DateTimeFormat = make("sv-SE", Style::Exact);
}

/// Writes an instant.
#[must_use]
pub fn write(at: Timestamp, style: Style) -> String {
    FORMATS.with_borrow_mut(|formats| {
        let format = formats[style as usize].get_or_insert_with(|| make(locale().tag(), style));
        apply(format, at)
    })
}

/// Writes a day `YYYY-MM-DD` in words.
#[must_use]
pub fn write_day(day: &str) -> String {
    instant(day, "12:00").map(|noon| write(noon, Style::LongDay)).unwrap_or_default()
}

/// Today in Europe/Paris, `YYYY-MM-DD`.
#[must_use]
pub fn today() -> String {
    let (day, _) = wall(colloque_web::dom::now());
    day
}

/// The day `YYYY-MM-DD` and the hour `HH:MM` that a clock on a wall in Paris shows.
#[must_use]
pub fn wall(at: Timestamp) -> (String, String) {
    let shown = wall_millis(at.as_millis());
    let (year, month, day) = civil_from_days(shown.div_euclid(DAY_MS));
    let minutes = shown.rem_euclid(DAY_MS) / 60_000;
    (format!("{year:04}-{month:02}-{day:02}"), format!("{:02}:{:02}", minutes / 60, minutes % 60))
}

/// The instant at which a clock on a wall in Paris shows `day` (`YYYY-MM-DD`) and `hour` (`HH:MM`).
///
/// In the hour that does not exist in March, the instant one hour later; in the one that exists twice in October, the second.
#[must_use]
pub fn instant(day: &str, hour: &str) -> Option<Timestamp> {
    let shown = parse_wall(day, hour)?;
    Some(Timestamp::from_millis(instant_of(shown, wall_millis)))
}

/// The day `days` after `day`.
#[must_use]
pub fn shift(day: &str, days: i64) -> Option<String> {
    let (year, month, number) = civil_from_days(parse_day(day)? + days);
    Some(format!("{year:04}-{month:02}-{number:02}"))
}

fn make(tag: &str, style: Style) -> DateTimeFormat {
    let options = Object::new();
    let put = |name: &str, value: JsValue| {
        Reflect::set(&options, &name.into(), &value).ok();
    };
    for (name, value) in style.options() {
        put(name, value.parse::<f64>().map_or_else(|_| JsValue::from_str(value), JsValue::from_f64));
    }
    put("timeZone", style.zone().into());
    put("hourCycle", "h23".into());
    DateTimeFormat::new(&Array::of1(&tag.into()), &options)
}

fn apply(format: &DateTimeFormat, at: Timestamp) -> String {
    #[expect(clippy::cast_precision_loss, reason = "instants of browsers fit in 53 bits")]
    let date = Date::new(&JsValue::from_f64(at.as_millis() as f64));
    format.format().call1(&JsValue::UNDEFINED, &date).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// What the wall in Paris shows, counted as if it were UTC.
fn wall_millis(millis: i64) -> i64 {
    let text = WALL.with(|format| apply(format, Timestamp::from_millis(millis)));
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<i64>().ok());
    let mut next = || numbers.next().unwrap_or(0);
    let (year, month, day) = (next(), next(), next());
    days_from_civil(year, month, day) * DAY_MS + next() * 3_600_000 + next() * 60_000 + next() * 1_000
}

fn instant_of(shown: i64, wall_at: impl Fn(i64) -> i64) -> i64 {
    let guess = shown - (wall_at(shown) - shown);
    shown - (wall_at(guess) - guess)
}

fn parse_wall(day: &str, hour: &str) -> Option<i64> {
    let (hours, minutes) = hour.split_once(':')?;
    let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.get(..2)?.parse::<i64>().ok()?);
    ((0..24).contains(&hours) && (0..60).contains(&minutes))
        .then_some(parse_day(day)? * DAY_MS + hours * 3_600_000 + minutes * 60_000)
}

fn parse_day(day: &str) -> Option<i64> {
    let mut parts = day.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, number) = (parts.next()??, parts.next()??, parts.next()??);
    let days = days_from_civil(year, month, number);
    ((1900..2200).contains(&year) && civil_from_days(days) == (year, month, number)).then_some(days)
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar, years counted from March so that a leap day ends one.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paris in 2026: summer from 29 March 01:00 UTC to 25 October 01:00 UTC.
    fn paris_2026(utc: i64) -> i64 {
        let start = days_from_civil(2026, 3, 29) * DAY_MS + 3_600_000;
        let end = days_from_civil(2026, 10, 25) * DAY_MS + 3_600_000;
        utc + if (start..end).contains(&utc) { 7_200_000 } else { 3_600_000 }
    }

    #[test]
    fn a_wall_hour_gives_the_instant_in_winter_and_in_summer() {
        for (day, hour) in
            [("2026-01-15", "14:30"), ("2026-07-15", "08:05"), ("2026-03-29", "09:00"), ("2026-10-25", "00:30")]
        {
            let shown = parse_wall(day, hour).unwrap();
            assert_eq!(paris_2026(instant_of(shown, paris_2026)), shown, "{day} {hour}");
        }
    }

    #[test]
    fn days_survive_both_ways_over_two_centuries() {
        for days in (-25_000..80_000).step_by(7) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn days_that_do_not_exist_are_refused() {
        for day in ["2026-02-29", "2026-13-01", "2026-00-10", "", "demain", "2026-1"] {
            assert_eq!(parse_day(day), None, "{day}");
        }
        assert_eq!(shift("2028-02-28", 1).as_deref(), Some("2028-02-29"));
        assert_eq!(shift("2026-01-01", -1).as_deref(), Some("2025-12-31"));
    }

    #[test]
    fn hours_that_do_not_exist_are_refused() {
        for hour in ["24:00", "10:60", "10", "é:é0"] {
            assert_eq!(parse_wall("2026-01-01", hour), None, "{hour}");
        }
    }
}
