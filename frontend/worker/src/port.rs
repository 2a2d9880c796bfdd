//! A way to a program in the page that the page itself has no part in.

use js_sys::{Function, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::object::get;

/// The worker's end of it.
pub struct Port {
    port: JsValue,
    _take: Closure<dyn Fn(JsValue)>,
}

impl Port {
    /// Listens on it.
    pub fn open(port: JsValue, take: impl Fn(&JsValue) + 'static) -> Self {
        let take: Closure<dyn Fn(JsValue)> = Closure::new(move |event: JsValue| take(&get(&event, "data")));
        // It is refused only by what is no port.
        let _ = Reflect::set(&port, &"onmessage".into(), take.as_ref());
        Self { port, _take: take }
    }

    /// Says something.
    pub fn post(&self, message: &JsValue) {
        if let Ok(post) = get(&self.port, "postMessage").dyn_into::<Function>() {
            // It throws only for what cannot be copied, and texts and bytes can.
            let _ = post.call1(&self.port, message);
        }
    }
}
