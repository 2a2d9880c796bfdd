//! The direct way from browser to browser, for a patient whose browser cannot lead its frames through the worker that holds the keys:
//! makes the transports that `colloque-direct` asks for, and hands them to the page.
//!
//! Loaded by who needs it. It speaks with the worker over a port of its own: descriptions are sealed for the group there. The page gives
//! `servers`, the relays of this installation as JSON, and is told by the event `direct` that one of these changed: `connection`, the
//! transport, once the browsers have found each other; `data-state`, `used` or `failed`.

mod transport;
mod way;

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlElement, MessagePort};

/// The way, in its element. Freed, it is closed.
#[wasm_bindgen]
pub struct Way(Rc<way::Way>);

#[wasm_bindgen]
impl Way {
    /// Works for `place`, and speaks with the worker on `port`.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(place: HtmlElement, port: MessagePort) -> Self {
        Self(way::Way::new(place, port))
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.0.close();
    }
}
