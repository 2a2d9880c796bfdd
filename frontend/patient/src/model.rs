//! Everything that the screens show, as one plain value.

use std::time::Duration;

use colloque_call::{CallView, Phase};
use colloque_ids::Timestamp;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{CodeChannel, PatientStatus, PatientView};
use colloque_web::capture::Device;
use colloque_web::http::SendRequestError;
use colloque_web::keys::{SealStage, Sealed};
use colloque_web::talk::TalkState;

use crate::fault::{Fault, Words};
use crate::journey::{CaptureState, Overlay, Screen, Situation, Step, overlay, screen};

/// The state of the page.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// How far the patient has come.
    pub step: Step,
    /// What failed, if it fills the screen.
    pub fault: Option<Fault>,
    /// Identifier of the request that failed, to quote to support.
    pub request: Option<String>,
    /// What an advice of a fault led to.
    pub advice: Option<Words>,
    /// What capture gives.
    pub capture: CaptureState,
    /// What the engine says.
    pub call: CallView,
    /// Where the end-to-end encryption stands.
    pub sealed: Sealed,
    /// Since when keys are awaited.
    pub awaits_keys_since: Option<Timestamp>,
    /// How the panel of messages is.
    pub talk: TalkState,
    /// Whether sound waits for a tap.
    pub needs_tap: bool,
    /// What the service says of the patient and the appointment.
    pub patient: Option<PatientView>,
    /// The practice's number as the shell links to it, before the patient is known.
    pub shell_phone: String,
    /// When the appointment starts as the shell says it, before the patient is known.
    pub shell_starts_at: Option<Timestamp>,
    /// When the appointment started before it was moved under the patient's eyes.
    pub moved_from: Option<Timestamp>,
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
    /// What the patient asked for in the consultation and did not get.
    pub not_given: Option<NotGiven>,
    /// What this device has.
    pub devices: Devices,
    /// How far a code application is set up for the next time.
    pub enrolment: Enrolment,
    /// Whether a document arrived a moment ago.
    pub document_is_new: bool,
    /// Whether the patient has waited for long.
    pub waits_long: bool,
    /// Whether the consent was withdrawn a moment ago.
    pub consent_withdrawn: bool,
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
    /// None: another code is on its way.
    Resent,
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

/// What this device has to choose from.
#[derive(Debug, Clone, Default)]
pub struct Devices {
    /// Number of cameras.
    pub cameras: usize,
    /// The microphones.
    pub microphones: Vec<Device>,
    /// The microphone in use.
    pub microphone: Option<String>,
}

/// One half of capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// The picture.
    Camera,
    /// The sound.
    Microphone,
}

/// A half of capture that was asked for and not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotGiven {
    /// Which.
    pub half: Half,
    /// Why.
    pub fault: Fault,
}

/// How far a code application is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Enrolment {
    /// It is offered.
    #[default]
    Offered,
    /// The key is made; a first code proves that it arrived.
    Key {
        /// In base32, to copy by hand.
        secret: String,
        /// What applications open.
        address: String,
    },
    /// The next code comes from the application.
    Done,
    /// The service made no key.
    Failed,
}

/// What happened to a device in the consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceNotice {
    /// The microphone was unplugged; another one is used.
    OtherMicrophone,
    /// The microphone was unplugged and there is no other.
    NoMicrophone,
}

/// How long keys are awaited before the patient is told what to do. Longer: they look at a dark picture. Shorter: a bad network is told so too.
const KEYS_WITHIN: Duration = Duration::from_secs(15);

impl Model {
    /// The screen of this state.
    #[must_use]
    pub fn screen(&self) -> Screen {
        screen(&Situation { step: self.step, fault: self.fault, capture: self.capture, call: &self.call })
    }

    /// What lies over the consultation.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        if self.sealed.stage == SealStage::WordsDiffer {
            return Overlay::WordsDiffer;
        }
        overlay(&self.call, self.interrupted, self.not_given.map(|it| it.fault), self.needs_tap)
    }

    /// Takes over how far the encryption is.
    pub fn take_sealed(&mut self, sealed: Sealed, now: Timestamp) {
        let awaits = sealed.stage == SealStage::Preparing && self.call.phase == Phase::InCall;
        self.awaits_keys_since = awaits.then(|| self.awaits_keys_since.unwrap_or(now));
        self.sealed = sealed;
    }

    /// Whether keys are awaited for so long that the patient had better do something.
    #[must_use]
    pub fn awaits_keys_in_vain(&self) -> bool {
        self.awaits_keys_since.is_some_and(|since| self.now >= since.after(KEYS_WITHIN))
    }

    /// Whether the practitioner's camera is to be seen.
    #[must_use]
    pub fn sees_other(&self) -> bool {
        self.call.paused.is_none() && self.call.other.as_ref().is_some_and(|other| other.media.camera)
    }

    /// When the appointment starts, where it is known.
    #[must_use]
    pub fn starts_at(&self) -> Option<Timestamp> {
        self.patient.as_ref().map(|view| view.starts_at).or(self.shell_starts_at)
    }

    /// The new time of an appointment that was moved, once the service has said it.
    #[must_use]
    pub fn moved_to(&self) -> Option<Timestamp> {
        let view = self.patient.as_ref().filter(|view| view.status != PatientStatus::Cancelled)?;
        let before = self.moved_from?;
        (view.starts_at != before).then_some(view.starts_at)
    }

    /// Whether there is another camera to turn to.
    #[must_use]
    pub const fn can_turn(&self) -> bool {
        self.capture.has_camera() && self.devices.cameras > 1
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_awaited_from_the_call_on_and_anew_after_each_time() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let mut model = Model::default();
        let mut is_in_vain_after = |phase: Phase, stage, seconds| {
            model.now = start.after(Duration::from_secs(seconds));
            model.call.phase = phase;
            model.take_sealed(Sealed { stage, ..Sealed::default() }, model.now);
            model.awaits_keys_in_vain()
        };
        use SealStage::{EndToEnd, Preparing};
        assert!(!is_in_vain_after(Phase::Waiting, Preparing, 0));
        assert!(!is_in_vain_after(Phase::InCall, Preparing, 60));
        assert!(!is_in_vain_after(Phase::InCall, Preparing, 74));
        assert!(is_in_vain_after(Phase::InCall, Preparing, 75));
        assert!(!is_in_vain_after(Phase::InCall, EndToEnd, 76));
        assert!(!is_in_vain_after(Phase::InCall, Preparing, 100));
    }
}
