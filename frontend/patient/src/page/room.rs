//! The waiting room and the consultation.

use colloque_call::Action;
use colloque_protocol::http::patient::{CONSENT_TEXT_VERSION, GiveConsent};
use colloque_protocol::signaling::RESUME_WINDOW;
use colloque_web::capture::Wish;
use colloque_web::dom::{self, now, spawn, tab_storage};
use colloque_web::http;
use colloque_web::sound::Bell;
use colloque_web::timer::Timeout;
use colloque_web::wake::WakeLock;

use super::Page;
use crate::journey::Step;

/// Where the session is remembered in this tab, so that a reload comes back without a tap.
const HERE: &str = "colloque-here";

/// Remembers in this tab that the page was loaded again for a new version.
const RELOADED: &str = "colloque-reloaded";

impl Page {
    /// Records consent and enters the waiting room. The gesture that leads here unlocks sound.
    pub(super) fn enter(&self) {
        self.change(|model| {
            model.step = Step::Entering;
            model.consent_withdrawn = false;
            model.fault = None;
        });
        self.unlock();
        let consented = self.read(|model| model.patient.as_ref().is_some_and(|view| view.consent_given_at.is_some()));
        let page = self.clone();
        spawn(async move {
            if !consented {
                let consent = GiveConsent { text_version: CONSENT_TEXT_VERSION };
                if let Err(error) = http::post::<_, ()>("/api/patient/consent", &consent).await {
                    return page.failed(&error);
                }
            }
            page.remember_here(true);
            let (capture, heard) = page.read(|model| (model.capture, model.checks.heard));
            page.change(|model| {
                model.step = Step::Room;
                if let Some(view) = &mut model.patient {
                    view.consent_given_at = view.consent_given_at.or_else(|| Some(now()));
                }
            });
            page.0.held.borrow_mut().wake = Some(WakeLock::hold());
            page.0.room.devices_checked(capture.has_camera(), capture.has_microphone() && heard);
            page.0.room.join();
        });
    }

    /// Plays what the browser held back. Call it in a gesture.
    pub(super) fn unlock(&self) {
        self.with_bell(Bell::unlock);
        self.0.room.unlock();
    }

    pub(super) fn play_tune(&self) {
        self.with_bell(|bell| bell.tune(1.0));
    }

    fn with_bell(&self, act: impl FnOnce(&Bell)) {
        let mut held = self.0.held.borrow_mut();
        held.bell = held.bell.take().or_else(Bell::new);
        if let Some(bell) = &held.bell {
            act(bell);
        }
    }

    pub(super) fn ring(&self) {
        if let Some(bell) = &self.0.held.borrow().bell {
            bell.ring(1.0);
        }
        dom::vibrate(600);
    }

    pub(super) fn leave(&self) {
        self.change(|model| {
            model.leaving = false;
            model.may_return = true;
        });
        let page = self.clone();
        let limit = Timeout::after(RESUME_WINDOW, move || page.change(|model| model.may_return = false));
        self.0.held.borrow_mut().notice = Some(limit);
        self.0.room.act(Action::Leave);
    }

    /// Comes back after leaving, or from another device.
    pub(super) fn come_back(&self, action: Option<Action>) {
        self.unlock();
        self.change(|model| model.fault = None);
        let page = self.clone();
        spawn(async move {
            if page.0.held.borrow().capture.is_none() {
                page.open_capture(&Wish::both()).await;
            }
            page.remember_here(true);
            page.0.held.borrow_mut().wake = Some(WakeLock::hold());
            match action {
                Some(action) => page.0.room.act(action),
                None => page.0.room.join(),
            }
        });
    }

    /// Withdraws the consent; the service closes the room to this patient, which [`Page::consent_withdrawn`] follows.
    pub(super) fn withdraw_consent(&self) {
        let page = self.clone();
        spawn(async move {
            match http::act::<()>("/api/patient/consent/withdraw").await {
                Ok(()) => page.consent_withdrawn(),
                Err(error) => page.failed(&error),
            }
        });
    }

    /// Goes back to the consent, which was withdrawn here or in another tab.
    pub(super) fn consent_withdrawn(&self) {
        self.remember_here(false);
        self.0.held.borrow_mut().wake = None;
        self.change(|model| {
            model.leaving = false;
            model.consent_withdrawn = true;
            model.step = Step::Opening;
        });
        self.load();
    }

    /// Lets go of everything that a finished consultation held, and reads what it left.
    pub(super) fn finished(&self) {
        self.remember_here(false);
        self.release_capture();
        self.0.held.borrow_mut().wake = None;
        self.change(|model| model.leaving = false);
        self.refresh();
    }

    pub(super) fn over(&self) {
        self.change(|model| model.step = Step::Over);
        self.remember_here(false);
        self.release_capture();
    }

    pub(super) fn was_here(&self) -> bool {
        let kept = tab_storage().and_then(|storage| storage.get_item(HERE).ok().flatten());
        kept.as_deref() == Some(&self.0.invitation)
    }

    pub(super) fn remember_here(&self, here: bool) {
        let Some(storage) = tab_storage() else { return };
        // Where nothing can be kept, a reload starts with a tap.
        if here { storage.set_item(HERE, &self.0.invitation) } else { storage.remove_item(HERE) }.ok();
    }
}

/// Notes that the page is loaded again for a new version; not if that did not help before, or if nothing can be kept.
pub(super) fn remember_reload() -> bool {
    let Some(storage) = tab_storage() else { return false };
    matches!(storage.get_item(RELOADED), Ok(None)) && storage.set_item(RELOADED, "1").is_ok()
}

/// Forgets it once the patient was let in.
pub(super) fn forget_reload() {
    if let Some(storage) = tab_storage() {
        storage.remove_item(RELOADED).ok();
    }
}
