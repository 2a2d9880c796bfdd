use colloque_call::DeskConnection;
use colloque_ids::AppointmentId;
use colloque_kit::Text;
use colloque_kit::clock::{Style, write};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, chip, empty, marked_chip, note, note_with};
use colloque_kit::route::Page;
use colloque_protocol::http::appointment::AppointmentEntry;
use colloque_protocol::signaling::{DeviceCheck, Presence, QueueEntry, Stage};
use leptos::prelude::*;

use super::DayDesk;
use crate::desk::DeskLink;
use crate::page::ProPage;
use crate::text::Msg;

/// Delays offered, in minutes.
pub const DELAYS: [u16; 3] = [5, 10, 20];

/// Round trip below which a connection is good, and below which it is fair, in milliseconds.
pub const ROUND_TRIP_MS: [u32; 2] = [250, 600];

/// Everybody who waits or is in consultation, first arrived first.
#[component]
pub fn WaitingQueue() -> impl IntoView {
    let desk = DeskLink::here();
    let day_desk = expect_context::<DayDesk>();
    let known = Memo::new(move |_| desk.queue());
    view! {
        <section class="card stack queue" data-fill=true aria-labelledby="queue-title">
            <div class="row" data-spread=true>
                <h2 id="queue-title">{Msg::Queue.t()}</h2>
                {move || (desk.connection() == DeskConnection::Live).then(|| marked_chip(Tone::Ok, Icon::Check, Msg::QueueLive.t()))}
            </div>
            {move || connection(desk)}
            {move || desk.not_done().then(|| note(Tone::Warn, Msg::DelayNotDone.t()))}
            {move || {
                let queue = known.get();
                if queue.is_empty() {
                    (desk.connection() == DeskConnection::Live).then(|| empty(Icon::Door, Msg::QueueEmpty.t(), None)).into_any()
                } else {
                    let lines = queue.into_iter().map(|entry| queue_line(day_desk, entry)).collect_view();
                    view! { <ol class="queue-list">{lines}</ol> }.into_any()
                }
            }}
        </section>
    }
    .into_any()
}

fn connection(desk: DeskLink) -> AnyView {
    let retry = || {
        view! { <button type="button" class="button" data-size="small" on:click=move |_| desk.retry()>{Msg::QueueRetry.t()}</button> }
            .into_any()
    };
    match desk.connection() {
        DeskConnection::Live => ().into_any(),
        DeskConnection::Closed | DeskConnection::Connecting => {
            view! { <p class="row quiet" role="status"><span class="wait" aria-hidden="true"></span>{Msg::QueueConnecting.t()}</p> }.into_any()
        }
        DeskConnection::Reconnecting { since } => {
            note_with(Tone::Warn, Msg::QueueReconnecting.with(&[&write(since, Style::Second)]), retry())
        }
        DeskConnection::Refused { .. } | DeskConnection::CannotSign => {
            note_with(Tone::Danger, Msg::QueueRefused.t(), retry())
        }
        DeskConnection::SignedOut | DeskConnection::Ended { .. } => {
            note_with(Tone::Warn, Msg::QueueStopped.t(), retry())
        }
    }
}

fn queue_line(day_desk: DayDesk, entry: QueueEntry) -> AnyView {
    let desk = day_desk.desk;
    let appointment = entry.appointment;
    let booked = Memo::new(move |_| booked(day_desk, appointment));
    let name = move || booked.get().map_or_else(|| Msg::SomePatient.t().to_owned(), |booked| booked.patient_name);
    let hour = move || booked.get().map(|booked| Msg::BookedAt.with(&[&write(booked.starts_at, Style::Hour)]));
    let held_by = move || {
        let several = day_desk.desk.today().with(|day| day.as_ref().is_some_and(|day| day.practitioners.len() > 1));
        booked.get().filter(|_| several).and_then(|booked| day_desk.practitioner_name(booked.practitioner))
    };
    let (arrived_at, presence, stage) = (entry.arrived_at, entry.presence, entry.stage);
    let standing = move || match (stage, presence) {
        (_, Presence::Lost { since }) => Msg::LostFor.with(&[&desk.elapsed(since)]),
        (Stage::Open, Presence::Here { .. }) => Msg::InConsultation.t().to_owned(),
        (Stage::Waiting, Presence::Here { .. }) => Msg::WaitsFor.with(&[&desk.elapsed(arrived_at)]),
    };
    let receives = day_desk.practitioner;
    let act = if stage == Stage::Open { Msg::Rejoin } else { Msg::Receive };
    let delay = entry.delay_minutes;
    view! {
        <li class="queue-entry">
            <p class="queue-name"><strong>{name}</strong></p>
            <p class="quiet small">{standing}{move || hour().map(|hour| format!(" · {hour}"))}{move || held_by().map(|name| format!(" · {name}"))}</p>
            {(stage == Stage::Waiting).then(|| view! { <div class="row">{checks(entry.device_check)}</div> })}
            {(delay > 0).then(|| view! { <p class="small">{Msg::DelayAnnounced.with(&[&delay.to_string()])}</p> })}
            {receives.then(|| view! {
                <div class="row" data-spread=true>
                    <a class="button" data-kind="primary" href=ProPage::Room(entry.consultation).address()
                        aria-label=move || Msg::For.with(&[act.t(), &name()])>{Icon::Door.draw()}{act.t()}</a>
                </div>
                {(stage == Stage::Waiting).then(|| delays(desk, appointment, delay))}
            })}
        </li>
    }
    .into_any()
}

fn delays(desk: DeskLink, appointment: AppointmentId, announced: u16) -> AnyView {
    let buttons = DELAYS
        .map(|minutes| {
            view! {
                <button type="button" class="button" data-size="small" aria-pressed=(minutes == announced).to_string()
                    on:click=move |_| desk.announce_delay(appointment, minutes)>{Msg::DelayMinutes.with(&[&minutes.to_string()])}</button>
            }
        })
        .collect_view();
    view! {
        <div class="row" role="group" aria-label=Msg::AnnounceDelay.t()>
            <span class="quiet small">{Msg::AnnounceDelay.t()}</span>
            {buttons}
            {(announced > 0).then(|| view! {
                <button type="button" class="button" data-size="small" data-kind="plain" on:click=move |_| desk.announce_delay(appointment, 0)>{Msg::DelayNone.t()}</button>
            })}
        </div>
    }
    .into_any()
}

/// What the patient's checks found, each in words.
pub fn checks(found: Option<DeviceCheck>) -> AnyView {
    let Some(found) = found else { return chip(Tone::Plain, Msg::NotChecked.t()) };
    let device = |works: bool, yes: Msg, no: Msg| {
        if works { marked_chip(Tone::Ok, Icon::Check, yes.t()) } else { marked_chip(Tone::Warn, Icon::Warning, no.t()) }
    };
    let [good, fair] = ROUND_TRIP_MS;
    let link = match found.round_trip_ms {
        _ if found.media_blocked => marked_chip(Tone::Danger, Icon::Warning, Msg::LinkBlocked.t()),
        trip if trip < good => marked_chip(Tone::Ok, Icon::Check, Msg::LinkGood.t()),
        trip if trip < fair => marked_chip(Tone::Plain, Icon::Info, Msg::LinkMedium.t()),
        _ => marked_chip(Tone::Warn, Icon::Warning, Msg::LinkWeak.t()),
    };
    view! {
        {device(found.camera, Msg::CameraOk, Msg::CameraBad)}
        {device(found.microphone, Msg::MicrophoneOk, Msg::MicrophoneBad)}
        {link}
    }
    .into_any()
}

fn booked(day_desk: DayDesk, appointment: AppointmentId) -> Option<AppointmentEntry> {
    let find = |list: &[AppointmentEntry]| list.iter().find(|entry| entry.appointment == appointment).cloned();
    day_desk.desk.today().with(|day| day.as_ref().and_then(|day| find(&day.appointments))).or_else(|| {
        day_desk.day.with(|day| match day {
            Some(Ok(day)) => find(&day.appointments),
            Some(Err(_)) | None => None,
        })
    })
}
