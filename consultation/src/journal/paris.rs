//! Instants as people in France write them.

use colloque_ids::Timestamp;
use jiff::Zoned;

/// Writes an instant for people: `23/11/2026 10:00:00`.
pub(super) fn readable(instant: Timestamp) -> String {
    zoned(instant).map(|zoned| zoned.strftime("%d/%m/%Y %H:%M:%S").to_string()).unwrap_or_default()
}

/// Writes an instant for spreadsheets and other programs: `2026-11-23T10:00:00+01:00`.
pub(super) fn sortable(instant: Timestamp) -> String {
    zoned(instant).map(|zoned| zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()).unwrap_or_default()
}

/// Names the day of an instant, for a file: `2026-11-23`.
pub(super) fn day(instant: Timestamp) -> String {
    zoned(instant).map(|zoned| zoned.date().to_string()).unwrap_or_default()
}

/// None for an instant outside the calendar.
fn zoned(instant: Timestamp) -> Option<Zoned> {
    jiff::Timestamp::from_millisecond(instant.as_millis()).ok()?.in_tz("Europe/Paris").ok()
}
