//! The panel in which people write to each other during a consultation: messages, text that is seen while it is typed, pictures, and the
//! questions of the waiting room. The same for patient, practitioner and guest.
//!
//! It speaks with the worker that holds the keys over a port of its own; the page that it lies in only opens and closes it.

mod document;
mod draw;
mod files;
mod intent;
mod page;
mod pictogram;
mod picture;
mod text;
mod voice;

use std::rc::Rc;

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::{HtmlElement, MessagePort};

use page::Page;

/// The panel, in its element. Freed, it lets go of everything that was written.
#[wasm_bindgen]
pub struct Panel(Rc<Page>);

#[wasm_bindgen]
impl Panel {
    /// Fills `place`, and listens on `port`.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(place: HtmlElement, port: MessagePort) -> Self {
        colloque_web::text::load_locale();
        Self(Page::new(place, port))
    }

    /// The panel was opened or closed.
    pub fn opened(&self) {
        self.0.opened();
    }
}
