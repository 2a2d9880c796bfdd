//! Where the patient is: one screen from the state of everything.

use colloque_call::{CallView, MediaPath, Phase, Sending};
use colloque_protocol::signaling::{EndReason, Presence};
use colloque_web::capture::CaptureError;

use crate::fault::Fault;

/// How far the patient has come, before and after the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Step {
    /// The link is being redeemed, or the session read.
    #[default]
    Opening,
    /// A code is asked for.
    Code,
    /// Camera, microphone and connection are checked; consent is asked for.
    Check,
    /// Consent is being recorded.
    Entering,
    /// In the room: the call engine says where.
    Room,
    /// The consultation is over.
    Over,
    /// The rehearsal is over.
    Rehearsed,
}

/// What capture gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaptureState {
    /// The browser asks the person.
    #[default]
    Asking,
    /// Given, all or part.
    Given {
        /// A camera gives pictures.
        camera: bool,
        /// A microphone gives sound.
        microphone: bool,
    },
    /// Not given.
    Failed(CaptureError),
    /// The person goes on without.
    Declined,
    /// Let go after the consultation.
    Released,
}

impl CaptureState {
    /// Whether pictures are given.
    #[must_use]
    pub const fn has_camera(self) -> bool {
        matches!(self, Self::Given { camera: true, .. })
    }

    /// Whether sound is given.
    #[must_use]
    pub const fn has_microphone(self) -> bool {
        matches!(self, Self::Given { microphone: true, .. })
    }
}

/// Everything that decides the screen.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// How far.
    pub step: Step,
    /// What failed, if it fills the screen.
    pub fault: Option<Fault>,
    /// What capture gives.
    pub capture: CaptureState,
    /// What the engine says.
    pub call: &'a CallView,
}

/// One screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// One moment.
    Opening,
    /// The browser's question is open.
    Question,
    /// The code.
    Code,
    /// The checks and the consent.
    Check,
    /// The waiting room.
    Waiting,
    /// The practitioner calls.
    Called,
    /// In consultation.
    Call,
    /// Over.
    Ended {
        /// Whether the patient may come back.
        left: bool,
    },
    /// The rehearsal's verdict.
    Rehearsed,
    /// Something went wrong.
    Fault(Fault),
}

/// What lies over the consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// Nothing.
    None,
    /// The words differ: somebody may be listening, and nothing is sent any more.
    WordsDiffer,
    /// Cut off.
    Reconnecting {
        /// Whether the patient is offered to act.
        can_retry: bool,
    },
    /// Cut off for so long that the patient should look for a better place.
    Lost,
    /// Nothing is sent because nobody could end the call.
    PausedForSafety,
    /// The network lets no media through.
    Blocked,
    /// A telephone call took the microphone.
    Interrupted,
    /// A camera or microphone that the patient asked for was not given.
    NotGiven(Fault),
    /// The browser wants a tap before it plays sound.
    NeedsTap,
}

/// Decides the screen.
#[must_use]
pub fn screen(situation: &Situation<'_>) -> Screen {
    if let Some(fault) = situation.fault {
        return Screen::Fault(fault);
    }
    match situation.step {
        Step::Opening | Step::Code | Step::Check => match situation.capture {
            CaptureState::Asking => Screen::Question,
            CaptureState::Failed(error) => Screen::Fault(Fault::of_capture(error)),
            CaptureState::Given { .. } | CaptureState::Declined | CaptureState::Released => match situation.step {
                Step::Code => Screen::Code,
                Step::Check => Screen::Check,
                Step::Opening | Step::Entering | Step::Room | Step::Over | Step::Rehearsed => Screen::Opening,
            },
        },
        Step::Entering => Screen::Opening,
        Step::Room => in_room(situation.call),
        Step::Over => Screen::Ended { left: false },
        Step::Rehearsed => Screen::Rehearsed,
    }
}

fn in_room(call: &CallView) -> Screen {
    match call.phase {
        Phase::Idle | Phase::Connecting => Screen::Opening,
        Phase::Waiting => Screen::Waiting,
        Phase::Called { .. } => Screen::Called,
        Phase::InCall => Screen::Call,
        Phase::Reconnecting { .. } => {
            if call.admitted_at.is_some() {
                Screen::Call
            } else {
                Screen::Waiting
            }
        }
        Phase::Ended { reason } => match reason {
            EndReason::EndedByPractitioner => Screen::Ended { left: false },
            EndReason::YouLeft => Screen::Ended { left: true },
            EndReason::RefusedByPractitioner => Screen::Fault(Fault::NotReceived),
            EndReason::ContinuedElsewhere => Screen::Fault(Fault::ContinuedElsewhere),
            EndReason::AppointmentChanged => Screen::Fault(Fault::AppointmentChanged),
            EndReason::ConnectionGivenUp | EndReason::ServerStopping => Screen::Fault(Fault::ConnectionLost),
            EndReason::SignedOut => Screen::Fault(Fault::SessionOver),
            // The page reads where the patient stands: before the consent again.
            EndReason::ConsentWithdrawn => Screen::Opening,
        },
        Phase::Refused { refusal, .. } => match Fault::of_refusal(refusal) {
            Some(fault) => Screen::Fault(fault),
            None => Screen::Ended { left: false },
        },
        Phase::SignedOut => Screen::Fault(Fault::SessionOver),
        Phase::CannotSign => Screen::Fault(Fault::NoKey),
    }
}

/// Decides what lies over the consultation.
#[must_use]
pub fn overlay(call: &CallView, interrupted: bool, not_given: Option<Fault>, needs_tap: bool) -> Overlay {
    // Whoever sees and hears nobody is told of the loss, and can act on it: that sending pauses too goes without saying.
    if let Phase::Reconnecting { can_retry, is_long, .. } = call.phase {
        return if is_long { Overlay::Lost } else { Overlay::Reconnecting { can_retry } };
    }
    if call.sending == Sending::PausedForSafety {
        return Overlay::PausedForSafety;
    }
    if call.media == MediaPath::Blocked {
        return Overlay::Blocked;
    }
    if interrupted {
        return Overlay::Interrupted;
    }
    if let Some(fault) = not_given {
        return Overlay::NotGiven(fault);
    }
    if needs_tap { Overlay::NeedsTap } else { Overlay::None }
}

/// Whether the practitioner's connection is gone while ours is good.
#[must_use]
pub fn is_other_lost(call: &CallView) -> bool {
    call.other.as_ref().is_none_or(|other| matches!(other.presence, Presence::Lost { .. }))
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;
    use colloque_protocol::signaling::JoinRefusal;

    use super::*;

    fn given() -> CaptureState {
        CaptureState::Given { camera: true, microphone: true }
    }

    fn at(step: Step, fault: Option<Fault>, capture: CaptureState, phase: Phase) -> Screen {
        let call = CallView { phase, ..CallView::default() };
        screen(&Situation { step, fault, capture, call: &call })
    }

    fn cut(can_retry: bool, is_long: bool) -> Phase {
        Phase::Reconnecting { since: Timestamp::from_millis(0), can_retry, is_long }
    }

    #[test]
    fn the_browsers_question_comes_before_the_code() {
        assert_eq!(at(Step::Code, None, CaptureState::Asking, Phase::Idle), Screen::Question);
        assert_eq!(at(Step::Code, None, given(), Phase::Idle), Screen::Code);
    }

    #[test]
    fn a_bad_link_is_said_even_while_the_browser_asks() {
        let shown = at(Step::Opening, Some(Fault::LinkExpired), CaptureState::Asking, Phase::Idle);
        assert_eq!(shown, Screen::Fault(Fault::LinkExpired));
    }

    #[test]
    fn a_refused_camera_leads_to_help_and_declining_leads_on() {
        let refused = CaptureState::Failed(CaptureError::NotAllowed);
        assert_eq!(at(Step::Check, None, refused, Phase::Idle), Screen::Fault(Fault::CaptureRefused));
        assert_eq!(at(Step::Check, None, CaptureState::Declined, Phase::Idle), Screen::Check);
    }

    #[test]
    fn a_capture_lost_in_the_room_never_hides_the_consultation() {
        let lost = CaptureState::Failed(CaptureError::InUse);
        assert_eq!(at(Step::Room, None, lost, Phase::InCall), Screen::Call);
    }

    #[test]
    fn a_cut_leaves_the_patient_where_they_were() {
        let cut = cut(false, false);
        let waiting = CallView { phase: cut, ..CallView::default() };
        let admitted = CallView { phase: cut, admitted_at: Some(Timestamp::from_millis(1)), ..CallView::default() };
        let of = |call: &CallView| screen(&Situation { step: Step::Room, fault: None, capture: given(), call });
        assert_eq!(of(&waiting), Screen::Waiting);
        assert_eq!(of(&admitted), Screen::Call);
        assert_eq!(overlay(&admitted, false, None, true), Overlay::Reconnecting { can_retry: false });
    }

    #[test]
    fn a_session_ended_elsewhere_is_said_and_withdrawn_consent_leads_back() {
        let signed_out = Phase::Ended { reason: EndReason::SignedOut };
        let withdrawn = Phase::Ended { reason: EndReason::ConsentWithdrawn };
        assert_eq!(at(Step::Room, None, given(), signed_out), Screen::Fault(Fault::SessionOver));
        assert_eq!(at(Step::Room, None, given(), withdrawn), Screen::Opening);
    }

    #[test]
    fn leaving_offers_to_come_back_and_an_end_does_not() {
        let left = Phase::Ended { reason: EndReason::YouLeft };
        let ended = Phase::Ended { reason: EndReason::EndedByPractitioner };
        assert_eq!(at(Step::Room, None, given(), left), Screen::Ended { left: true });
        assert_eq!(at(Step::Room, None, given(), ended), Screen::Ended { left: false });
    }

    #[test]
    fn a_second_device_is_asked_about() {
        let refused = Phase::Refused { refusal: JoinRefusal::AlreadyElsewhere, retried: false };
        assert_eq!(at(Step::Room, None, given(), refused), Screen::Fault(Fault::AlreadyElsewhere));
    }

    #[test]
    fn a_pause_for_safety_is_said_only_to_whoever_still_sees_and_hears() {
        let of = |phase, media| {
            let call = CallView { phase, media, sending: Sending::PausedForSafety, ..CallView::default() };
            overlay(&call, true, Some(Fault::CaptureRefused), true)
        };
        let since = Timestamp::from_millis(0);
        assert_eq!(of(Phase::InCall, MediaPath::Up), Overlay::PausedForSafety);
        assert_eq!(of(Phase::InCall, MediaPath::Blocked), Overlay::PausedForSafety);
        assert_eq!(of(cut(true, false), MediaPath::Lost { since }), Overlay::Reconnecting { can_retry: true });
        assert_eq!(of(cut(true, true), MediaPath::Lost { since }), Overlay::Lost);
    }

    #[test]
    fn the_network_is_said_before_devices_and_devices_before_a_tap() {
        let blocked = CallView { media: MediaPath::Blocked, ..CallView::default() };
        let up = CallView { media: MediaPath::Up, ..CallView::default() };
        let refused = Some(Fault::CaptureRefused);
        assert_eq!(overlay(&blocked, true, refused, true), Overlay::Blocked);
        assert_eq!(overlay(&up, true, refused, true), Overlay::Interrupted);
        assert_eq!(overlay(&up, false, refused, true), Overlay::NotGiven(Fault::CaptureRefused));
        assert_eq!(overlay(&up, false, None, true), Overlay::NeedsTap);
    }
}
