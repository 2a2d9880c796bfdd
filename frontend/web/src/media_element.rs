//! The media elements of the shell: made once, unlocked by the first tap, and reused for ever.

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlMediaElement, MediaStream};

use crate::dom::{document, is_visible, settle, window};
use crate::peer::whole;

/// The browser wants a tap before it plays sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedsTap;

/// Makes a `video` or `audio` of a class, which plays by itself and stays in its page.
///
/// # Panics
///
/// For a tag that is not `E`'s.
#[must_use]
pub fn make<E: JsCast + AsRef<Element>>(tag: &str, class: &str) -> E {
    let element = document()
        .create_element(tag)
        .ok()
        .and_then(|element| element.dyn_into::<E>().ok())
        .expect("every browser has video and audio elements");
    let plain: &Element = element.as_ref();
    plain.set_class_name(class);
    plain.set_attribute("playsinline", "").ok();
    plain.set_attribute("autoplay", "").ok();
    element
}

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

/// Measures a picture as an element shows it: its shorter side in device pixels, 0 where nobody sees it, none before the first one.
///
/// Its shorter side, because a telephone that is turned sends a picture that is turned. Where a picture fills its place and is cut off,
/// it is as large as if nothing were.
pub fn shown_side_px(element: &HtmlMediaElement) -> Option<u32> {
    let value = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
    let number = |name| value(element, name).as_f64().unwrap_or(0.0);
    let (across, down) = (number("videoWidth"), number("videoHeight"));
    let side = across.min(down);
    if side == 0.0 {
        return None;
    }
    // A browser that does not say which picture stands in a window of its own may have one there for a page that is hidden.
    if !is_visible() && value(&document(), "pictureInPictureElement").is_null() {
        return Some(0);
    }
    let (wide, high) = (number("clientWidth") / across, number("clientHeight") / down);
    let style = window().get_computed_style(element).ok().flatten();
    let is_cut = style.is_some_and(|style| value(&style, "objectFit") == "cover");
    let scale = if is_cut { wide.max(high) } else { wide.min(high) };
    Some(whole(side * scale * window().device_pixel_ratio()))
}

fn name_of(thrown: &JsValue) -> String {
    Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
}
