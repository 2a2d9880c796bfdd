use colloque_kit::announce::say;
use colloque_kit::clock::{Style, wall, write};
use colloque_kit::dialog::Dialog;
use colloque_kit::form::{Faults, Field, Submit, Values};
use colloque_kit::notice::{loading, trouble};
use colloque_kit::{Text, explain};
use colloque_protocol::http::appointment::{AppointmentEntry, MoveAppointment};
use colloque_web::dom::spawn;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::DayDesk;
use super::when::{read_when, show_refusal, when_fields};
use crate::text::Msg;

/// Moves the appointment in hand.
#[component]
pub fn MoveDialog() -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let title = Signal::derive(|| Msg::MoveTitle.t().to_owned());
    view! {
        <Dialog open=day_desk.moving title=title>
            {day_desk.subject.get().map(|entry| view! { <Moving entry=entry/> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Moving(entry: AppointmentEntry) -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let appointment = entry.appointment;
    // What the field of the reason started from; none while, or where, it is not known.
    let stated = RwSignal::new((!entry.has_reason).then(String::new));
    if entry.has_reason {
        spawn(async move {
            match day_desk.api.reason(appointment).await {
                Ok(reason) => drop(stated.try_set(Some(reason.unwrap_or_default()))),
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    }
    let before = entry.starts_at;
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let mut wrong = Vec::new();
        let when = read_when(&values, &mut wrong);
        let (true, Some((starts_at, duration_min))) = (faults.show(wrong), when) else { return };
        if busy.get_untracked() {
            return;
        }
        // The fields hold no seconds: an hour that nobody changed is the hour as it was.
        let starts_at = if wall(starts_at) == wall(before) { before } else { starts_at };
        let written = values.text("reason");
        let reason = stated.get_untracked().filter(|stated| *stated != written).map(|_| written);
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = day_desk.api.move_to(appointment, &MoveAppointment { starts_at, duration_min, reason }).await;
            busy.try_set(false);
            match outcome {
                Ok(()) => {
                    say(Msg::Moved.t());
                    day_desk.moving.try_set(false);
                    day_desk.read();
                }
                Err(error) => {
                    show_refusal(faults, &error);
                    problem.try_set(Some(explain(&error)));
                }
            }
        });
    };
    // Only an invited patient has a link and is written to.
    let lead = match entry.invited_at {
        Some(_) => Msg::MoveLead.with(&[&entry.patient_name]),
        None => Msg::For.with(&[&entry.patient_name, Msg::NotInvited.t()]),
    };
    view! {
        <form class="stack" data-fill=true on:submit=submit novalidate=true>
            <p>{lead}</p>
            {trouble(problem)}
            {when_fields(faults, wall(entry.starts_at).into(), entry.duration_min)}
            {move || match stated.get() {
                Some(reason) => view! { <Field name="reason" label=Msg::Reason.t() hint=Msg::ReasonHint.t() faults=faults value=reason optional=true/> }.into_any(),
                None if problem.with(Option::is_none) => loading(),
                None => ().into_any(),
            }}
            <footer>
                <button type="button" class="button" on:click=move |_| day_desk.moving.set(false)>{colloque_kit::text::Msg::Cancel.t()}</button>
                <Submit label=Msg::MoveAct.t() busy=busy/>
            </footer>
        </form>
    }
    .into_any()
}

/// Cancels the appointment in hand, once confirmed.
#[component]
pub fn CancelDialog() -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let title = Signal::derive(|| Msg::CancelTitle.t().to_owned());
    view! {
        <Dialog open=day_desk.cancelling title=title>
            {day_desk.subject.get().map(|entry| view! { <Cancelling entry=entry/> })}
        </Dialog>
    }
    .into_any()
}

#[component]
fn Cancelling(entry: AppointmentEntry) -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let appointment = entry.appointment;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn(async move {
            let outcome = day_desk.api.cancel(appointment).await;
            busy.try_set(false);
            match outcome {
                Ok(()) => {
                    say(Msg::Cancelled.t());
                    day_desk.cancelling.try_set(false);
                    day_desk.read();
                }
                Err(error) => drop(problem.try_set(Some(explain(&error)))),
            }
        });
    };
    view! {
        <form class="stack" data-fill=true on:submit=submit>
            <p>{Msg::CancelLead.with(&[&entry.patient_name, &write(entry.starts_at, Style::Moment)])}</p>
            {trouble(problem)}
            <footer>
                <button type="button" class="button" on:click=move |_| day_desk.cancelling.set(false)>{Msg::CancelKeep.t()}</button>
                <Submit label=Msg::CancelAct.t() busy=busy danger=true/>
            </footer>
        </form>
    }
    .into_any()
}
