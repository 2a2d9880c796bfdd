//! Keeps the screen on.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use crate::dom::{Listener, on_visibility, settle, spawn, window};

/// Asks the system to keep the screen on until dropped.
///
/// The system lets go whenever the page is hidden, so it is asked again once each time the page comes back. It may refuse;
/// nobody is told that the screen stays on.
pub struct WakeLock {
    sentinel: Rc<RefCell<Wanted>>,
    _listener: Listener,
}

enum Wanted {
    Yes(Option<JsValue>),
    No,
}

impl WakeLock {
    /// Asks for it.
    #[must_use]
    pub fn hold() -> Self {
        let sentinel = Rc::new(RefCell::new(Wanted::Yes(None)));
        ask(&sentinel);
        let again = Rc::clone(&sentinel);
        let listener = on_visibility(move |visible| {
            if visible {
                ask(&again);
            }
        });
        Self { sentinel, _listener: listener }
    }
}

impl Drop for WakeLock {
    fn drop(&mut self) {
        if let Wanted::Yes(Some(sentinel)) = self.sentinel.replace(Wanted::No) {
            release(&sentinel);
        }
    }
}

fn ask(sentinel: &Rc<RefCell<Wanted>>) {
    let Some(promise) = request() else { return };
    let sentinel = Rc::clone(sentinel);
    spawn(async move {
        let Ok(granted) = settle(promise).await else { return };
        let mut wanted = sentinel.borrow_mut();
        match &mut *wanted {
            Wanted::Yes(held) => *held = Some(granted),
            Wanted::No => release(&granted),
        }
    });
}

// The binding of this interface is behind an unstable flag of web-sys.
fn request() -> Option<Promise> {
    let lock = Reflect::get(&window().navigator(), &"wakeLock".into()).ok()?;
    let request: Function = Reflect::get(&lock, &"request".into()).ok()?.dyn_into().ok()?;
    request.call1(&lock, &"screen".into()).ok()?.dyn_into().ok()
}

fn release(sentinel: &JsValue) {
    if let Ok(release) = Reflect::get(sentinel, &"release".into())
        && let Some(release) = release.dyn_ref::<Function>()
    {
        release.call0(sentinel).ok();
    }
}
