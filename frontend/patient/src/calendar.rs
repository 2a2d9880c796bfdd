//! The appointment as a file that calendars read. It says nothing of who meets whom or where, and holds no link.
//!
//! # Source
//!
//! RFC 5545: lines end in CRLF (section 3.1) and are at most 75 bytes long, which every line here is.

use std::time::Duration;

use colloque_ids::Timestamp;

/// How long the calendar shows the patient as taken.
const LASTS: Duration = Duration::from_secs(20 * 60);

const DAY_MS: i64 = 86_400_000;

/// Writes the event. `seed` is random and makes its identifier, together with the instant.
#[must_use]
pub fn event(title: &str, starts_at: Timestamp, made_at: Timestamp, seed: u64) -> String {
    let (stamp, start, end) = (utc(made_at), utc(starts_at), utc(starts_at.after(LASTS)));
    [
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Colloque//Colloque//FR\r\nBEGIN:VEVENT\r\nUID:",
        &stamp,
        "-",
        &seed.to_string(),
        "\r\nDTSTAMP:",
        &stamp,
        "\r\nDTSTART:",
        &start,
        "\r\nDTEND:",
        &end,
        "\r\nSUMMARY:",
        title,
        "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ]
    .concat()
}

/// `20270115T080000Z`
///
/// # Source
///
/// Days to a date: Hinnant, chrono-compatible low-level date algorithms, `civil_from_days`.
fn utc(at: Timestamp) -> String {
    let (days, in_day) = (at.as_millis().div_euclid(DAY_MS), at.as_millis().rem_euclid(DAY_MS) / 1_000);
    let days = days.saturating_add(719_468);
    let (era, in_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (in_day / 3_600, in_day / 60 % 60, in_day % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        for (millis, written) in [
            (0, "19700101T000000Z"),
            (951_782_399_000, "20000228T235959Z"),
            (951_782_400_000, "20000229T000000Z"),
            (1_773_322_200_000, "20260312T133000Z"),
            (1_798_761_599_999, "20261231T235959Z"),
            (4_107_542_400_000, "21000301T000000Z"),
            (-1, "19691231T235959Z"),
        ] {
            assert_eq!(utc(Timestamp::from_millis(millis)), written);
        }
    }

    #[test]
    fn every_day_of_a_century_follows_the_one_before() {
        let mut before = utc(Timestamp::from_millis(0));
        for day in 1..36_525 {
            let written = utc(Timestamp::from_millis(day * DAY_MS));
            assert!(written > before, "{before} then {written}");
            before = written;
        }
        assert_eq!(before, "20691231T000000Z");
    }

    #[test]
    fn an_event_is_what_calendars_read_and_tells_nothing_of_health() {
        let (starts_at, made_at) = (Timestamp::from_millis(1_773_322_200_000), Timestamp::from_millis(0));
        let file = event("Rendez-vous vidéo", starts_at, made_at, u64::MAX);
        let lines: Vec<&str> = file.split("\r\n").collect();
        assert!(file.ends_with("END:VCALENDAR\r\n") && !file.replace("\r\n", "").contains(['\r', '\n']));
        assert!(lines.iter().all(|line| line.len() <= 75), "{file}");
        assert_eq!(
            lines[4..9],
            [
                "UID:19700101T000000Z-18446744073709551615",
                "DTSTAMP:19700101T000000Z",
                "DTSTART:20260312T133000Z",
                "DTEND:20260312T135000Z",
                "SUMMARY:Rendez-vous vidéo",
            ]
        );
    }
}
