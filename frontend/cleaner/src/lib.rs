//! Writes a document of a consultation anew, in a worker of its own: whatever a document does to this program stays in it, and ends with it.

use colloque_pdf::CleanPdfError;
use js_sys::Uint8Array;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Gives the document's bytes, or a number: 1 if it cannot be read, 2 if it asks for a password, 3 if it is a form whose answers are not
/// drawn, 4 if it is too long.
#[wasm_bindgen]
#[must_use]
pub fn clean(bytes: Vec<u8>) -> JsValue {
    match colloque_pdf::clean(bytes) {
        Ok(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        Err(error) => number(error).into(),
    }
}

const fn number(error: CleanPdfError) -> u8 {
    match error {
        CleanPdfError::Unreadable => 1,
        CleanPdfError::Password => 2,
        CleanPdfError::UndrawnForm => 3,
        CleanPdfError::TooLong => 4,
    }
}
