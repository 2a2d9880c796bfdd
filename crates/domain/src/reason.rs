use colloque_ids::AppointmentId;
use thiserror::Error;

use crate::consultation::WaitingConsultation;
use crate::decided::{Decided, Entry};
use crate::text::is_printable;

/// Longest reason of an appointment, in characters.
pub const MAX_APPOINTMENT_REASON_CHARS: usize = 200;

/// Why a patient comes, in the words of whoever took the call: one line of 1 to 200 printable characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentReason(String);

/// Why a text is not the reason of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseAppointmentReasonError {
    /// Nothing is left after trimming.
    #[error("reason is empty")]
    Empty,
    /// More than [`MAX_APPOINTMENT_REASON_CHARS`].
    #[error("reason is too long")]
    TooLong,
    /// A line break, or a control or hidden character.
    #[error("reason is not one printable line")]
    Unprintable,
}

impl AppointmentReason {
    /// Reads a reason; white space around it is dropped.
    ///
    /// # Errors
    ///
    /// See [`ParseAppointmentReasonError`].
    pub fn parse(text: &str) -> Result<Self, ParseAppointmentReasonError> {
        let text = text.trim();
        if text.is_empty() {
            Err(ParseAppointmentReasonError::Empty)
        } else if text.chars().count() > MAX_APPOINTMENT_REASON_CHARS {
            Err(ParseAppointmentReasonError::TooLong)
        } else if !is_printable(text, false) {
            Err(ParseAppointmentReasonError::Unprintable)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Gives the reason.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Writes down why the patient of an appointment comes, or with `None` that nobody says so any more. Only while the patient
    /// was not admitted, which `_consultation` shows. The entry holds none of the words.
    pub const fn save(
        appointment: AppointmentId,
        reason: Option<Self>,
        _consultation: &WaitingConsultation,
    ) -> Decided<Option<Self>> {
        Decided::new(reason, Entry::AppointmentReasonSaved { appointment })
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::consultation::ConsultationTerms;

    #[test]
    fn a_reason_is_one_line_of_at_most_two_hundred_characters() {
        assert_eq!(AppointmentReason::parse("  Toux, fièvre ").unwrap().as_str(), "Toux, fièvre");
        assert_eq!(AppointmentReason::parse(" \n "), Err(ParseAppointmentReasonError::Empty));
        assert_eq!(AppointmentReason::parse("toux\nfièvre"), Err(ParseAppointmentReasonError::Unprintable));
        assert_eq!(AppointmentReason::parse("to\u{202e}ux"), Err(ParseAppointmentReasonError::Unprintable));
        assert!(AppointmentReason::parse(&"é".repeat(200)).is_ok());
        assert_eq!(AppointmentReason::parse(&"é".repeat(201)), Err(ParseAppointmentReasonError::TooLong));
    }

    #[test]
    fn the_journal_learns_that_a_reason_was_written_and_none_of_its_words() {
        let appointment = AppointmentId::from_parts(Timestamp::from_millis(1), [1; 10]);
        let waiting = WaitingConsultation::stored(ConsultationTerms {
            consultation: appointment.same_as(),
            practitioner: appointment.same_as(),
            patient: appointment.same_as(),
        });
        let reason = AppointmentReason::parse("Toux").unwrap();
        let (next, entry) = AppointmentReason::save(appointment, Some(reason.clone()), &waiting).into_parts();
        assert_eq!(next, Some(reason));
        assert_eq!(entry, Entry::AppointmentReasonSaved { appointment });
        assert!(!serde_json::to_string(&entry).unwrap().contains("Toux"));
    }

    proptest! {
        #[test]
        fn what_is_read_is_trimmed_bounded_one_line_and_reads_again(text in any::<String>(), pad in "[ \t\n]{0,3}") {
            if let Ok(reason) = AppointmentReason::parse(&format!("{pad}{text}{pad}")) {
                let kept = reason.as_str();
                prop_assert_eq!(kept, text.trim());
                prop_assert!((1..=MAX_APPOINTMENT_REASON_CHARS).contains(&kept.chars().count()));
                prop_assert!(!kept.chars().any(char::is_control));
                prop_assert_eq!(AppointmentReason::parse(kept), Ok(reason.clone()));
            }
        }

        #[test]
        fn a_line_of_words_is_always_read(text in "[a-zà-ÿ0-9,' ]{0,200}") {
            prop_assert_eq!(AppointmentReason::parse(&text).is_ok(), !text.trim().is_empty());
        }
    }
}
