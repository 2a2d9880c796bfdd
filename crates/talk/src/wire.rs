//! The messages, as they are before they are sealed.

use colloque_ids::bytes::{ReadBytesError, Reader, Writer};

use crate::entry::{Answer, Question};
use crate::file::FileKind;

/// What a message is for, by the number that it has inside the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Channel {
    /// Written messages.
    Chat = 1,
    /// Text that is seen while it is typed.
    RealTimeText = 2,
    /// Pieces of files.
    File = 3,
    /// Answers given in the waiting room.
    Answers = 4,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Chat, Self::RealTimeText, Self::File, Self::Answers];

    /// Reads the number back.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| *channel as u8 == number)
    }
}

/// One message. A number names what somebody sent, among what they sent in this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A written message.
    Text {
        /// Its name.
        number: u64,
        /// UTF-8.
        text: String,
    },
    /// A message, or a patient's answers, arrived.
    Taken {
        /// Which.
        number: u64,
    },
    /// Characters of a line that is being typed: ITU-T T.140, with U+0008 to erase the last one.
    Live {
        /// One more than the one before: a gap is shown as missing text.
        sequence: u32,
        /// What was typed.
        text: String,
    },
    /// A file is about to come.
    Offer {
        /// Its name.
        number: u64,
        /// What it is.
        kind: FileKind,
        /// Its length in bytes.
        length: u32,
    },
    /// A piece of it, [`crate::PIECE_BYTES`] long but for the last one.
    Piece {
        /// Of which file.
        number: u64,
        /// The first is 0.
        at: u32,
        /// The content.
        bytes: Vec<u8>,
    },
    /// So many pieces, from the first on, have arrived.
    PiecesTaken {
        /// Of which file.
        number: u64,
        /// How many.
        count: u32,
    },
    /// This file is not taken, or not sent any more.
    GivenUp {
        /// Which.
        number: u64,
    },
    /// Practitioner: what has the patient answered?
    AskAnswers,
    /// Patient: this.
    Answers {
        /// Their name.
        number: u64,
        /// What was answered.
        answers: Vec<Answer>,
    },
}

/// Bytes without meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bytes are no message")]
pub struct NoMeaning;

impl From<ReadBytesError> for NoMeaning {
    fn from(_: ReadBytesError) -> Self {
        Self
    }
}

const TEXT: u8 = 1;
const TAKEN: u8 = 2;
const LIVE: u8 = 1;
const OFFER: u8 = 1;
const PIECE: u8 = 2;
const PIECES_TAKEN: u8 = 3;
const GIVEN_UP: u8 = 4;
const ASK: u8 = 1;
const ANSWERS: u8 = 2;

/// Most answers that are read.
const MAX_ANSWERS: usize = Question::ALL.len();

impl Message {
    /// Tells the channel that it is sent on.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Text { .. } | Self::Taken { .. } => Channel::Chat,
            Self::Live { .. } => Channel::RealTimeText,
            Self::Offer { .. } | Self::Piece { .. } | Self::PiecesTaken { .. } | Self::GivenUp { .. } => Channel::File,
            Self::AskAnswers | Self::Answers { .. } => Channel::Answers,
        }
    }

    /// Writes the message.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        match self {
            Self::Text { number, text } => writer.byte(TEXT).number(*number).fixed(text.as_bytes()),
            Self::Taken { number } => writer.byte(TAKEN).number(*number),
            Self::Live { sequence, text } => writer.byte(LIVE).fixed(&sequence.to_be_bytes()).fixed(text.as_bytes()),
            Self::Offer { number, kind, length } => {
                writer.byte(OFFER).number(*number).byte(*kind as u8).fixed(&length.to_be_bytes())
            }
            Self::Piece { number, at, bytes } => {
                writer.byte(PIECE).number(*number).fixed(&at.to_be_bytes()).fixed(bytes)
            }
            Self::PiecesTaken { number, count } => {
                writer.byte(PIECES_TAKEN).number(*number).fixed(&count.to_be_bytes())
            }
            Self::GivenUp { number } => writer.byte(GIVEN_UP).number(*number),
            Self::AskAnswers => writer.byte(ASK),
            Self::Answers { number, answers } => {
                writer.byte(ANSWERS).number(*number);
                answers.iter().fold(&mut writer, |writer, answer| {
                    writer.byte(answer.question as u8).string(answer.text.as_bytes())
                })
            }
        };
        writer.into_bytes()
    }

    /// Reads a message of a channel.
    ///
    /// # Errors
    ///
    /// [`NoMeaning`].
    pub fn read(channel: Channel, bytes: &[u8]) -> Result<Self, NoMeaning> {
        let mut reader = Reader::new(bytes);
        let kind = reader.byte()?;
        let message = match (channel, kind) {
            (Channel::Chat, TEXT) => {
                return Ok(Self::Text { number: reader.number()?, text: text(reader.rest())? });
            }
            (Channel::Chat, TAKEN) => Self::Taken { number: reader.number()? },
            (Channel::RealTimeText, LIVE) => {
                let sequence = u32::from_be_bytes(reader.array()?);
                return Ok(Self::Live { sequence, text: raw_text(reader.rest())? });
            }
            (Channel::File, OFFER) => Self::Offer {
                number: reader.number()?,
                kind: FileKind::from_number(reader.byte()?).ok_or(NoMeaning)?,
                length: u32::from_be_bytes(reader.array()?),
            },
            (Channel::File, PIECE) => {
                let (number, at) = (reader.number()?, u32::from_be_bytes(reader.array()?));
                return Ok(Self::Piece { number, at, bytes: reader.rest().to_vec() });
            }
            (Channel::File, PIECES_TAKEN) => {
                Self::PiecesTaken { number: reader.number()?, count: u32::from_be_bytes(reader.array()?) }
            }
            (Channel::File, GIVEN_UP) => Self::GivenUp { number: reader.number()? },
            (Channel::Answers, ASK) => Self::AskAnswers,
            (Channel::Answers, ANSWERS) => {
                let number = reader.number()?;
                let mut answers = Vec::new();
                let mut rest = Reader::new(reader.rest());
                while answers.len() < MAX_ANSWERS
                    && let Ok(question) = rest.byte()
                {
                    let question = Question::from_number(question).ok_or(NoMeaning)?;
                    answers.push(Answer { question, text: text(rest.string()?)? });
                }
                rest.end()?;
                return Ok(Self::Answers { number, answers });
            }
            (Channel::Chat | Channel::RealTimeText | Channel::File | Channel::Answers, _) => return Err(NoMeaning),
        };
        reader.end()?;
        Ok(message)
    }
}

/// Reads words without what could make them look like others: commands of the screen, and turns of the direction of writing.
fn text(bytes: &[u8]) -> Result<String, NoMeaning> {
    Ok(clean(&raw_text(bytes)?))
}

/// Takes out what [`is_shown`] refuses.
pub fn clean(words: &str) -> String {
    words.chars().filter(|character| is_shown(*character)).collect()
}

fn raw_text(bytes: &[u8]) -> Result<String, NoMeaning> {
    String::from_utf8(bytes.to_vec()).map_err(|_| NoMeaning)
}

/// Whether a character may stand in what somebody wrote: none that commands a screen, ends a line in another way than by U+000A, turns the
/// direction of what follows (a dose could be shown backwards), or is not seen at all.
pub const fn is_shown(character: char) -> bool {
    !matches!(
        character,
        '\0'..='\t' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}
