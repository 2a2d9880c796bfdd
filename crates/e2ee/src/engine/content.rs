//! What members say to each other inside the group.

use colloque_ids::bytes::{ReadBytesError, Reader, Writer};
use zeroize::Zeroizing;

use super::view::Comparison;
use crate::code::{SHARE_BYTES, Share};
use crate::frame::Epoch;

/// Longest message of the group that is looked at, in bytes.
pub const MAX_CONTENT_BYTES: usize = 64 * 1024;

/// What something said is for. The engine passes it on and looks no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Channel {
    /// Written messages.
    Chat = 1,
    /// Real-time text, ITU-T T.140.
    RealTimeText = 2,
    /// Pieces of files.
    File = 3,
    /// Answers given in the waiting room.
    Answers = 4,
    /// Fingerprints of a direct connection.
    Direct = 5,
    /// Asking for, and giving, the consent that a third person joins.
    Consent = 6,
}

impl Channel {
    const ALL: [Self; 6] = [Self::Chat, Self::RealTimeText, Self::File, Self::Answers, Self::Direct, Self::Consent];

    /// Reads the number back.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| *channel as u8 == number)
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// This member's number for the words of an epoch.
    Share { epoch: Epoch, share: Share },
    /// This member opens frames of the epoch in which this is sealed.
    Ready,
    /// This member is there.
    Heartbeat,
    /// What this person found when they compared the words of an epoch.
    Compared { epoch: Epoch, comparison: Comparison },
    /// Something for the page.
    Said { channel: Channel, bytes: Vec<u8> },
}

const SHARE: u8 = 1;
const READY: u8 = 2;
const HEARTBEAT: u8 = 3;
const COMPARED: u8 = 4;
const SAID: u8 = 6;

/// A message without meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMeaning;

impl From<ReadBytesError> for NoMeaning {
    fn from(_: ReadBytesError) -> Self {
        Self
    }
}

impl Content {
    pub(super) fn write(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::default();
        match self {
            Self::Share { epoch, share } => writer.byte(SHARE).number(epoch.0).fixed(&share.0),
            Self::Ready => writer.byte(READY),
            Self::Heartbeat => writer.byte(HEARTBEAT),
            Self::Compared { epoch, comparison } => {
                writer.byte(COMPARED).number(epoch.0).byte(u8::from(*comparison == Comparison::Same))
            }
            Self::Said { channel, bytes } => writer.byte(SAID).byte(*channel as u8).fixed(bytes),
        };
        Zeroizing::new(writer.into_bytes())
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, NoMeaning> {
        let mut reader = Reader::new(bytes);
        let content = match reader.byte()? {
            SHARE => Self::Share { epoch: Epoch(reader.number()?), share: Share(reader.array::<SHARE_BYTES>()?) },
            READY => Self::Ready,
            HEARTBEAT => Self::Heartbeat,
            COMPARED => Self::Compared {
                epoch: Epoch(reader.number()?),
                comparison: if reader.byte()? == 1 { Comparison::Same } else { Comparison::Different },
            },
            SAID => {
                let channel = Channel::from_number(reader.byte()?).ok_or(NoMeaning)?;
                return Ok(Self::Said { channel, bytes: reader.rest().to_vec() });
            }
            _ => return Err(NoMeaning),
        };
        reader.end()?;
        Ok(content)
    }
}
