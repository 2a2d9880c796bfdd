//! Camera and microphone: asked for, refused, asked for again, turned round, unplugged.

use std::rc::Rc;
use std::time::Duration;

use colloque_call::Action;
use colloque_web::announcer::Said;
use colloque_web::capture::{Capture, CaptureError, CaptureEvent, DeviceKind, Wish, devices, on_permission_changed};
use colloque_web::dom::{is_visible, on_visibility, spawn};
use colloque_web::media_element;
use colloque_web::text::Text;
use colloque_web::timer::Timeout;
use js_sys::Promise;

use super::Page;
use crate::fault::{Fault, Words};
use crate::journey::{CaptureState, Step};
use crate::model::{DeviceNotice, Devices, Half, NotGiven};
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
            Ok(capture) => given(capture),
            Err(error) => CaptureState::Failed(*error),
        };
        let capture = outcome.ok().map(Rc::new);
        self.0.held.borrow_mut().capture.clone_from(&capture);
        self.0.room.set_capture(capture);
        self.change(|model| model.capture = state);
        self.show_own();
        if matches!(state, CaptureState::Failed(_)) {
            self.watch_devices();
        } else {
            self.0.held.borrow_mut().waits.clear();
            self.listen_if_checking();
        }
        self.list_devices();
    }

    /// Whether a half of capture is there to be switched.
    pub(super) fn holds(&self, half: Half) -> bool {
        let held = self.0.held.borrow();
        held.capture.as_ref().is_some_and(|capture| match half {
            Half::Camera => capture.camera().is_some(),
            Half::Microphone => capture.microphone().is_some(),
        })
    }

    /// Asks in the consultation for a half of capture that is not there; a refusal brings the help.
    pub(super) fn ask_for(&self, half: Half) {
        let page = self.clone();
        spawn(async move {
            let capture = page.0.held.borrow().capture.clone();
            let wish = match half {
                Half::Camera => Wish::camera(),
                Half::Microphone => Wish::microphone(),
            };
            let outcome = match &capture {
                Some(capture) => capture.take(&wish).await,
                None => {
                    let opened = Capture::open(&wish, page.device_handler()).await;
                    opened.map(|capture| page.captured(Ok(capture)))
                }
            };
            if let Err(error) = outcome {
                page.change(|model| model.not_given = Some(NotGiven { half, fault: Fault::of_capture(error) }));
                return page.watch_devices();
            }
            page.change(|model| {
                model.not_given = None;
                if half == Half::Microphone {
                    model.device_notice = None;
                }
            });
            page.0.held.borrow_mut().waits.clear();
            if let Some(capture) = capture {
                match half {
                    Half::Camera => capture.set_camera(true),
                    Half::Microphone => capture.set_microphone(true),
                }
                page.changed(capture);
            }
        });
    }

    /// Tells the room and the screen that the capture has other devices than before.
    fn changed(&self, capture: Rc<Capture>) {
        self.0.room.set_capture(Some(capture));
        self.redraw_soon();
        self.show_own();
        self.list_devices();
    }

    /// Looks at what there is to choose from.
    pub(super) fn list_devices(&self) {
        let page = self.clone();
        spawn(async move {
            let mut found = Devices::default();
            for device in devices().await {
                match device.kind {
                    DeviceKind::Camera => found.cameras += 1,
                    DeviceKind::Microphone => found.microphones.push(device),
                    DeviceKind::Speaker => {}
                }
            }
            found.microphone = page.0.held.borrow().capture.as_ref().and_then(|capture| capture.microphone_id());
            page.change(|model| model.devices = found);
        });
    }

    /// Something was plugged in or out.
    pub(super) fn devices_changed(&self) {
        self.list_devices();
        self.ask_again();
        if self.read(|model| model.device_notice) == Some(DeviceNotice::NoMicrophone) {
            self.take_microphone(None, None);
        }
    }

    /// A refused or missing device is asked for again when the page is looked at or the browser's menus allow it.
    fn watch_devices(&self) {
        let (shown, page) = (self.clone(), self.clone());
        let mut held = self.0.held.borrow_mut();
        held.waits.clear();
        held.waits.push(on_visibility(move |_| shown.ask_again()));
        spawn(async move {
            let allowed = page.clone();
            let listener = on_permission_changed(move || allowed.ask_again()).await;
            let mut held = page.0.held.borrow_mut();
            // The help may be over by now; then nobody waits any more.
            if !held.waits.is_empty() {
                held.waits.extend(listener);
            }
        });
    }

    fn ask_again(&self) {
        if !is_visible() {
            return;
        }
        if let Some(NotGiven { half, .. }) = self.read(|model| model.not_given) {
            self.ask_for(half);
        } else if matches!(self.read(|model| model.capture), CaptureState::Failed(_)) {
            let page = self.clone();
            spawn(async move {
                let outcome = Capture::open(&Wish::both(), page.device_handler()).await;
                if outcome.is_ok() {
                    page.captured(outcome);
                }
            });
        }
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
        let rear = self.read(|model| model.call.local.rear_camera);
        self.0.room.act(Action::RearCamera(!rear));
    }

    /// Takes the microphone that the patient chose.
    pub(super) fn choose_microphone(&self, id: String) {
        self.take_microphone(Some(id), None);
    }

    /// Takes a microphone, or any; in the consultation `found` is told once there is one, and that there is none.
    fn take_microphone(&self, id: Option<String>, found: Option<DeviceNotice>) {
        let Some(capture) = self.0.held.borrow().capture.clone() else { return };
        let page = self.clone();
        spawn(async move {
            let is_found = capture.take(&Wish { microphone_id: id, ..Wish::microphone() }).await.is_ok();
            page.changed(capture);
            page.listen_if_checking();
            let notice = if is_found { found } else { Some(DeviceNotice::NoMicrophone) };
            if page.read(|model| model.step != Step::Room || model.device_notice == notice) {
                return;
            }
            page.change(|model| model.device_notice = notice);
            if notice.is_some() {
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
            CaptureEvent::MicrophoneEnded => self.take_microphone(None, Some(DeviceNotice::OtherMicrophone)),
            CaptureEvent::CameraEnded => {
                let Some(capture) = self.0.held.borrow().capture.clone() else { return };
                let page = self.clone();
                // The listener that runs now belongs to the track that is let go.
                spawn(async move {
                    capture.drop_camera();
                    page.changed(capture);
                });
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

/// What a capture gives now.
pub(super) fn given(capture: &Capture) -> CaptureState {
    CaptureState::Given { camera: capture.camera().is_some(), microphone: capture.microphone().is_some() }
}
