//! After the call, or instead of it.

use colloque_call::Phase;
use colloque_kit::Text;
use colloque_protocol::signaling::{EndReason, JoinRefusal};
use colloque_web::dom::window;
use leptos::prelude::*;

use crate::call::GuestCall;
use crate::text::Msg;
use crate::visit::Visit;

/// How the guest goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They do not.
    None,
    /// The page tries again by itself.
    Wait,
    /// They come back.
    Return,
    /// They continue here instead of in the other tab.
    TakeOver,
    /// The page is loaded again.
    Reload,
    /// The link says what has changed.
    Door,
}

/// Title, what to know, and how to go on.
pub const fn wording(phase: Phase) -> (Msg, Option<Msg>, Way) {
    match phase {
        Phase::Ended { reason } => match reason {
            EndReason::EndedByPractitioner => (Msg::EndedTitle, Some(Msg::MayClose), Way::None),
            EndReason::RefusedByPractitioner => (Msg::PutOutTitle, Some(Msg::MayClose), Way::None),
            EndReason::YouLeft => (Msg::LeftTitle, Some(Msg::LeftLead), Way::Return),
            EndReason::ContinuedElsewhere => (Msg::ElsewhereTitle, None, Way::TakeOver),
            EndReason::ServerStopping | EndReason::ConnectionGivenUp => {
                (Msg::GivenUpTitle, Some(Msg::GivenUpLead), Way::Return)
            }
            EndReason::AppointmentChanged | EndReason::SignedOut | EndReason::ConsentWithdrawn => {
                (Msg::EndedTitle, None, Way::Door)
            }
        },
        Phase::Refused { refusal, retried } => match refusal {
            JoinRefusal::AlreadyElsewhere => (Msg::AlreadyElsewhereTitle, None, Way::TakeOver),
            // One guest at a time, or no room left: the server says the same of both.
            JoinRefusal::ServerFull => (Msg::ServerFullTitle, Some(Msg::ServerFullLead), Way::Wait),
            JoinRefusal::WrongVersion => (Msg::NewVersionTitle, None, Way::Reload),
            JoinRefusal::TooEarly
            | JoinRefusal::TooLate
            | JoinRefusal::ConsultationOver
            | JoinRefusal::WrongPerson
            | JoinRefusal::ConsentMissing => (Msg::EndedTitle, None, Way::Door),
            JoinRefusal::TicketInvalid
            | JoinRefusal::TicketExpired
            | JoinRefusal::TicketReplayed
            | JoinRefusal::ServerFailed => {
                (Msg::FailedTitle, Some(Msg::WaitLead), if retried { Way::Wait } else { Way::Return })
            }
        },
        Phase::CannotSign => (Msg::NoKeyTitle, None, Way::Reload),
        Phase::SignedOut => (Msg::EndedTitle, None, Way::Door),
        Phase::Idle
        | Phase::Connecting
        | Phase::Waiting
        | Phase::Called { .. }
        | Phase::InCall
        | Phase::Reconnecting { .. } => (Msg::EndedTitle, None, Way::None),
    }
}

/// The words and the button.
pub fn over(visit: Visit, call: GuestCall, phase: Phase) -> AnyView {
    let (title, lead, way) = wording(phase);
    let button = |label: Msg, act: Box<dyn Fn()>| {
        view! { <button type="button" class="button" data-kind="primary" on:click=move |_| act()>{label.t()}</button> }
            .into_any()
    };
    let act = match way {
        Way::None => ().into_any(),
        Way::Wait | Way::Door => {
            view! { <p class="row quiet"><span class="wait" aria-hidden="true"></span>{Msg::Trying.t()}</p> }.into_any()
        }
        Way::Return => button(Msg::ComeBack, Box::new(move || come_back(visit, call, GuestCall::join))),
        Way::TakeOver => button(Msg::ContinueHere, Box::new(move || come_back(visit, call, GuestCall::take_over))),
        Way::Reload => button(Msg::Reload, Box::new(|| drop(window().location().reload()))),
    };
    view! {
        <div class="words stack">
            <h1 tabindex="-1">{title.t()}</h1>
            {lead.map(|lead| view! { <p>{lead.t()}</p> })}
            {act}
        </div>
    }
    .into_any()
}

/// Camera and microphone were let go at the end; without them the guest comes back to listen and to see.
fn come_back(visit: Visit, call: GuestCall, go_in: fn(GuestCall)) {
    call.ask_devices_then(move |call| {
        visit.remember(true);
        go_in(call);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_put_out_reads_so_and_is_not_asked_back() {
        let (title, _, way) = wording(Phase::Ended { reason: EndReason::RefusedByPractitioner });
        assert_eq!((title, way), (Msg::PutOutTitle, Way::None));
    }

    #[test]
    fn whoever_left_may_come_back() {
        assert_eq!(wording(Phase::Ended { reason: EndReason::YouLeft }).2, Way::Return);
    }

    #[test]
    fn a_link_that_no_longer_opens_the_room_says_why_itself() {
        for refusal in [JoinRefusal::ConsultationOver, JoinRefusal::TooLate, JoinRefusal::TooEarly] {
            assert_eq!(wording(Phase::Refused { refusal, retried: false }).2, Way::Door);
        }
    }

    #[test]
    fn a_busy_service_is_waited_for() {
        let phase = Phase::Refused { refusal: JoinRefusal::ServerFull, retried: true };
        assert_eq!(wording(phase).2, Way::Wait);
    }
}
