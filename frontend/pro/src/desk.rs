//! The live waiting queue, on every page of a signed-in person.

use colloque_call::{DeskConnection, DeskView, RingCause};
use colloque_ids::{AppointmentId, Timestamp};
use colloque_kit::announce::say_now;
use colloque_kit::session::Session;
use colloque_kit::{Text, clock};
use colloque_protocol::http::appointment::Day;
use colloque_protocol::signaling::{Presence, QueueEntry, Stage};
use colloque_signals::DeskDriver;
use colloque_web::dom::{now, spawn};
use colloque_web::http::SendRequestError;
use colloque_web::timer::Interval;
use leptos::prelude::*;

use crate::api::Api;
use crate::arrival::Arrivals;
use crate::text::Msg;

/// Pause between two looks at the clock for waiting times, and at today's list for what changed elsewhere.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(15);

/// How many refreshes pass between two readings of today's list.
const READ_EVERY: u32 = 4;

/// The queue and today's list, which gives it names and hours.
#[derive(Clone, Copy)]
pub struct DeskLink {
    driver: StoredValue<DeskDriver, LocalStorage>,
    view: ReadSignal<DeskView>,
    today: RwSignal<Option<Day>>,
    minute: RwSignal<Timestamp>,
    api: Api,
}

impl DeskLink {
    /// Opens the desk and provides it to the pages. Closed when the owner goes.
    pub fn open() {
        let arrivals = expect_context::<Arrivals>();
        let today = RwSignal::new(None::<Day>);
        let rung = move |appointment: AppointmentId, cause: RingCause| {
            let name = name_in(today, appointment).unwrap_or_else(|| Msg::SomePatient.t().to_owned());
            let text = match cause {
                RingCause::Arrived => Msg::SayArrived,
                RingCause::CallsAgain => Msg::SayAgain,
            };
            say_now(text.with(&[&name]));
            arrivals.ring(appointment, cause);
        };
        let driver = DeskDriver::open("/api/desk/ticket", Box::new(rung));
        let view = driver.view();
        let desk = Self {
            driver: StoredValue::new_local(driver),
            view,
            today,
            minute: RwSignal::new(now()),
            api: Api::here(),
        };
        desk.read_today();
        let ticks = StoredValue::new_local(0_u32);
        let clock = Interval::every(REFRESH, move || {
            desk.minute.try_set(now());
            let tick = ticks.try_get_value().unwrap_or(0) + 1;
            ticks.try_set_value(tick);
            if tick.is_multiple_of(READ_EVERY) && colloque_web::dom::is_visible() {
                desk.read_today_in_background();
            }
        });
        let clock = StoredValue::new_local(Some(clock));
        on_cleanup(move || {
            clock.try_set_value(None);
            arrivals.waiting(&[]);
        });
        Effect::new(move |_| {
            let waiting: Vec<AppointmentId> = view
                .with(|view| view.queue.iter().filter(|entry| waits(entry)).map(|entry| entry.appointment).collect());
            arrivals.waiting(&waiting);
        });
        sign_in_again(desk);
        // Whoever appears in the queue without being on the list was booked elsewhere meanwhile.
        Effect::new(move |_| {
            let unknown = view.with(|view| view.queue.iter().any(|entry| name_in(today, entry.appointment).is_none()));
            if unknown {
                desk.read_today_in_background();
            }
        });
        provide_context(desk);
    }

    /// The desk of this page.
    pub fn here() -> Self {
        expect_context::<Self>()
    }

    /// How the connection goes.
    pub fn connection(self) -> DeskConnection {
        self.view.with(|view| view.connection)
    }

    /// Whether the last announcement was not done.
    pub fn not_done(self) -> bool {
        self.view.with(|view| view.not_done.is_some())
    }

    /// Everybody who waits or is in consultation.
    pub fn queue(self) -> Vec<QueueEntry> {
        self.view.with(|view| view.queue.clone())
    }

    /// The entry of an appointment.
    pub fn entry(self, appointment: AppointmentId) -> Option<QueueEntry> {
        self.view.with(|view| view.queue.iter().find(|entry| entry.appointment == appointment).cloned())
    }

    /// Today's list.
    pub fn today(self) -> Signal<Option<Day>> {
        self.today.into()
    }

    /// Reads today's list again.
    pub fn read_today(self) {
        spawn(async move { self.show(self.api.day(&clock::today()).await) });
    }

    /// Reads it without anybody having asked: a page left open does not keep its session.
    fn read_today_in_background(self) {
        spawn(async move { self.show(self.api.day_in_background(&clock::today()).await) });
    }

    fn show(self, read: Result<Day, SendRequestError>) {
        if let Ok(day) = read {
            let unchanged = self.today.try_with_untracked(|today| today.as_ref() == Some(&day));
            if unchanged == Some(false) {
                self.today.try_set(Some(day));
            }
        }
    }

    /// Tells a waiting patient of a delay.
    pub fn announce_delay(self, appointment: AppointmentId, minutes: u16) {
        self.driver.with_value(|driver| driver.announce_delay(appointment, minutes));
    }

    /// Tries to connect now.
    pub fn retry(self) {
        self.driver.with_value(|driver| driver.retry());
    }

    /// How long ago something was, in words that change by themselves.
    pub fn elapsed(self, since: Timestamp) -> String {
        let minutes = self.minute.get().since(since).as_secs() / 60;
        if minutes == 0 { Msg::LessThanMinute.t().to_owned() } else { Msg::Minutes.with(&[&minutes.to_string()]) }
    }
}

/// When the session was ended elsewhere, sign-in comes over the page; the queue is followed again after it.
fn sign_in_again(desk: DeskLink) {
    let session = Session::here();
    let is_signed_out = Memo::new(move |_| desk.connection() == DeskConnection::SignedOut);
    Effect::new(move |_| {
        if is_signed_out.get() {
            // Any request of a session that is over brings sign-in.
            desk.read_today_in_background();
        }
    });
    Effect::new(move |before: Option<u32>| {
        let renewals = session.renewals();
        if before.is_some_and(|before| before != renewals) && is_signed_out.get_untracked() {
            desk.retry();
        }
        renewals
    });
}

/// Whether a patient waits and is there.
pub fn waits(entry: &QueueEntry) -> bool {
    entry.stage == Stage::Waiting && matches!(entry.presence, Presence::Here { .. })
}

fn name_in(today: RwSignal<Option<Day>>, appointment: AppointmentId) -> Option<String> {
    today
        .try_with_untracked(|day| {
            let entry = day.as_ref()?.appointments.iter().find(|entry| entry.appointment == appointment)?;
            Some(entry.patient_name.clone())
        })
        .flatten()
}
