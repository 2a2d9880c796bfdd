//! Redrawing, and what a change of screen brings with it.

use std::time::Duration;

use colloque_call::{CallView, GuestStep, Phase};
use colloque_protocol::signaling::{EndReason, JoinRefusal};
use colloque_web::announcer::{SPACING, Said};
use colloque_web::dom::{document, element, now, window};
use colloque_web::keys::SealStage;
use colloque_web::timer::{Interval, Timeout};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlDialogElement, HtmlElement};

use super::Page;
use super::acts::reload;
use super::devices::given;
use super::room::{forget_reload, remember_reload};
use crate::journey::{Screen, Step};
use crate::model::Model;
use crate::say::Heard;
use crate::stage::Stage;
use crate::view::{STEPS_PLACE, draw};

/// After this long without an answer, the patient is offered help with the browser's question.
const QUESTION_HELP_AFTER: Duration = Duration::from_secs(8);

/// After this long without an answer, the view cannot ask at all.
const QUESTION_LIMIT: Duration = Duration::from_secs(20);

/// After this long in the waiting room, the patient may ask again.
const LONG_WAIT: Duration = Duration::from_secs(600);

/// How often documents are looked for after the end: a prescription may be signed just after the goodbye.
const DOCUMENTS_EVERY: Duration = Duration::from_secs(15);

/// How long a notice of a new document stays.
const NOTICE_FOR: Duration = Duration::from_secs(12);

/// What was shown before.
#[derive(Default)]
pub(super) struct Past {
    screen: Option<Screen>,
    stage: Option<Stage>,
    heard: Option<Heard>,
    phase: Phase,
    documents: usize,
    back_is_trapped: bool,
}

impl Page {
    pub(super) fn redraw(&self) {
        self.0.will_redraw.set(false);
        if self.reloads_for_a_new_version() {
            return;
        }
        let (screen, drawn, stage, heard, call) = {
            let mut model = self.0.model.borrow_mut();
            model.call = self.0.room.view();
            model.take_sealed(self.0.room.sealed(), now());
            model.talk = self.0.room.talk();
            if let Some(capture) = &self.0.held.borrow().capture {
                model.capture = given(capture);
            }
            model.needs_tap = self.0.room.needs_tap();
            model.now = now();
            let screen = model.screen();
            let heard = Heard::of(screen, model.overlay(), &model.call);
            (screen, draw(&model), stage(&model, screen), heard, model.call.clone())
        };
        lend_steps("main");
        self.0.mounted.borrow_mut().patch(&document(), &self.0.place, drawn);
        lend_steps(&format!("#{STEPS_PLACE}"));
        open_dialog();
        let (entered, said) = {
            let mut past = self.0.past.borrow_mut();
            if past.stage != Some(stage) {
                stage.apply();
                past.stage = Some(stage);
            }
            let said = past.heard.as_ref().map(|before| heard.since(before)).unwrap_or_default();
            past.heard = Some(heard);
            (past.screen.replace(screen) != Some(screen), said)
        };
        if entered {
            self.entered(screen);
        }
        for sentence in said {
            self.say(sentence.write());
        }
        self.follow_call(&call);
    }

    fn entered(&self, screen: Screen) {
        {
            let mut held = self.0.held.borrow_mut();
            held.timeouts.clear();
            held.intervals.clear();
            held.listening = None;
        }
        match screen {
            Screen::Question => {
                self.later(QUESTION_HELP_AFTER, |page| page.change(|model| model.question_helps = true));
                self.later(QUESTION_LIMIT, Self::question_unanswered);
            }
            Screen::Check => {
                self.listen();
                self.measure_line();
            }
            Screen::Waiting => self.wait(LONG_WAIT),
            Screen::Called => self.ring(),
            Screen::Call => self.again(Duration::from_secs(1), Self::redraw_soon),
            Screen::Ended { .. } => self.again(DOCUMENTS_EVERY, Self::refresh),
            Screen::Opening | Screen::Code | Screen::Rehearsed | Screen::Fault(_) => {}
        }
        if matches!(screen, Screen::Waiting | Screen::Called | Screen::Call) {
            self.trap_back();
        }
        focus(screen);
    }

    /// Starts, or starts again, the time after which a waiting patient may ask again.
    pub(super) fn wait(&self, limit: Duration) {
        self.change(|model| model.waits_long = false);
        self.later(limit, |page| page.change(|model| model.waits_long = true));
    }

    fn follow_call(&self, call: &CallView) {
        let (phase, documents) = {
            let mut past = self.0.past.borrow_mut();
            let changed = (past.phase != call.phase).then_some(call.phase);
            let more = call.documents.len() > past.documents;
            past.phase = call.phase;
            past.documents = call.documents.len();
            (changed, more)
        };
        if documents {
            self.refresh();
            self.change(|model| model.document_is_new = true);
            let page = self.clone();
            let fades = Timeout::after(NOTICE_FOR, move || page.change(|model| model.document_is_new = false));
            self.0.held.borrow_mut().notice = Some(fades);
        }
        match phase {
            // The patient or the network may undo these: camera and microphone stay ready.
            Some(
                Phase::Refused { retried: false, .. }
                | Phase::SignedOut
                | Phase::CannotSign
                | Phase::Ended {
                    reason: EndReason::ConnectionGivenUp | EndReason::ServerStopping | EndReason::SignedOut,
                },
            )
            | None
            | Some(
                Phase::Idle
                | Phase::Connecting
                | Phase::Called { .. }
                | Phase::InCall
                | Phase::Reconnecting { .. }
                | Phase::Refused { retried: true, .. },
            ) => {}
            // Let in: another new version is loaded in the same way.
            Some(Phase::Waiting) => forget_reload(),
            Some(Phase::Ended {
                reason:
                    EndReason::YouLeft
                    | EndReason::EndedByPractitioner
                    | EndReason::RefusedByPractitioner
                    | EndReason::ContinuedElsewhere,
            }) => self.finished(),
            Some(Phase::Ended { reason: EndReason::AppointmentChanged }) => {
                self.change(|model| model.moved_from = model.patient.as_ref().map(|view| view.starts_at));
                self.finished();
            }
            Some(Phase::Ended { reason: EndReason::ConsentWithdrawn }) => self.consent_withdrawn(),
        }
    }

    /// Loads the page again without a word when the service speaks a newer version, once; never in a consultation.
    fn reloads_for_a_new_version(&self) -> bool {
        let call = self.0.room.view();
        let is_old = matches!(call.phase, Phase::Refused { refusal: JoinRefusal::WrongVersion, .. });
        let reloads = is_old && call.admitted_at.is_none() && remember_reload();
        if reloads {
            reload();
        }
        reloads
    }

    /// Runs `action` once, if the same screen is still shown.
    fn later(&self, delay: Duration, action: impl FnOnce(&Self) + 'static) {
        let page = self.clone();
        let timeout = Timeout::after(delay, move || action(&page));
        self.0.held.borrow_mut().timeouts.push(timeout);
    }

    /// Runs `action` again and again while the same screen is shown.
    fn again(&self, period: Duration, action: impl Fn(&Self) + 'static) {
        let page = self.clone();
        let interval = Interval::every(period, move || action(&page));
        self.0.held.borrow_mut().intervals.push(interval);
    }

    /// The Back button asks before it leaves, once.
    fn trap_back(&self) {
        let mut past = self.0.past.borrow_mut();
        if past.back_is_trapped {
            return;
        }
        past.back_is_trapped = true;
        let here = window().location().href().unwrap_or_default();
        if let Ok(history) = window().history() {
            history.push_state_with_url(&JsValue::NULL, "", Some(&here)).ok();
        }
    }

    /// Puts a sentence into the queue of the live regions.
    pub(super) fn say(&self, said: Said) {
        self.0.announcer.borrow_mut().push(said);
        if self.0.held.borrow().speaking.is_none() {
            self.speak();
        }
    }

    fn speak(&self) {
        let next = self.0.announcer.borrow_mut().next_said();
        let page = self.clone();
        let pause = next.is_some().then(|| Timeout::after(SPACING, move || page.speak()));
        self.0.held.borrow_mut().speaking = pause;
        let Some(said) = next else { return };
        let Some(region) = element::<Element>(if said.urgent { "urgent" } else { "polite" }) else { return };
        // The same words twice are a change only if something stands between them.
        let again = region.text_content().as_deref() == Some(&said.words);
        region.set_text_content(Some(&if again { said.words + "\u{a0}" } else { said.words }));
    }
}

fn stage(model: &Model, screen: Screen) -> Stage {
    let local = model.call.local;
    let in_room = model.step == Step::Room;
    let other = model.call.other.as_ref().map(|other| other.media).unwrap_or_default();
    Stage {
        screen,
        overlay: model.overlay(),
        camera: if in_room { local.camera } else { model.capture.has_camera() },
        rear: local.rear_camera,
        remote_camera: model.sees_other(),
        sharing: other.screen,
        third: model.call.guest == GuestStep::TakesPart && model.call.third.as_ref().is_some_and(|it| it.media.camera),
        cannot_seal: model.sealed.stage == SealStage::Impossible,
    }
}

/// Moves the shell's steps for this browser into the screen that shows them, and back before that screen may go.
fn lend_steps(place: &str) {
    if let Some(steps) = element::<Element>("steps")
        && let Ok(Some(place)) = document().query_selector(place)
    {
        // Moving an element of this document cannot fail.
        place.append_child(&steps).ok();
    }
}

fn open_dialog() {
    let dialog = document().query_selector("dialog:not([open])").ok().flatten();
    if let Some(dialog) = dialog.and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
        // Refused only for a dialog that is open already.
        dialog.show_modal().ok();
    }
}

/// Focus is never taken from the patient, only put on the new screen when its place has vanished.
fn focus(screen: Screen) {
    let lost = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
    if !lost {
        return;
    }
    let place = if screen == Screen::Code { "#code" } else { "#app h1" };
    if let Ok(Some(place)) = document().query_selector(place)
        && let Ok(place) = place.dyn_into::<HtmlElement>()
    {
        place.focus().ok();
    }
}
