use std::time::Duration;

use colloque_ids::{StaffId, Timestamp};
use colloque_kit::announce::say;
use colloque_kit::dialog::Dialog;
use colloque_kit::form::{Faults, Field, Submit, Values, unique};
use colloque_kit::notice::trouble;
use colloque_kit::{Text, clock, explain};
use colloque_protocol::http::appointment::{AppointmentForm, AppointmentStatus, Day, PatientEntry};
use colloque_web::dom::{now, spawn};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::patient::ChoosePatient;
use super::when::{read_when, show_refusal, when_fields};
use super::{DayDesk, own_staff};
use crate::text::Msg;

/// Length proposed, in minutes.
const USUAL_MIN: u16 = 15;

/// From one hour proposed to the next, in milliseconds: as long as the length proposed.
const STEP_MS: i64 = 15 * 60_000;

/// Books an appointment; the invitation is proposed at once.
#[component]
pub fn BookDialog(
    /// The patient, when it is known for whom.
    #[prop(optional)]
    patient: Option<PatientEntry>,
) -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let title = Signal::derive(|| Msg::BookTitle.t().to_owned());
    view! {
        <Dialog open=day_desk.booking title=title wide=true><Booking patient=patient.clone()/></Dialog>
    }
    .into_any()
}

#[component]
fn Booking(patient: Option<PatientEntry>) -> impl IntoView {
    let day_desk = expect_context::<DayDesk>();
    let chosen = RwSignal::new(patient);
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None);
    let faults = Faults::default();
    let practitioner = RwSignal::new(day_desk.only.get_untracked().or_else(|| usual_practitioner(day_desk)));
    let when = Memo::new(move |_| proposal(day_desk, practitioner.get()));
    let submit = move |event: SubmitEvent| {
        let Some(values) = Values::of(&event) else { return };
        let mut wrong = Vec::new();
        let read = read_when(&values, &mut wrong);
        let Some(patient) = chosen.get_untracked() else {
            problem.set(Some(Msg::ChoosePatientFirst.t().to_owned()));
            return;
        };
        let ((true, Some((starts_at, duration_min))), Some(practitioner)) =
            ((faults.show(wrong), read), practitioner.get_untracked())
        else {
            return;
        };
        if busy.get_untracked() {
            return;
        }
        let reason = values.optional("reason");
        let form = AppointmentForm { practitioner, patient: patient.patient, starts_at, duration_min, reason };
        busy.set(true);
        problem.set(None);
        spawn(async move {
            let outcome = day_desk.api.book(&form).await;
            busy.try_set(false);
            match outcome {
                Ok(entry) => {
                    say(Msg::Booked.t());
                    day_desk.booking.try_set(false);
                    day_desk.read();
                    if day_desk.subject.try_set(Some(entry)).is_none() {
                        day_desk.inviting.try_set(true);
                    }
                }
                Err(error) => {
                    show_refusal(faults, &error);
                    problem.try_set(Some(explain(&error)));
                }
            }
        });
    };
    view! {
        <ChoosePatient chosen=chosen/>
        {move || chosen.with(Option::is_some).then(|| view! {
            <form class="stack" data-fill=true on:submit=submit novalidate=true>
                {practitioner_field(day_desk, practitioner)}
                {when_fields(faults, when.into(), USUAL_MIN)}
                <Field name="reason" label=Msg::Reason.t() hint=Msg::ReasonHint.t() faults=faults optional=true/>
                <footer><Submit label=Msg::Book.t() busy=busy/></footer>
            </form>
        })}
        {trouble(problem)}
    }
    .into_any()
}

/// The reader, when they hold consultations, the first practitioner of the day otherwise.
fn usual_practitioner(day_desk: DayDesk) -> Option<StaffId> {
    let own = own_staff();
    let day = untrack(|| day_desk.practitioners());
    let found = day.iter().find(|entry| Some(entry.staff) == own).or(day.first());
    found.map(|entry| entry.staff).or(own)
}

/// The day and the hour of the next free time: from now on, from nine o'clock on days to come.
fn proposal(day_desk: DayDesk, practitioner: Option<StaffId>) -> (String, String) {
    let date = day_desk.date.get_untracked();
    let next = Timestamp::from_millis((now().as_millis() / STEP_MS + 1) * STEP_MS);
    let morning = clock::instant(&date, "09:00").filter(|_| date > clock::today());
    let mut taken = Vec::new();
    let mut gather = |day: &Day| {
        let theirs = day.appointments.iter().filter(|entry| {
            Some(entry.practitioner) == practitioner
                && matches!(
                    entry.status,
                    AppointmentStatus::Booked | AppointmentStatus::NotReceived | AppointmentStatus::InProgress
                )
        });
        taken.extend(theirs.map(|entry| (entry.starts_at, entry.starts_at.after(minutes(entry.duration_min)))));
    };
    day_desk.day.with_untracked(|day| day.iter().flatten().for_each(&mut gather));
    day_desk.desk.today().with_untracked(|today| today.iter().for_each(&mut gather));
    clock::wall(first_free(morning.unwrap_or(next), &taken))
}

/// The first time of the proposed length, in steps from `first`, that touches none of the taken ones.
fn first_free(first: Timestamp, taken: &[(Timestamp, Timestamp)]) -> Timestamp {
    let length = minutes(USUAL_MIN);
    let mut at = first;
    while taken.iter().any(|(from, until)| at < *until && *from < at.after(length)) {
        at = at.after(length);
    }
    at
}

fn minutes(count: u16) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

/// Practitioners to choose from; nothing when there is one only.
fn practitioner_field(day_desk: DayDesk, practitioner: RwSignal<Option<StaffId>>) -> AnyView {
    let several = untrack(|| day_desk.practitioners());
    if several.len() < 2 {
        return ().into_any();
    }
    let id = unique("practitioner");
    let options = several
        .into_iter()
        .map(|entry| {
            let words = format!("{} – {}", entry.display_name, entry.specialty);
            let selected = practitioner.get_untracked() == Some(entry.staff);
            view! { <option value=entry.staff.full() selected=selected>{words}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id.clone()>{Msg::Practitioner.t()}</label>
            <select class="input" id=id on:change=move |event| practitioner.set(event_target_value(&event).parse().ok())>{options}</select>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_proposed_is_the_first_that_is_free() {
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        let free = |taken: &[(i64, i64)]| {
            let taken: Vec<_> = taken.iter().map(|(from, until)| (at(*from), at(*until))).collect();
            first_free(at(45), &taken)
        };
        assert_eq!(free(&[]), at(45));
        assert_eq!(free(&[(30, 45), (60, 75)]), at(45));
        assert_eq!(free(&[(30, 50)]), at(60));
        assert_eq!(free(&[(65, 90), (40, 62)]), at(90));
    }
}
