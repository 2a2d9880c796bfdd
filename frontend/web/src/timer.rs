//! Timers that end with their owner.

use std::time::Duration;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::dom::{settle, window};

/// Runs something once, later; dropped before, it never runs.
pub struct Timeout {
    id: i32,
    _handler: Closure<dyn FnMut()>,
}

impl Timeout {
    /// Runs `action` once after `delay`, whole milliseconds.
    #[must_use]
    pub fn after(delay: Duration, action: impl FnOnce() + 'static) -> Self {
        let handler = Closure::once(action);
        let id = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(handler.as_ref().unchecked_ref(), millis(delay))
            .expect("a window always gives timers");
        Self { id, _handler: handler }
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        window().clear_timeout_with_handle(self.id);
    }
}

/// Runs something again and again until dropped.
pub struct Interval {
    id: i32,
    _handler: Closure<dyn Fn()>,
}

impl Interval {
    /// Runs `action` each `period`, the first time one period from now.
    #[must_use]
    pub fn every(period: Duration, action: impl Fn() + 'static) -> Self {
        let handler: Closure<dyn Fn()> = Closure::new(action);
        let id = window()
            .set_interval_with_callback_and_timeout_and_arguments_0(handler.as_ref().unchecked_ref(), millis(period))
            .expect("a window always gives timers");
        Self { id, _handler: handler }
    }
}

impl Drop for Interval {
    fn drop(&mut self) {
        window().clear_interval_with_handle(self.id);
    }
}

/// Lets `delay` go by.
pub async fn pause(delay: Duration) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis(delay))
            .expect("a window always gives timers");
    });
    // The promise has no way to reject.
    settle(promise).await.ok();
}

fn millis(delay: Duration) -> i32 {
    i32::try_from(delay.as_millis()).unwrap_or(i32::MAX)
}
