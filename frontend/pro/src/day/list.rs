use colloque_ids::AppointmentId;
use colloque_kit::clock::{Style, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, chip, loading, marked_chip, note};
use colloque_kit::route::Page;
use colloque_kit::{Text, explain};
use colloque_protocol::http::appointment::{AppointmentEntry, AppointmentStatus};
use colloque_protocol::signaling::{Presence, Stage};
use colloque_web::dom::spawn;
use leptos::prelude::*;

use super::DayDesk;
use crate::page::ProPage;
use crate::text::Msg;

/// One appointment of the day.
pub fn appointment_line(day_desk: DayDesk, entry: AppointmentEntry, several: bool) -> AnyView {
    let practitioner = several.then(|| day_desk.practitioner_name(entry.practitioner)).flatten();
    let over =
        matches!(entry.status, AppointmentStatus::Held | AppointmentStatus::Missed | AppointmentStatus::Cancelled);
    let chip_entry = entry.clone();
    let invited = match entry.invited_at {
        Some(at) => Msg::InvitedAt.with(&[&write(at, Style::Moment)]),
        None => Msg::NotInvited.t().to_owned(),
    };
    view! {
        <li class="appointment" data-over=over>
            <p class="appointment-hour figures">
                <strong>{write(entry.starts_at, Style::Hour)}</strong>
                <span class="quiet small">{Msg::Minutes.with(&[&entry.duration_min.to_string()])}</span>
            </p>
            <div class="appointment-who">
                <p class="row"><strong>{entry.patient_name.clone()}</strong>{move || status_chip(day_desk, &chip_entry)}</p>
                {practitioner.map(|name| view! { <p class="quiet small">{name}</p> })}
                {(entry.status == AppointmentStatus::Booked).then(|| view! { <p class="quiet small">{invited}</p> })}
                {(day_desk.practitioner && entry.has_reason).then(|| reason(day_desk, entry.appointment))}
            </div>
            {actions(day_desk, entry)}
        </li>
    }
    .into_any()
}

/// Why the patient comes, read when the practitioner asks for it: each reading stands in the journal.
fn reason(day_desk: DayDesk, appointment: AppointmentId) -> AnyView {
    let asked = StoredValue::new(false);
    let read = RwSignal::new(None::<Result<String, String>>);
    let ask = move |_| {
        if asked.try_update_value(|asked| std::mem::replace(asked, true)) == Some(false) {
            spawn(async move {
                let outcome = day_desk.api.reason(appointment).await;
                read.try_set(Some(outcome.map(Option::unwrap_or_default).map_err(|error| explain(&error))));
            });
        }
    };
    view! {
        <details class="reason" on:toggle=ask>
            <summary>{Msg::Reason.t()}</summary>
            {move || match read.get() {
                None => loading(),
                Some(Ok(words)) => view! { <p>{words}</p> }.into_any(),
                Some(Err(words)) => note(Tone::Warn, words),
            }}
        </details>
    }
    .into_any()
}

fn actions(day_desk: DayDesk, entry: AppointmentEntry) -> AnyView {
    let named = |act: Msg| Msg::For.with(&[act.t(), &entry.patient_name]);
    let booked = matches!(entry.status, AppointmentStatus::Booked | AppointmentStatus::NotReceived);
    let open = day_desk.practitioner && entry.status != AppointmentStatus::Cancelled;
    let button = |act: Msg, icon: Icon, dialog: RwSignal<bool>| {
        let entry = entry.clone();
        view! {
            <button type="button" class="button" data-size="small" aria-label=named(act) on:click=move |_| day_desk.open(dialog, &entry)>
                {icon.draw()}{act.t()}
            </button>
        }
    };
    let invite = if entry.invited_at.is_some() { Msg::InviteAgain } else { Msg::Invite };
    view! {
        <div class="row appointment-acts">
            {booked.then(|| button(invite, Icon::Mail, day_desk.inviting))}
            {booked.then(|| button(Msg::Move, Icon::Clock, day_desk.moving))}
            {booked.then(|| button(Msg::CancelAppointment, Icon::Cross, day_desk.cancelling))}
            {open.then(|| view! {
                <a class="button" data-size="small" href=ProPage::Room(entry.consultation).address() aria-label=named(Msg::Open)>
                    {Icon::Door.draw()}{Msg::Open.t()}
                </a>
            })}
        </div>
    }
    .into_any()
}

fn status_chip(day_desk: DayDesk, entry: &AppointmentEntry) -> AnyView {
    match entry.status {
        AppointmentStatus::Booked | AppointmentStatus::NotReceived | AppointmentStatus::InProgress => {}
        AppointmentStatus::Held => return marked_chip(Tone::Ok, Icon::Check, Msg::ChipHeld.t()),
        AppointmentStatus::Missed => return chip(Tone::Plain, Msg::ChipMissed.t()),
        AppointmentStatus::Cancelled => return chip(Tone::Plain, Msg::ChipCancelled.t()),
    }
    match day_desk.desk.entry(entry.appointment) {
        Some(queued) if queued.stage == Stage::Open => marked_chip(Tone::Accent, Icon::Camera, Msg::ChipInProgress.t()),
        Some(queued) => match queued.presence {
            Presence::Here { .. } => marked_chip(
                Tone::Accent,
                Icon::Bell,
                Msg::ChipWaiting.with(&[&day_desk.desk.elapsed(queued.arrived_at)]),
            ),
            Presence::Lost { since } => {
                marked_chip(Tone::Warn, Icon::Warning, Msg::ChipLost.with(&[&day_desk.desk.elapsed(since)]))
            }
        },
        None if entry.status == AppointmentStatus::InProgress => {
            marked_chip(Tone::Accent, Icon::Camera, Msg::ChipInProgress.t())
        }
        None if entry.status == AppointmentStatus::NotReceived => {
            marked_chip(Tone::Warn, Icon::Phone, Msg::ChipNotReceived.t())
        }
        None => chip(Tone::Plain, Msg::ChipBooked.t()),
    }
}
