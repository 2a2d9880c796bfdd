//! What people write to each other: to and from the panel of the page, over a port that the page has no part in.
//!
//! From the panel: bytes, the four of the number that the last text began with, the number of a channel, and what is to be sealed: what was
//! meant for others than those who are in the group now is not; `true` or `false`, what the person found when they
//! compared the words. To the panel:
//!
//! - `true`: somebody wanted in and was not believed.
//! - bytes: the number of a channel, sixteen that name who wrote, and then what was opened.
//! - a text of lines: a number that every such text raises; `1` if what is said is sealed for the others and `0` if not; nothing while there are no words, or `1` if they were
//!   compared and `0` if not, four digits in base 32 that name the drawings, and the words; then for each of the others their identifier of
//!   36 characters, `p` for a practitioner, `c` for the patient and `g` for a guest, and their name as the platform stated it.

use std::cell::RefCell;
use std::collections::VecDeque;

use colloque_ids::ParticipantId;
use colloque_sealing::e2ee::{Channel, State, View};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};

use crate::port::Port;
use crate::{outbox, worker};

/// Messages that wait for a panel; whoever wrote more sends them again.
const MAX_KEPT: usize = 32;

/// See the module.
#[derive(Default)]
struct Talk {
    port: Option<Port>,
    kept: VecDeque<JsValue>,
    others: String,
    /// How often the others changed.
    changes: u32,
}

impl Talk {
    fn text(&self) -> JsValue {
        [&self.changes.to_string(), "\n", &self.others].concat().into()
    }
}

thread_local! {
    static TALK: RefCell<Talk> = RefCell::default();
}

/// The panel is there; the one before is not any more.
pub fn open(port: JsValue) {
    let port = Port::open(port, seal);
    TALK.with_borrow_mut(|talk| {
        port.post(&talk.text());
        for message in talk.kept.drain(..) {
            port.post(&message);
        }
        talk.port = Some(port);
    });
}

fn seal(message: &JsValue) {
    if let Some(is_same) = message.as_bool() {
        return worker::compare(is_same);
    }
    let Some(message) = message.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec) else { return };
    let Some((changes, message)) = message.split_first_chunk() else { return };
    let Some((channel, content)) = message.split_first() else { return };
    if u32::from_be_bytes(*changes) != TALK.with_borrow(|talk| talk.changes) {
        return;
    }
    let Some(channel) = Channel::from_number(*channel) else { return };
    // What cannot be said now is said again: nobody has answered that they have it.
    worker::with(|worker| worker.sealing.say(channel, content).ok());
}

/// Somebody wrote.
pub fn heard(from: ParticipantId, channel: Channel, bytes: &[u8]) {
    let message = [&[channel as u8], from.bytes().as_slice(), bytes].concat();
    tell(Uint8Array::from(message.as_slice()).into());
}

/// Somebody wanted in and was not believed.
pub fn not_believed() {
    tell(true.into());
}

fn tell(message: JsValue) {
    TALK.with_borrow_mut(|talk| {
        if let Some(port) = &talk.port {
            return port.post(&message);
        }
        if talk.kept.len() < MAX_KEPT {
            talk.kept.push_back(message);
        }
        outbox::written();
    });
}

/// These are the others.
pub fn meet(view: &View) {
    let mut others = if view.state == State::EndToEnd { "1" } else { "0" }.to_owned();
    others.push('\n');
    if let Some(code) = view.words {
        others.push(if outbox::is_compared(view) { '1' } else { '0' });
        others.extend(code.pictograms().iter().filter_map(|number| char::from_digit((*number).into(), 32)));
        others.push_str(&code.words().join(" · "));
    }
    for member in view.members.iter().filter(|member| !member.is_own) {
        let standing = match member.statement.standing {
            guest if guest.is_guest() => "g",
            clinician if clinician.is_clinician() => "p",
            _ => "c",
        };
        let name = member.statement.name.replace('\n', " ");
        others.extend(["\n", &member.statement.participant.full(), standing, &name]);
    }
    TALK.with_borrow_mut(|talk| {
        if talk.others != others {
            talk.others = others;
            talk.changes = talk.changes.wrapping_add(1);
            if let Some(port) = &talk.port {
                port.post(&talk.text());
            }
        }
    });
}
