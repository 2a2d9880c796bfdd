//! Refusals, and how they reach a client.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use colloque_ids::RequestId;
use colloque_protocol::http::error::{ErrorBody, ErrorCode, FieldError};

use crate::storage::StorageError;

/// When to come back once too many strangers ask at the same time, in seconds.
const BUSY_FOR_S: u32 = 3;

/// A refusal on its way to a client. The frame adds the request's identifier and logs the cause once.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    code: ErrorCode,
    fields: Vec<FieldError>,
    retry_after_s: Option<u32>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// Refuses with a code.
    pub(crate) const fn new(code: ErrorCode) -> Self {
        Self { code, fields: Vec::new(), retry_after_s: None, cause: None }
    }

    /// Refuses what is unknown or not for this person: nobody is told which.
    pub(crate) const fn not_found() -> Self {
        Self::new(ErrorCode::NotFound)
    }

    /// Refuses a form.
    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(ErrorCode::Invalid) }
    }

    /// Refuses medicines that need a secured support.
    pub(crate) fn secured_prescription(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(ErrorCode::SecuredPrescription) }
    }

    /// Refuses one field of a form.
    pub(crate) fn invalid_field(field: &str, message: &str) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), message: message.to_owned() }])
    }

    /// Refuses for a while.
    pub(crate) fn too_many(retry_after_s: u32) -> Self {
        Self { retry_after_s: Some(retry_after_s.max(1)), ..Self::new(ErrorCode::TooManyAttempts) }
    }

    /// Refuses until some time has passed, in whole seconds.
    pub(crate) fn too_many_until(wait: Duration) -> Self {
        Self::too_many(whole_seconds(wait))
    }

    /// Refuses because too many strangers ask at the same time.
    pub(crate) fn busy() -> Self {
        Self { retry_after_s: Some(BUSY_FOR_S), ..Self::new(ErrorCode::Unavailable) }
    }

    /// Refuses because something failed here.
    pub(crate) fn failed(cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Arc::new(cause)), ..Self::new(ErrorCode::ServerFailed) }
    }

    /// The code.
    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// When to come back, in seconds.
    pub(crate) const fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// The cause, for the log.
    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.cause.as_deref()
    }

    /// The body that the client gets.
    pub(super) fn body(self, request: RequestId) -> ErrorBody {
        ErrorBody {
            code: self.code,
            request: request.to_string(),
            fields: self.fields,
            retry_after_s: self.retry_after_s,
        }
    }

    /// The status that goes with the code.
    pub(crate) const fn status(&self) -> StatusCode {
        match self.code {
            ErrorCode::Malformed => StatusCode::BAD_REQUEST,
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::Invalid | ErrorCode::SecuredPrescription => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorCode::NotSignedIn | ErrorCode::WrongCredentials => StatusCode::UNAUTHORIZED,
            ErrorCode::SecondFactorNeeded | ErrorCode::ForeignRequest | ErrorCode::TooEarly => StatusCode::FORBIDDEN,
            ErrorCode::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::Conflict | ErrorCode::WrongState => StatusCode::CONFLICT,
            ErrorCode::InvitationUnknown
            | ErrorCode::InvitationExpired
            | ErrorCode::AppointmentCancelled
            | ErrorCode::CodeExpired => StatusCode::GONE,
            ErrorCode::ServerFailed => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Writes a wait as clients get it: never too short.
pub(crate) fn whole_seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        let code = match &error {
            // No cause, so no line in the log: a flood must not fill it.
            StorageError::Busy => return Self::busy(),
            StorageError::Query(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_)) => {
                ErrorCode::Unavailable
            }
            StorageError::Query(_) | StorageError::Unreadable { .. } | StorageError::Interrupted => {
                ErrorCode::ServerFailed
            }
        };
        Self { cause: Some(Arc::new(error)), ..Self::new(code) }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        StorageError::from(error).into()
    }
}
