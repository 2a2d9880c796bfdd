//! A shared screen.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::{MediaStream, MediaStreamTrack};

use super::{CaptureError, Held, class_of, first, media_devices};
use crate::dom::{Listener, settle};

/// What is shared when a screen is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisplaySurface {
    /// A whole screen, with whatever else is open on it.
    Screen,
    /// One window.
    Window,
    /// One tab.
    Tab,
    /// The browser does not say.
    Unknown,
}

/// A shared screen. Dropped, the share stops.
pub struct ScreenCapture {
    held: Held,
}

impl ScreenCapture {
    /// Asks the person what to share. Must be called in a gesture. `on_end` runs when they stop from the browser's own bar.
    ///
    /// # Errors
    ///
    /// [`CaptureError`], by cause; changing one's mind is [`CaptureError::NotAllowed`].
    pub async fn open(on_end: impl Fn() + 'static) -> Result<Self, CaptureError> {
        let media = media_devices().ok_or(CaptureError::Unsupported)?;
        let promise = media.get_display_media().map_err(|_| CaptureError::Unsupported)?;
        let stream: MediaStream = settle(promise).await.map_err(|thrown| class_of(&thrown))?.unchecked_into();
        let track = first(&stream.get_video_tracks()).ok_or(CaptureError::NotFound)?;
        Reflect::set(&track, &"contentHint".into(), &"detail".into()).ok();
        let ended = Listener::new(&track, "ended", move |_| on_end());
        Ok(Self { held: Held { track, _listeners: vec![ended] } })
    }

    /// Its track.
    #[must_use]
    pub const fn track(&self) -> &MediaStreamTrack {
        &self.held.track
    }

    /// What is shared.
    #[must_use]
    pub fn surface(&self) -> DisplaySurface {
        let surface = Reflect::get(&self.held.track.get_settings(), &"displaySurface".into());
        match surface.ok().and_then(|surface| surface.as_string()).as_deref() {
            Some("monitor") => DisplaySurface::Screen,
            Some("window") => DisplaySurface::Window,
            Some("browser") => DisplaySurface::Tab,
            _ => DisplaySurface::Unknown,
        }
    }
}
