//! Elements whose program is loaded when they are needed, beside the program of the page.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::Element;

use crate::dom::document;
use crate::keys::Keys;

/// An element of its own program. Dropped, it leaves the page, with everything that it knew.
pub(crate) struct Program {
    pub(crate) place: Element,
}

impl Program {
    /// Makes the element `name`, which may speak with the worker that holds the keys.
    pub(crate) fn new(keys: &Keys, name: &str) -> Option<Self> {
        let program = Self { place: document().create_element(name).ok()? };
        program.set("worker", keys.worker());
        Some(program)
    }

    /// Puts it into the page and loads its program: the script that the page's own element names as `attribute`.
    pub(crate) fn load(&self, attribute: &str) -> Option<()> {
        let document = document();
        let body = document.body()?;
        let address = document.document_element()?.get_attribute(attribute).filter(|it| !it.is_empty())?;
        // The same script again is not run again: the element that it defines works by itself.
        let script = document.create_element("script").ok()?;
        // Names and values are ours, so they are never refused; nor is a new element.
        script.set_attribute("type", "module").ok();
        script.set_attribute("src", &address).ok();
        body.append_child(&self.place).ok()?;
        body.append_child(&script).ok()?;
        Some(())
    }

    /// Gives it something.
    pub(crate) fn set(&self, name: &str, value: &JsValue) {
        // An element takes every member.
        Reflect::set(&self.place, &name.into(), value).ok();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It is in the body, where it was put.
        document().body().map(|body| body.remove_child(&self.place));
    }
}
