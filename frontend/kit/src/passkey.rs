//! Passkeys: the browser's own dialogs, fed with the service's JSON.

use colloque_protocol::http::session::PasskeyChallenge;
use colloque_web::dom::window;
use colloque_web::json;
use js_sys::{Function, JSON, Object, Promise, Reflect};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Why no passkey answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UsePasskeyError {
    /// The browser has no passkeys, or not their JSON forms.
    #[error("this browser has no passkeys")]
    Unsupported,
    /// The person closed the dialog, or no authenticator fits.
    #[error("no passkey was used")]
    NotUsed,
}

/// Asks an authenticator to prove a passkey; gives `PublicKeyCredential.toJSON()`.
///
/// # Errors
///
/// [`UsePasskeyError`], by cause.
pub async fn prove(challenge: &PasskeyChallenge) -> Result<serde_json::Value, UsePasskeyError> {
    ceremony(challenge, "parseRequestOptionsFromJSON", "get").await
}

/// Asks an authenticator to make a passkey; gives `PublicKeyCredential.toJSON()`.
///
/// # Errors
///
/// [`UsePasskeyError`], by cause.
pub async fn make(challenge: &PasskeyChallenge) -> Result<serde_json::Value, UsePasskeyError> {
    ceremony(challenge, "parseCreationOptionsFromJSON", "create").await
}

async fn ceremony(challenge: &PasskeyChallenge, parser: &str, act: &str) -> Result<serde_json::Value, UsePasskeyError> {
    let unsupported = |_| UsePasskeyError::Unsupported;
    // Libraries wrap the options as the browser's own call does.
    let options = challenge.options.get("publicKey").unwrap_or(&challenge.options);
    let options = json::to_string(options).map_err(|_| UsePasskeyError::Unsupported)?;
    let options = JSON::parse(&options).map_err(unsupported)?;
    let class = member(&window(), "PublicKeyCredential").map_err(unsupported)?;
    let options = call(&class, parser, &options).map_err(unsupported)?;
    let request = Object::new();
    Reflect::set(&request, &"publicKey".into(), &options).map_err(unsupported)?;
    let credentials = member(&window().navigator(), "credentials").map_err(unsupported)?;

    let not_used = |_| UsePasskeyError::NotUsed;
    let promise: Promise = call(&credentials, act, &request).map_err(not_used)?.unchecked_into();
    let credential = JsFuture::from(promise).await.map_err(not_used)?;
    let json = call(&credential, "toJSON", &JsValue::UNDEFINED).map_err(unsupported)?;
    let text = JSON::stringify(&json).map_err(unsupported)?;
    json::from_str(&String::from(text)).map_err(|_| UsePasskeyError::Unsupported)
}

fn member(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    let found = Reflect::get(object, &name.into())?;
    if found.is_undefined() || found.is_null() { Err(JsValue::NULL) } else { Ok(found) }
}

fn call(object: &JsValue, method: &str, argument: &JsValue) -> Result<JsValue, JsValue> {
    member(object, method)?.dyn_into::<Function>()?.call1(object, argument)
}
