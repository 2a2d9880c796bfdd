//! How a refusal looks on the wire.

use serde::{Deserialize, Serialize};

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Stable code; the texts for people are in the frontend.
    pub code: ErrorCode,
    /// Short form of the request's identifier, to quote to support.
    pub request: String,
    /// Fields at fault, for [`ErrorCode::Invalid`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
    /// Seconds to wait, for [`ErrorCode::TooManyAttempts`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's wire name; lines of a list as `lines.2.dosage`, counted from 0.
    pub field: String,
    /// What is wrong, in French, one sentence.
    pub message: String,
}

/// Stable code of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body is not what the route takes.
    Malformed,
    /// The body is too large.
    TooLarge,
    /// Fields are missing or wrong: see `fields`.
    Invalid,
    /// Nobody is signed in, or the session ended.
    NotSignedIn,
    /// The credentials or the code are wrong. Says no more.
    WrongCredentials,
    /// Too many attempts: see `retry_after_s`.
    TooManyAttempts,
    /// A second factor is still asked for.
    SecondFactorNeeded,
    /// Unknown, or not for this person: nobody is told which.
    NotFound,
    /// The thing changed meanwhile: load it again.
    Conflict,
    /// Its state does not allow this any more.
    WrongState,
    /// The invitation's secret was used, replaced, or never existed.
    InvitationUnknown,
    /// The appointment's time is over.
    InvitationExpired,
    /// The appointment was cancelled.
    AppointmentCancelled,
    /// The room opens later.
    TooEarly,
    /// The code is over or was tried too often: ask for another.
    CodeExpired,
    /// The medicine must not be prescribed on this support.
    SecuredPrescription,
    /// The request comes from another site.
    ForeignRequest,
    /// Something failed here.
    ServerFailed,
    /// A part of the service is away; nothing was lost.
    Unavailable,
}
