//! The media elements of the shell: made once, unlocked by the first tap, and reused for ever.

use wasm_bindgen::JsValue;
use web_sys::{HtmlMediaElement, MediaStream};

use crate::dom::settle;

/// The browser wants a tap before it plays sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedsTap;

/// Plays a stream on an element, keeping what already plays there.
///
/// # Errors
///
/// [`NeedsTap`] when the browser holds playback back.
pub async fn play(element: &HtmlMediaElement, stream: &MediaStream) -> Result<(), NeedsTap> {
    let playing = element.src_object();
    if playing.as_ref() != Some(stream) {
        element.set_src_object(Some(stream));
    }
    let Ok(promise) = element.play() else { return Err(NeedsTap) };
    match settle(promise).await {
        Ok(_) => Ok(()),
        // Interrupted by another play or a new stream: whoever did that answers for it.
        Err(thrown) if name_of(&thrown) == "AbortError" => Ok(()),
        Err(_) => Err(NeedsTap),
    }
}

/// Empties an element, unless it is empty.
pub fn clear(element: &HtmlMediaElement) {
    if element.src_object().is_some() {
        element.set_src_object(None);
    }
}

fn name_of(thrown: &JsValue) -> String {
    js_sys::Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}
