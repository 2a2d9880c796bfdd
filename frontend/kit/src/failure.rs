//! What a failed request means, in words.

use colloque_protocol::http::error::{ErrorBody, ErrorCode};
use colloque_web::http::SendRequestError;

use crate::text::{Msg, Text};

/// Says why a request failed and what to do.
#[must_use]
pub fn explain(error: &SendRequestError) -> String {
    match error {
        SendRequestError::Offline => Msg::FailOffline.t().to_owned(),
        SendRequestError::TimedOut => Msg::FailTimeout.t().to_owned(),
        SendRequestError::Unreadable { .. } => Msg::FailUnreadable.t().to_owned(),
        SendRequestError::Refused { body } => explain_refusal(body),
    }
}

/// The message of one field, when the refusal names it.
#[must_use]
pub fn field_message(error: &SendRequestError, field: &str) -> Option<String> {
    let SendRequestError::Refused { body } = error else { return None };
    body.fields.iter().find(|fault| fault.field == field).map(|fault| fault.message.clone())
}

fn explain_refusal(body: &ErrorBody) -> String {
    let text = match body.code {
        ErrorCode::Malformed => Msg::FailMalformed,
        ErrorCode::TooLarge => Msg::FailTooLarge,
        ErrorCode::Invalid => Msg::FailInvalid,
        ErrorCode::NotSignedIn => Msg::FailNotSignedIn,
        ErrorCode::WrongCredentials => Msg::FailCredentials,
        ErrorCode::TooManyAttempts => return Msg::FailAttempts.with(&[&pause(body.retry_after_s.unwrap_or(60))]),
        ErrorCode::SecondFactorNeeded => Msg::FailSecondFactor,
        ErrorCode::NotFound => Msg::FailNotFound,
        ErrorCode::Conflict => Msg::FailConflict,
        ErrorCode::WrongState => Msg::FailState,
        ErrorCode::InvitationUnknown => Msg::FailInvitation,
        ErrorCode::InvitationExpired => Msg::FailExpired,
        ErrorCode::AppointmentCancelled => Msg::FailCancelled,
        ErrorCode::TooEarly => Msg::FailEarly,
        ErrorCode::CodeExpired => Msg::FailCode,
        ErrorCode::SecuredPrescription => Msg::FailSecured,
        ErrorCode::ForeignRequest => Msg::FailForeign,
        ErrorCode::ServerFailed => return Msg::FailServer.with(&[&body.request]),
        ErrorCode::Unavailable => Msg::FailUnavailable,
    };
    text.t().to_owned()
}

fn pause(seconds: u32) -> String {
    if seconds < 100 {
        Msg::Seconds.with(&[&seconds.to_string()])
    } else {
        Msg::Minutes.with(&[&seconds.div_ceil(60).to_string()])
    }
}
