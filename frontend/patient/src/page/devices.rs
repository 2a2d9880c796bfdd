//! Camera and microphone: asked for, refused, asked for again, turned round, unplugged.

use std::rc::Rc;
use std::time::Duration;

use colloque_call::Action;
use colloque_web::announcer::Said;
use colloque_web::capture::{
    Capture, CaptureError, CaptureEvent, Facing, Wish, on_devices_changed, on_permission_changed,
};
use colloque_web::dom::{is_visible, on_visibility, spawn};
use colloque_web::media_element;
use colloque_web::text::Text;
use colloque_web::timer::Timeout;
use js_sys::Promise;

use super::Page;
use crate::fault::Words;
use crate::journey::{CaptureState, Step};
use crate::model::DeviceNotice;
use crate::words::Msg;

/// How long a silenced microphone counts as taken by a telephone call.
///
/// Longer: the patient talks to nobody. Shorter: phones silence it for an instant by themselves.
const INTERRUPTION: Duration = Duration::from_secs(3);

impl Page {
    /// Waits for what the boot script asked for in the tap.
    pub(super) fn take_capture(&self, promise: Option<Promise>) {
        let Some(promise) = promise else {
            // Nothing was asked: a session whose consultation is over needs no camera.
            return self.change(|model| model.capture = CaptureState::Released);
        };
        let page = self.clone();
        spawn(async move {
            let outcome = Capture::from_promise(promise, page.device_handler()).await;
            page.captured(outcome);
        });
    }

    /// Asks again.
    pub(super) fn ask_capture(&self) {
        self.change(|model| {
            model.capture = CaptureState::Asking;
            model.question_helps = false;
        });
        let page = self.clone();
        spawn(async move { page.open_capture(&Wish::both()).await });
    }

    /// Goes on with sound alone, or with nothing where even that is refused.
    pub(super) fn continue_without_camera(&self) {
        let page = self.clone();
        spawn(async move {
            match Capture::open(&Wish::microphone(), page.device_handler()).await {
                Ok(capture) => page.captured(Ok(capture)),
                Err(_) => {
                    page.change(|model| model.capture = CaptureState::Declined);
                    page.say(Said { words: Msg::WithoutBoth.t().to_owned(), urgent: false });
                }
            }
        });
    }

    /// The browser never answered: a view inside another application.
    pub(super) fn question_unanswered(&self) {
        if self.read(|model| model.capture) == CaptureState::Asking {
            self.captured(Err(CaptureError::Unsupported));
        }
    }

    pub(super) async fn open_capture(&self, wish: &Wish) {
        let outcome = Capture::open(wish, self.device_handler()).await;
        self.captured(outcome);
    }

    pub(super) fn captured(&self, outcome: Result<Capture, CaptureError>) {
        let state = match &outcome {
            Ok(capture) => {
                CaptureState::Given { camera: capture.camera().is_some(), microphone: capture.microphone().is_some() }
            }
            Err(error) => CaptureState::Failed(*error),
        };
        let capture = outcome.ok().map(Rc::new);
        self.0.held.borrow_mut().capture.clone_from(&capture);
        self.0.room.set_capture(capture);
        self.change(|model| {
            model.rear = false;
            model.capture = state;
        });
        self.show_own();
        if matches!(state, CaptureState::Failed(_)) {
            self.watch_devices();
        } else {
            self.0.held.borrow_mut().waits.clear();
            self.listen_if_checking();
        }
    }

    /// A refused or missing device is asked for again when something changes.
    fn watch_devices(&self) {
        let page = self.clone();
        let again = move || {
            if matches!(page.read(|model| model.capture), CaptureState::Failed(_)) && is_visible() {
                let page = page.clone();
                spawn(async move {
                    let outcome = Capture::open(&Wish::both(), page.device_handler()).await;
                    if outcome.is_ok() {
                        page.captured(outcome);
                    }
                });
            }
        };
        let (plugged, shown, allowed) = (again.clone(), again.clone(), again);
        let mut held = self.0.held.borrow_mut();
        held.waits.clear();
        held.waits.extend(on_devices_changed(plugged));
        held.waits.push(on_visibility(move |visible| {
            if visible {
                shown();
            }
        }));
        let page = self.clone();
        spawn(async move {
            let listener = on_permission_changed(allowed).await;
            let mut held = page.0.held.borrow_mut();
            // The help may be over by now; then nobody waits any more.
            if !held.waits.is_empty() {
                held.waits.extend(listener);
            }
        });
    }

    fn show_own(&self) {
        let own = self.0.own.clone();
        match self.0.held.borrow().capture.clone() {
            Some(capture) => spawn(async move {
                // A muted preview plays without a gesture.
                media_element::play(&own, capture.preview()).await.ok();
            }),
            None => media_element::clear(&own),
        }
    }

    /// Turns to the other camera.
    pub(super) fn flip(&self) {
        if self.read(|model| model.step) == Step::Room {
            let rear = self.read(|model| model.call.local.rear_camera);
            return self.0.room.act(Action::RearCamera(!rear));
        }
        let Some(capture) = self.0.held.borrow().capture.clone() else { return };
        let page = self.clone();
        spawn(async move {
            let camera = capture.flip().await.is_ok();
            page.change(|model| {
                model.rear = capture.facing() == Facing::Rear;
                model.capture = CaptureState::Given { camera, microphone: capture.microphone().is_some() };
            });
            page.show_own();
        });
    }

    /// Takes another microphone, or any.
    pub(super) fn choose_microphone(&self, id: Option<String>) {
        let Some(capture) = self.0.held.borrow().capture.clone() else { return };
        let page = self.clone();
        spawn(async move {
            let found = capture.choose_microphone(id.as_deref()).await.is_ok();
            let state = CaptureState::Given { camera: capture.camera().is_some(), microphone: found };
            page.0.room.set_capture(Some(capture));
            page.change(|model| model.capture = state);
            page.listen_if_checking();
            if page.read(|model| model.step) == Step::Room {
                let notice = if found { DeviceNotice::OtherMicrophone } else { DeviceNotice::NoMicrophone };
                page.change(|model| model.device_notice = Some(notice));
                page.say(Said { words: Words::Unplugged.t().to_owned(), urgent: false });
            }
        });
    }

    pub(super) fn release_capture(&self) {
        self.change(|model| model.capture = CaptureState::Released);
        {
            let mut held = self.0.held.borrow_mut();
            held.capture = None;
            held.waits.clear();
        }
        self.0.room.set_capture(None);
        self.show_own();
    }

    fn device_handler(&self) -> impl Fn(CaptureEvent) + 'static {
        let page = self.clone();
        move |event| page.device(event)
    }

    fn device(&self, event: CaptureEvent) {
        match event {
            CaptureEvent::MicrophoneEnded => self.choose_microphone(None),
            CaptureEvent::CameraEnded => {
                self.change(|model| {
                    if let CaptureState::Given { camera, .. } = &mut model.capture {
                        *camera = false;
                    }
                });
                self.0.room.act(Action::Camera(false));
            }
            CaptureEvent::MicrophoneInterrupted => {
                let page = self.clone();
                let timer = Timeout::after(INTERRUPTION, move || {
                    if is_visible() {
                        page.change(|model| model.interrupted = true);
                    }
                });
                self.0.held.borrow_mut().interruption = Some(timer);
            }
            CaptureEvent::MicrophoneBack => {
                self.0.held.borrow_mut().interruption = None;
                self.change(|model| model.interrupted = false);
            }
        }
    }
}
