//! Plain JavaScript objects.

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// Reads a member; `undefined` where there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Reads a member that is a text.
pub fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string()
}
