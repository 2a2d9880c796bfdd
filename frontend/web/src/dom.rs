//! The page itself: window, document, clock, and event listeners that end with their owner.

use colloque_ids::Timestamp;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Document, Element, Event, EventTarget, Storage, Window};

/// The window.
///
/// # Panics
///
/// Outside a page; this crate is only ever run in one.
#[must_use]
pub fn window() -> Window {
    web_sys::window().expect("the bundles run in a page, never in a worker")
}

/// The document.
///
/// # Panics
///
/// Outside a page.
#[must_use]
pub fn document() -> Document {
    window().document().expect("a window of a page has a document")
}

/// The browser's clock.
#[must_use]
pub fn now() -> Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "the clock of a browser stays within ±8.64e15")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// The browser's clock, without the jumps of a clock that is set right: for engines.
#[must_use]
pub fn monotonic_now() -> Timestamp {
    let Some(performance) = window().performance() else { return now() };
    #[expect(clippy::cast_possible_truncation, reason = "the clock of a browser stays within ±8.64e15")]
    Timestamp::from_millis((performance.time_origin() + performance.now()) as i64)
}

/// A number to spread attempts over time; no secret.
#[must_use]
pub fn random_seed() -> u64 {
    js_sys::Math::random().to_bits()
}

/// What this tab keeps while it is open, across reloads; none where the browser keeps nothing.
#[must_use]
pub fn tab_storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

/// Finds an element of the shell, typed.
#[must_use]
pub fn element<E: JsCast>(id: &str) -> Option<E> {
    document().get_element_by_id(id).and_then(|element: Element| element.dyn_into().ok())
}

/// Whether the page is on the screen.
#[must_use]
pub fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Whether the browser believes that it has a network.
#[must_use]
pub fn is_online() -> bool {
    window().navigator().on_line()
}

/// Vibrates, where the device can.
pub fn vibrate(millis: u32) {
    let navigator = window().navigator();
    if let Ok(vibrate) = js_sys::Reflect::get(&navigator, &"vibrate".into())
        && let Some(vibrate) = vibrate.dyn_ref::<js_sys::Function>()
    {
        // A refusal is an answer too: many devices cannot vibrate, and nothing depends on it.
        vibrate.call1(&navigator, &millis.into()).ok();
    }
}

/// An event handler that is detached when this value is dropped.
pub struct Listener {
    target: EventTarget,
    kind: &'static str,
    handler: Closure<dyn Fn(Event)>,
    capturing: bool,
}

impl Listener {
    /// Attaches `handler` to the events `kind` of `target`.
    #[must_use]
    pub fn new(target: &EventTarget, kind: &'static str, handler: impl Fn(Event) + 'static) -> Self {
        let handler: Closure<dyn Fn(Event)> = Closure::new(handler);
        target
            .add_event_listener_with_callback(kind, handler.as_ref().unchecked_ref())
            .expect("adding a listener cannot fail");
        Self { target: target.clone(), kind, handler, capturing: false }
    }

    /// Attaches `handler` as [`Listener::new`] does, also to events that do not rise from the elements inside `target`.
    #[must_use]
    pub fn inside(target: &EventTarget, kind: &'static str, handler: impl Fn(Event) + 'static) -> Self {
        let handler: Closure<dyn Fn(Event)> = Closure::new(handler);
        target
            .add_event_listener_with_callback_and_bool(kind, handler.as_ref().unchecked_ref(), true)
            .expect("adding a listener cannot fail");
        Self { target: target.clone(), kind, handler, capturing: true }
    }

    /// Leaves the handler attached as long as the page lives.
    pub fn for_the_page(self) {
        std::mem::forget(self);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let handler = self.handler.as_ref().unchecked_ref();
        self.target.remove_event_listener_with_callback_and_bool(self.kind, handler, self.capturing).ok();
    }
}

/// Watches whether the page is on the screen; `handler` gets the new answer.
#[must_use]
pub fn on_visibility(handler: impl Fn(bool) + 'static) -> Listener {
    Listener::new(&document(), "visibilitychange", move |_| handler(is_visible()))
}

/// Watches whether the browser has a network; `handler` gets the new answer.
#[must_use]
pub fn on_network(handler: impl Fn(bool) + Clone + 'static) -> [Listener; 2] {
    let gone = handler.clone();
    [
        Listener::new(&window(), "online", move |_| handler(true)),
        Listener::new(&window(), "offline", move |_| gone(false)),
    ]
}

/// Runs a future to its end on the page's event loop.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(future);
}

/// Waits for a promise.
pub async fn settle(promise: js_sys::Promise) -> Result<JsValue, JsValue> {
    wasm_bindgen_futures::JsFuture::from(promise).await
}
