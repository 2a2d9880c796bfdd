use colloque_ids::ConsultationId;
use thiserror::Error;

use crate::decided::{Decided, Entry};

/// Longest notes, in characters.
pub const MAX_NOTES_CHARS: usize = 50_000;

/// Counts the saves of one consultation's notes; 0 before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotesRevision(pub u32);

/// Why notes are not saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SaveNotesError {
    /// They were saved elsewhere meanwhile.
    #[error("notes of {consultation} were saved elsewhere meanwhile")]
    Superseded {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// Longer than [`MAX_NOTES_CHARS`].
    #[error("notes of {consultation} are too long")]
    TooLong {
        /// The consultation.
        consultation: ConsultationId,
    },
}

impl NotesRevision {
    /// Saves a text that started from revision `base`.
    ///
    /// # Errors
    ///
    /// - [`SaveNotesError::TooLong`] past [`MAX_NOTES_CHARS`].
    /// - [`SaveNotesError::Superseded`] when `base` is not this revision.
    pub fn save(self, consultation: ConsultationId, base: Self, text: &str) -> Result<Decided<Self>, SaveNotesError> {
        if text.len() > MAX_NOTES_CHARS && text.chars().count() > MAX_NOTES_CHARS {
            return Err(SaveNotesError::TooLong { consultation });
        }
        if base != self {
            return Err(SaveNotesError::Superseded { consultation });
        }
        let next = Self(self.0.saturating_add(1));
        Ok(Decided::new(next, Entry::NotesSaved { consultation, revision: next.0 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colloque_ids::Timestamp;

    fn consultation() -> ConsultationId {
        ConsultationId::from_parts(Timestamp::from_millis(1), [1; 10])
    }

    #[test]
    fn of_two_saves_on_one_revision_the_second_is_refused() {
        let base = NotesRevision(3);
        let (next, _) = base.save(consultation(), base, "première").unwrap().into_parts();
        let refused = next.save(consultation(), base, "seconde");
        assert_eq!(refused, Err(SaveNotesError::Superseded { consultation: consultation() }));
    }

    #[test]
    fn length_is_counted_in_characters() {
        let accents = "é".repeat(MAX_NOTES_CHARS);
        assert!(NotesRevision(0).save(consultation(), NotesRevision(0), &accents).is_ok());
        let refused = NotesRevision(0).save(consultation(), NotesRevision(0), &format!("{accents}é"));
        assert_eq!(refused, Err(SaveNotesError::TooLong { consultation: consultation() }));
    }
}
