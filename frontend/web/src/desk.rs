//! Runs the desk engine in a page: the live waiting queue of a practice.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use colloque_call::{Desk, DeskInput, DeskOutput, DeskView, RingCause};
use colloque_ids::AppointmentId;

use crate::dom::{Listener, monotonic_now, on_visibility, random_seed};
use crate::link_shell::{KEY_ALONE, LinkShell};
use crate::timer::Timeout;

/// Somebody asks for attention.
pub type OnRing = Box<dyn Fn(AppointmentId, RingCause)>;

/// The desk. Dropped, it closes its connection.
pub struct LiveDesk {
    inner: Rc<Inner>,
    _visibility: Listener,
}

struct Inner {
    desk: RefCell<Desk>,
    inputs: RefCell<VecDeque<DeskInput>>,
    running: Cell<bool>,
    link: LinkShell,
    timer: RefCell<Option<Timeout>>,
    shown: RefCell<DeskView>,
    on_change: Box<dyn Fn()>,
    on_ring: OnRing,
    this: Weak<Inner>,
}

impl LiveDesk {
    /// Makes a desk that waits for [`LiveDesk::open`]; tickets are asked for at `ticket_path`, and `on_change` is run whenever
    /// [`LiveDesk::view`] differs from before.
    #[must_use]
    pub fn new(ticket_path: &str, on_ring: OnRing, on_change: impl Fn() + 'static) -> Self {
        let inner = Rc::new_cyclic(|this: &Weak<Inner>| {
            let fed = this.clone();
            let feed = Rc::new(move |input| feed(&fed, DeskInput::Link(input)));
            Inner {
                desk: RefCell::new(Desk::new(random_seed(), monotonic_now())),
                inputs: RefCell::default(),
                running: Cell::new(false),
                link: LinkShell::new(ticket_path.to_owned(), KEY_ALONE.to_owned(), feed),
                timer: RefCell::default(),
                shown: RefCell::default(),
                on_change: Box::new(on_change),
                on_ring,
                this: this.clone(),
            }
        });
        let shown = inner.this.clone();
        let visibility = on_visibility(move |visible| feed(&shown, DeskInput::PageVisible(visible)));
        Self { inner, _visibility: visibility }
    }

    /// Goes live.
    pub fn open(&self) {
        self.inner.feed(DeskInput::Open);
    }

    /// What a screen shows.
    #[must_use]
    pub fn view(&self) -> DeskView {
        self.inner.shown.borrow().clone()
    }

    /// Tells a waiting patient of a delay, in minutes; 0 withdraws it.
    pub fn announce_delay(&self, appointment: AppointmentId, minutes: u16) {
        self.inner.feed(DeskInput::AnnounceDelay { appointment, minutes });
    }

    /// Tries again now.
    pub fn retry(&self) {
        self.inner.feed(DeskInput::Retry);
    }
}

impl Drop for LiveDesk {
    fn drop(&mut self) {
        self.inner.timer.take();
    }
}

fn feed(inner: &Weak<Inner>, input: DeskInput) {
    if let Some(inner) = inner.upgrade() {
        inner.feed(input);
    }
}

impl Inner {
    fn feed(&self, input: DeskInput) {
        self.inputs.borrow_mut().push_back(input);
        if self.running.replace(true) {
            return;
        }
        loop {
            let Some(input) = self.inputs.borrow_mut().pop_front() else { break };
            self.desk.borrow_mut().handle(input, monotonic_now());
            loop {
                let output = self.desk.borrow_mut().next_output();
                match output {
                    None => break,
                    Some(DeskOutput::Link(output)) => self.link.run(output),
                    Some(DeskOutput::Ring { appointment, cause }) => (self.on_ring)(appointment, cause),
                }
            }
        }
        self.running.set(false);
        let changed = *self.shown.borrow() != *self.desk.borrow().view();
        if changed {
            let view = self.desk.borrow().view().clone();
            self.shown.replace(view);
            (self.on_change)();
        }
        let this = self.this.clone();
        let deadline = self.desk.borrow().deadline();
        let timer = deadline.map(|deadline| {
            // Browsers round down: one millisecond more keeps the engine from being asked too early.
            let delay = deadline.since(monotonic_now()) + std::time::Duration::from_millis(1);
            Timeout::after(delay, move || feed(&this, DeskInput::Tick))
        });
        drop(self.timer.replace(timer));
    }
}
