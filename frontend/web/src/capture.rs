//! Camera and microphone of this device.

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
        Ok(Self::from_stream(&stream, wish.facing, on_event))
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
        let stream = settle(promise).await.map_err(|thrown| class_of(&thrown))?;
        Ok(Self::from_stream(&stream.unchecked_into(), Facing::Front, on_event))
    }

    fn from_stream(stream: &MediaStream, facing: Facing, on_event: impl Fn(CaptureEvent) + 'static) -> Self {
        let capture = Self {
            preview: MediaStream::new().expect("a browser with capture has streams"),
            camera: RefCell::default(),
            microphone: RefCell::default(),
            facing: Cell::new(facing),
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

    /// Which way the camera looks.
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

    /// Turns to the camera on the other side of the device; the microphone goes on untouched.
    ///
    /// The peer must be given the new track.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when neither side gives a picture; the first camera is asked for again before giving up.
    pub async fn flip(&self) -> Result<(), CaptureError> {
        let wanted = match self.facing.get() {
            Facing::Front => Facing::Rear,
            Facing::Rear => Facing::Front,
        };
        self.change_camera(Wish { camera: true, facing: wanted, ..Wish::default() }).await
    }

    /// Takes another camera. The peer must be given the new track.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when no camera gives a picture.
    pub async fn choose_camera(&self, id: &str) -> Result<(), CaptureError> {
        let wish = Wish { camera: true, camera_id: Some(id.to_owned()), facing: self.facing.get(), ..Wish::default() };
        self.change_camera(wish).await
    }

    /// Takes another microphone, or any when `id` is none. The peer must be given the new track.
    ///
    /// # Errors
    ///
    /// [`CaptureError`] when no microphone gives sound.
    pub async fn choose_microphone(&self, id: Option<&str>) -> Result<(), CaptureError> {
        drop(self.microphone.take());
        let stream = request(&Wish { microphone_id: id.map(str::to_owned), ..Wish::microphone() }).await?;
        self.hold_microphone(first(&stream.get_audio_tracks()));
        Ok(())
    }

    async fn change_camera(&self, wish: Wish) -> Result<(), CaptureError> {
        // Phones hold one camera at a time: the old track stops before the new one is asked for.
        if let Some(held) = self.camera.take() {
            self.preview.remove_track(&held.track);
        }
        let (stream, facing) = match request(&wish).await {
            Ok(stream) => (stream, wish.facing),
            Err(_) => (
                request(&Wish { camera: true, facing: self.facing.get(), ..Wish::default() }).await?,
                self.facing.get(),
            ),
        };
        self.facing.set(facing);
        self.hold_camera(first(&stream.get_video_tracks()));
        Ok(())
    }

    fn hold_camera(&self, track: Option<MediaStreamTrack>) {
        let Some(track) = track else { return };
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

fn media_devices() -> Option<MediaDevices> {
    // Missing outside a secure context and in some in-app views, where the binding would give an unusable object.
    window().navigator().media_devices().ok().filter(|media| !media.is_undefined())
}

fn first(tracks: &Array) -> Option<MediaStreamTrack> {
    tracks.get(0).dyn_into().ok()
}

async fn request(wish: &Wish) -> Result<MediaStream, CaptureError> {
    match ask(wish, true).await {
        // Some cameras refuse every wish: any picture is better than none.
        Err(thrown) if name_of(&thrown) == "OverconstrainedError" => ask(wish, false).await,
        outcome => outcome,
    }
    .map_err(|thrown| class_of(&thrown))
}

async fn ask(wish: &Wish, with_preferences: bool) -> Result<MediaStream, JsValue> {
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
    Ok(settle(media.get_user_media_with_constraints(&constraints)?).await?.unchecked_into())
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
            // Chromium's words; other browsers do not say.
            if message.contains("system") { CaptureError::ForbiddenBySystem } else { CaptureError::NotAllowed }
        }
        "NotFoundError" | "OverconstrainedError" | "DevicesNotFoundError" => CaptureError::NotFound,
        "NotReadableError" | "AbortError" | "TrackStartError" => CaptureError::InUse,
        _ => CaptureError::Unsupported,
    }
}
