//! Plain JavaScript objects.

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// Reads a member; `undefined` where there is none.
pub fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Reads a member that is a text.
pub fn text(object: &JsValue, name: &str) -> Option<String> {
    get(object, name).as_string()
}

/// Reads a member that is a small whole number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub fn number(object: &JsValue, name: &str) -> Option<u8> {
    get(object, name).as_f64().map(|number| number as u8)
}

/// Reads a member that is an array of bytes.
pub fn bytes(object: &JsValue, name: &str) -> Option<Vec<u8>> {
    get(object, name).dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}

/// Writes a member.
pub fn set(object: &Object, name: &str, value: impl Into<JsValue>) {
    // A plain object takes every member.
    let _ = Reflect::set(object, &name.into(), &value.into());
}

/// Makes an object of one member.
pub fn of(name: &str, value: impl Into<JsValue>) -> Object {
    let object = Object::new();
    set(&object, name, value);
    object
}
