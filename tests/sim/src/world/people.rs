//! What people do about what their screens show.

use colloque_call::{Action, DeskConnection, DeskInput, Input, Phase};
use colloque_protocol::Role;
use colloque_protocol::signaling::{EndReason, JoinRefusal, Presence};

use super::Around;
use super::device::{Device, Honesty};
use super::event::Event;

/// How often a person looks, in milliseconds.
const LOOK_MS: std::ops::Range<u64> = 300..900;

/// Has a person look at a device, act on it, and look again later.
pub(super) fn react(device: &mut Device, around: &mut Around) {
    around.scene.within(LOOK_MS, Event::React { device: device.number });
    if device.engine.is_none() || !device.wants_in {
        return;
    }
    if let Some(desk) = device.desk() {
        return match desk.view().connection {
            DeskConnection::Live | DeskConnection::Connecting | DeskConnection::Reconnecting { .. } => {}
            DeskConnection::Closed
            | DeskConnection::Refused { .. }
            | DeskConnection::SignedOut
            | DeskConnection::CannotSign
            | DeskConnection::Ended { .. } => {
                around.clinic.people[device.person].is_signed_in = true;
                device.feed_desk(around, DeskInput::Retry);
            }
        };
    }
    let Some(wish) = wish(device, around) else {
        device.decides_at_ms = None;
        return;
    };
    let now_ms = around.scene.now_ms;
    let decides_at_ms = *device.decides_at_ms.get_or_insert(now_ms + 300 + around.scene.dice.below(2_500));
    if now_ms < decides_at_ms {
        return;
    }
    device.decides_at_ms = None;
    match wish {
        Wish::Act(action) => device.act(around, action),
        Wish::Join => device.feed(around, Input::Join),
        Wish::SignIn => {
            around.clinic.people[device.person].is_signed_in = true;
            device.feed(around, Input::Join);
        }
        Wish::GiveUp => device.wants_in = false,
    }
}

enum Wish {
    Act(Action),
    Join,
    SignIn,
    GiveUp,
}

/// What the person wants, seeing this.
fn wish(device: &Device, around: &Around) -> Option<Wish> {
    let view = device.call()?.view();
    let consultation = &around.clinic.consultations[device.consultation()?];
    let is_over = consultation.ended_at.is_some();
    match view.phase {
        Phase::Waiting if device.role == Role::Practitioner => {
            let is_here = view.other.as_ref().is_some_and(|other| matches!(other.presence, Presence::Here { .. }));
            let may_admit = around.is_calm || around.admits;
            (is_here && may_admit && view.deciding.is_none()).then_some(Wish::Act(Action::Admit))
        }
        Phase::Called { .. } => Some(Wish::Act(Action::Answer)),
        Phase::Idle | Phase::Connecting | Phase::Waiting | Phase::InCall | Phase::Reconnecting { .. } => None,
        Phase::Ended { reason } => match reason {
            EndReason::ContinuedElsewhere | EndReason::EndedByPractitioner if !around.is_calm => Some(Wish::GiveUp),
            EndReason::YouLeft => Some(Wish::GiveUp),
            _ if is_over => Some(Wish::GiveUp),
            EndReason::ConsentWithdrawn if consultation.consent_given_at.is_none() => None,
            EndReason::EndedByPractitioner
            | EndReason::RefusedByPractitioner
            | EndReason::ContinuedElsewhere
            | EndReason::AppointmentChanged
            | EndReason::ServerStopping
            | EndReason::ConnectionGivenUp
            | EndReason::SignedOut
            | EndReason::ConsentWithdrawn => Some(Wish::Join),
        },
        Phase::Refused { retried: true, .. } => None,
        Phase::Refused { refusal, retried: false } => match refusal {
            JoinRefusal::AlreadyElsewhere => Some(Wish::Act(Action::TakeOver)),
            _ if device.honesty != Honesty::Honest => None,
            _ if is_over => Some(Wish::GiveUp),
            JoinRefusal::ConsultationOver | JoinRefusal::ConsentMissing if consultation.consent_given_at.is_none() => {
                None
            }
            _ => Some(Wish::Join),
        },
        Phase::SignedOut => Some(Wish::SignIn),
        Phase::CannotSign => Some(Wish::Join),
    }
}
