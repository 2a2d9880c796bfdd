//! The way at work.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use colloque_direct::{Direct, Output, Side};
use colloque_web::dom::{Listener, monotonic_now as now, spawn};
use colloque_web::timer::Interval;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlElement, MessageEvent, MessagePort, RtcPeerConnection, RtcSdpType};

use crate::transport::{Transport, answer, is_whole, offer, take};

/// How often time passes.
const TICK: Duration = Duration::from_secs(1);

/// How the way is, for the page.
const STATE: &str = "data-state";

/// See the module.
pub struct Way {
    place: HtmlElement,
    port: MessagePort,
    direct: RefCell<Direct>,
    transport: RefCell<Option<Transport>>,
    held: RefCell<Option<(Listener, Interval)>>,
    this: Weak<Self>,
}

impl Way {
    /// Works for `place`.
    pub fn new(place: HtmlElement, port: MessagePort) -> Rc<Self> {
        let side = if place.has_attribute("data-asks") { Side::Patient } else { Side::Practitioner };
        let way = Rc::new_cyclic(|this: &Weak<Self>| Self {
            place,
            port,
            direct: RefCell::new(Direct::new(side)),
            transport: RefCell::default(),
            held: RefCell::default(),
            this: this.clone(),
        });
        let (heard, passed) = (way.this.clone(), way.this.clone());
        let listener = Listener::new(&way.port, "message", move |event| {
            if let Some(way) = heard.upgrade() {
                way.hear(&event.unchecked_into::<MessageEvent>().data());
            }
        });
        let interval = Interval::every(TICK, move || {
            if let Some(way) = passed.upgrade() {
                way.with(|direct| direct.tick(now()));
            }
        });
        way.held.replace(Some((listener, interval)));
        way.port.start();
        way
    }

    /// Ends it.
    pub fn close(&self) {
        self.held.take();
        self.transport.take();
        self.port.close();
    }

    /// `true` or `false`, whether this person is in a group with one other, and it is not the one of before; bytes, what they said.
    fn hear(&self, message: &JsValue) {
        match message.as_bool() {
            Some(is_alone) => self.with(|direct| direct.met(is_alone, now())),
            None => {
                let bytes = Uint8Array::new(message).to_vec();
                // What has no meaning changes nothing.
                self.with(|direct| _ = direct.hear(&bytes, now()));
            }
        }
    }

    fn with(&self, act: impl FnOnce(&mut Direct)) {
        act(&mut self.direct.borrow_mut());
        loop {
            let output = self.direct.borrow_mut().next_output();
            let Some(output) = output else { break };
            self.run(output);
        }
        let state = if self.direct.borrow().is_used() { "used" } else { "" };
        // One that failed stays so.
        if self.place.get_attribute(STATE).is_none_or(|before| before != state && before != "failed") {
            self.tell(state);
        }
    }

    fn run(&self, output: Output) {
        match output {
            // What is not taken is said again.
            Output::Say(bytes) => _ = self.port.post_message(&Uint8Array::from(bytes.as_slice())),
            Output::Offer { attempt } => self.describe(attempt, None),
            Output::Answer { attempt, offer } => self.describe(attempt, Some(offer)),
            Output::Take { answer } => {
                if let Some(connection) = self.transport.borrow().as_ref().map(Transport::connection) {
                    // One that is refused connects nothing: the patient's side asks again.
                    spawn(async move { _ = take(&connection, RtcSdpType::Answer, &answer).await });
                }
            }
            Output::Close => self.drop_transport(),
            Output::GiveUp => self.tell("failed"),
        }
    }

    /// Makes a transport for a try and describes it.
    fn describe(&self, attempt: u32, offered: Option<String>) {
        self.drop_transport();
        let servers = Reflect::get(&self.place, &"servers".into()).unwrap_or_default().as_string().unwrap_or_default();
        let this = self.this.clone();
        let opened = Transport::open(attempt, &servers, move |is_connected| {
            if let Some(way) = this.upgrade() {
                way.changed(attempt, is_connected);
            }
        });
        let connection = opened.as_ref().map(Transport::connection);
        self.transport.replace(opened);
        let this = self.this.clone();
        spawn(async move {
            let description = match (&connection, &offered) {
                (Some(connection), None) => offer(connection).await,
                (Some(connection), Some(offered)) => answer(connection, offered).await,
                (None, _) => None,
            };
            if let Some(way) = this.upgrade() {
                way.with(|direct| direct.described(attempt, description, now()));
            }
        });
    }

    fn changed(&self, attempt: u32, is_connected: bool) {
        if self.transport.borrow().as_ref().is_none_or(|transport| transport.attempt != attempt) {
            return;
        }
        let connection = self.transport.borrow().as_ref().map(Transport::connection);
        // An answer may leave lines out.
        if is_connected && connection.as_ref().is_some_and(is_whole) {
            self.with(|direct| direct.connected(attempt));
            self.give(connection);
        } else {
            self.with(|direct| direct.failed(attempt, now()));
        }
    }

    /// Closes the transport, if there is one, and tells the page.
    fn drop_transport(&self) {
        if self.transport.take().is_some() {
            self.give(None);
        }
    }

    fn give(&self, connection: Option<RtcPeerConnection>) {
        // An element takes every member.
        Reflect::set(&self.place, &"connection".into(), &connection.map_or(JsValue::NULL, JsValue::from)).ok();
        self.say();
    }

    fn tell(&self, state: &str) {
        self.place.set_attribute(STATE, state).ok();
        self.say();
    }

    fn say(&self) {
        if let Ok(event) = Event::new("direct") {
            self.place.dispatch_event(&event).ok();
        }
    }
}
