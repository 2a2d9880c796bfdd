//! What cannot work in this browser, said before anybody waits.

use colloque_web::dom::window;
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

use crate::text::Msg;

/// Why nobody can take part from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// This view of the link has no camera and microphone at all, as inside some applications.
    NoCapture,
    /// The browser cannot encrypt a call end to end.
    CannotSeal,
}

impl Obstacle {
    /// Looks at the browser.
    pub fn here() -> Option<Self> {
        Self::of(&Browser {
            captures: !get(&window().navigator(), "mediaDevices").is_undefined(),
            seals: has("RTCRtpScriptTransform") || hands_over_frames(),
            keeps_keys: has("indexedDB") && !get(&get(&window(), "crypto"), "subtle").is_undefined(),
        })
    }

    fn of(browser: &Browser) -> Option<Self> {
        match browser {
            Browser { captures: false, .. } => Some(Self::NoCapture),
            Browser { seals: false, .. } | Browser { keeps_keys: false, .. } => Some(Self::CannotSeal),
            Browser { .. } => None,
        }
    }

    /// What it is, and what to do.
    pub const fn words(self) -> (Msg, Msg) {
        match self {
            Self::NoCapture => (Msg::NoCaptureTitle, Msg::NoCapture),
            Self::CannotSeal => (Msg::CannotSealTitle, Msg::CannotSeal),
        }
    }
}

/// What a browser can.
struct Browser {
    captures: bool,
    seals: bool,
    keeps_keys: bool,
}

/// Chromium before 141 hands the frames of a call to the page.
fn hands_over_frames() -> bool {
    let prototype = get(&get(&window(), "RTCRtpSender"), "prototype");
    Object::try_from(&prototype).is_some_and(|prototype| has_in(prototype, "createEncodedStreams"))
}

fn has(name: &str) -> bool {
    has_in(&window(), name)
}

fn has_in(object: &JsValue, name: &str) -> bool {
    Reflect::has(object, &name.into()).unwrap_or(false)
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_without_camera_is_named_before_what_else_it_lacks() {
        let seen = |captures, seals, keeps_keys| Obstacle::of(&Browser { captures, seals, keeps_keys });
        assert_eq!(seen(true, true, true), None);
        assert_eq!(seen(false, false, true), Some(Obstacle::NoCapture));
        assert_eq!(seen(true, false, true), Some(Obstacle::CannotSeal));
        assert_eq!(seen(true, true, false), Some(Obstacle::CannotSeal));
    }
}
