//! What the patient does: taps, the code, the choice of a microphone, the Back button.

use std::time::Duration;

use colloque_call::Action;
use colloque_web::announcer::Said;
use colloque_web::capture::{CaptureError, on_devices_changed};
use colloque_web::dom::{Listener, document, now, random_seed, spawn, window};
use colloque_web::http;
use colloque_web::talk::TalkPage;
use colloque_web::text::Text;
use js_sys::encode_uri_component;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, HtmlSelectElement};

use super::Page;
use crate::calendar;
use crate::fault::{Fault, Remedy, Words};
use crate::intent::Intent;
use crate::journey::{Screen, Step};
use crate::model::{Checks, Half, Model, Sound};
use crate::words::Msg;

/// Time between two calls of a patient who waits for long.
const NEXT_CALL_AFTER: Duration = Duration::from_secs(120);

impl Page {
    /// One listener for each kind of event, as long as the page lives.
    pub(super) fn listen_to_taps(&self) {
        let place = &self.0.place;
        let page = self.clone();
        Listener::new(place, "click", move |event| {
            let intent = target(&event).and_then(|element| page.0.mounted.borrow().tapped(&element));
            if let Some(intent) = intent {
                page.act(intent);
            }
        })
        .for_the_page();
        let page = self.clone();
        Listener::new(place, "submit", move |event| {
            event.prevent_default();
            page.send_code(true);
        })
        .for_the_page();
        // A pasted or filled-in code is complete at once: nobody has to press anything.
        let page = self.clone();
        Listener::new(place, "input", move |_| page.send_code(false)).for_the_page();
        let page = self.clone();
        Listener::new(place, "change", move |event| {
            if let Some(choice) = target(&event).and_then(|element| element.dyn_into::<HtmlSelectElement>().ok()) {
                page.choose_microphone(choice.value());
            }
        })
        .for_the_page();
        let page = self.clone();
        if let Some(listener) = on_devices_changed(move || page.devices_changed()) {
            listener.for_the_page();
        }
        let page = self.clone();
        Listener::inside(place, "close", move |_| page.change(|model| model.leaving = false)).for_the_page();
        let page = self.clone();
        Listener::new(&window(), "popstate", move |_| {
            if matches!(page.read(Model::screen), Screen::Waiting | Screen::Called | Screen::Call) {
                page.change(|model| model.leaving = true);
            }
        })
        .for_the_page();
    }

    fn act(&self, intent: Intent) {
        let local = self.read(|model| model.call.local);
        match intent {
            Intent::QuestionUnseen => self.captured(Err(CaptureError::NotAllowed)),
            Intent::SendCode => self.send_code(true),
            Intent::ResendCode => self.resend_code(),
            Intent::NotMe => self.not_me(),
            Intent::Flip => self.flip(),
            Intent::PlayTune => {
                self.play_tune();
                self.change(|model| model.checks.sound = Sound::Asked);
            }
            Intent::HeardTune(heard) => {
                self.change(|model| model.checks.sound = if heard { Sound::Heard } else { Sound::NotHeard });
            }
            Intent::Enter => self.enter(),
            Intent::FinishRehearsal => {
                self.change(|model| {
                    model.checks.seen = model.capture.has_camera();
                    model.step = Step::Rehearsed;
                });
                self.release_capture();
            }
            Intent::RehearseAgain => {
                self.change(|model| {
                    model.step = Step::Check;
                    model.checks = Checks::default();
                });
                self.ask_capture();
            }
            Intent::NotifyAgain => {
                self.0.room.act(Action::NotifyAgain);
                self.say(Said { words: Msg::Notified.t().to_owned(), urgent: false });
                self.wait(NEXT_CALL_AFTER);
            }
            Intent::Answer => {
                self.unlock();
                self.0.room.act(Action::Answer);
            }
            Intent::Microphone if self.holds(Half::Microphone) => {
                self.0.room.act(Action::Microphone(!local.microphone));
            }
            Intent::Camera if self.holds(Half::Camera) => self.0.room.act(Action::Camera(!local.camera)),
            Intent::Microphone => self.ask_for(Half::Microphone),
            Intent::Camera => self.ask_for(Half::Camera),
            Intent::Talk => {
                let (is_open, is_in) = self.read(|model| (model.talk.is_open, model.screen() == Screen::Call));
                let page = if is_in { TalkPage::Messages } else { TalkPage::Questions };
                self.0.room.open_talk((!is_open).then_some(page));
            }
            Intent::Enlarge => self.0.room.open_talk(Some(TalkPage::Check)),
            Intent::Words(is_same) => self.0.room.compare_words(is_same),
            Intent::Guest(agrees) => self.0.room.act(Action::AgreeToGuest(agrees)),
            Intent::Pictures(shown) => self.0.room.act(Action::Pictures(shown)),
            Intent::Ask(half) => self.ask_for(half),
            Intent::GoOnWithout => self.change(|model| model.not_given = None),
            Intent::NoticeRead => self.change(|model| model.device_notice = None),
            Intent::Enrol => self.enrol(),
            Intent::Retry => self.0.room.act(Action::Retry),
            Intent::Unlock => self.unlock(),
            Intent::Reload => reload(),
            Intent::WithdrawConsent => self.withdraw_consent(),
            Intent::AskLeave => self.change(|model| model.leaving = true),
            Intent::Stay => close_dialog(),
            Intent::Leave => {
                close_dialog();
                self.leave();
            }
            Intent::ComeBack => self.come_back(None),
            Intent::Remedy(remedy) => self.remedy(remedy),
        }
    }

    fn remedy(&self, remedy: Remedy) {
        match remedy {
            // Links, drawn as such.
            Remedy::Call | Remedy::CallInstead => {}
            Remedy::NewLink => self.send_new_link(),
            Remedy::Calendar => self.save_to_calendar(),
            Remedy::Rehearse => {
                let address = window().location();
                let (path, hash) = (address.pathname().unwrap_or_default(), address.hash().unwrap_or_default());
                address.assign(&format!("{path}/test{hash}")).ok();
            }
            Remedy::ContinueHere => self.come_back(Some(Action::TakeOver)),
            Remedy::Cancel => {
                self.finished();
                self.show_fault(Fault::ContinuedElsewhere);
            }
            Remedy::AskAgain | Remedy::AllowedAskAgain => self.ask_capture(),
            Remedy::WithoutCamera => self.continue_without_camera(),
            Remedy::CopyLink => self.copy_link(),
            Remedy::Retry => self.retry(),
            Remedy::Reload => reload(),
        }
    }

    /// Asks for a new link, sent to the address on file.
    fn send_new_link(&self) {
        let page = self.clone();
        spawn(async move {
            let sent = http::act::<()>(&format!("/api/invitations/{}/resend", page.0.invitation)).await;
            page.advise(if sent.is_ok() { Words::NewLinkSent } else { Words::NewLinkFailed });
        });
    }

    /// Gives the appointment to the calendar of this device, as a file made here.
    fn save_to_calendar(&self) {
        let Some(starts_at) = self.read(Model::starts_at) else { return };
        let event = calendar::event(Words::CalendarTitle.t(), starts_at, now(), random_seed());
        let Ok(link) = document().create_element("a") else { return };
        let file = ["data:text/calendar;charset=utf-8,", &String::from(encode_uri_component(&event))].concat();
        // Names and values are ours, so they are never refused.
        link.set_attribute("href", &file).ok();
        link.set_attribute("download", "rendez-vous.ics").ok();
        link.unchecked_into::<HtmlElement>().click();
    }

    fn copy_link(&self) {
        let link = window().location().href().unwrap_or_default();
        let copied = window().navigator().clipboard().write_text(&link);
        let page = self.clone();
        spawn(async move {
            if JsFuture::from(copied).await.is_ok() {
                page.advise(Words::LinkCopied);
            }
        });
    }

    fn advise(&self, advice: Words) {
        self.change(|model| model.advice = Some(advice));
    }
}

fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Closes the native dialog, which gives the focus back and tells the page.
fn close_dialog() {
    if let Ok(Some(dialog)) = document().query_selector("dialog[open]")
        && let Ok(dialog) = dialog.dyn_into::<HtmlDialogElement>()
    {
        dialog.close();
    }
}

pub(super) fn reload() {
    window().location().reload().ok();
}
