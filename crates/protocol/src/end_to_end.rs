//! What clients say to each other past the server: the server sees who and in what order, and nothing of what.
//!
//! Bytes, base64url without padding in the JSON of the other messages, so that a page passes them to its worker and back without
//! looking at them.

use base64ct::{Base64UrlUnpadded, Encoding};
use colloque_ids::ParticipantId;
use colloque_ids::bytes::{ReadBytesError, Reader, Writer};
use thiserror::Error;

/// Longest MLS message, in bytes: a welcome for eight is 30 kB.
pub const MAX_SEALED_BYTES: usize = 40 * 1024;

/// Most people let in at once.
const MAX_WELCOMED: usize = 8;

/// Longest name of a group, in bytes.
pub const MAX_GROUP_BYTES: usize = 64;

/// What a client hands to the server for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToOthers {
    /// Asks the server to state whose key this is. Answered by [`FromOthers::Attested`].
    Attest {
        /// Ed25519.
        leaf_key: [u8; 32],
    },
    /// Clinician: has made a group, and asks everybody to offer themselves.
    AskOffers,
    /// Offers this person to the group: to the clinicians.
    KeyPackage {
        /// MLS.
        package: Vec<u8>,
    },
    /// Changes the group: to everybody, if `epoch` is its newest. Answered by [`FromOthers::Ordered`].
    Commit {
        /// Names the group.
        group: Vec<u8>,
        /// The epoch that it ends.
        epoch: u64,
        /// MLS.
        commit: Vec<u8>,
        /// MLS, for those who are let in.
        welcome: Option<Vec<u8>>,
        /// Who is let in.
        welcomed: Vec<ParticipantId>,
    },
    /// Says something inside the group: to everybody.
    Sealed {
        /// MLS.
        message: Vec<u8>,
    },
    /// Says what this person found when they compared the words: to the journal.
    Compared {
        /// Whether they are the same.
        same: bool,
    },
}

/// What the server passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromOthers {
    /// The platform's statement about this person's key.
    Attested {
        /// An attestation.
        attestation: Vec<u8>,
        /// Whether this person is to make the group.
        makes_group: bool,
    },
    /// A clinician has made a group: offer yourself, with new keys.
    Offer,
    /// Somebody offers themselves.
    KeyPackage {
        /// Who, by the server's word.
        participant: ParticipantId,
        /// MLS.
        package: Vec<u8>,
    },
    /// This client's commit was put in order, or another one came first.
    Ordered {
        /// The epoch that it ends.
        epoch: u64,
        /// Whether it holds.
        holds: bool,
    },
    /// A change of the group.
    Commit {
        /// MLS.
        commit: Vec<u8>,
    },
    /// This person is let in.
    Welcome {
        /// MLS.
        welcome: Vec<u8>,
    },
    /// Something said inside the group.
    Sealed {
        /// MLS.
        message: Vec<u8>,
    },
    /// Somebody is gone for good.
    Left {
        /// Who.
        participant: ParticipantId,
    },
    /// Messages were lost while this person was away: offer yourself with new keys, or make the group anew.
    Missed,
}

/// A text that is no such message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is no end-to-end message")]
pub struct ParseEndToEndError;

impl From<ReadBytesError> for ParseEndToEndError {
    fn from(_: ReadBytesError) -> Self {
        Self
    }
}

const ATTEST: u8 = 1;
const ASK_OFFERS: u8 = 2;
const KEY_PACKAGE: u8 = 3;
const COMMIT: u8 = 4;
const SEALED: u8 = 5;
const COMPARED: u8 = 6;
const ATTESTED: u8 = 7;
const OFFER: u8 = 8;
const ORDERED: u8 = 9;
const WELCOME: u8 = 10;
const LEFT: u8 = 11;
const MISSED: u8 = 12;

impl ToOthers {
    /// Writes the message.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        match self {
            Self::Attest { leaf_key } => writer.byte(ATTEST).fixed(leaf_key),
            Self::AskOffers => writer.byte(ASK_OFFERS),
            Self::KeyPackage { package } => writer.byte(KEY_PACKAGE).fixed(package),
            Self::Commit { group, epoch, commit, welcome, welcomed } => {
                writer.byte(COMMIT).string(group).number(*epoch).long_string(commit);
                writer.long_string(welcome.as_deref().unwrap_or_default());
                welcomed.iter().fold(&mut writer, |writer, participant| writer.id(*participant))
            }
            Self::Sealed { message } => writer.byte(SEALED).fixed(message),
            Self::Compared { same } => writer.byte(COMPARED).byte(u8::from(*same)),
        };
        writer.into_bytes()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`ParseEndToEndError`] for another form or something past its limit.
    pub fn read(bytes: &[u8]) -> Result<Self, ParseEndToEndError> {
        let mut reader = Reader::new(bytes);
        Ok(match reader.byte()? {
            ATTEST => {
                let leaf_key = reader.array()?;
                reader.end()?;
                Self::Attest { leaf_key }
            }
            ASK_OFFERS => {
                reader.end()?;
                Self::AskOffers
            }
            KEY_PACKAGE => Self::KeyPackage { package: sealed(reader.rest())? },
            COMMIT => {
                let group = reader.string()?;
                if group.is_empty() || group.len() > MAX_GROUP_BYTES {
                    return Err(ParseEndToEndError);
                }
                let (group, epoch) = (group.to_vec(), reader.number()?);
                let commit = sealed(reader.long_string()?)?;
                let welcome = Some(reader.long_string()?).filter(|welcome| !welcome.is_empty());
                let welcome = welcome.map(sealed).transpose()?;
                let mut welcomed = Vec::new();
                while reader.end().is_err() {
                    if welcomed.len() == MAX_WELCOMED {
                        return Err(ParseEndToEndError);
                    }
                    welcomed.push(reader.id()?);
                }
                Self::Commit { group, epoch, commit, welcome, welcomed }
            }
            SEALED => Self::Sealed { message: sealed(reader.rest())? },
            COMPARED => {
                let same = reader.byte()? == 1;
                reader.end()?;
                Self::Compared { same }
            }
            _ => return Err(ParseEndToEndError),
        })
    }
}

impl FromOthers {
    /// Writes the message.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        match self {
            Self::Attested { attestation, makes_group } => {
                writer.byte(ATTESTED).byte(u8::from(*makes_group)).fixed(attestation)
            }
            Self::Offer => writer.byte(OFFER),
            Self::KeyPackage { participant, package } => writer.byte(KEY_PACKAGE).id(*participant).fixed(package),
            Self::Ordered { epoch, holds } => writer.byte(ORDERED).number(*epoch).byte(u8::from(*holds)),
            Self::Commit { commit } => writer.byte(COMMIT).fixed(commit),
            Self::Welcome { welcome } => writer.byte(WELCOME).fixed(welcome),
            Self::Sealed { message } => writer.byte(SEALED).fixed(message),
            Self::Left { participant } => writer.byte(LEFT).id(*participant),
            Self::Missed => writer.byte(MISSED),
        };
        writer.into_bytes()
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// [`ParseEndToEndError`] for another form.
    pub fn read(bytes: &[u8]) -> Result<Self, ParseEndToEndError> {
        let mut reader = Reader::new(bytes);
        Ok(match reader.byte()? {
            ATTESTED => {
                let makes_group = reader.byte()? == 1;
                Self::Attested { makes_group, attestation: sealed(reader.rest())? }
            }
            OFFER => Self::Offer,
            KEY_PACKAGE => Self::KeyPackage { participant: reader.id()?, package: sealed(reader.rest())? },
            ORDERED => Self::Ordered { epoch: reader.number()?, holds: reader.byte()? == 1 },
            COMMIT => Self::Commit { commit: sealed(reader.rest())? },
            WELCOME => Self::Welcome { welcome: sealed(reader.rest())? },
            SEALED => Self::Sealed { message: sealed(reader.rest())? },
            LEFT => Self::Left { participant: reader.id()? },
            MISSED => Self::Missed,
            _ => return Err(ParseEndToEndError),
        })
    }

    /// Counts the bytes that keeping this message takes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        match self {
            Self::Attested { attestation: bytes, .. }
            | Self::KeyPackage { package: bytes, .. }
            | Self::Commit { commit: bytes }
            | Self::Welcome { welcome: bytes }
            | Self::Sealed { message: bytes } => bytes.len(),
            Self::Offer | Self::Ordered { .. } | Self::Left { .. } | Self::Missed => 0,
        }
    }
}

fn sealed(bytes: &[u8]) -> Result<Vec<u8>, ParseEndToEndError> {
    if bytes.is_empty() || bytes.len() > MAX_SEALED_BYTES { Err(ParseEndToEndError) } else { Ok(bytes.to_vec()) }
}

macro_rules! as_text {
    ($($Message:ident),+) => {
        $(
            impl $Message {
                /// Writes the message as the text that travels in JSON.
                #[must_use]
                pub fn to_text(&self) -> String {
                    Base64UrlUnpadded::encode_string(&self.write())
                }

                /// Reads such a text.
                ///
                /// # Errors
                ///
                /// [`ParseEndToEndError`].
                pub fn from_text(text: &str) -> Result<Self, ParseEndToEndError> {
                    Self::read(&Base64UrlUnpadded::decode_vec(text).map_err(|_| ParseEndToEndError)?)
                }
            }
        )+
    };
}

as_text!(ToOthers, FromOthers);

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn participant(number: u8) -> ParticipantId {
        ParticipantId::from_parts(Timestamp::from_millis(1), [number; 10])
    }

    #[test]
    fn messages_survive_the_wire() {
        let up = [
            ToOthers::Attest { leaf_key: [7; 32] },
            ToOthers::AskOffers,
            ToOthers::KeyPackage { package: vec![1, 2] },
            ToOthers::Commit {
                group: vec![1; 33],
                epoch: 9,
                commit: vec![4; 9],
                welcome: Some(vec![5; 9]),
                welcomed: vec![participant(1), participant(2)],
            },
            ToOthers::Commit { group: vec![1], epoch: 0, commit: vec![4], welcome: None, welcomed: vec![] },
            ToOthers::Sealed { message: vec![3] },
            ToOthers::Compared { same: true },
        ];
        for message in up {
            assert_eq!(ToOthers::from_text(&message.to_text()), Ok(message));
        }
        let down = [
            FromOthers::Attested { attestation: vec![1], makes_group: true },
            FromOthers::Offer,
            FromOthers::KeyPackage { participant: participant(3), package: vec![1] },
            FromOthers::Ordered { epoch: 3, holds: false },
            FromOthers::Commit { commit: vec![1] },
            FromOthers::Welcome { welcome: vec![1] },
            FromOthers::Sealed { message: vec![1] },
            FromOthers::Left { participant: participant(4) },
            FromOthers::Missed,
        ];
        for message in down {
            assert_eq!(FromOthers::from_text(&message.to_text()), Ok(message));
        }
    }

    #[test]
    fn what_is_too_long_or_too_many_is_refused() {
        let long = ToOthers::Sealed { message: vec![1; MAX_SEALED_BYTES + 1] };
        assert_eq!(ToOthers::read(&long.write()), Err(ParseEndToEndError));
        let many = ToOthers::Commit {
            group: vec![1],
            epoch: 0,
            commit: vec![1],
            welcome: None,
            welcomed: (0..9).map(participant).collect(),
        };
        assert_eq!(ToOthers::read(&many.write()), Err(ParseEndToEndError));
        let group = ToOthers::Commit {
            group: vec![1; MAX_GROUP_BYTES + 1],
            epoch: 0,
            commit: vec![1],
            welcome: None,
            welcomed: vec![],
        };
        assert_eq!(ToOthers::read(&group.write()), Err(ParseEndToEndError));
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_refused_or_written_the_same_again(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = ToOthers::read(&bytes) {
                prop_assert_eq!(ToOthers::read(&message.write()), Ok(message));
            }
            if let Ok(message) = FromOthers::read(&bytes) {
                prop_assert_eq!(FromOthers::read(&message.write()), Ok(message));
            }
        }
    }
}
