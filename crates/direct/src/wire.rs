//! What the two say to each other, sealed for the group.
//!
//! ```text
//! 0x01 ‖ attempt (4)                  patient: this browser has no other way
//! 0x02 ‖ attempt (4) ‖ description    practitioner: an offer, whole, with its candidates
//! 0x03 ‖ attempt (4) ‖ description    patient: the answer to it
//! ```

use thiserror::Error;

/// Longest description that is taken, in bytes. One of three lines has six thousand.
pub const MAX_DESCRIPTION_BYTES: usize = 16 * 1024;

const ASK: u8 = 1;
const OFFER: u8 = 2;
const ANSWER: u8 = 3;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// The patient's browser has no other way.
    Ask {
        /// Which try begins.
        attempt: u32,
    },
    /// The practitioner's browser offers.
    Offer {
        /// Which try it is for.
        attempt: u32,
        /// An offer (RFC 8829), with its candidates.
        description: String,
    },
    /// The patient's browser answers.
    Answer {
        /// Which try it is for.
        attempt: u32,
        /// The answer.
        description: String,
    },
}

/// Bytes are no [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("bytes say nothing about a direct way")]
pub struct NoMeaning;

impl Message {
    /// Reads what [`Self::write`] wrote.
    ///
    /// # Errors
    ///
    /// [`NoMeaning`].
    pub fn read(bytes: &[u8]) -> Result<Self, NoMeaning> {
        let (kind, rest) = bytes.split_first().ok_or(NoMeaning)?;
        let (attempt, description) = rest.split_first_chunk().ok_or(NoMeaning)?;
        let attempt = u32::from_be_bytes(*attempt);
        if description.len() > MAX_DESCRIPTION_BYTES {
            return Err(NoMeaning);
        }
        let description = str::from_utf8(description).map_err(|_| NoMeaning)?;
        match (*kind, description.is_empty()) {
            (ASK, true) => Ok(Self::Ask { attempt }),
            (OFFER, false) => Ok(Self::Offer { attempt, description: description.to_owned() }),
            (ANSWER, false) => Ok(Self::Answer { attempt, description: description.to_owned() }),
            _ => Err(NoMeaning),
        }
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let (kind, attempt, description) = match self {
            Self::Ask { attempt } => (ASK, attempt, ""),
            Self::Offer { attempt, description } => (OFFER, attempt, description.as_str()),
            Self::Answer { attempt, description } => (ANSWER, attempt, description.as_str()),
        };
        [&[kind], attempt.to_be_bytes().as_slice(), description.as_bytes()].concat()
    }

    /// Whether these bytes, written by [`Self::write`], ask.
    pub(crate) fn is_ask(written: &[u8]) -> bool {
        written.first() == Some(&ASK)
    }
}
