//! Documents on their way out and in: written anew by a worker of their own (`frontend/cleaner`), which ends with its document.

use std::time::Duration;

use colloque_web::dom::Listener;
use colloque_web::timer::Timeout;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::text::Msg;

/// Longest file that is read, in bytes: what is written of it may be much shorter.
pub const MAX_READ_BYTES: f64 = 32.0 * 1024.0 * 1024.0;

/// How long it may take. Longer: whoever sends a file made for that keeps a telephone busy. Shorter: an old telephone does not finish.
const LONGEST: Duration = Duration::from_secs(30);

/// Why there is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDocument {
    /// It is none, or cannot be read.
    Unreadable,
    /// It asks for a password.
    Password,
    /// It is a form whose answers are not drawn.
    Form,
    /// It has too many pages, or took too long.
    TooLong,
    /// The program that writes it did not come.
    NotNow,
}

impl NoDocument {
    /// What is said to whoever chose the file.
    pub const fn words(self) -> Msg {
        match self {
            Self::Unreadable => Msg::NoDocument,
            Self::Password => Msg::Locked,
            Self::Form => Msg::UndrawnForm,
            Self::TooLong => Msg::DocumentTooLong,
            Self::NotNow => Msg::NoCleaner,
        }
    }
}

/// Writes a document anew; `address` is that of the worker's script.
pub async fn anew(address: &str, bytes: Uint8Array) -> Result<Vec<u8>, NoDocument> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(address, &options).map_err(|_| NoDocument::NotNow)?;
    let mut held = None;
    let answer = Promise::new(&mut |done, _| {
        let say = move |what: &JsValue| {
            // A promise takes every value.
            done.call1(&JsValue::NULL, what).ok();
        };
        let (came, broke, late) = (say.clone(), say.clone(), say);
        held = Some((
            Listener::new(&worker, "message", move |event| came(&event.unchecked_into::<MessageEvent>().data())),
            Listener::new(&worker, "error", move |_| broke(&0.into())),
            Timeout::after(LONGEST, move || late(&4.into())),
        ));
    });
    let sent = worker.post_message_with_transfer(&bytes, &Array::of1(&bytes.buffer()));
    let answer = match sent {
        Ok(()) => JsFuture::from(answer).await,
        Err(error) => Err(error),
    };
    worker.terminate();
    drop(held);
    let answer = answer.unwrap_or(JsValue::from(0));
    match answer.dyn_ref::<Uint8Array>() {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(match answer.as_f64() {
            Some(1.0) => NoDocument::Unreadable,
            Some(2.0) => NoDocument::Password,
            Some(3.0) => NoDocument::Form,
            Some(4.0) => NoDocument::TooLong,
            _ => NoDocument::NotNow,
        }),
    }
}
