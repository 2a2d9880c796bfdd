//! The direct way from browser to browser, from the page's side: a program of its own, loaded where the patient's browser has no other way.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

use crate::dom::Listener;
use crate::keys::Keys;
use crate::peer::Peer;
use crate::program::Program;

/// The element of the way; `direct.js` of `frontend/way` makes it work. Dropped, its transport is closed.
pub(crate) struct Way {
    program: Program,
    /// The connection that there was when it was looked at last, and what is sent and received on it.
    connection: RefCell<JsValue>,
    peer: RefCell<Option<Rc<Peer>>>,
    _heard: Listener,
}

/// How it is: nothing, `used`, or `failed`.
const STATE: &str = "data-state";

impl Way {
    /// Loads its program. Whoever asks is the patient.
    pub(crate) fn load(keys: &Keys, asks: bool, on_change: impl Fn() + 'static) -> Option<Self> {
        let program = Program::new(keys, "colloque-direct")?;
        let heard = Listener::new(&program.place, "direct", move |_| on_change());
        if asks {
            program.place.set_attribute("data-asks", "").ok();
        }
        let way = Self { program, connection: RefCell::default(), peer: RefCell::default(), _heard: heard };
        way.program.load("data-way")?;
        Some(way)
    }

    /// Gives it the relays, a text of JSON, for the tries to come.
    pub(crate) fn set_servers(&self, servers: &str) {
        self.program.set("servers", &servers.into());
    }

    pub(crate) fn is(&self, state: &str) -> bool {
        self.program.place.get_attribute(STATE).is_some_and(|is| is == state)
    }

    /// The transport, once the browsers have found each other.
    pub(crate) fn peer(&self) -> Option<Rc<Peer>> {
        self.peer.borrow().clone()
    }

    /// Takes the transport that there is now; the one before is closed.
    pub(crate) fn look(&self) {
        let connection = Reflect::get(&self.program.place, &"connection".into()).unwrap_or(JsValue::NULL);
        if *self.connection.borrow() == connection {
            return;
        }
        self.connection.replace(connection.clone());
        let peer = connection.dyn_into().ok().and_then(|connection| Peer::of(connection).ok());
        self.peer.replace(peer.map(Rc::new));
    }
}
