//! Typed requests to the platform's own HTTP service.

use std::time::Duration;

use colloque_protocol::http::error::{ErrorBody, ErrorCode};
use colloque_protocol::http::{BACKGROUND_HEADER, REQUEST_HEADER};
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Headers, RequestInit, Response};

use crate::dom::{settle, window};
use crate::json;
use crate::timer::Timeout;

/// Longest wait for an answer.
///
/// Longer: a person looks at a still page. Shorter: a slow mobile network never gets through.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(15);

/// Why a request gave no answer to work with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendRequestError {
    /// The network did not carry it.
    #[error("the network did not carry the request")]
    Offline,
    /// No answer within [`REQUEST_LIMIT`].
    #[error("the request was not answered in time")]
    TimedOut,
    /// The service said no.
    #[error("the service refused the request")]
    Refused {
        /// Its words.
        body: ErrorBody,
    },
    /// The answer is not what the route gives.
    #[error("the answer cannot be read")]
    Unreadable {
        /// HTTP status.
        status: u16,
    },
}

impl SendRequestError {
    /// The service's code, when the service answered.
    #[must_use]
    pub const fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused { body } => Some(body.code),
            Self::Offline | Self::TimedOut | Self::Unreadable { .. } => None,
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Offline | Self::TimedOut | Self::Unreadable { status: 500.. } => true,
            Self::Unreadable { .. } => false,
            Self::Refused { body } => matches!(body.code, ErrorCode::Unavailable | ErrorCode::ServerFailed),
        }
    }
}

/// Reads `path`.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, SendRequestError> {
    read(exchange("GET", path, None, Sent::ByPerson).await?)
}

/// Reads `path` on behalf of nobody: it does not keep a session from becoming idle.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn get_in_background<T: DeserializeOwned>(path: &str) -> Result<T, SendRequestError> {
    read(exchange("GET", path, None, Sent::ByPage).await?)
}

/// Sends `body` to `path`; `()` reads an empty answer.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn post<B: Serialize, T: DeserializeOwned>(path: &str, body: &B) -> Result<T, SendRequestError> {
    read(exchange("POST", path, Some(write(body)), Sent::ByPerson).await?)
}

/// Sends `body`, a text of JSON, to `path` on behalf of nobody: it does not keep a session from becoming idle.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn post_in_background<T: DeserializeOwned>(path: &str, body: String) -> Result<T, SendRequestError> {
    read(exchange("POST", path, Some(body), Sent::ByPage).await?)
}

/// Asks `path` to act, without a body.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn act<T: DeserializeOwned>(path: &str) -> Result<T, SendRequestError> {
    read(exchange("POST", path, None, Sent::ByPerson).await?)
}

/// Replaces what stands at `path`.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn put<B: Serialize, T: DeserializeOwned>(path: &str, body: &B) -> Result<T, SendRequestError> {
    read(exchange("PUT", path, Some(write(body)), Sent::ByPerson).await?)
}

/// Removes what stands at `path`.
///
/// # Errors
///
/// [`SendRequestError`], by cause.
pub async fn delete(path: &str) -> Result<(), SendRequestError> {
    exchange("DELETE", path, None, Sent::ByPerson).await.map(drop)
}

/// Who sends a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    ByPerson,
    ByPage,
}

struct Answer {
    status: u16,
    text: String,
}

fn write<B: Serialize>(body: &B) -> String {
    json::to_string(body).expect("request bodies hold no map with foreign keys, so they have a JSON form")
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, SendRequestError> {
    let text = if answer.text.is_empty() { "null" } else { &answer.text };
    json::from_str(text).map_err(|_| SendRequestError::Unreadable { status: answer.status })
}

async fn exchange(method: &str, path: &str, body: Option<String>, sent: Sent) -> Result<Answer, SendRequestError> {
    let controller = AbortController::new().map_err(|_| SendRequestError::Offline)?;
    let abort = controller.clone();
    let limit = Timeout::after(REQUEST_LIMIT, move || abort.abort());
    let answer = fetch(method, path, body, sent, &controller).await;
    drop(limit);
    answer.unwrap_or_else(|_| {
        Err(if controller.signal().aborted() { SendRequestError::TimedOut } else { SendRequestError::Offline })
    })
}

/// The outer error is the browser's: nothing came back.
async fn fetch(
    method: &str,
    path: &str,
    body: Option<String>,
    sent: Sent,
    controller: &AbortController,
) -> Result<Result<Answer, SendRequestError>, JsValue> {
    let headers = Headers::new()?;
    headers.set(REQUEST_HEADER, "1")?;
    if sent == Sent::ByPage {
        headers.set(BACKGROUND_HEADER, "1")?;
    }
    let init = RequestInit::new();
    if let Some(body) = body {
        headers.set("content-type", "application/json")?;
        init.set_body(&body.into());
    }
    init.set_method(method);
    init.set_headers(&headers);
    init.set_signal(Some(&controller.signal()));
    let response: Response = settle(window().fetch_with_str_and_init(path, &init)).await?.unchecked_into();
    let status = response.status();
    let text = settle(response.text()?).await?.as_string().unwrap_or_default();
    if response.ok() {
        return Ok(Ok(Answer { status, text }));
    }
    Ok(Err(match json::from_str::<ErrorBody>(&text) {
        Ok(body) => SendRequestError::Refused { body },
        Err(_) => SendRequestError::Unreadable { status },
    }))
}
