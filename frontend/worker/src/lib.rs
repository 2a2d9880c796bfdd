//! The worker that holds a person's end-to-end keys. A page hands it what the server passed on and the tracks' frames, and is told what
//! to show; no key ever leaves it.
//!
//! Speaks with its page in short texts, so that the page needs little for it: see [`inbox`] and [`outbox`].

mod direct;
mod frames;
mod inbox;
mod object;
mod outbox;
mod port;
mod talk;
mod worker;

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Agrees on keys between two made-up people; `false` where that does not come out, and nothing else may be asked of this worker.
#[wasm_bindgen]
#[must_use]
pub fn test() -> bool {
    inbox::test()
}

/// Takes a message of the page.
#[wasm_bindgen]
pub fn take(message: &JsValue) {
    inbox::take(message);
}

/// Takes the two ends of a track's frames: `readable`, `writable` and `options`, as an `RTCRtpScriptTransformer` has them.
#[wasm_bindgen]
pub fn transform(transformer: &JsValue) {
    frames::transform(transformer);
}
