//! What the program of the direct way has sealed for the other member, and what they said, over a port that the page has no part in.
//!
//! From the program: bytes that are to be sealed. To it: `true` or `false`, whether this person is alone with one other, each time that it
//! is another one or another key; bytes that were opened.

use std::cell::RefCell;

use colloque_sealing::e2ee::{Channel, Standing, State, View};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::port::Port;
use crate::{outbox, worker};

/// See the module.
#[derive(Default)]
struct Direct {
    port: Option<Port>,
    /// The key of the other member, while this is the practitioner with the patient, or the patient with the practitioner, and no third.
    other: Option<[u8; 32]>,
    /// Whether this is the practitioner, whom the patient's browser may ask.
    may_be_asked: bool,
    /// What was said before the program was there.
    kept: Option<JsValue>,
}

thread_local! {
    static DIRECT: RefCell<Direct> = RefCell::default();
}

/// The program is there, or `null`: it is not any more.
pub fn open(port: JsValue) {
    if port.is_null() {
        return DIRECT.with_borrow_mut(|direct| direct.port = None);
    }
    let port = Port::open(port, seal);
    DIRECT.with_borrow_mut(|direct| {
        port.post(&direct.other.is_some().into());
        if let Some(message) = direct.kept.take() {
            port.post(&message);
        }
        direct.port = Some(port);
    });
}

fn seal(message: &JsValue) {
    let Some(bytes) = message.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec) else { return };
    if DIRECT.with_borrow(|direct| direct.other.is_some()) {
        // What cannot be said now is said again.
        worker::with(|worker| worker.sealing.say(Channel::Direct, &bytes).ok());
    }
}

/// The other member said something.
pub fn heard(bytes: &[u8]) {
    let message = JsValue::from(Uint8Array::from(bytes));
    DIRECT.with_borrow_mut(|direct| match &direct.port {
        // Between others there is no direct way.
        _ if direct.other.is_none() => {}
        Some(port) => port.post(&message),
        None if !direct.may_be_asked => {}
        None => {
            direct.kept = Some(message);
            outbox::asked();
        }
    });
}

/// This is who is there.
pub fn meet(view: &View) {
    let own = view.members.iter().find(|member| member.is_own).map(|member| member.statement.standing);
    let mut others = view.members.iter().filter(|member| !member.is_own);
    let other = match (view.state, others.next(), others.next()) {
        (State::EndToEnd, Some(other), None) => match (own, other.statement.standing) {
            (Some(Standing::Practitioner), Standing::Patient) | (Some(Standing::Patient), Standing::Practitioner) => {
                Some(other.statement.leaf_key)
            }
            _ => None,
        },
        _ => None,
    };
    DIRECT.with_borrow_mut(|direct| {
        direct.may_be_asked = own == Some(Standing::Practitioner);
        if direct.other != other {
            direct.other = other;
            direct.kept = None;
            if let Some(port) = &direct.port {
                port.post(&other.is_some().into());
            }
        }
    });
}
