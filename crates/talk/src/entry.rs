//! What the panel shows.

use colloque_ids::{ParticipantId, Timestamp};

use crate::file::FileKind;

/// One line of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Names it here, for as long as the page is open.
    pub key: u64,
    /// Who wrote it; none is this person.
    pub from: Option<ParticipantId>,
    /// Their name when they wrote it, as the platform stated it.
    pub name: String,
    /// When it was written here, or arrived.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

impl Entry {
    /// Whether it is not of this person's own doing.
    #[must_use]
    pub const fn is_news(&self) -> bool {
        self.from.is_some() || matches!(self.what, What::NotBelieved)
    }
}

/// The content of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A message.
    Text {
        /// Its words.
        text: String,
        /// Whether everybody has it; of what others wrote, [`Delivery::Delivered`].
        delivery: Delivery,
    },
    /// A file.
    File(FileView),
    /// Somebody wanted in, and this person's keys did not believe who they were: nobody came in.
    NotBelieved,
    /// What the patient answered while waiting.
    Answers {
        /// Question by question; those that were left out are not there.
        answers: Vec<Answer>,
        /// Whether the practitioner has them.
        delivery: Delivery,
    },
}

/// How far something that was sent came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Nobody is there yet, or not everybody has said that they have it.
    OnItsWay,
    /// Everybody who was there has it.
    Delivered,
    /// Not everybody does, and it is not tried any more by itself.
    NotDelivered,
}

/// A file as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileView {
    /// What it is.
    pub kind: FileKind,
    /// Its length in bytes.
    pub length: u32,
    /// Bytes that have come over.
    pub done: u32,
    /// How far it is.
    pub state: FileState,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// On its way.
    Moving,
    /// There: of a file that came, [`crate::Talk::file`] gives the bytes.
    Done,
    /// It stopped on the way.
    Failed,
    /// It is not what it was said to be, or too much: nothing of it is kept.
    Refused,
}

/// A question of the waiting room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Question {
    /// Why the patient wants to talk to the practitioner.
    Reason = 1,
    /// Since when.
    Since = 2,
    /// What they take.
    Medicines = 3,
    /// What they do not bear.
    Allergies = 4,
}

impl Question {
    /// All of them, in the order in which they are asked.
    pub const ALL: [Self; 4] = [Self::Reason, Self::Since, Self::Medicines, Self::Allergies];

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|question| *question as u8 == number)
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// To what.
    pub question: Question,
    /// The patient's words.
    pub text: String,
}
