//! Who a member of the group is: what the leaf of the MLS tree says, and how each client checks it by itself.

use colloque_attestation::{Attestation, Statement};
use colloque_ids::bytes::{ReadBytesError, Reader, Writer};
use colloque_ids::{ConsultationId, ParticipantId, Timestamp};
use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

use crate::code::Commitment;
use crate::frame::LeafIndex;
use crate::link::LINK_NAME_BYTES;

const VERSION: u8 = 1;

/// What shows that a person holds a leaf's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityProof {
    /// A statement signed by the platform's identity key.
    ///
    /// Number 2 is kept for the identity token of Pro Santé Connect, whose `nonce` is the hash of the leaf's key: then a patient's
    /// client believes the national service and not the platform.
    Platform(Attestation),
}

const PLATFORM: u8 = 1;

/// What a leaf carries: the proof, and the sealed half of the spoken words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeafCredential {
    pub proof: IdentityProof,
    pub commitment: Commitment,
    /// Names the link's secret that this member has; zeros where they have none.
    pub link: [u8; LINK_NAME_BYTES],
}

/// A member whose identity was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Their place in the tree.
    pub leaf: LeafIndex,
    /// What was stated of them.
    pub statement: Statement,
    pub(crate) commitment: Commitment,
    /// Names the link's secret that they say they have. Nothing is proven by that: with another one than the practitioner's, or none, they
    /// are let in without, and the practitioner is told.
    pub(crate) link: [u8; LINK_NAME_BYTES],
}

/// Why a leaf is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum VerifyMemberError {
    /// Its credential has another form, or another version.
    #[error("leaf carries no credential")]
    NoCredential,
    /// The statement is not signed by the platform's identity key.
    #[error("statement is not signed by the platform")]
    NotAttested,
    /// The statement is about another key.
    #[error("statement is about another key")]
    OtherKey,
    /// The statement is about another consultation.
    #[error("statement is about another consultation")]
    OtherConsultation,
    /// The statement is not worth anything yet, or not any more.
    #[error("statement is out of its time")]
    OutOfTime,
    /// The group has no place with that number.
    #[error("leaf is beyond the group's size")]
    TooManyMembers,
}

/// How far clocks of a patient's phone and of the platform may be apart.
const CLOCK_TOLERANCE: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

/// Checks leaves for one consultation.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub identity_key: VerifyingKey,
    pub consultation: ConsultationId,
    /// Whose member this is.
    pub own_key: [u8; 32],
    /// Guests to whom this person agreed; asked of patients only.
    pub agreed: Vec<ParticipantId>,
}

impl From<ReadBytesError> for VerifyMemberError {
    fn from(_: ReadBytesError) -> Self {
        Self::NoCredential
    }
}

impl LeafCredential {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(VERSION);
        match &self.proof {
            IdentityProof::Platform(attestation) => writer.byte(PLATFORM).string(attestation.bytes()),
        };
        writer.fixed(&self.commitment.0).fixed(&self.link);
        writer.into_bytes()
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, VerifyMemberError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION || reader.byte()? != PLATFORM {
            return Err(VerifyMemberError::NoCredential);
        }
        let attestation = Attestation::parse(reader.string()?).map_err(|_| VerifyMemberError::NoCredential)?;
        let commitment = Commitment(reader.array()?);
        let link = reader.array()?;
        reader.end()?;
        Ok(Self { proof: IdentityProof::Platform(attestation), commitment, link })
    }
}

impl Verifier {
    /// Checks what a leaf says of who holds it.
    pub(crate) fn member(
        &self,
        index: u32,
        credential: &[u8],
        leaf_key: &[u8],
        now: Timestamp,
    ) -> Result<Member, VerifyMemberError> {
        let leaf = LeafIndex::new(index).ok_or(VerifyMemberError::TooManyMembers)?;
        let credential = LeafCredential::read(credential)?;
        let IdentityProof::Platform(attestation) = &credential.proof;
        let statement = self.statement(attestation, now)?;
        if statement.leaf_key != leaf_key {
            return Err(VerifyMemberError::OtherKey);
        }
        Ok(Member { leaf, statement, commitment: credential.commitment, link: credential.link })
    }

    /// Checks an attestation for this consultation.
    pub(crate) fn statement(&self, attestation: &Attestation, now: Timestamp) -> Result<Statement, VerifyMemberError> {
        let statement = attestation
            .verify(|bytes, signature| {
                self.identity_key.verify_strict(bytes, &Signature::from_bytes(signature)).is_ok()
            })
            .map_err(|_| VerifyMemberError::NotAttested)?;
        if statement.consultation != self.consultation {
            return Err(VerifyMemberError::OtherConsultation);
        }
        if now < statement.issued_at.before(CLOCK_TOLERANCE) || now >= statement.expires_at.after(CLOCK_TOLERANCE) {
            return Err(VerifyMemberError::OutOfTime);
        }
        Ok(statement.clone())
    }
}
