//! Days and hours where the practices are.

use colloque_domain::CalendarDate;
use colloque_ids::Timestamp;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

/// Time zone of the practices.
const ZONE: &str = "Europe/Paris";

const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];

/// The day of an instant.
pub(crate) fn date(instant: Timestamp) -> CalendarDate {
    let day = zoned(instant);
    let part = |value: i8| u8::try_from(value).unwrap_or(1);
    CalendarDate::new(day.year(), part(day.month()), part(day.day()))
        .expect("a day of the calendar is a day of the calendar")
}

/// Hours and minutes of an instant.
pub(crate) fn time(instant: Timestamp) -> (u8, u8) {
    let day = zoned(instant);
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    (part(day.hour()), part(day.minute()))
}

/// `lundi 23 novembre 2026`.
pub(crate) fn day_in_words(instant: Timestamp) -> String {
    let weekday = usize::try_from(zoned(instant).weekday().to_monday_zero_offset()).unwrap_or(0);
    format!("{} {}", WEEKDAYS[weekday % 7], date(instant).long())
}

/// `14 h 05`, which no line end divides.
pub(crate) fn hour_in_words(instant: Timestamp) -> String {
    let (hour, minute) = time(instant);
    format!("{hour}\u{a0}h\u{a0}{minute:02}")
}

/// First instant of a day and of the day after.
pub(crate) fn bounds(date: CalendarDate) -> Option<(Timestamp, Timestamp)> {
    let part = |value: u8| i8::try_from(value).ok();
    let day = jiff::civil::Date::new(date.year(), part(date.month())?, part(date.day())?).ok()?;
    let start = day.to_zoned(zone()).ok()?;
    let next = day.checked_add(1.day()).ok()?.to_zoned(zone()).ok()?;
    Some((instant(&start), instant(&next)))
}

fn instant(zoned: &Zoned) -> Timestamp {
    Timestamp::from_millis(zoned.timestamp().as_millisecond())
}

fn zoned(instant: Timestamp) -> Zoned {
    let bounded = instant.as_millis().clamp(0, 253_370_764_800_000);
    jiff::Timestamp::from_millisecond(bounded)
        .expect("instants between 1970 and 9999 are in the calendar")
        .to_zoned(zone())
}

fn zone() -> TimeZone {
    TimeZone::get(ZONE).expect("the zone table is part of the program")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_paris() {
        let (start, end) = bounds(CalendarDate::parse("2026-11-22").unwrap()).unwrap();
        assert_eq!(start, Timestamp::from_millis(1_795_302_000_000));
        assert_eq!(end.since(start).as_secs(), 24 * 3600);
        assert_eq!(date(start).to_string(), "2026-11-22");
        assert_eq!(day_in_words(start), "dimanche 22 novembre 2026");
        assert_eq!(hour_in_words(start), "0\u{a0}h\u{a0}00");
    }

    #[test]
    fn days_that_change_the_hour_are_shorter_or_longer() {
        let hours = |day: &str| {
            let (start, end) = bounds(CalendarDate::parse(day).unwrap()).unwrap();
            end.since(start).as_secs() / 3600
        };
        assert_eq!((hours("2026-03-29"), hours("2026-10-25")), (23, 25));
    }
}
