//! How a waiting patient makes themselves noticed: sound, title, badge, notification, again after two and five minutes.
//!
//! No name leaves the page: titles and notifications are read by whoever passes by.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use colloque_call::RingCause;
use colloque_ids::AppointmentId;
use colloque_kit::Text;
use colloque_web::dom::{Listener, document, spawn, window};
use colloque_web::notify;
use colloque_web::sound::Bell;
use colloque_web::timer::Timeout;
use js_sys::{Function, Object, Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::chime::Loudness;
use crate::text::Msg;

/// When a patient who still waits makes themselves noticed again, counted from their arrival.
const REMINDERS: [Duration; 2] = [Duration::from_secs(2 * 60), Duration::from_secs(5 * 60)];

/// Whoever holds this lock is the tab that rings.
const LOCK: &str = "colloque-bell";

/// The signals of arrival.
#[derive(Clone, Copy)]
pub struct Arrivals {
    title: RwSignal<Option<Msg>>,
    waiting: RwSignal<usize>,
    audible: RwSignal<bool>,
    inner: StoredValue<Rc<RefCell<Inner>>, LocalStorage>,
}

struct Inner {
    bell: Option<Bell>,
    is_ringer: bool,
    asked_to_ring: bool,
    reminders: Vec<(AppointmentId, Vec<Timeout>)>,
    unlock: Vec<Listener>,
}

impl Arrivals {
    /// Prepares the bell: the first click or key of the page lets it ring.
    pub fn start() -> Self {
        let arrivals = Self {
            title: RwSignal::new(None),
            waiting: RwSignal::new(0),
            audible: RwSignal::new(false),
            inner: StoredValue::new_local(Rc::new(RefCell::new(Inner {
                bell: None,
                is_ringer: false,
                asked_to_ring: false,
                reminders: Vec::new(),
                unlock: Vec::new(),
            }))),
        };
        let listeners =
            ["pointerdown", "keydown"].map(|kind| Listener::new(&document(), kind, move |_| arrivals.unlock())).into();
        arrivals.inner.with_value(|inner| inner.borrow_mut().unlock = listeners);
        Effect::new(move |_| {
            let waiting = arrivals.waiting.get();
            let title = match waiting {
                0 => arrivals.title.get().map(|title| title.t().to_owned()),
                1 => Some(Msg::TitleOne.t().to_owned()),
                many => Some(Msg::TitleMany.with(&[&many.to_string()])),
            };
            if let Some(title) = title {
                document().set_title(&title);
            }
            badge(waiting > 0);
        });
        arrivals
    }

    /// Takes the title of the page, shown while nobody waits.
    pub fn set_title(self, title: Msg) {
        self.title.set(Some(title));
    }

    /// Whether the chime would be heard in this tab.
    pub fn audible(self) -> Signal<bool> {
        self.audible.into()
    }

    /// Plays the chime, to test it, as loud as chosen.
    pub fn test(self) {
        self.unlock();
        self.chime();
    }

    /// Takes who waits now; reminders of those who do not any more are dropped.
    pub fn waiting(self, waiting: &[AppointmentId]) {
        self.waiting.try_set(waiting.len());
        self.inner.try_with_value(|inner| {
            inner.borrow_mut().reminders.retain(|(appointment, _)| waiting.contains(appointment));
        });
    }

    /// Signals one patient.
    pub fn ring(self, appointment: AppointmentId, cause: RingCause) {
        self.signal(cause);
        let timers = REMINDERS
            .into_iter()
            .map(|delay| Timeout::after(delay, move || self.signal(RingCause::CallsAgain)))
            .collect();
        self.inner.with_value(|inner| {
            let mut inner = inner.borrow_mut();
            inner.reminders.retain(|(known, _)| *known != appointment);
            inner.reminders.push((appointment, timers));
        });
    }

    fn signal(self, cause: RingCause) {
        let rings = self.inner.with_value(|inner| {
            let inner = inner.borrow();
            // Until one tab was clicked, none holds the lock: then each may try.
            inner.is_ringer || !inner.asked_to_ring
        });
        if !rings {
            return;
        }
        self.chime();
        let text = match cause {
            RingCause::Arrived => Msg::NotifyArrived,
            RingCause::CallsAgain => Msg::NotifyAgain,
        };
        notify::show_if_hidden(text.t(), "colloque-arrival");
    }

    fn chime(self) {
        self.inner.with_value(|inner| {
            if let (Some(bell), Some(volume)) = (&inner.borrow().bell, Loudness::chosen().volume()) {
                bell.chime(volume);
            }
        });
    }

    /// In a gesture: makes the bell ready, and stands for the tab that rings.
    fn unlock(self) {
        let asks = self.inner.with_value(|inner| {
            let mut inner = inner.borrow_mut();
            if inner.bell.is_none() {
                inner.bell = Bell::new();
            }
            if let Some(bell) = &inner.bell {
                bell.unlock();
            }
            !std::mem::replace(&mut inner.asked_to_ring, true)
        });
        let sounds = self.inner.with_value(|inner| inner.borrow().bell.as_ref().is_some_and(Bell::is_unlocked));
        if !asks && sounds && self.audible.get_untracked() {
            return;
        }
        if asks {
            self.stand_for_ringer();
        }
        spawn(async move {
            colloque_web::timer::pause(Duration::from_millis(100)).await;
            let audible = self
                .inner
                .try_with_value(|inner| inner.borrow().bell.as_ref().is_some_and(Bell::is_unlocked))
                .unwrap_or(false);
            if self.audible.try_get_untracked() == Some(!audible) {
                self.audible.try_set(audible);
            }
        });
    }

    /// Holds the lock of the ringing tab until the page goes; the next tab in line gets it then.
    fn stand_for_ringer(self) {
        let granted = Closure::once_into_js(move |_lock: JsValue| -> Promise {
            self.inner.try_with_value(|inner| inner.borrow_mut().is_ringer = true);
            Promise::new(&mut |_, _| {})
        });
        if request_lock(&granted).is_err() {
            // Without locks every tab rings: better twice than never.
            self.inner.with_value(|inner| inner.borrow_mut().is_ringer = true);
        }
    }
}

// The binding of this interface is behind an unstable flag of web-sys.
fn request_lock(granted: &JsValue) -> Result<(), JsValue> {
    let locks = Reflect::get(&window().navigator(), &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    request.call3(&locks, &LOCK.into(), &Object::new(), granted).map(drop)
}

/// Puts a dot on the page's icon, or takes it away.
fn badge(on: bool) {
    const DOT: &str = "%3Ccircle cx='19' cy='5' r='5' fill='%23c2261f' stroke='none'/%3E%3C/svg%3E";
    let Some(icon) = document().get_element_by_id("icon") else { return };
    let Some(address) = icon.get_attribute("href") else { return };
    let plain = address.replace(DOT, "%3C/svg%3E");
    let wanted = if on { plain.replace("%3C/svg%3E", DOT) } else { plain };
    if wanted != address {
        icon.set_attribute("href", &wanted).ok();
    }
}
