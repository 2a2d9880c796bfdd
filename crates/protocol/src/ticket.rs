//! Join tickets: what `consultation` signs and `signaling` checks before anybody enters a room.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_ids::{
    AppointmentId, ConsultationId, GuestId, PatientId, PracticeId, RoomId, StaffId, TicketId, Timestamp,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::identity::{IdentityCard, Role};
use crate::key::KeyThumbprint;

/// How long a ticket may be used after it was signed.
///
/// Longer: a stolen ticket lives longer. Shorter: a phone on a slow network fetches two.
pub const TICKET_LIFETIME: Duration = Duration::from_secs(60);

/// Longest ticket accepted, in bytes of text.
pub const MAX_TICKET_BYTES: usize = 4_096;

/// Length of an Ed25519 signature, in bytes.
const SIGNATURE_BYTES: usize = 64;

/// Words signed before the claims, so that this signature serves nothing else.
const TICKET_CONTEXT: &[u8] = b"colloque ticket v1\0";

/// The person whom a ticket lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum Person {
    /// A member of the staff.
    Staff(StaffId),
    /// A patient.
    Patient(PatientId),
    /// A guest of one consultation.
    Guest(GuestId),
}

/// What a ticket opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Scope {
    /// The room of one consultation.
    Room(RoomScope),
    /// The waiting queue of a practice, without media.
    Desk {
        /// Practitioners whose queues are shown; a practitioner sees their own, a secretary all of the practice's.
        practitioners: Vec<StaffId>,
    },
}

/// The room that a ticket opens and what storage knows of its consultation when the ticket is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomScope {
    /// The room.
    pub room: RoomId,
    /// The consultation held in it.
    pub consultation: ConsultationId,
    /// The appointment it was booked as.
    pub appointment: AppointmentId,
    /// The booked practitioner, the only one who may admit.
    pub practitioner: StaffId,
    /// The booked patient.
    pub patient: PatientId,
    /// When the patient's consent to the act was recorded.
    pub consent_given_at: Option<Timestamp>,
    /// When the practitioner admitted the patient, if that was before: a restarted server opens the room again from it.
    pub admitted_at: Option<Timestamp>,
    /// Nobody enters before this instant.
    pub opens_at: Timestamp,
    /// Nobody enters from this instant on.
    pub closes_at: Timestamp,
}

/// What a ticket says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketClaims {
    /// Makes the ticket usable once.
    pub ticket: TicketId,
    /// The practice in which all this happens.
    pub practice: PracticeId,
    /// Who is let in.
    pub person: Person,
    /// As what.
    pub role: Role,
    /// What the other party is shown.
    pub card: IdentityCard,
    /// The key made in that person's browser.
    pub key_thumbprint: KeyThumbprint,
    /// What is opened.
    pub scope: Scope,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// First instant at which it no longer serves; at most [`TICKET_LIFETIME`] after `issued_at`.
    pub expires_at: Timestamp,
}

/// A ticket that was taken apart but whose signature was not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedTicket {
    claims: TicketClaims,
    signed: Vec<u8>,
    signature: [u8; SIGNATURE_BYTES],
}

/// Why a text is not a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseTicketError {
    /// Longer than [`MAX_TICKET_BYTES`].
    #[error("ticket is too long")]
    TooLong,
    /// Not two base64url parts around a dot, or the claims are not claims.
    #[error("ticket is malformed")]
    Malformed,
}

/// A signature that does not fit its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("ticket signature is wrong")]
pub struct WrongSignature;

impl TicketClaims {
    /// Writes the ticket; `sign` makes the Ed25519 signature of the bytes it is given.
    ///
    /// # Panics
    ///
    /// Never: every claim has a JSON form.
    #[must_use]
    pub fn seal(&self, sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_BYTES]) -> String {
        let claims = serde_json::to_vec(self).expect("claims hold no map with foreign keys, so they have a JSON form");
        let signature = sign(&signed_bytes(&claims));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(claims), URL_SAFE_NO_PAD.encode(signature))
    }
}

impl UnverifiedTicket {
    /// Takes a ticket's text apart.
    ///
    /// # Errors
    ///
    /// - [`ParseTicketError::TooLong`] past [`MAX_TICKET_BYTES`].
    /// - [`ParseTicketError::Malformed`] for anything else that is not a ticket.
    pub fn parse(text: &str) -> Result<Self, ParseTicketError> {
        if text.len() > MAX_TICKET_BYTES {
            return Err(ParseTicketError::TooLong);
        }
        let (claims, signature) = text.split_once('.').ok_or(ParseTicketError::Malformed)?;
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| ParseTicketError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| ParseTicketError::Malformed)?;
        Ok(Self {
            signature: signature.try_into().map_err(|_| ParseTicketError::Malformed)?,
            signed: signed_bytes(&claims),
            claims: serde_json::from_slice(&claims).map_err(|_| ParseTicketError::Malformed)?,
        })
    }

    /// Gives the claims once `check` has found the signature good for the bytes.
    ///
    /// # Errors
    ///
    /// [`WrongSignature`] when `check` says no.
    pub fn verify(
        self,
        check: impl FnOnce(&[u8], &[u8; SIGNATURE_BYTES]) -> bool,
    ) -> Result<TicketClaims, WrongSignature> {
        if check(&self.signed, &self.signature) { Ok(self.claims) } else { Err(WrongSignature) }
    }
}

fn signed_bytes(claims: &[u8]) -> Vec<u8> {
    [TICKET_CONTEXT, claims].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::AuthenticationMethod;

    fn claims() -> TicketClaims {
        let now = Timestamp::from_millis(1_800_000_000_000);
        TicketClaims {
            ticket: TicketId::from_parts(now, [1; 10]),
            practice: PracticeId::from_parts(now, [2; 10]),
            person: Person::Staff(StaffId::from_parts(now, [3; 10])),
            role: Role::Practitioner,
            card: IdentityCard {
                display_name: "Dre Claire Martin".to_owned(),
                role: Role::Practitioner,
                profession: Some("Médecin généraliste".to_owned()),
                rpps: Some("10000000001".to_owned()),
                verified_by: vec![AuthenticationMethod::Password, AuthenticationMethod::Totp],
            },
            key_thumbprint: KeyThumbprint::from_digest(&[9; 32]),
            scope: Scope::Desk { practitioners: vec![] },
            issued_at: now,
            expires_at: now.after(TICKET_LIFETIME),
        }
    }

    #[test]
    fn a_sealed_ticket_is_read_back_after_its_signature_was_checked() {
        let text = claims().seal(|bytes| [u8::try_from(bytes.len() % 251).unwrap(); 64]);
        let opened = UnverifiedTicket::parse(&text)
            .unwrap()
            .verify(|bytes, signature| signature[0] == u8::try_from(bytes.len() % 251).unwrap());
        assert_eq!(opened, Ok(claims()));
    }

    #[test]
    fn a_wrong_signature_gives_no_claims() {
        let text = claims().seal(|_| [0; 64]);
        assert_eq!(UnverifiedTicket::parse(&text).unwrap().verify(|_, _| false), Err(WrongSignature));
    }

    #[test]
    fn malformed_and_endless_tickets_are_refused() {
        assert_eq!(UnverifiedTicket::parse(&"a".repeat(5_000)), Err(ParseTicketError::TooLong));
        for text in ["", ".", "a.b", "e30.e30", "é.é"] {
            assert_eq!(UnverifiedTicket::parse(text), Err(ParseTicketError::Malformed), "{text}");
        }
    }
}
