//! From the link to the waiting room: redeem, code, session, and what goes wrong there.

use std::time::Duration;

use colloque_call::Action;
use colloque_protocol::http::patient::{PatientStatus, PatientStep, PatientView, RedeemInvitation, SecondFactor};
use colloque_web::dom::{element, now, spawn, window};
use colloque_web::http::{self, SendRequestError};
use colloque_web::timer::pause;
use web_sys::HtmlInputElement;

use super::Page;
use super::acts::reload;
use crate::fault::{Fault, Recovery};
use crate::journey::{CaptureState, Step};
use crate::model::{CodeAsked, CodeProblem};
use crate::view::{DIGITS, digits};

/// Shortest and longest pause before an early page looks again whether the room is open: an appointment may be moved.
const OPENING_PAUSE: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(60)];

impl Page {
    pub(super) fn redeemed(&self, outcome: Result<PatientStep, SendRequestError>) {
        match outcome {
            Ok(PatientStep::SecondFactor { channel, destination, .. }) => self.change(|model| {
                model.fault = None;
                model.code = Some(CodeAsked { channel, destination });
                model.step = Step::Code;
            }),
            Ok(PatientStep::Done) => self.load(),
            Err(error) => self.failed(&error),
        }
    }

    fn redeem(&self) {
        // The token, behind `#`: what follows it is between the two browsers.
        let hash = window().location().hash().unwrap_or_default();
        let secret = hash.get(1..44).unwrap_or_default().to_owned();
        let page = self.clone();
        spawn(async move {
            let path = format!("/api/invitations/{}/redeem", page.0.invitation);
            let outcome = http::post(&path, &RedeemInvitation { secret }).await;
            page.redeemed(outcome);
        });
    }

    /// Sends the code when it is complete; says so when it is not and the patient asked.
    pub(super) fn send_code(&self, asked: bool) {
        let Some(field) = element::<HtmlInputElement>("code") else { return };
        let code = digits(&field.value());
        if code.len() != DIGITS {
            return self.change(|model| model.code_problem = asked.then_some(CodeProblem::Short));
        }
        // Sent by itself at its last digit: a tap on top of that asks nothing new.
        if self.0.held.borrow().refused_code == code {
            return;
        }
        if std::mem::replace(&mut self.0.held.borrow_mut().code_is_sent, true) {
            return;
        }
        let page = self.clone();
        spawn(async move {
            if page.read(|model| model.step) != Step::Code {
                page.finish_enrolment(code).await;
                page.0.held.borrow_mut().code_is_sent = false;
                return;
            }
            let outcome = http::post("/api/patient/second-factor", &SecondFactor { code: code.clone() }).await;
            page.0.held.borrow_mut().code_is_sent = false;
            match outcome {
                Ok(step) => page.redeemed(Ok(step)),
                Err(error) => {
                    let problem = CodeProblem::of(&error);
                    if problem == CodeProblem::Wrong {
                        page.0.held.borrow_mut().refused_code = code;
                    }
                    page.change(|model| model.code_problem = Some(problem));
                    field.select();
                }
            }
        });
    }

    pub(super) fn resend_code(&self) {
        let page = self.clone();
        spawn(async move {
            match http::act("/api/patient/second-factor/resend").await {
                Ok(step) => {
                    page.change(|model| model.code_problem = Some(CodeProblem::Resent));
                    page.redeemed(Ok(step));
                    if let Some(field) = element::<HtmlInputElement>("code") {
                        field.set_value("");
                        field.focus().ok();
                    }
                }
                Err(error) => page.change(|model| model.code_problem = Some(CodeProblem::of(&error))),
            }
        });
    }

    /// Reads where the patient stands and goes there.
    pub(super) fn load(&self) {
        let page = self.clone();
        spawn(async move {
            match http::get(PATIENT).await {
                Ok(view) => page.arrived(view),
                Err(error) => page.failed(&error),
            }
        });
    }

    pub(super) fn arrived(&self, view: PatientView) {
        let (status, consented) = (view.status, view.consent_given_at.is_some());
        self.change(|model| {
            model.fault = None;
            model.patient = Some(view);
        });
        if matches!(status, PatientStatus::InProgress | PatientStatus::Ready)
            && self.read(|model| model.capture) == CaptureState::Released
        {
            self.ask_capture();
        }
        match status {
            PatientStatus::TooEarly => {
                // Nobody is filmed for half an hour before the room opens.
                self.release_capture();
                self.show_fault(Fault::TooEarly);
            }
            PatientStatus::Cancelled => self.cancelled(),
            PatientStatus::Over => self.over(),
            // Whoever was admitted, or waited in this tab already, comes back without being asked again.
            PatientStatus::InProgress if consented => self.enter(),
            PatientStatus::Ready if consented && self.was_here() => self.enter(),
            PatientStatus::InProgress | PatientStatus::Ready => self.change(|model| model.step = Step::Check),
        }
    }

    /// Leaves the word to the shell, which says that the appointment was cancelled.
    fn cancelled(&self) {
        self.remember_here(false);
        reload();
    }

    pub(super) fn failed(&self, error: &SendRequestError) {
        let request = match error {
            SendRequestError::Refused { body } => Some(body.request.clone()),
            SendRequestError::Offline | SendRequestError::TimedOut | SendRequestError::Unreadable { .. } => None,
        };
        self.change(|model| model.request = request);
        self.show_fault(match error {
            SendRequestError::Offline | SendRequestError::TimedOut => Fault::Offline,
            SendRequestError::Refused { body } => Fault::of_code(body.code),
            SendRequestError::Unreadable { .. } => Fault::ServerFailed,
        });
    }

    /// Shows a fault, and starts what ends it by itself.
    pub(super) fn show_fault(&self, fault: Fault) {
        self.change(|model| {
            model.fault = Some(fault);
            model.advice = None;
        });
        let delay = match fault.row().recovery {
            Recovery::Every(delay) => delay,
            Recovery::AtOpening => self.until_opening(),
            Recovery::ByEngine | Recovery::WhenDevicesChange | Recovery::ByPerson => return,
        };
        let page = self.clone();
        spawn(async move {
            pause(delay).await;
            if page.read(|model| model.fault) == Some(fault) {
                page.retry();
            }
        });
    }

    fn until_opening(&self) -> Duration {
        let opens_at = self.read(|model| model.patient.as_ref().map(|view| view.opens_at));
        opens_at.map_or(OPENING_PAUSE[0], |opens_at| opens_at.since(now())).clamp(OPENING_PAUSE[0], OPENING_PAUSE[1])
    }

    /// Does again what failed, as far as the patient has come.
    pub(super) fn retry(&self) {
        let (step, is_known) = self.read(|model| (model.step, model.patient.is_some()));
        match step {
            Step::Opening if !is_known => self.redeem(),
            Step::Opening | Step::Code | Step::Check => self.load(),
            Step::Entering => self.enter(),
            Step::Room => self.0.room.act(Action::Retry),
            Step::Over => self.refresh(),
            Step::Rehearsed => self.change(|model| model.step = Step::Check),
        }
    }

    /// Reads again what the service says, above all the documents.
    pub(super) fn refresh(&self) {
        let page = self.clone();
        spawn(async move {
            // A failure leaves what is shown; it is read again later.
            match http::get::<PatientView>(PATIENT).await {
                Ok(view) if view.status == PatientStatus::Cancelled => page.cancelled(),
                Ok(view) => page.change(|model| model.patient = Some(view)),
                Err(_) => {}
            }
        });
    }

    /// Gives back a link that belongs to somebody else.
    pub(super) fn not_me(&self) {
        self.show_fault(Fault::NotThisPerson);
        self.release_capture();
        spawn(async {
            // A session that could not be ended ends by itself; nothing of it is shown any more.
            http::delete("/api/patient/session").await.ok();
        });
    }
}

const PATIENT: &str = "/api/patient";
