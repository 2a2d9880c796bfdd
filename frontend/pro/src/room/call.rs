//! The practitioner's part in the call: driver, devices, screen share, what is announced.

use std::rc::Rc;
use std::time::Duration;

use colloque_call::{Action, CallView, Phase};
use colloque_ids::{ConsultationId, Timestamp};
use colloque_kit::Text;
use colloque_kit::announce::{say, say_now};
use colloque_protocol::Role;
use colloque_protocol::signaling::{EndReason, MediaState, OtherParty, Presence};
use colloque_signals::RoomDriver;
use colloque_web::capture::{Capture, CaptureError, CaptureEvent, DisplaySurface, ScreenCapture, Wish};
use colloque_web::dom::{now, spawn};
use colloque_web::keys::Sealed;
use colloque_web::link_secret;
use colloque_web::media_element::{self, make};
use colloque_web::room::MediaElements;
use colloque_web::talk::{TalkPage, TalkState};
use colloque_web::timer::Interval;
use colloque_web::wake::WakeLock;
use leptos::prelude::*;
use web_sys::{HtmlMediaElement, HtmlVideoElement};

use super::RoomDesk;
use super::text::Msg;
use crate::api::room_ticket_path;
use crate::text::Msg as Day;

/// Pause between two looks at the clock.
const CLOCK_EVERY: Duration = Duration::from_secs(2);

/// What stands in the way of camera or microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTrouble {
    /// None was given.
    Refused(CaptureError),
    /// The microphone only was given, for this cause.
    NoCamera(CaptureError),
    /// The microphone was unplugged.
    MicrophoneUnplugged,
    /// The camera was unplugged.
    CameraUnplugged,
}

/// The elements of the page that show and play.
#[derive(Clone)]
pub struct Elements {
    /// The patient.
    pub picture: HtmlVideoElement,
    /// The practitioner.
    pub own: HtmlVideoElement,
    /// The patient's voice.
    pub voice: HtmlMediaElement,
    /// A third person.
    pub third: HtmlVideoElement,
    /// Their voice.
    pub third_voice: HtmlMediaElement,
}

struct Held {
    driver: Rc<RoomDriver>,
    capture: Option<Rc<Capture>>,
    elements: Elements,
    /// A whole screen that the person has not confirmed yet. Dropped, nothing of it was ever sent.
    unconfirmed: Option<ScreenCapture>,
    _wake: Option<WakeLock>,
    _clock: Option<Interval>,
}

/// The call of one consultation; closed when its owner goes.
#[derive(Clone, Copy)]
pub struct RoomCall {
    held: StoredValue<Held, LocalStorage>,
    /// What the engine says.
    pub view: ReadSignal<CallView>,
    /// Whether the browser holds the sound back.
    pub needs_tap: ReadSignal<bool>,
    /// Where the end-to-end encryption stands.
    pub sealed: ReadSignal<Sealed>,
    /// How the panel of messages is.
    pub talk: ReadSignal<TalkState>,
    /// Whether the patient's browser lets two people meet and no third.
    pub direct: ReadSignal<bool>,
    /// What stands in the way of camera or microphone.
    pub trouble: RwSignal<Option<DeviceTrouble>>,
    /// Whether a whole screen waits to be confirmed.
    pub confirm_screen: RwSignal<bool>,
    /// Whether sharing did not start.
    pub share_failed: RwSignal<bool>,
    /// Whether the patient, when not there, left by themselves: seen to go, and no connection was lost.
    pub patient_left: RwSignal<bool>,
    /// Whether the patient was not received and did not come back.
    pub patient_refused: RwSignal<bool>,
    /// Whether the patient, since they came, said what is switched on.
    media_known: StoredValue<bool>,
    /// The clock of durations, each second or two.
    pub clock: RwSignal<Timestamp>,
}

impl RoomCall {
    /// Makes the call of a consultation; `joins` goes in at once and asks for camera and microphone.
    pub fn open(consultation: ConsultationId, joins: bool) -> Self {
        let elements = Elements {
            picture: make("video", "picture"),
            own: make("video", "own"),
            voice: make("audio", "voice"),
            third: make("video", "third"),
            third_voice: make("audio", "third-voice"),
        };
        elements.picture.set_muted(true);
        elements.own.set_muted(true);
        elements.third.set_muted(true);
        let media = MediaElements {
            voice: elements.voice.clone(),
            picture: elements.picture.clone().into(),
            screen: make::<HtmlVideoElement>("video", "screen").into(),
            third_voice: elements.third_voice.clone(),
            third_picture: elements.third.clone().into(),
        };
        let driver = RoomDriver::new(Role::Practitioner, &room_ticket_path(consultation), media);
        driver.hold_link_secret(link_secret::of(consultation));
        let (view, needs_tap, sealed, talk) = (driver.view(), driver.needs_tap(), driver.sealed(), driver.talk_state());
        let direct = driver.direct();
        if joins {
            driver.join();
        }
        let call = Self {
            held: StoredValue::new_local(Held {
                driver: Rc::new(driver),
                capture: None,
                elements,
                unconfirmed: None,
                _wake: joins.then(WakeLock::hold),
                _clock: None,
            }),
            view,
            needs_tap,
            sealed,
            talk,
            direct,
            trouble: RwSignal::new(None),
            confirm_screen: RwSignal::new(false),
            share_failed: RwSignal::new(false),
            patient_left: RwSignal::new(false),
            patient_refused: RwSignal::new(false),
            media_known: StoredValue::new(false),
            clock: RwSignal::new(now()),
        };
        if joins {
            call.capture();
        }
        let interval = Interval::every(CLOCK_EVERY, move || {
            call.clock.try_set(now());
        });
        call.held.update_value(|held| held._clock = Some(interval));
        call
    }

    /// Says whether the patient sees the same words.
    pub fn compare_words(self, is_same: bool) {
        self.held.with_value(|held| held.driver.compare_words(is_same));
    }

    /// Opens the panel of messages, or closes it.
    pub fn open_talk(self, page: Option<TalkPage>) {
        self.held.with_value(|held| held.driver.open_talk(page));
    }

    /// The elements to put into the page.
    pub fn elements(self) -> Elements {
        self.held.with_value(|held| held.elements.clone())
    }

    /// Asks for camera and microphone, then for the microphone alone.
    pub fn capture(self) {
        spawn(async move {
            let on_event = move |event| self.device_event(event);
            let (capture, trouble) = match Capture::open(&Wish::both(), on_event).await {
                Ok(capture) => (Some(capture), None),
                Err(refused) => match Capture::open(&Wish::microphone(), on_event).await {
                    Ok(capture) => (Some(capture), Some(DeviceTrouble::NoCamera(refused))),
                    Err(_) => (None, Some(DeviceTrouble::Refused(refused))),
                },
            };
            let capture = capture.map(Rc::new);
            self.trouble.try_set(trouble);
            self.held.try_update_value(|held| {
                held.capture.clone_from(&capture);
                held.driver.set_capture(capture.clone());
            });
            let own = self.held.try_with_value(|held| held.elements.own.clone());
            if let (Some(own), Some(capture)) = (own, capture) {
                // A muted element of one's own camera always plays.
                media_element::play(&own, capture.preview()).await.ok();
            }
        });
    }

    /// Does what the person asked.
    pub fn act(self, action: Action) {
        self.with_driver(|driver| driver.act(action));
    }

    /// Goes in, or comes back.
    pub fn join(self) {
        self.with_driver(|driver| driver.join());
        let captured = self.held.with_value(|held| held.capture.is_some());
        if !captured {
            self.held.update_value(|held| held._wake = Some(WakeLock::hold()));
            self.capture();
        }
    }

    /// Plays what the browser held back.
    pub fn unlock(self) {
        self.with_driver(|driver| driver.unlock());
    }

    /// Switches the microphone and says so.
    pub fn toggle_microphone(self) {
        let on = !self.view.with_untracked(|view| view.local.microphone);
        self.act(Action::Microphone(on));
        say(if on { Msg::SayMicOn.t() } else { Msg::SayMicOff.t() });
    }

    /// Switches the camera and says so.
    pub fn toggle_camera(self) {
        let on = !self.view.with_untracked(|view| view.local.camera);
        self.act(Action::Camera(on));
        say(if on { Msg::SayCamOn.t() } else { Msg::SayCamOff.t() });
    }

    /// Asks what to share; a whole screen waits for a confirmation before anything of it is sent.
    pub fn share(self) {
        self.share_failed.set(false);
        spawn(async move {
            let opened = ScreenCapture::open(move || {
                self.with_driver(|driver| driver.screen_ended());
            })
            .await;
            match opened {
                Ok(screen) if screen.surface() == DisplaySurface::Screen => {
                    self.held.try_update_value(|held| held.unconfirmed = Some(screen));
                    self.confirm_screen.try_set(true);
                }
                Ok(screen) => self.send_screen(screen),
                // Changing one's mind is no failure.
                Err(CaptureError::NotAllowed) => {}
                Err(_) => drop(self.share_failed.try_set(true)),
            }
        });
    }

    /// The person confirmed the whole screen.
    pub fn confirm(self) {
        let screen = self.held.try_update_value(|held| held.unconfirmed.take()).flatten();
        self.confirm_screen.set(false);
        if let Some(screen) = screen {
            self.send_screen(screen);
        }
    }

    /// The person did not confirm it.
    pub fn discard_screen(self) {
        self.held.update_value(|held| drop(held.unconfirmed.take()));
        self.confirm_screen.set(false);
    }

    /// Whether the call is over for this person.
    pub fn is_over(self) -> bool {
        self.view.with(|view| matches!(view.phase, Phase::Ended { .. } | Phase::Idle | Phase::Refused { .. }))
    }

    /// Says what happens to people who do not see it.
    pub fn announce(self, desk: RoomDesk) {
        let view = self.view;
        Effect::new(move |before: Option<CallView>| {
            let now = view.get();
            if let Some(before) = before {
                announce_change(&before, &now, desk);
                if matches!(now.phase, Phase::Ended { .. }) && !matches!(before.phase, Phase::Ended { .. }) {
                    self.release();
                }
            }
            now
        });
    }

    /// Lets camera and microphone go: nobody is filmed after the end.
    fn release(self) {
        self.trouble.try_set(None);
        let own = self.held.try_update_value(|held| {
            held.capture = None;
            held._wake = None;
            held.unconfirmed = None;
            held.elements.own.clone()
        });
        self.with_driver(|driver| driver.set_capture(None));
        if let Some(own) = own {
            media_element::clear(&own);
        }
    }

    fn send_screen(self, screen: ScreenCapture) {
        self.with_driver(|driver| driver.share_screen(screen));
        say(Msg::SayShare.t());
    }

    fn device_event(self, event: CaptureEvent) {
        match event {
            CaptureEvent::MicrophoneEnded => drop(self.trouble.try_set(Some(DeviceTrouble::MicrophoneUnplugged))),
            CaptureEvent::CameraEnded => drop(self.trouble.try_set(Some(DeviceTrouble::CameraUnplugged))),
            // The system takes the microphone for a moment and gives it back by itself.
            CaptureEvent::MicrophoneInterrupted | CaptureEvent::MicrophoneBack => {}
        }
    }

    fn with_driver(self, act: impl FnOnce(&RoomDriver)) {
        // Cloned first: what the driver does may come back here.
        if let Some(driver) = self.held.try_with_value(|held| Rc::clone(&held.driver)) {
            act(&driver);
        }
    }
}

/// Whether a consultation goes on that walking away would break off.
pub fn is_under_way(view: &CallView) -> bool {
    matches!(view.phase, Phase::InCall | Phase::Reconnecting { .. }) && view.admitted_at.is_some()
}

/// Whether the other person is connected.
pub fn is_here(other: &OtherParty) -> bool {
    matches!(other.presence, Presence::Here { .. })
}

fn announce_change(before: &CallView, now: &CallView, desk: RoomDesk) {
    let name = untrack(|| desk.patient_name());
    let resumed = matches!(before.phase, Phase::Reconnecting { .. });
    match now.phase {
        Phase::InCall if before.phase != Phase::InCall => {
            say(if resumed { Msg::SayBack.t().to_owned() } else { Msg::SayInCall.with(&[&name]) });
            desk.read();
        }
        Phase::Waiting if before.phase == Phase::Connecting => {}
        Phase::Reconnecting { .. } if !resumed => say_now(Msg::Reconnecting.t()),
        Phase::Ended { reason } if !matches!(before.phase, Phase::Ended { .. }) => {
            if reason == EndReason::EndedByPractitioner {
                link_secret::forget(desk.consultation);
                say_now(Msg::SayEnded.t());
            }
            desk.read();
        }
        _ => {}
    }
    // The other changes of pictures stand among the notes, which are read out.
    if before.paused.is_some() && now.paused.is_none() && now.phase == Phase::InCall {
        say(Msg::SayPicturesBack.t());
    }
    if before.local.screen && !now.local.screen {
        say(Msg::SayShareStopped.t());
    }
    // Whoever has just come counts as switched off until their page says what is on: that is no change to tell.
    let media_known = desk.call.media_known.get_value();
    let said = |other: &OtherParty| media_known || other.media != MediaState::default();
    desk.call.media_known.set_value(now.other.as_ref().is_some_and(said));
    match (&before.other, &now.other) {
        (None, Some(_)) if now.phase == Phase::Waiting => say_now(Day::SayArrived.with(&[&name])),
        (None, Some(_)) if before.phase == Phase::InCall => say_now(Msg::SayPatientBack.with(&[&name])),
        (Some(other), None) => {
            // A server that restarted knows nobody yet, and whoever was lost for long did not choose to go.
            let left = now.phase == Phase::InCall && is_here(other) && before.signaling_lost_since.is_none();
            desk.call.patient_left.set(left);
            if left {
                say_now(Msg::SayPatientLeft.with(&[&name]));
            }
        }
        (Some(before), Some(now)) => {
            if is_here(before) && !is_here(now) {
                say_now(Msg::SayPatientLost.with(&[&name]));
            } else if !is_here(before) && is_here(now) {
                say_now(Msg::SayPatientBack.with(&[&name]));
            }
            if media_known && before.media.camera != now.media.camera {
                say(if now.media.camera { Msg::SayCameraOn.t() } else { Msg::SayCameraOff.t() });
            }
            if media_known && before.media.microphone != now.media.microphone {
                say(if now.media.microphone { Msg::SayMicrophoneOn.t() } else { Msg::SayMicrophoneOff.t() });
            }
        }
        _ => {}
    }
}
