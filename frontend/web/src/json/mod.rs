//! JSON between serde's types and the browser's own parser.
//!
//! `serde_json` would bring its parser of numbers, its texts of errors and the standard library's: a third of what the
//! patient's page may weigh. The browser has a parser; only the way from its values to ours is left to write.

mod read;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// A text or value is not what the type says, or has no JSON form.
///
/// It says no more: the texts come from our own service, and nobody reads the reason in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is not what is expected")]
pub struct JsonError;

/// Reads a text.
///
/// # Errors
///
/// [`JsonError`] when it is not JSON or not a `T`.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, JsonError> {
    let value = js_sys::JSON::parse(text).map_err(|_| JsonError)?;
    T::deserialize(read::Value(value))
}

/// Writes a text.
///
/// # Errors
///
/// [`JsonError`] for what JSON cannot say: a map whose keys are no texts, bytes, or a number that is not finite.
pub fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, JsonError> {
    let mut text = String::new();
    value.serialize(write::Writer { text: &mut text })?;
    Ok(text)
}

impl serde::de::Error for JsonError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

impl serde::ser::Error for JsonError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}
