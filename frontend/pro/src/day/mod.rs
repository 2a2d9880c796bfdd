//! The day: appointments on the left, the waiting room on the right.

mod book;
mod change;
mod codes;
mod invite;
mod list;
mod next;
mod patient;
mod queue;
mod when;

use std::time::Duration;

use colloque_ids::StaffId;
use colloque_kit::form::{Values, unique};
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, empty, loading, note_with};
use colloque_kit::route::Navigator;
use colloque_kit::session::Session;
use colloque_kit::text::Msg as Kit;
use colloque_kit::{Text, clock, explain};
use colloque_protocol::http::appointment::{AppointmentEntry, Day, PractitionerEntry};
use colloque_web::dom::spawn;
use colloque_web::http::SendRequestError;
use colloque_web::keys;
use colloque_web::timer::pause;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::Api;
use crate::desk::DeskLink;
use crate::page::ProPage;
use crate::text::Msg;
use crate::workstation::Workstation;

use book::BookDialog;
use change::{CancelDialog, MoveDialog};
use invite::InviteDialog;
use list::appointment_line;
use queue::WaitingQueue;

pub use next::NextAppointment;
pub use patient::{born, full_name};
pub use queue::{DELAYS, checks};

/// Pause before a worker is made ready for the next call: first the day is there to be read.
const PREPARED_AFTER: Duration = Duration::from_secs(2);

/// What the page does with appointments, for the components inside it.
#[derive(Clone, Copy)]
struct DayDesk {
    day: RwSignal<Option<Result<Day, SendRequestError>>>,
    date: Signal<String>,
    /// The practitioner whose appointments alone are listed.
    only: RwSignal<Option<StaffId>>,
    api: Api,
    desk: DeskLink,
    /// The appointment that an open dialog is about.
    subject: RwSignal<Option<AppointmentEntry>>,
    booking: RwSignal<bool>,
    inviting: RwSignal<bool>,
    moving: RwSignal<bool>,
    cancelling: RwSignal<bool>,
    /// Whether the reader holds consultations.
    practitioner: bool,
}

impl DayDesk {
    /// Starts with nothing read and no dialog open.
    fn new(date: Signal<String>, practitioner: bool) -> Self {
        Self {
            day: RwSignal::new(None),
            date,
            only: RwSignal::new(None),
            api: Api::here(),
            desk: DeskLink::here(),
            subject: RwSignal::new(None),
            booking: RwSignal::new(false),
            inviting: RwSignal::new(false),
            moving: RwSignal::new(false),
            cancelling: RwSignal::new(false),
            practitioner,
        }
    }

    /// Reads the shown day again; what is shown stays until the answer is there.
    fn read(self) {
        let date = self.date.get_untracked();
        spawn(async move {
            let outcome = self.api.day(&date).await;
            if self.date.try_get_untracked() == Some(date) {
                self.day.try_set(Some(outcome));
            }
        });
        self.desk.read_today();
    }

    /// Opens a dialog about an appointment.
    fn open(self, dialog: RwSignal<bool>, entry: &AppointmentEntry) {
        self.subject.set(Some(entry.clone()));
        dialog.set(true);
    }

    /// Practitioners of the shown day; none before it is read.
    fn practitioners(self) -> Vec<PractitionerEntry> {
        self.day.with(|day| match day {
            Some(Ok(day)) => day.practitioners.clone(),
            Some(Err(_)) | None => Vec::new(),
        })
    }

    /// Name of a practitioner of the shown day.
    fn practitioner_name(self, staff: StaffId) -> Option<String> {
        self.practitioners().into_iter().find(|entry| entry.staff == staff).map(|entry| entry.display_name)
    }
}

/// The page of the day.
#[component]
pub fn DayPage(
    /// Whether the reader holds consultations.
    practitioner: bool,
) -> impl IntoView {
    let navigator = expect_context::<Navigator<ProPage>>();
    let desk = DeskLink::here();
    let page = navigator.page();
    let date = Memo::new(move |_| match page.get() {
        ProPage::Day(Some(date)) if !clock::write_day(&date).is_empty() => date,
        _ => clock::today(),
    });
    let day_desk = DayDesk::new(date.into(), practitioner);
    provide_context(day_desk);
    if practitioner {
        spawn(async {
            pause(PREPARED_AFTER).await;
            keys::prepare();
        });
    }
    Effect::new(move |_| {
        date.track();
        day_desk.day.set(None);
        day_desk.read();
    });
    // Today's list is read again and again for the queue: the page shows what that brings.
    Effect::new(move |_| {
        if let Some(today) = desk.today().get()
            && today.date == date.get_untracked()
            && day_desk.day.with_untracked(|shown| !matches!(shown, Some(Ok(shown)) if *shown == today))
        {
            day_desk.day.set(Some(Ok(today)));
        }
    });
    view! {
        <main class="page day" id="content">
            <section class="day-list" aria-labelledby="day-title">
                {day_header(navigator, date)}
                {practitioner_filter(day_desk)}
                <div class="card">{move || day_content(day_desk)}</div>
            </section>
            <aside class="day-side">
                <WaitingQueue/>
                {practitioner.then(|| view! { <Workstation/> })}
            </aside>
            <BookDialog/>
            <InviteDialog/>
            <MoveDialog/>
            <CancelDialog/>
        </main>
    }
    .into_any()
}

fn day_header(navigator: Navigator<ProPage>, date: Memo<String>) -> AnyView {
    let step = move |days: i64| {
        let page = ProPage::Day(clock::shift(&date.get_untracked(), days).filter(|day| *day != clock::today()));
        navigator.replace(&page);
    };
    let id = unique("date");
    let choose = move |event: SubmitEvent| {
        if let Some(values) = Values::of(&event) {
            navigator.replace(&ProPage::Day(values.optional("date")));
        }
    };
    let day_desk = expect_context::<DayDesk>();
    let submit = move |event: leptos::ev::Event| {
        let chosen = event_target_value(&event);
        if !clock::write_day(&chosen).is_empty() {
            navigator.replace(&ProPage::Day(Some(chosen)));
        }
    };
    view! {
        <header class="day-header">
            <h1 id="day-title" tabindex="-1">{move || clock::write_day(&date.get())}</h1>
            <div class="row" data-spread=true>
                <form class="row" on:submit=choose>
                    <button type="button" class="button" data-icon-only=true aria-label=Msg::PreviousDay.t() on:click=move |_| step(-1)>{Icon::Left.draw()}</button>
                    <label class="visually-hidden" for=id.clone()>{Msg::ChooseDay.t()}</label>
                    <input class="input day-date" type="date" name="date" id=id prop:value=move || date.get() on:change=submit/>
                    <button type="button" class="button" data-icon-only=true aria-label=Msg::NextDay.t() on:click=move |_| step(1)>{Icon::Right.draw()}</button>
                    <button type="button" class="button" data-kind="plain" disabled=move || date.get() == clock::today()
                        on:click=move |_| navigator.replace(&ProPage::Day(None))>{Msg::Today.t()}</button>
                </form>
                <button type="button" class="button" data-kind="primary" on:click=move |_| day_desk.booking.set(true)>
                    {Icon::Plus.draw()}{Msg::NewAppointment.t()}
                </button>
            </div>
        </header>
    }
    .into_any()
}

/// Lists one practitioner's appointments alone; nothing to choose for a practitioner, who sees their own.
fn practitioner_filter(day_desk: DayDesk) -> impl IntoView {
    // While another day is read, the practitioners of the last one stay to choose from.
    let known = Memo::new(move |before: Option<&Vec<PractitionerEntry>>| match day_desk.practitioners() {
        none if none.is_empty() => before.cloned().unwrap_or_default(),
        some => some,
    });
    let choose = move |event: leptos::ev::Event| day_desk.only.set(event_target_value(&event).parse().ok());
    move || {
        let known = known.get();
        (known.len() > 1).then(|| {
            let option = |entry: PractitionerEntry| {
                let selected = day_desk.only.get_untracked() == Some(entry.staff);
                view! { <option value=entry.staff.full() selected=selected>{entry.display_name}</option> }
            };
            let options = known.into_iter().map(option).collect_view();
            view! {
                <select class="input day-only" aria-label=Msg::Practitioner.t() on:change=choose>
                    <option value="">{Msg::AllPractitioners.t()}</option>
                    {options}
                </select>
            }
        })
    }
}

fn day_content(day_desk: DayDesk) -> AnyView {
    let only = day_desk.only.get();
    day_desk.day.with(|day| match day {
        None => loading(),
        Some(Err(error)) => {
            let retry = view! { <button type="button" class="button" on:click=move |_| day_desk.read()>{Kit::Retry.t()}</button> };
            note_with(Tone::Warn, explain(error), retry.into_any())
        }
        Some(Ok(day)) => {
            let several = day.practitioners.len() > 1 && only.is_none();
            let listed = day.appointments.iter().filter(|entry| only.is_none_or(|only| entry.practitioner == only));
            let lines: Vec<_> = listed.map(|entry| appointment_line(day_desk, entry.clone(), several)).collect();
            if lines.is_empty() {
                return empty(Icon::Day, Msg::NoAppointment.t(), None);
            }
            view! { <ul class="appointments" aria-label=Msg::Appointments.t()>{lines}</ul> }.into_any()
        }
    })
}

/// The signed-in person's own identifier.
fn own_staff() -> Option<StaffId> {
    untrack(|| Session::here().me().map(|me| me.staff))
}
