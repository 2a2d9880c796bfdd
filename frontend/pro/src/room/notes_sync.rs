//! When notes are saved and what is said of it. No IO: a page pushes what happened and does what comes back.

use colloque_ids::Timestamp;
use colloque_protocol::http::consultation::{MAX_NOTES_CHARS, Notes, NotesSaved, SaveNotes};

/// Where the text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// All of it is saved; when, once something was.
    Saved(Option<Timestamp>),
    /// A save is due.
    Unsaved,
    /// A save is under way.
    Saving,
    /// The service was not reached; tried again.
    Offline,
    /// The service said no, in its words.
    Refused(String),
    /// Too long to be saved: this many characters.
    TooLong(usize),
    /// Somebody saved another text meanwhile.
    Conflict(Notes),
}

/// Why a save was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveFailure {
    /// Not reached, or away.
    Unreachable,
    /// Another text was saved meanwhile: it has to be read.
    Conflict,
    /// Refused, in words.
    Refused(String),
}

/// Notes on their way between the page and the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotesSync {
    text: String,
    saved: Notes,
    sent: Option<String>,
    standing: Standing,
}

/// How to settle a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// This page's text replaces the other.
    Mine,
    /// The other text replaces this page's.
    Theirs,
    /// This page's text, then the other's.
    Both,
}

impl NotesSync {
    /// Starts from what the service has.
    pub fn new(saved: Notes) -> Self {
        Self { text: saved.text.clone(), standing: Standing::Saved(saved.saved_at), saved, sent: None }
    }

    /// Takes back the text that this computer kept. Returns whether it was newer than what the service has.
    pub fn recover(&mut self, draft: String, base_revision: u32) -> bool {
        if draft == self.saved.text {
            return false;
        }
        self.text = draft;
        self.standing = if base_revision == self.saved.revision {
            Standing::Unsaved
        } else {
            Standing::Conflict(self.saved.clone())
        };
        true
    }

    /// The text of the page.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the text stands.
    pub const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Revision that the text starts from.
    pub const fn base_revision(&self) -> u32 {
        self.saved.revision
    }

    /// Whether some of the text is not saved.
    pub fn is_unsaved(&self) -> bool {
        self.text != self.saved.text
    }

    /// The person typed.
    pub fn typed(&mut self, text: String) {
        self.text = text;
        let chars = self.text.chars().count();
        match self.standing {
            // A conflict is settled by the person only.
            Standing::Conflict(_) => {}
            _ if chars > MAX_NOTES_CHARS => self.standing = Standing::TooLong(chars),
            Standing::Saving => {}
            _ if self.text == self.saved.text => self.standing = Standing::Saved(self.saved.saved_at),
            Standing::Offline => {}
            Standing::Saved(_) | Standing::Unsaved | Standing::Refused(_) | Standing::TooLong(_) => {
                self.standing = Standing::Unsaved;
            }
        }
    }

    /// Whether something is to be saved and no save is under way.
    pub fn is_due(&self) -> bool {
        match self.standing {
            Standing::Unsaved | Standing::Offline | Standing::Refused(_) => self.is_unsaved(),
            Standing::Saved(_) | Standing::Saving | Standing::TooLong(_) | Standing::Conflict(_) => false,
        }
    }

    /// Gives the save to send now, if one is due.
    pub fn take_due(&mut self) -> Option<SaveNotes> {
        if !self.is_due() {
            return None;
        }
        self.standing = Standing::Saving;
        self.sent = Some(self.text.clone());
        Some(SaveNotes { text: self.text.clone(), base_revision: self.saved.revision })
    }

    /// The save that was under way is committed. Returns whether nothing else is left to save.
    pub fn saved(&mut self, answer: NotesSaved) -> bool {
        let text = self.sent.take().unwrap_or_default();
        self.saved = Notes { text, revision: answer.revision, saved_at: Some(answer.saved_at) };
        self.standing = if self.is_unsaved() { self.unsaved() } else { Standing::Saved(self.saved.saved_at) };
        !self.is_unsaved()
    }

    /// The save that was under way was not done.
    pub fn failed(&mut self, failure: SaveFailure) {
        self.sent = None;
        self.standing = match failure {
            SaveFailure::Unreachable => Standing::Offline,
            // Until the other text is read, saving again would only be refused again.
            SaveFailure::Conflict => Standing::Saving,
            SaveFailure::Refused(words) => Standing::Refused(words),
        };
    }

    /// The service's text was read after a [`SaveFailure::Conflict`].
    pub fn conflicting(&mut self, theirs: Notes) {
        if theirs.text == self.text {
            self.standing = Standing::Saved(theirs.saved_at);
            self.saved = theirs;
        } else {
            self.standing = Standing::Conflict(theirs);
        }
    }

    /// The person settled the conflict.
    pub fn settle(&mut self, settlement: Settlement) {
        let Standing::Conflict(theirs) = self.standing.clone() else { return };
        match settlement {
            Settlement::Mine => {}
            Settlement::Theirs => self.text.clone_from(&theirs.text),
            Settlement::Both => self.text = format!("{}\n\n{}", self.text, theirs.text),
        }
        self.saved = theirs;
        self.standing = if self.is_unsaved() { self.unsaved() } else { Standing::Saved(self.saved.saved_at) };
    }

    fn unsaved(&self) -> Standing {
        let chars = self.text.chars().count();
        if chars > MAX_NOTES_CHARS { Standing::TooLong(chars) } else { Standing::Unsaved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(text: &str, revision: u32) -> Notes {
        Notes { text: text.to_owned(), revision, saved_at: Some(Timestamp::from_millis(i64::from(revision))) }
    }

    fn answer(revision: u32) -> NotesSaved {
        NotesSaved { revision, saved_at: Timestamp::from_millis(i64::from(revision)) }
    }

    #[test]
    fn what_is_typed_during_a_save_is_saved_next() {
        let mut sync = NotesSync::new(notes("", 0));
        sync.typed("a".to_owned());
        assert_eq!(sync.take_due().unwrap().text, "a");
        sync.typed("ab".to_owned());
        assert_eq!(sync.take_due(), None);
        assert!(!sync.saved(answer(1)));
        let next = sync.take_due().unwrap();
        assert_eq!((next.text.as_str(), next.base_revision), ("ab", 1));
        assert!(sync.saved(answer(2)));
        assert_eq!(*sync.standing(), Standing::Saved(Some(Timestamp::from_millis(2))));
    }

    #[test]
    fn an_unreachable_service_is_tried_again_with_the_newest_text() {
        let mut sync = NotesSync::new(notes("", 0));
        sync.typed("a".to_owned());
        sync.take_due().unwrap();
        sync.failed(SaveFailure::Unreachable);
        sync.typed("abc".to_owned());
        assert_eq!(*sync.standing(), Standing::Offline);
        assert_eq!(sync.take_due().unwrap().text, "abc");
    }

    #[test]
    fn a_conflict_waits_for_the_person_and_loses_nothing() {
        let mut sync = NotesSync::new(notes("", 0));
        sync.typed("mine".to_owned());
        sync.take_due().unwrap();
        sync.failed(SaveFailure::Conflict);
        sync.conflicting(notes("theirs", 3));
        sync.typed("mine too".to_owned());
        assert_eq!(sync.take_due(), None);
        sync.settle(Settlement::Both);
        let save = sync.take_due().unwrap();
        assert_eq!((save.text.as_str(), save.base_revision), ("mine too\n\ntheirs", 3));
    }

    #[test]
    fn taking_the_other_version_leaves_nothing_to_save() {
        let mut sync = NotesSync::new(notes("", 0));
        sync.typed("mine".to_owned());
        sync.take_due().unwrap();
        sync.failed(SaveFailure::Conflict);
        sync.conflicting(notes("theirs", 3));
        sync.settle(Settlement::Theirs);
        assert_eq!(sync.take_due(), None);
        assert_eq!(sync.text(), "theirs");
    }

    #[test]
    fn a_kept_text_on_the_same_revision_is_simply_saved() {
        let mut sync = NotesSync::new(notes("old", 2));
        assert!(sync.recover("old and new".to_owned(), 2));
        assert_eq!(sync.take_due().unwrap().base_revision, 2);
    }

    #[test]
    fn a_kept_text_on_an_older_revision_is_a_conflict() {
        let mut sync = NotesSync::new(notes("elsewhere", 5));
        assert!(sync.recover("here".to_owned(), 2));
        assert_eq!(*sync.standing(), Standing::Conflict(notes("elsewhere", 5)));
    }

    #[test]
    fn a_kept_text_that_was_saved_is_forgotten() {
        let mut sync = NotesSync::new(notes("same", 5));
        assert!(!sync.recover("same".to_owned(), 4));
    }

    #[test]
    fn too_long_a_text_is_not_sent() {
        let mut sync = NotesSync::new(notes("", 0));
        sync.typed("x".repeat(MAX_NOTES_CHARS + 1));
        assert_eq!(sync.take_due(), None);
        sync.typed("x".to_owned());
        assert!(sync.take_due().is_some());
    }
}
