//! The page at work: it holds the devices and the room, changes the model, and redraws.

mod acts;
mod devices;
mod enrolment;
mod listening;
mod render;
mod room;
mod way_in;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_web::announcer::Announcer;
use colloque_web::capture::Capture;
use colloque_web::dom::{Listener, document, element, spawn, window};
use colloque_web::level::{LevelMeter, SilenceWatch};
use colloque_web::patch::Mounted;
use colloque_web::room::{MediaElements, Room};
use colloque_web::sound::Bell;
use colloque_web::timer::{Interval, Timeout};
use colloque_web::wake::WakeLock;
use web_sys::{Element, HtmlMediaElement};

use crate::handoff::Handoff;
use crate::intent::Intent;
use crate::journey::Step;
use crate::model::Model;
use render::Past;

/// The page; copies are handles on the same one, which lives as long as the tab.
#[derive(Clone)]
pub struct Page(Rc<Inner>);

struct Inner {
    invitation: String,
    place: Element,
    own: HtmlMediaElement,
    room: Room,
    model: RefCell<Model>,
    held: RefCell<Held>,
    mounted: RefCell<Mounted<Intent>>,
    past: RefCell<Past>,
    announcer: RefCell<Announcer>,
    will_redraw: Cell<bool>,
}

/// What lets go of its device when dropped.
#[derive(Default)]
struct Held {
    capture: Option<Rc<Capture>>,
    bell: Option<Bell>,
    wake: Option<WakeLock>,
    interruption: Option<Timeout>,
    /// Wakes up capture that was refused.
    waits: Vec<Listener>,
    /// What runs as long as one screen is shown.
    timeouts: Vec<Timeout>,
    intervals: Vec<Interval>,
    listening: Option<Listening>,
    speaking: Option<Timeout>,
    notice: Option<Timeout>,
    code_is_sent: bool,
    /// The code that was refused last.
    refused_code: String,
}

struct Listening {
    meter: LevelMeter,
    watch: SilenceWatch,
    _measures: Interval,
}

impl Page {
    /// Takes the shell over; none when it is not ours.
    #[must_use]
    pub fn new(handoff: &Handoff) -> Option<Self> {
        let elements = MediaElements {
            voice: element("voice")?,
            picture: element("picture")?,
            screen: element("screen")?,
            third_voice: element("voices")?,
            third_picture: element("third")?,
        };
        let model = Model {
            patient: handoff.resumed.clone(),
            rehearsal: handoff.rehearsal,
            shell_phone: element::<Element>("call").and_then(|link| link.get_attribute("href")).unwrap_or_default(),
            shell_starts_at: shell_starts_at(),
            way_back: way_back(),
            ..Model::default()
        };
        let (place, own) = (element("app")?, element("own")?);
        let page = Self(Rc::new_cyclic(|inner: &std::rc::Weak<Inner>| {
            let inner = inner.clone();
            let changed = move || {
                if let Some(inner) = inner.upgrade() {
                    Self(inner).redraw_soon();
                }
            };
            Inner {
                invitation: handoff.invitation.clone(),
                place,
                own,
                room: Room::new(Role::Patient, "/api/patient/ticket", elements, changed),
                model: RefCell::new(model),
                held: RefCell::default(),
                mounted: RefCell::default(),
                past: RefCell::default(),
                announcer: RefCell::default(),
                will_redraw: Cell::new(false),
            }
        }));
        page.listen_to_taps();
        Some(page)
    }

    /// Goes on from where the boot script is.
    pub fn begin(&self, mut handoff: Handoff) {
        self.take_capture(handoff.stream.take());
        self.redraw_soon();
        let page = self.clone();
        spawn(async move {
            if handoff.rehearsal {
                page.change(|model| model.step = Step::Check);
            } else if let Some(view) = handoff.resumed.take() {
                page.arrived(view);
            } else if let Some(outcome) = handoff.redeemed().await {
                page.redeemed(outcome);
            }
        });
    }

    /// Changes the model, and redraws once everything that happens now has happened.
    fn change(&self, change: impl FnOnce(&mut Model)) {
        change(&mut self.0.model.borrow_mut());
        self.redraw_soon();
    }

    fn read<T>(&self, read: impl FnOnce(&Model) -> T) -> T {
        read(&self.0.model.borrow())
    }

    fn redraw_soon(&self) {
        if !self.0.will_redraw.replace(true) {
            let page = self.clone();
            spawn(async move { page.redraw() });
        }
    }
}

/// When the appointment starts, as the service wrote it into the shell.
fn shell_starts_at() -> Option<Timestamp> {
    let written = document().document_element()?.get_attribute("data-starts")?;
    written.parse().ok().map(Timestamp::from_millis)
}

/// The appointment's own address, from the rehearsal's.
fn way_back() -> String {
    let address = window().location();
    let path = address.pathname().unwrap_or_default();
    [path.strip_suffix("/test").unwrap_or(&path), &address.hash().unwrap_or_default()].concat()
}
