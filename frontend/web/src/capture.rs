//! Camera and microphone of this device.

mod screen;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Object, Promise, Reflect};
use thiserror::Error;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    DomException, MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream, MediaStreamConstraints,
    MediaStreamTrack, MediaTrackConstraints,
};

use crate::dom::{Listener, settle, window};

pub use screen::{DisplaySurface, ScreenCapture};

/// Why the browser gave no camera or microphone.
///
/// Told from the outcome of the request alone: the Permissions API is wrong in some browsers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum CaptureError {
    /// The person, or an earlier choice kept by the browser, said no.
    #[error("capture is not allowed on this page")]
    NotAllowed,
    /// The operating system forbids it to the browser.
    #[error("the system forbids capture to the browser")]
    ForbiddenBySystem,
    /// There is no such device.
    #[error("no such device")]
    NotFound,
    /// Another application holds it, or it failed to start.
    #[error("the device is in use")]
    InUse,
    /// This page or browser has no capture at all.
    #[error("this browser cannot capture")]
    Unsupported,
}

/// Which way a camera looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Facing {
    /// Towards the person.
    #[default]
    Front,
    /// Away from the person.
    Rear,
}

/// What is asked of the browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Whether a camera is asked for.
    pub camera: bool,
    /// Whether a microphone is asked for.
    pub microphone: bool,
    /// Which way the camera should look.
    pub facing: Facing,
    /// A preferred camera, by device id; another is taken when it is gone.
    pub camera_id: Option<String>,
    /// A preferred microphone, by device id; another is taken when it is gone.
    pub microphone_id: Option<String>,
}

impl Wish {
    /// Camera and microphone, in one question to the person.
    #[must_use]
    pub fn both() -> Self {
        Self { camera: true, microphone: true, ..Self::default() }
    }

    /// Camera alone.
    #[must_use]
    pub fn camera() -> Self {
        Self { camera: true, ..Self::default() }
    }

    /// Microphone alone.
    #[must_use]
    pub fn microphone() -> Self {
        Self { microphone: true, ..Self::default() }
    }
}

/// What happened to a device without anybody pressing a button of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureEvent {
    /// The microphone was unplugged or taken away.
    MicrophoneEnded,
    /// The camera was unplugged or taken away.
    CameraEnded,
    /// The system silenced the microphone, as during a telephone call.
    MicrophoneInterrupted,
    /// The system gave the microphone back.
    MicrophoneBack,
}

/// One device in a list of choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it does.
    pub kind: DeviceKind,
    /// The browser's identifier of it, for this site.
    pub id: String,
    /// Its name, empty before capture was allowed.
    pub label: String,
}

/// What a device does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    /// A camera.
    Camera,
    /// A microphone.
    Microphone,
    /// A loudspeaker or headphones.
    Speaker,
}

/// Lists the devices.
pub async fn devices() -> Vec<Device> {
    let Some(media) = media_devices() else { return Vec::new() };
    let Ok(promise) = media.enumerate_devices() else { return Vec::new() };
    let Ok(list) = settle(promise).await else { return Vec::new() };
    Array::from(&list)
        .iter()
        .map(|device| {
            let device: MediaDeviceInfo = device.unchecked_into();
            let kind = match device.kind() {
                MediaDeviceKind::Videoinput => DeviceKind::Camera,
                MediaDeviceKind::Audioinput => DeviceKind::Microphone,
                _ => DeviceKind::Speaker,
            };
            Device { kind, id: device.device_id(), label: device.label() }
        })
        .collect()
}

/// Watches devices being plugged and unplugged.
#[must_use]
pub fn on_devices_changed(handler: impl Fn() + 'static) -> Option<Listener> {
    media_devices().map(|media| Listener::new(&media, "devicechange", move |_| handler()))
}

/// Watches the person allowing the camera in the browser's own menus, where the browser tells.
///
/// Only the change is listened to: what the interface says of the state itself is wrong in some browsers.
pub async fn on_permission_changed(handler: impl Fn() + 'static) -> Option<Listener> {
    let permissions = Reflect::get(&window().navigator(), &"permissions".into()).ok()?;
    let query: js_sys::Function = Reflect::get(&permissions, &"query".into()).ok()?.dyn_into().ok()?;
    let wanted = Object::new();
    Reflect::set(&wanted, &"name".into(), &"camera".into()).ok()?;
    let asked: Promise = query.call1(&permissions, &wanted).ok()?.dyn_into().ok()?;
    let status: web_sys::EventTarget = settle(asked).await.ok()?.dyn_into().ok()?;
    Some(Listener::new(&status, "change", move |_| handler()))
}

/// The camera and microphone in use. Dropped, both stop.
pub struct Capture {
    /// What the preview plays: the camera alone, so that nobody hears themselves.
    preview: MediaStream,
    camera: RefCell<Option<Held>>,
    microphone: RefCell<Option<Held>>,
    facing: Cell<Facing>,
    camera_on: Cell<bool>,
    microphone_on: Cell<bool>,
    on_event: Rc<dyn Fn(CaptureEvent)>,
}

impl Capture {
    /// Asks for camera and microphone in one question.
    ///
    /// # Errors
    ///
    /// [`CaptureError`], by cause.
    pub async fn open(wish: &Wish, on_event: impl Fn(CaptureEvent) + 'static) -> Result<Self, CaptureError> {
        let stream = request(wish).await?;
        Ok(Self::from_stream(&stream, on_event))
    }

    /// Waits for a request that a gesture started before this code was there.
    ///
    /// # Errors
    ///
    /// [`CaptureError`], by cause.
    pub async fn from_promise(
        promise: Promise,
        on_event: impl Fn(CaptureEvent) + 'static,
    ) -> Result<Self, CaptureError> {
        let stream = given(&Wish::both(), Ok(promise)).await?;
        Ok(Self::from_stream(&stream, on_event))
    }

    fn from_stream(stream: &MediaStream, on_event: impl Fn(CaptureEvent) + 'static) -> Self {
        let capture = Self {
            preview: MediaStream::new().expect("a browser with capture has streams"),
            camera: RefCell::default(),
            microphone: RefCell::default(),
            facing: Cell::default(),
            camera_on: Cell::new(true),
            microphone_on: Cell::new(true),
            on_event: Rc::new(on_event),
        };
        capture.hold_microphone(first(&stream.get_audio_tracks()));
        capture.hold_camera(first(&stream.get_video_tracks()));
        capture
    }

    /// The stream to show to the person in front of the camera; it stays the same when the camera changes.
    #[must_use]
    pub const fn preview(&self) -> &MediaStream {
        &self.preview
    }

    /// The camera's track.
    #[must_use]
    pub fn camera(&self) -> Option<MediaStreamTrack> {
        self.camera.borrow().as_ref().map(|held| held.track.clone())
    }

    /// The microphone's track.
    #[must_use]
    pub fn microphone(&self) -> Option<MediaStreamTrack> {
        self.microphone.borrow().as_ref().map(|held| held.track.clone())
    }

    /// The microphone's identifier in [`devices`], where the browser says.
    #[must_use]
    pub fn microphone_id(&self) -> Option<String> {
        self.microphone()?.get_settings().get_device_id()
    }

    /// Which way the camera looks, as the browser says of the camera itself; [`Facing::Front`] where it says nothing.
    #[must_use]
    pub fn facing(&self) -> Facing {
        self.facing.get()
    }

    /// Whether pictures are given.
    #[must_use]
    pub fn is_camera_on(&self) -> bool {
        self.camera_on.get() && self.camera.borrow().is_some()
    }

    /// Whether sound is given.
    #[must_use]
    pub fn is_microphone_on(&self) -> bool {
        self.microphone_on.get() && self.microphone.borrow().is_some()
    }

    /// Gives pictures, or black.
    ///
    /// The device stays held: on phones a second request may ask the person again.
    pub fn set_camera(&self, on: bool) {
        self.camera_on.set(on);
        if let Some(held) = &*self.camera.borrow() {
            held.track.set_enabled(on);
        }
    }

    /// Gives sound, or silence.
    pub fn set_microphone(&self, on: bool) {
        self.microphone_on.set(on);
        if let Some(held) = &*self.microphone.borrow() {
            held.track.set_enabled(on);
        }
    }

    /// Turns to the camera on the other side of the device, or to the next one where the browser knows no sides; the
    /// microphone goes on untouched.
    ///
    /// The peer must be given the new track.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when no camera gives a picture; the first one is asked for again before giving up.
    pub async fn flip(&self) -> Result<(), CaptureError> {
        let Some(track) = self.camera() else { return self.take(&Wish::camera()).await };
        let camera_id = track.get_settings().get_device_id();
        let wish = if facing_of(&track).is_some() {
            let facing = match self.facing.get() {
                Facing::Front => Facing::Rear,
                Facing::Rear => Facing::Front,
            };
            Wish { facing, ..Wish::camera() }
        } else {
            let cameras = devices().await.into_iter().filter(|device| device.kind == DeviceKind::Camera);
            let next = next_after(cameras.map(|camera| camera.id).collect(), camera_id.as_deref());
            Wish { camera_id: next, ..Wish::camera() }
        };
        match self.take(&wish).await {
            Err(_) => self.take(&Wish { camera_id, facing: self.facing.get(), ..Wish::camera() }).await,
            Ok(()) => Ok(()),
        }
    }

    /// Takes what a wish names, in place of what is held of it. The peer must be given the new tracks.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when it is not given; what was held of it is let go.
    pub async fn take(&self, wish: &Wish) -> Result<(), CaptureError> {
        // Phones hold one camera at a time: the old track stops before the new one is asked for.
        if wish.camera {
            self.drop_camera();
        }
        if wish.microphone {
            drop(self.microphone.take());
        }
        let stream = request(wish).await?;
        self.hold_camera(first(&stream.get_video_tracks()));
        self.hold_microphone(first(&stream.get_audio_tracks()));
        Ok(())
    }

    /// Lets go of the camera.
    pub fn drop_camera(&self) {
        if let Some(held) = self.camera.take() {
            self.preview.remove_track(&held.track);
        }
    }

    fn hold_camera(&self, track: Option<MediaStreamTrack>) {
        let Some(track) = track else { return };
        self.facing.set(facing_of(&track).unwrap_or_default());
        track.set_enabled(self.camera_on.get());
        // Sharpness can be regained later, smoothness of a face cannot: hints the encoder.
        Reflect::set(&track, &"contentHint".into(), &"motion".into()).ok();
        self.preview.add_track(&track);
        let on_event = Rc::clone(&self.on_event);
        let ended = Listener::new(&track, "ended", move |_| on_event(CaptureEvent::CameraEnded));
        self.camera.replace(Some(Held { track, _listeners: vec![ended] }));
    }

    fn hold_microphone(&self, track: Option<MediaStreamTrack>) {
        let Some(track) = track else { return };
        track.set_enabled(self.microphone_on.get());
        let on = |kind, event| {
            let on_event = Rc::clone(&self.on_event);
            Listener::new(&track, kind, move |_| on_event(event))
        };
        let listeners = vec![
            on("ended", CaptureEvent::MicrophoneEnded),
            on("mute", CaptureEvent::MicrophoneInterrupted),
            on("unmute", CaptureEvent::MicrophoneBack),
        ];
        self.microphone.replace(Some(Held { track, _listeners: listeners }));
    }
}

/// A track that stops when it is let go.
struct Held {
    track: MediaStreamTrack,
    _listeners: Vec<Listener>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.track.stop();
    }
}

fn media_devices() -> Option<MediaDevices> {
    // Missing outside a secure context and in some in-app views, where the binding would give an unusable object.
    window().navigator().media_devices().ok().filter(|media| !media.is_undefined())
}

fn first(tracks: &Array) -> Option<MediaStreamTrack> {
    tracks.get(0).dyn_into().ok()
}

async fn request(wish: &Wish) -> Result<MediaStream, CaptureError> {
    given(wish, ask(wish, true)).await
}

/// Waits for what was asked for, and asks again without preferences when it was refused for them.
async fn given(wish: &Wish, mut asked: Result<Promise, JsValue>) -> Result<MediaStream, CaptureError> {
    let mut is_relaxed = false;
    loop {
        let outcome = match asked {
            Ok(promise) => settle(promise).await,
            Err(thrown) => Err(thrown),
        };
        match outcome {
            Ok(stream) => return Ok(stream.unchecked_into()),
            // Some cameras refuse every wish: any picture is better than none.
            Err(thrown) if !is_relaxed && name_of(&thrown) == "OverconstrainedError" => {
                is_relaxed = true;
                asked = ask(wish, false);
            }
            Err(thrown) => return Err(class_of(&thrown)),
        }
    }
}

fn ask(wish: &Wish, with_preferences: bool) -> Result<Promise, JsValue> {
    let media = media_devices().ok_or(JsValue::UNDEFINED)?;
    let constraints = MediaStreamConstraints::new();
    let chosen = |id: &Option<String>| -> Option<JsValue> {
        id.as_ref().filter(|_| with_preferences).map(|id| ideal(&id.into()))
    };
    if wish.microphone {
        let audio = MediaTrackConstraints::new();
        if let Some(id) = chosen(&wish.microphone_id) {
            audio.set_device_id(&id);
        }
        audio.set_echo_cancellation(&true.into());
        audio.set_noise_suppression(&true.into());
        audio.set_auto_gain_control(&true.into());
        constraints.set_audio(&audio);
    }
    if wish.camera {
        let video = MediaTrackConstraints::new();
        if with_preferences {
            match chosen(&wish.camera_id) {
                Some(id) => video.set_device_id(&id),
                None => video.set_facing_mode(&ideal(&facing_mode(wish.facing).into())),
            }
            video.set_width(&ideal(&1280.into()));
            video.set_height(&ideal(&720.into()));
            video.set_frame_rate(&ideal(&30.into()));
        }
        constraints.set_video(&video);
    }
    media.get_user_media_with_constraints(&constraints)
}

/// Which way a camera looks; none where the browser does not say.
fn facing_of(track: &MediaStreamTrack) -> Option<Facing> {
    let mode = track.get_settings().get_facing_mode()?;
    Some(if mode == "environment" { Facing::Rear } else { Facing::Front })
}

/// The one after `current` in a list that goes round; none when there is no other.
fn next_after(ids: Vec<String>, current: Option<&str>) -> Option<String> {
    let at = ids.iter().position(|id| Some(id.as_str()) == current);
    let next = at.map_or(0, |at| (at + 1) % ids.len());
    (at != Some(next)).then(|| ids.into_iter().nth(next)).flatten()
}

const fn facing_mode(facing: Facing) -> &'static str {
    match facing {
        Facing::Front => "user",
        Facing::Rear => "environment",
    }
}

fn ideal(value: &JsValue) -> JsValue {
    let wish = Object::new();
    Reflect::set(&wish, &"ideal".into(), value).ok();
    wish.into()
}

fn name_of(thrown: &JsValue) -> String {
    thrown.dyn_ref::<DomException>().map(DomException::name).unwrap_or_else(|| {
        // OverconstrainedError is not a DOMException everywhere.
        Reflect::get(thrown, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default()
    })
}

fn class_of(thrown: &JsValue) -> CaptureError {
    match name_of(thrown).as_str() {
        "NotAllowedError" | "SecurityError" => {
            let message = thrown.dyn_ref::<DomException>().map(DomException::message).unwrap_or_default();
            // Chromium's words, "Permission denied by system"; other browsers do not say.
            if message.ends_with("system") { CaptureError::ForbiddenBySystem } else { CaptureError::NotAllowed }
        }
        "NotFoundError" | "OverconstrainedError" | "DevicesNotFoundError" => CaptureError::NotFound,
        "NotReadableError" | "AbortError" | "TrackStartError" => CaptureError::InUse,
        _ => CaptureError::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_goes_round_all_cameras_and_never_to_the_same_one() {
        let cameras = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(next_after(cameras(&["a", "b"]), Some("a")).as_deref(), Some("b"));
        assert_eq!(next_after(cameras(&["a", "b"]), Some("b")).as_deref(), Some("a"));
        assert_eq!(next_after(cameras(&["a", "b"]), Some("gone")).as_deref(), Some("a"));
        assert_eq!(next_after(cameras(&["a"]), Some("a")), None);
        assert_eq!(next_after(cameras(&[]), None), None);
    }
}
