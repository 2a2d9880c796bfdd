//! The patient's way in: invitation, second factor, consent, ticket, documents.

use colloque_ids::{AppointmentId, DocumentId, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::IdentityCard;
use crate::key::BrowserKey;

/// `POST /api/invitations/{id}/redeem`.
#[derive(Clone, Serialize, Deserialize)]
pub struct RedeemInvitation {
    /// The secret of the link's fragment: 32 bytes, base64url without padding.
    pub secret: String,
}

/// What is asked next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientStep {
    /// `POST /api/patient/second-factor` is next.
    SecondFactor {
        /// How the code reaches the patient.
        channel: CodeChannel,
        /// Where it was sent, masked: `j•••@exemple.fr`. Empty for TOTP.
        destination: String,
        /// Until when the code serves.
        expires_at: Timestamp,
    },
    /// Verified: `GET /api/patient` is next.
    Done,
}

/// How a code reaches the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeChannel {
    /// E-mail.
    Email,
    /// Text message.
    Sms,
    /// The patient's own TOTP application.
    Totp,
}

/// `POST /api/patient/second-factor`. `POST /api/patient/second-factor/resend` has no body and answers a [`PatientStep`].
#[derive(Clone, Serialize, Deserialize)]
pub struct SecondFactor {
    /// Six digits.
    pub code: String,
}

/// `GET /api/patient`: all that the patient's page needs after verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientView {
    /// The appointment.
    pub appointment: AppointmentId,
    /// The room, for the page to know that it is still the same.
    pub room: RoomId,
    /// The patient's own card.
    pub you: IdentityCard,
    /// The practitioner's card.
    pub practitioner: IdentityCard,
    /// The practice's name.
    pub practice_name: String,
    /// The practice's telephone number, `+33…`.
    pub practice_phone: String,
    /// When the appointment starts.
    pub starts_at: Timestamp,
    /// When the room opens.
    pub opens_at: Timestamp,
    /// When the room closes.
    pub closes_at: Timestamp,
    /// When consent was recorded.
    pub consent_given_at: Option<Timestamp>,
    /// Where the consultation stands.
    pub status: PatientStatus,
    /// Documents issued in this consultation, newest first.
    pub documents: Vec<PatientDocument>,
}

/// Where the consultation stands, for the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatientStatus {
    /// The room is not open yet.
    TooEarly,
    /// The patient may wait.
    Ready,
    /// The patient was admitted and may come back.
    InProgress,
    /// Over.
    Over,
    /// The appointment was cancelled.
    Cancelled,
}

/// A document that the patient may download at `GET /api/patient/documents/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatientDocument {
    /// The document.
    pub document: DocumentId,
    /// What it is.
    pub kind: DocumentKind,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was cancelled or replaced; it stays readable, marked as such.
    pub cancelled_at: Option<Timestamp>,
    /// Its version, from 1.
    pub version: u32,
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A prescription.
    Prescription,
}

/// `POST /api/patient/consent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveConsent {
    /// Version of the text that was on the screen.
    pub text_version: u32,
}

/// Version of the consent text that the page shows.
pub const CONSENT_TEXT_VERSION: u32 = 1;

/// `POST …/ticket`: asks for a join ticket for a key made in this browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRequest {
    /// The key.
    pub key: BrowserKey,
}

/// Answer: a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketIssued {
    /// The ticket's text.
    pub ticket: String,
    /// First instant at which it no longer serves.
    pub expires_at: Timestamp,
}

/// `GET /api/invitations/{id}`: what the page may show before anything was proved. Nothing about the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationFace {
    /// The practitioner's name.
    pub practitioner_name: String,
    /// The practice's telephone number.
    pub practice_phone: String,
    /// When the appointment starts.
    pub starts_at: Timestamp,
    /// When the room opens.
    pub opens_at: Timestamp,
    /// Whether the invitation can still be used.
    pub state: InvitationState,
}

/// Whether an invitation can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvitationState {
    /// It can.
    Usable,
    /// The consultation has ended; the link still leads to its documents.
    Over,
    /// The appointment's time is over.
    Expired,
    /// The appointment was cancelled.
    Cancelled,
}
