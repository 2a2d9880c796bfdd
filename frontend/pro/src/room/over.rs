use colloque_call::{Action, Phase};
use colloque_kit::Text;
use colloque_kit::clock::{Style, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note};
use colloque_kit::route::Page;
use colloque_kit::session::Session;
use colloque_protocol::http::appointment::PatientEntry;
use colloque_protocol::signaling::{EndReason, JoinRefusal};
use colloque_web::dom::window;
use leptos::prelude::*;

use super::stage::clock_face;
use super::text::Msg;
use super::{RoomDesk, next_waiting, technical};
use crate::day::NextAppointment;
use crate::desk::DeskLink;
use crate::page::ProPage;
use crate::text::Msg as Day;

/// What the person can do to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    None,
    Join,
    TakeOver,
    Reload,
}

/// After the call, or instead of it.
#[component]
pub fn Over() -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let call = desk.call;
    let phase = Memo::new(move |_| call.view.with(|view| view.phase));
    sign_in_again(desk, phase);
    view! {
        <div class="over-call stack" data-fill=true>
            {move || {
                let (title, lead, way) = wording(phase.get());
                view! {
                    <h2>{title.t()}</h2>
                    {lead.map(|lead| note(Tone::Plain, lead.t()))}
                    {technical::of_phase(phase.get()).map(technical::line)}
                    {match way {
                        Way::None => ().into_any(),
                        Way::Join => button(Msg::ComeBack, move || call.join()),
                        Way::TakeOver => button(Msg::ContinueHere, move || call.act(Action::TakeOver)),
                        Way::Reload => button(Msg::Reload, || drop(window().location().reload())),
                    }}
                }
            }}
            {move || summary(desk)}
            <NextPatient phase=phase/>
        </div>
    }
    .into_any()
}

/// When the session ended in the call, sign-in comes over the page; the call is joined again after it.
fn sign_in_again(desk: RoomDesk, phase: Memo<Phase>) {
    let session = Session::here();
    Effect::new(move |_| {
        if phase.get() == Phase::SignedOut {
            // Any request of a session that is over brings sign-in.
            desk.read();
        }
    });
    Effect::new(move |before: Option<u32>| {
        let renewals = session.renewals();
        if before.is_some_and(|before| before != renewals) && phase.get_untracked() == Phase::SignedOut {
            desk.call.join();
        }
        renewals
    });
}

fn wording(phase: Phase) -> (Msg, Option<Msg>, Way) {
    match phase {
        Phase::Ended { reason } => match reason {
            EndReason::EndedByPractitioner => (Msg::EndedTitle, None, Way::None),
            EndReason::RefusedByPractitioner => (Msg::RefusedTitle, Some(Msg::RefusedLead), Way::Join),
            EndReason::YouLeft => (Msg::LeftTitle, Some(Msg::LeftLead), Way::Join),
            EndReason::ContinuedElsewhere => (Msg::ElsewhereTitle, None, Way::TakeOver),
            EndReason::AppointmentChanged => (Msg::ChangedTitle, None, Way::None),
            EndReason::ServerStopping => (Msg::StoppingTitle, Some(Msg::StoppingLead), Way::Join),
            EndReason::ConnectionGivenUp => (Msg::GivenUpTitle, None, Way::Join),
            EndReason::SignedOut => (Msg::SignedOutTitle, Some(Msg::SignedOutLead), Way::Join),
            // Said to patients only.
            EndReason::ConsentWithdrawn => (Msg::EndedTitle, None, Way::None),
        },
        Phase::Refused { refusal, .. } => match refusal {
            JoinRefusal::AlreadyElsewhere => (Msg::NotAdmittedTitle, Some(Msg::AlreadyElsewhere), Way::TakeOver),
            JoinRefusal::TooEarly => (Msg::NotAdmittedTitle, Some(Msg::TooEarly), Way::Join),
            JoinRefusal::TooLate => (Msg::NotAdmittedTitle, Some(Msg::TooLate), Way::None),
            JoinRefusal::ConsultationOver => (Msg::EndedTitle, Some(Msg::OverAlready), Way::None),
            JoinRefusal::ServerFull => (Msg::NotAdmittedTitle, Some(Msg::ServerFull), Way::Join),
            JoinRefusal::WrongVersion => (Msg::NotAdmittedTitle, Some(Msg::WrongVersion), Way::Reload),
            JoinRefusal::TicketInvalid
            | JoinRefusal::TicketExpired
            | JoinRefusal::TicketReplayed
            | JoinRefusal::WrongPerson
            | JoinRefusal::ConsentMissing
            | JoinRefusal::ServerFailed => (Msg::NotAdmittedTitle, Some(Msg::OtherRefusal), Way::Join),
        },
        Phase::CannotSign => (Msg::NotAdmittedTitle, Some(Msg::CannotSign), Way::Reload),
        Phase::SignedOut => (Msg::SignedOutTitle, Some(Msg::SignedOutLead), Way::Join),
        // A consultation that was over when the page opened is not joined.
        Phase::Idle
        | Phase::Connecting
        | Phase::Waiting
        | Phase::Called { .. }
        | Phase::InCall
        | Phase::Reconnecting { .. } => (Msg::EndedTitle, None, Way::None),
    }
}

fn button(label: Msg, act: impl Fn() + 'static) -> AnyView {
    view! { <div><button type="button" class="button" data-kind="primary" on:click=move |_| act()>{label.t()}</button></div> }.into_any()
}

fn summary(desk: RoomDesk) -> AnyView {
    desk.file.with(|file| {
        let length = match (file.admitted_at, file.ended_at) {
            (Some(admitted), Some(ended)) => clock_face(ended, admitted),
            (Some(admitted), None) => clock_face(desk.call.clock.get_untracked(), admitted),
            (None, _) => Msg::NotHeld.t().to_owned(),
        };
        let valid = file.documents.iter().filter(|document| document.cancelled_at.is_none()).count();
        let documents = match valid {
            0 => Msg::SummaryNoDocument.t().to_owned(),
            1 => Msg::SummaryOneDocument.t().to_owned(),
            count => Msg::SummaryDocumentCount.with(&[&count.to_string()]),
        };
        let next = file
            .next_appointment_at
            .map_or_else(|| Day::NoNextAppointment.t().to_owned(), |at| write(at, Style::Moment));
        view! {
            <dl class="facts" aria-label=Msg::Summary.t()>
                <dt>{Msg::SummaryPatient.t()}</dt><dd>{super::everyday_name(&file.traits)}</dd>
                <dt>{Msg::SummaryHour.t()}</dt><dd class="figures">{write(file.starts_at, Style::Moment)}</dd>
                <dt>{Msg::SummaryLength.t()}</dt><dd class="figures">{length}</dd>
                <dt>{Msg::SummaryNotes.t()}</dt><dd>{move || desk.notes.summary()}</dd>
                <dt>{Msg::SummaryDocuments.t()}</dt><dd>{documents}</dd>
                <dt>{Day::NextAppointment.t()}</dt><dd class="figures">{next}</dd>
            </dl>
        }
        .into_any()
    })
}

#[component]
fn NextPatient(phase: Memo<Phase>) -> impl IntoView {
    let desk = expect_context::<RoomDesk>();
    let queue = DeskLink::here();
    // Proposed once the consultation was left; a page that must sign in or reload first has nothing to book.
    let is_behind = Memo::new(move |_| matches!(phase.get(), Phase::Ended { .. } | Phase::Idle));
    let next = Memo::new(move |_| next_waiting(queue, desk.consultation));
    view! {
        <div class="row">
            {move || match next.get() {
                Some(next) => view! { <a class="button" data-kind="primary" href=ProPage::Room(next).address()>{Icon::Right.draw()}{Msg::NextPatient.t()}</a> }.into_any(),
                // Whoever left the room open has somebody there.
                None if phase.get() == (Phase::Ended { reason: EndReason::YouLeft }) => ().into_any(),
                None => view! { <span class="quiet">{Msg::NobodyNext.t()}</span> }.into_any(),
            }}
            {move || is_behind.get().then(|| {
                let patient =
                    desk.file.with_untracked(|file| PatientEntry { patient: file.patient, form: file.traits.clone() });
                view! { <NextAppointment patient=patient on_booked=move || desk.read()/> }
            })}
            <a class="button" href="/pro">{Icon::Day.draw()}{Msg::BackToDay.t()}</a>
        </div>
    }
    .into_any()
}

/// The page of a cancelled appointment.
pub fn cancelled() -> AnyView {
    view! {
        <main class="page stack" id="content">
            <h1 tabindex="-1">{Msg::CancelledTitle.t()}</h1>
            <a class="button" data-kind="primary" href="/pro">{Icon::Day.draw()}{Msg::BackToDay.t()}</a>
        </main>
    }
    .into_any()
}
