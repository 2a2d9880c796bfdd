//! Everything that the screens show, as one plain value.

use colloque_call::CallView;
use colloque_ids::Timestamp;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{CodeChannel, PatientView};
use colloque_web::capture::Device;
use colloque_web::http::SendRequestError;

use crate::fault::{Fault, Words};
use crate::journey::{CaptureState, Overlay, Screen, Situation, Step, overlay, screen};

/// The state of the page.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// How far the patient has come.
    pub step: Step,
    /// What failed, if it fills the screen.
    pub fault: Option<Fault>,
    /// What an advice of a fault led to.
    pub advice: Option<Words>,
    /// What capture gives.
    pub capture: CaptureState,
    /// Whether the camera looks away from the patient.
    pub rear: bool,
    /// What the engine says.
    pub call: CallView,
    /// Whether sound waits for a tap.
    pub needs_tap: bool,
    /// What the service says of the patient and the appointment.
    pub patient: Option<PatientView>,
    /// The practice's number as the shell links to it, before the patient is known.
    pub shell_phone: String,
    /// The code asked for.
    pub code: Option<CodeAsked>,
    /// What is wrong with the code.
    pub code_problem: Option<CodeProblem>,
    /// Whether help with the browser's question is offered.
    pub question_helps: bool,
    /// What the checks found.
    pub checks: Checks,
    /// Whether a telephone call took the microphone.
    pub interrupted: bool,
    /// What happened to a device.
    pub device_notice: Option<DeviceNotice>,
    /// Whether a document arrived a moment ago.
    pub document_is_new: bool,
    /// Whether the patient has waited for long.
    pub waits_long: bool,
    /// Whether leaving is being confirmed.
    pub leaving: bool,
    /// Whether a patient who left may still come back.
    pub may_return: bool,
    /// Whether this is the rehearsal.
    pub rehearsal: bool,
    /// Where the rehearsal's appointment is.
    pub way_back: String,
    /// The clock of the screen.
    pub now: Timestamp,
}

/// A code that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeAsked {
    /// How it reaches the patient.
    pub channel: CodeChannel,
    /// Where, masked.
    pub destination: String,
}

/// What is wrong with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeProblem {
    /// Not six digits.
    Short,
    /// Not the code that was sent.
    Wrong,
    /// It no longer serves.
    Over,
    /// Tried too often.
    TooMany {
        /// Seconds to wait.
        wait_s: u32,
    },
    /// The answer did not come.
    NotSent,
}

impl CodeProblem {
    /// What a refused or lost request means.
    #[must_use]
    pub fn of(error: &SendRequestError) -> Self {
        let SendRequestError::Refused { body } = error else { return Self::NotSent };
        match body.code {
            ErrorCode::WrongCredentials | ErrorCode::Invalid | ErrorCode::Malformed => Self::Wrong,
            ErrorCode::CodeExpired => Self::Over,
            ErrorCode::TooManyAttempts => Self::TooMany { wait_s: body.retry_after_s.unwrap_or(60) },
            ErrorCode::TooLarge
            | ErrorCode::NotSignedIn
            | ErrorCode::SecondFactorNeeded
            | ErrorCode::NotFound
            | ErrorCode::Conflict
            | ErrorCode::WrongState
            | ErrorCode::InvitationUnknown
            | ErrorCode::InvitationExpired
            | ErrorCode::AppointmentCancelled
            | ErrorCode::TooEarly
            | ErrorCode::SecuredPrescription
            | ErrorCode::ForeignRequest
            | ErrorCode::ServerFailed
            | ErrorCode::Unavailable => Self::NotSent,
        }
    }
}

/// What the checks before waiting found.
#[derive(Debug, Clone, Default)]
pub struct Checks {
    /// A rehearsal ended with a picture.
    pub seen: bool,
    /// A voice was heard.
    pub heard: bool,
    /// Nothing was heard for long.
    pub silent: bool,
    /// The microphone can be measured.
    pub measured: bool,
    /// The microphones to choose from.
    pub microphones: Vec<Device>,
    /// Whether the tune was heard.
    pub sound: Sound,
    /// How the connection to the service is.
    pub line: Line,
}

/// Whether the tune was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sound {
    /// Not played.
    #[default]
    NotTried,
    /// Played.
    Asked,
    /// Heard.
    Heard,
    /// Not heard.
    NotHeard,
}

/// How the connection to the service is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Line {
    /// Not known yet.
    #[default]
    Measuring,
    /// Answers come quickly.
    Good,
    /// Answers come slowly.
    Slow,
    /// No answer comes.
    Cut,
}

/// What happened to a device in the consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceNotice {
    /// The microphone was unplugged; another one is used.
    OtherMicrophone,
    /// The microphone was unplugged and there is no other.
    NoMicrophone,
}

impl Model {
    /// The screen of this state.
    #[must_use]
    pub fn screen(&self) -> Screen {
        screen(&Situation { step: self.step, fault: self.fault, capture: self.capture, call: &self.call })
    }

    /// What lies over the consultation.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        overlay(&self.call, self.interrupted, self.needs_tap)
    }

    /// Where to telephone: `tel:+33…`, empty when unknown.
    #[must_use]
    pub fn phone(&self) -> String {
        match &self.patient {
            Some(view) => format!("tel:{}", view.practice_phone),
            None => self.shell_phone.clone(),
        }
    }

    /// Whether a rehearsal found everything good.
    #[must_use]
    pub fn is_all_good(&self) -> bool {
        self.checks.seen && self.checks.heard && self.checks.line == Line::Good
    }
}
