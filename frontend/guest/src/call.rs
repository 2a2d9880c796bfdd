//! The guest's part in the call: driver, devices, what is announced.

use std::rc::Rc;

use colloque_call::{Action, CallView, Phase};
use colloque_kit::Text;
use colloque_kit::announce::{say, say_now};
use colloque_protocol::Role;
use colloque_protocol::signaling::{OtherParty, Presence};
use colloque_signals::RoomDriver;
use colloque_web::capture::{Capture, CaptureError, CaptureEvent, Wish};
use colloque_web::dom::spawn;
use colloque_web::keys::Sealed;
use colloque_web::media_element::{self, make};
use colloque_web::room::MediaElements;
use colloque_web::sound::Bell;
use colloque_web::talk::{TalkPage, TalkState};
use colloque_web::wake::WakeLock;
use leptos::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlMediaElement, HtmlVideoElement};

use crate::text::Msg;

/// How loud the bell is that tells of being let in, from 0 to 1.
const BELL_LOUDNESS: f32 = 1.0;

/// What stands in the way of camera or microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTrouble {
    /// None was given.
    Refused(CaptureError),
    /// The microphone only was given.
    NoCamera,
    /// The microphone was unplugged.
    MicrophoneUnplugged,
    /// The camera was unplugged.
    CameraUnplugged,
}

impl DeviceTrouble {
    /// What it is, and what to do.
    pub const fn words(self) -> Msg {
        match self {
            Self::Refused(CaptureError::NotAllowed) => Msg::CaptureNotAllowed,
            Self::Refused(CaptureError::ForbiddenBySystem) => Msg::CaptureForbidden,
            Self::Refused(CaptureError::NotFound) => Msg::CaptureNotFound,
            Self::Refused(CaptureError::InUse) => Msg::CaptureInUse,
            Self::Refused(CaptureError::Unsupported) => Msg::CaptureUnsupported,
            Self::NoCamera => Msg::MicrophoneAlone,
            Self::MicrophoneUnplugged => Msg::MicrophoneUnplugged,
            Self::CameraUnplugged => Msg::CameraUnplugged,
        }
    }
}

/// The elements of the page that show and play.
#[derive(Clone)]
pub struct Elements {
    /// The practitioner.
    pub practitioner: HtmlVideoElement,
    /// The patient.
    pub patient: HtmlVideoElement,
    /// The practitioner's screen.
    pub screen: HtmlVideoElement,
    /// The guest.
    pub own: HtmlVideoElement,
    /// The practitioner's voice, and the patient's.
    pub voices: [HtmlMediaElement; 2],
}

impl Elements {
    fn make() -> Self {
        let picture = || {
            let element: HtmlVideoElement = make("video", "picture");
            element.set_muted(true);
            element
        };
        let own: HtmlVideoElement = make("video", "own-picture");
        own.set_muted(true);
        let voices = [make("audio", "voice"), make("audio", "voice")];
        Self { practitioner: picture(), patient: picture(), screen: picture(), own, voices }
    }

    /// Plays the empty voices in a gesture: what played once in one may play by itself later.
    fn unlock(&self) {
        for voice in &self.voices {
            if let Ok(playing) = voice.play() {
                // It is answered when the first sound comes, or not at all.
                spawn(async move {
                    JsFuture::from(playing).await.ok();
                });
            }
        }
    }
}

struct Held {
    driver: Rc<RoomDriver>,
    capture: Option<Rc<Capture>>,
    elements: Elements,
    bell: Option<Bell>,
    wake: Option<WakeLock>,
}

/// The call of one guest, as long as the page lives.
#[derive(Clone, Copy)]
pub struct GuestCall {
    held: StoredValue<Held, LocalStorage>,
    /// What the engine says.
    pub view: ReadSignal<CallView>,
    /// Whether the browser holds the sound back.
    pub needs_tap: ReadSignal<bool>,
    /// Where the end-to-end encryption stands.
    pub sealed: ReadSignal<Sealed>,
    /// How the panel of messages is.
    pub talk: ReadSignal<TalkState>,
    /// What stands in the way of camera or microphone.
    pub trouble: RwSignal<Option<DeviceTrouble>>,
    /// Whether camera and microphone are being asked for.
    pub is_asking: RwSignal<bool>,
}

impl GuestCall {
    /// Makes the call. Nobody is told of the guest before [`GuestCall::join`].
    pub fn open(role: Role, ticket_path: &str, secret: &str) -> Self {
        let elements = Elements::make();
        let [voice, third_voice] = elements.voices.clone();
        let media = MediaElements {
            voice,
            picture: elements.practitioner.clone().into(),
            screen: elements.screen.clone().into(),
            third_voice,
            third_picture: elements.patient.clone().into(),
        };
        let driver = RoomDriver::of_guest(role, (ticket_path, secret), media);
        let (view, needs_tap, sealed, talk) = (driver.view(), driver.needs_tap(), driver.sealed(), driver.talk_state());
        let held = Held { driver: Rc::new(driver), capture: None, elements, bell: None, wake: None };
        let call = Self {
            held: StoredValue::new_local(held),
            view,
            needs_tap,
            sealed,
            talk,
            trouble: RwSignal::new(None),
            is_asking: RwSignal::new(false),
        };
        call.announce();
        call
    }

    /// The elements to put into the page.
    pub fn elements(self) -> Elements {
        self.held.with_value(|held| held.elements.clone())
    }

    /// Asks for camera and microphone, then for the microphone alone, and runs `given` unless neither was given.
    pub fn ask_devices(self, given: impl FnOnce(Self) + 'static) {
        self.ask(move |call, is_given| {
            if is_given {
                given(call);
            }
        });
    }

    /// Asks as [`GuestCall::ask_devices`] does, and goes on without devices too.
    pub fn ask_devices_then(self, go_on: impl FnOnce(Self) + 'static) {
        self.ask(move |call, _| go_on(call));
    }

    fn ask(self, answered: impl FnOnce(Self, bool) + 'static) {
        if self.is_asking.get_untracked() {
            return;
        }
        self.is_asking.set(true);
        self.unlock();
        spawn(async move {
            let on_event = move |event| self.device_event(event);
            let (capture, trouble) = match Capture::open(&Wish::both(), on_event).await {
                Ok(capture) => (Some(capture), None),
                Err(refused) => match Capture::open(&Wish::microphone(), on_event).await {
                    Ok(capture) => (Some(capture), Some(DeviceTrouble::NoCamera)),
                    Err(_) => (None, Some(DeviceTrouble::Refused(refused))),
                },
            };
            let is_given = capture.is_some();
            self.take(capture.map(Rc::new));
            self.trouble.try_set(trouble);
            self.is_asking.try_set(false);
            answered(self, is_given);
        });
    }

    /// Goes in, or comes back, with what is captured. Call it in a gesture where one is at hand.
    pub fn join(self) {
        self.unlock();
        self.hold_awake();
        self.with_driver(|driver| driver.join());
    }

    /// Comes in here instead of in another tab.
    pub fn take_over(self) {
        self.hold_awake();
        self.act(Action::TakeOver);
    }

    fn hold_awake(self) {
        self.held.update_value(|held| held.wake = Some(WakeLock::hold()));
    }

    /// Does what the person asked.
    pub fn act(self, action: Action) {
        self.with_driver(|driver| driver.act(action));
    }

    /// Says whether the others see the same words.
    pub fn compare_words(self, is_same: bool) {
        self.with_driver(|driver| driver.compare_words(is_same));
    }

    /// Opens the panel of messages, or closes it.
    pub fn open_talk(self, page: Option<TalkPage>) {
        self.with_driver(|driver| driver.open_talk(page));
    }

    /// Lets the page sound. Call it in a gesture.
    pub fn unlock(self) {
        self.held.update_value(|held| {
            held.bell = held.bell.take().or_else(Bell::new);
            if let Some(bell) = &held.bell {
                bell.unlock();
            }
        });
        self.elements().unlock();
        self.with_driver(|driver| driver.unlock());
    }

    /// Switches the microphone; one that was not given is asked for.
    pub fn toggle_microphone(self) {
        let on = !self.view.with_untracked(|view| view.local.microphone);
        if on && !self.has(Capture::microphone) {
            return self.ask_devices(|_| ());
        }
        self.act(Action::Microphone(on));
        say(if on { Msg::SayMicrophoneOn.t() } else { Msg::SayMicrophoneOff.t() });
    }

    /// Switches the camera; one that was not given is asked for.
    pub fn toggle_camera(self) {
        let on = !self.view.with_untracked(|view| view.local.camera);
        if on && !self.has(Capture::camera) {
            return self.ask_devices(|_| ());
        }
        self.act(Action::Camera(on));
        say(if on { Msg::SayCameraOn.t() } else { Msg::SayCameraOff.t() });
    }

    /// Lets camera and microphone go: nobody is filmed after the end.
    pub fn release(self) {
        self.trouble.try_set(None);
        self.held.update_value(|held| held.wake = None);
        self.take(None);
    }

    fn has<T>(self, device: impl FnOnce(&Capture) -> Option<T>) -> bool {
        self.held.with_value(|held| held.capture.as_deref().and_then(device).is_some())
    }

    fn take(self, capture: Option<Rc<Capture>>) {
        let own = self.held.try_update_value(|held| {
            held.capture.clone_from(&capture);
            held.elements.own.clone()
        });
        self.with_driver(|driver| driver.set_capture(capture.clone()));
        let Some(own) = own else { return };
        match capture {
            Some(capture) => spawn(async move {
                // A muted element of one's own camera always plays.
                media_element::play(&own, capture.preview()).await.ok();
            }),
            None => media_element::clear(&own),
        }
    }

    fn device_event(self, event: CaptureEvent) {
        match event {
            CaptureEvent::MicrophoneEnded => drop(self.trouble.try_set(Some(DeviceTrouble::MicrophoneUnplugged))),
            CaptureEvent::CameraEnded => {
                self.trouble.try_set(Some(DeviceTrouble::CameraUnplugged));
                let capture = self.held.try_with_value(|held| held.capture.clone()).flatten();
                // The listener that runs now belongs to the track that is let go.
                spawn(async move {
                    if let Some(capture) = &capture {
                        capture.drop_camera();
                        self.take(Some(Rc::clone(capture)));
                    }
                });
            }
            // The system takes the microphone for a moment and gives it back by itself.
            CaptureEvent::MicrophoneInterrupted | CaptureEvent::MicrophoneBack => {}
        }
    }

    /// Says what happens to people who do not see it, and rings when the guest is let in.
    fn announce(self) {
        let view = self.view;
        Effect::new(move |before: Option<CallView>| {
            let now = view.get();
            if let Some(before) = before {
                announce_change(&before, &now);
                let is_called = |view: &CallView| matches!(view.phase, Phase::Called { .. });
                if is_called(&now) && !is_called(&before) {
                    self.held.with_value(|held| {
                        if let Some(bell) = &held.bell {
                            bell.ring(BELL_LOUDNESS);
                        }
                    });
                }
                if matches!(now.phase, Phase::Ended { .. }) && now.phase != before.phase {
                    self.release();
                }
            }
            now
        });
    }

    fn with_driver(self, act: impl FnOnce(&RoomDriver)) {
        // Cloned first: what the driver does may come back here.
        if let Some(driver) = self.held.try_with_value(|held| Rc::clone(&held.driver)) {
            act(&driver);
        }
    }
}

/// Whether another person is connected.
pub fn is_here(other: &OtherParty) -> bool {
    matches!(other.presence, Presence::Here { .. })
}

fn announce_change(before: &CallView, now: &CallView) {
    let was_cut = matches!(before.phase, Phase::Reconnecting { .. });
    match now.phase {
        Phase::Called { .. } if !matches!(before.phase, Phase::Called { .. }) => say_now(Msg::CalledTitle.t()),
        Phase::InCall if was_cut => say(Msg::SayBack.t()),
        Phase::InCall if before.phase != Phase::InCall => say(Msg::SayInCall.t()),
        Phase::Reconnecting { .. } if !was_cut => say_now(Msg::Reconnecting.t()),
        _ => {}
    }
    if before.paused.is_some() && now.paused.is_none() && now.phase == Phase::InCall {
        say(Msg::SayPicturesBack.t());
    }
    if now.phase != Phase::InCall || before.phase != Phase::InCall {
        return;
    }
    for (before, now) in [(&before.other, &now.other), (&before.third, &now.third)] {
        let name = |other: &Option<OtherParty>| other.as_ref().map(|other| other.card.display_name.clone());
        let (was_here, is_here) = (before.as_ref().is_some_and(is_here), now.as_ref().is_some_and(is_here));
        let words = match (was_here, is_here) {
            (true, false) => Msg::SayGone,
            (false, true) => Msg::SayThere,
            (true, true) | (false, false) => continue,
        };
        if let Some(name) = name(now).or_else(|| name(before)) {
            say_now(words.with(&[&name]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_devices_says_what_to_do() {
        let refusals = [
            CaptureError::NotAllowed,
            CaptureError::ForbiddenBySystem,
            CaptureError::NotFound,
            CaptureError::InUse,
            CaptureError::Unsupported,
        ];
        let words = refusals.map(|refusal| DeviceTrouble::Refused(refusal).words());
        for (at, one) in words.iter().enumerate() {
            assert!(words[..at].iter().all(|other| other != one), "{one:?}");
        }
    }
}
