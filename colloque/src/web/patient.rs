//! Fills the patient's page for one invitation, before any script runs.

use std::net::IpAddr;

use async_trait::async_trait;
use colloque_domain::CalendarDate;
use colloque_ids::{InvitationId, Timestamp};
use colloque_protocol::http::patient::{InvitationFace, InvitationState};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, Zoned};

/// Tells what may be shown of an invitation before anything was proved.
#[async_trait]
pub trait InvitationFaces: Send + Sync {
    /// Gives the invitation's face to whoever asks from an address; none when it is unknown.
    ///
    /// # Errors
    ///
    /// [`FaceUnavailable`] when it cannot be read now.
    async fn face(&self, invitation: InvitationId, from: IpAddr) -> Result<Option<InvitationFace>, FaceUnavailable>;
}

/// An invitation's face cannot be read now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceUnavailable {
    /// When to ask again, in seconds.
    pub retry_after_s: u32,
}

/// Fills the placeholders of the patient's shell for an invitation.
pub fn fill(shell: &str, face: &InvitationFace, now: Timestamp, zone: &TimeZone) -> String {
    write(shell, Values::of(face, now, zone))
}

/// Fills the placeholders of the patient's shell for a link that nobody was given.
pub fn fill_unknown(shell: &str) -> String {
    write(shell, Values::unknown())
}

fn write(shell: &str, values: Values) -> String {
    let filled = [
        ("practitioner_name", values.practitioner_name),
        ("day", values.day),
        ("hour", values.hour),
        ("practice_phone", values.practice_phone),
        ("practice_phone_text", values.practice_phone_text),
        ("state", values.state.to_owned()),
        ("opens_at", values.opens_at),
        ("starts_at", values.starts_at),
    ];
    // One pass over the shell: a value that looks like a placeholder stays text.
    let mut html = String::with_capacity(shell.len() + 512);
    let mut rest = shell;
    while let Some((before, after)) = rest.split_once("{{") {
        html.push_str(before);
        let known = after
            .split_once("}}")
            .and_then(|(name, behind)| Some((filled.iter().find(|(known, _)| *known == name)?, behind)));
        match known {
            Some(((_, value), behind)) => {
                html.push_str(&escape(value));
                rest = behind;
            }
            None => {
                html.push_str("{{");
                rest = after;
            }
        }
    }
    html.push_str(rest);
    html
}

struct Values {
    practitioner_name: String,
    day: String,
    hour: String,
    practice_phone: String,
    practice_phone_text: String,
    state: &'static str,
    opens_at: String,
    starts_at: String,
}

impl Values {
    fn unknown() -> Self {
        Self {
            practitioner_name: String::new(),
            day: String::new(),
            hour: String::new(),
            practice_phone: String::new(),
            practice_phone_text: String::new(),
            state: "unknown",
            opens_at: String::new(),
            starts_at: String::new(),
        }
    }

    fn of(face: &InvitationFace, now: Timestamp, zone: &TimeZone) -> Self {
        let starts = local(face.starts_at, zone);
        Self {
            practitioner_name: face.practitioner_name.clone(),
            day: day(&starts, &local(now, zone)),
            hour: format!("{}\u{a0}h\u{a0}{:02}", starts.hour(), starts.minute()),
            practice_phone: face.practice_phone.clone(),
            practice_phone_text: phone_text(&face.practice_phone),
            state: match face.state {
                InvitationState::Usable if now < face.opens_at => "too_early",
                InvitationState::Usable => "usable",
                InvitationState::Over => "over",
                InvitationState::Expired => "expired",
                InvitationState::Cancelled => "cancelled",
            },
            opens_at: face.opens_at.as_millis().to_string(),
            starts_at: face.starts_at.as_millis().to_string(),
        }
    }
}

fn local(instant: Timestamp, zone: &TimeZone) -> Zoned {
    Instant::from_millisecond(instant.as_millis()).unwrap_or_default().to_zoned(zone.clone())
}

/// Names a day as people do: today, tomorrow, or `jeudi 14 mars`.
fn day(date: &Zoned, today: &Zoned) -> String {
    const WEEKDAYS: [&str; 7] = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"];
    if date.date() == today.date() {
        return "aujourd'hui".to_owned();
    }
    if today.date().tomorrow().is_ok_and(|tomorrow| tomorrow == date.date()) {
        return "demain".to_owned();
    }
    let weekday = WEEKDAYS[usize::from(date.weekday().to_monday_zero_offset().unsigned_abs()) % 7];
    let (year, month, day) = (date.year(), date.month().unsigned_abs(), date.day().unsigned_abs());
    let day = CalendarDate::new(year, month, day).map(CalendarDate::day_and_month).unwrap_or_default();
    format!("{weekday} {day}")
}

/// Writes a French number as people read it; another country's stays as it is.
fn phone_text(phone: &str) -> String {
    let Some(digits) =
        phone.strip_prefix("+33").filter(|rest| rest.len() == 9 && rest.bytes().all(|b| b.is_ascii_digit()))
    else {
        return phone.to_owned();
    };
    let national = format!("0{digits}");
    (0..10).step_by(2).map(|at| &national[at..at + 2]).collect::<Vec<_>>().join(" ")
}

/// Escapes a text for an element or a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-12, 14:30 in Paris.
    const STARTS: Timestamp = Timestamp::from_millis(1_773_322_200_000);

    fn face(name: &str) -> InvitationFace {
        InvitationFace {
            practitioner_name: name.to_owned(),
            practice_phone: "+33123456789".to_owned(),
            starts_at: STARTS,
            opens_at: Timestamp::from_millis(STARTS.as_millis() - 1_800_000),
            state: InvitationState::Usable,
        }
    }

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    #[test]
    fn the_page_says_when_and_with_whom_in_words() {
        let html = fill(
            "{{practitioner_name}}|{{day}}|{{hour}}|{{practice_phone_text}}|{{state}}",
            &face("Dre Martin"),
            STARTS,
            &paris(),
        );
        assert_eq!(html, "Dre Martin|aujourd&#39;hui|14\u{a0}h\u{a0}30|01 23 45 67 89|usable");
        let before = Timestamp::from_millis(STARTS.as_millis() - 5 * 86_400_000);
        assert_eq!(fill("{{day}} {{state}}", &face("x"), before, &paris()), "jeudi 12 mars too_early");
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let html = fill("<p title=\"{{practitioner_name}}\">", &face("\"><script>{{day}}"), STARTS, &paris());
        assert_eq!(html, "<p title=\"&quot;&gt;&lt;script&gt;{{day}}\">");
    }

    #[test]
    fn an_unknown_invitation_shows_nobody() {
        assert_eq!(fill_unknown("[{{practitioner_name}}{{state}}]"), "[unknown]");
    }
}
