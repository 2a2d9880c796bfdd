//! The statement and its signature.

use colloque_ids::bytes::{ReadBytesError, Reader, Writer};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use thiserror::Error;

/// Longest attestation accepted, in bytes.
pub const MAX_ATTESTATION_BYTES: usize = 1_024;

/// Longest name or profession, in bytes; longer ones are cut when they are written.
pub const MAX_TEXT_BYTES: usize = 200;

const SIGNATURE_BYTES: usize = 64;

/// Words signed before the statement, so that this signature serves nothing else.
const CONTEXT: &[u8] = b"colloque attestation v1\0";

const VERSION: u8 = 1;

/// As what a person takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Standing {
    /// The booked practitioner.
    Practitioner = 1,
    /// The booked patient.
    Patient = 2,
    /// Another practitioner, asked for their opinion.
    Expert = 3,
    /// Somebody beside the patient.
    AccompanyingPerson = 4,
    /// Somebody who translates.
    Interpreter = 5,
}

impl Standing {
    const ALL: [Self; 5] =
        [Self::Practitioner, Self::Patient, Self::Expert, Self::AccompanyingPerson, Self::Interpreter];

    /// Whether this person may let others in and out.
    #[must_use]
    pub const fn is_clinician(self) -> bool {
        matches!(self, Self::Practitioner | Self::Expert)
    }

    /// Whether this person is neither of the two who are booked.
    #[must_use]
    pub const fn is_guest(self) -> bool {
        matches!(self, Self::Expert | Self::AccompanyingPerson | Self::Interpreter)
    }

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| *standing as u8 == number)
    }
}

/// How a person showed who they are, as far as the other party may rest on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ProofOfPerson {
    /// The invitation's link and a code sent to them.
    InvitationAndCode = 1,
    /// A password and a second factor.
    PasswordAndSecondFactor = 2,
    /// A passkey with user verification.
    Passkey = 3,
    /// One proof only.
    One = 4,
}

impl ProofOfPerson {
    const ALL: [Self; 4] = [Self::InvitationAndCode, Self::PasswordAndSecondFactor, Self::Passkey, Self::One];

    fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| *proof as u8 == number)
    }
}

/// That a person holds an end-to-end key in one consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The consultation; the key is worth nothing in another one.
    pub consultation: ConsultationId,
    /// The person's place in its room.
    pub participant: ParticipantId,
    /// As what they take part.
    pub standing: Standing,
    /// How they showed who they are.
    pub proof: ProofOfPerson,
    /// The name shown.
    pub name: String,
    /// Profession and specialty, practitioners only.
    pub profession: Option<String>,
    /// RPPS number, practitioners only.
    pub rpps: Option<String>,
    /// The key that signs for them in the group: Ed25519.
    pub leaf_key: [u8; 32],
    /// When it was stated.
    pub issued_at: Timestamp,
    /// From when on it is worth nothing.
    pub expires_at: Timestamp,
}

/// A statement with its signature, as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    bytes: Vec<u8>,
    statement: Statement,
}

/// Why bytes are not an attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseAttestationError {
    /// Longer than [`MAX_ATTESTATION_BYTES`], or of another form.
    #[error("bytes are no attestation")]
    Malformed,
    /// Written by a newer platform.
    #[error("attestation has another version")]
    OtherVersion,
}

impl From<ReadBytesError> for ParseAttestationError {
    fn from(_: ReadBytesError) -> Self {
        Self::Malformed
    }
}

/// A signature that is not of the platform's identity key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("attestation is not signed by the platform")]
pub struct WrongSignature;

impl Statement {
    /// Writes the statement and signs it; `sign` makes the Ed25519 signature of the bytes it is given.
    #[must_use]
    pub fn seal(&self, sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_BYTES]) -> Attestation {
        let mut bytes = self.write();
        let signature = sign(&[CONTEXT, &bytes].concat());
        bytes.extend_from_slice(&signature);
        Attestation { bytes, statement: self.clone() }
    }

    fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer
            .byte(VERSION)
            .id(self.consultation)
            .id(self.participant)
            .byte(self.standing as u8)
            .byte(self.proof as u8)
            .string(cut(&self.name))
            .string(cut(self.profession.as_deref().unwrap_or_default()))
            .string(cut(self.rpps.as_deref().unwrap_or_default()))
            .fixed(&self.leaf_key)
            .instant(self.issued_at)
            .instant(self.expires_at);
        writer.into_bytes()
    }

    fn read(bytes: &[u8]) -> Result<Self, ParseAttestationError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(ParseAttestationError::OtherVersion);
        }
        let statement = Self {
            consultation: reader.id()?,
            participant: reader.id()?,
            standing: Standing::from_number(reader.byte()?).ok_or(ParseAttestationError::Malformed)?,
            proof: ProofOfPerson::from_number(reader.byte()?).ok_or(ParseAttestationError::Malformed)?,
            name: reader.text()?.to_owned(),
            profession: optional(reader.text()?),
            rpps: optional(reader.text()?),
            leaf_key: reader.array()?,
            issued_at: reader.instant()?,
            expires_at: reader.instant()?,
        };
        reader.end()?;
        Ok(statement)
    }
}

impl Attestation {
    /// Takes an attestation apart. Nothing it says may be believed before [`Self::verify`].
    ///
    /// # Errors
    ///
    /// [`ParseAttestationError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseAttestationError> {
        if bytes.len() > MAX_ATTESTATION_BYTES {
            return Err(ParseAttestationError::Malformed);
        }
        let (statement, _) = bytes.split_last_chunk::<SIGNATURE_BYTES>().ok_or(ParseAttestationError::Malformed)?;
        Ok(Self { statement: Statement::read(statement)?, bytes: bytes.to_vec() })
    }

    /// Gives the bytes that travel.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the statement once `check` has found the platform's signature good for the bytes.
    ///
    /// # Errors
    ///
    /// [`WrongSignature`] when `check` says no.
    pub fn verify(
        &self,
        check: impl FnOnce(&[u8], &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> Result<&Statement, WrongSignature> {
        let (statement, signature) = self.bytes.split_last_chunk().ok_or(WrongSignature)?;
        if check(&[CONTEXT, statement].concat(), signature) { Ok(&self.statement) } else { Err(WrongSignature) }
    }
}

/// Cuts a text at a character, at most [`MAX_TEXT_BYTES`] long.
fn cut(text: &str) -> &[u8] {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text.as_bytes()[..end]
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn statement() -> Statement {
        let now = Timestamp::from_millis(1_800_000_000_000);
        Statement {
            consultation: ConsultationId::from_parts(now, [1; 10]),
            participant: ParticipantId::from_parts(now, [2; 10]),
            standing: Standing::Practitioner,
            proof: ProofOfPerson::PasswordAndSecondFactor,
            name: "Dre Claire Martin".to_owned(),
            profession: Some("Médecin généraliste".to_owned()),
            rpps: Some("10000000001".to_owned()),
            leaf_key: [3; 32],
            issued_at: now,
            expires_at: Timestamp::from_millis(1_800_040_000_000),
        }
    }

    fn sum(bytes: &[u8]) -> u8 {
        bytes.iter().fold(0, |sum, byte| sum ^ byte.rotate_left(3))
    }

    #[test]
    fn a_statement_is_read_back_after_its_signature_was_checked() {
        let sealed = statement().seal(|bytes| [sum(bytes); 64]);
        let parsed = Attestation::parse(sealed.bytes()).unwrap();
        assert_eq!(parsed.verify(|bytes, signature| signature[0] == sum(bytes)), Ok(&statement()));
        assert_eq!(parsed.verify(|_, _| false), Err(WrongSignature));
    }

    #[test]
    fn a_long_name_is_cut_at_a_character() {
        let long = Statement { name: "é".repeat(150), ..statement() };
        let parsed = Attestation::parse(long.seal(|_| [0; 64]).bytes()).unwrap();
        assert_eq!(parsed.verify(|_, _| true).unwrap().name, "é".repeat(100));
    }

    #[test]
    fn other_versions_and_endless_ones_are_refused() {
        let mut bytes = statement().seal(|_| [0; 64]).bytes().to_vec();
        bytes[0] = 2;
        assert_eq!(Attestation::parse(&bytes), Err(ParseAttestationError::OtherVersion));
        assert_eq!(Attestation::parse(&vec![1; 5_000]), Err(ParseAttestationError::Malformed));
    }

    proptest! {
        #[test]
        fn whatever_arrives_is_refused_or_written_the_same_again(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(parsed) = Attestation::parse(&bytes) {
                prop_assert_eq!(parsed.bytes(), bytes);
            }
        }
    }
}
