//! The worker that holds this person's end-to-end keys, from the page's side.
//!
//! The page passes texts between the server and the worker, and hands it the frames of each track. It holds no key.

use colloque_ids::{ParticipantId, RoomId};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::dom::{Listener, document};

/// What the worker says.
#[derive(Debug)]
pub(crate) enum Said {
    /// Hand this text to the server.
    Send(String),
    /// One more end of a track passes through the worker.
    Live,
    /// What to show.
    View(JsValue),
    /// No keys can be made.
    Failed,
}

/// Ends of tracks that pass through the worker once all do: three that are sent, three that are received.
pub(crate) const ENDS: u32 = 6;

/// The worker. Dropped, it is ended, and its keys with it.
pub(crate) struct Keys {
    worker: Worker,
    _heard: Listener,
}

impl Keys {
    /// Starts the worker for a room. Without the platform's identity key in the page there is nothing to check anybody by.
    pub(crate) fn start(room: RoomId, say: impl Fn(Said) + 'static) -> Option<Self> {
        let page = document().document_element()?;
        let (script, identity) = (page.get_attribute("data-worker")?, page.get_attribute("data-identity")?);
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&script, &options).ok()?;
        let heard = Listener::new(&worker, "message", move |event| {
            let data = event.unchecked_into::<MessageEvent>().data();
            let member = |name: &str| Reflect::get(&data, &name.into()).unwrap_or_default();
            let said = if let Some(text) = member("send").as_string() {
                Said::Send(text)
            } else if !member("live").is_undefined() {
                Said::Live
            } else if member("view").is_object() {
                Said::View(member("view"))
            } else if !member("failed").is_undefined() {
                Said::Failed
            } else {
                return;
            };
            say(said);
        });
        let setup = object(&[("consultation", room.full().into()), ("identity", identity.into())]);
        post(&worker, "setup", setup.into());
        Some(Self { worker, _heard: heard })
    }

    /// The server knows this person by this name.
    pub(crate) fn joined(&self, participant: ParticipantId) {
        post(&self.worker, "joined", participant.full().into());
    }

    /// The server passed this on.
    pub(crate) fn hear(&self, message: &str) {
        post(&self.worker, "hear", message.into());
    }

    /// Leads what a sender or receiver carries through the worker, in the task that made it: nothing of it passes beside.
    pub(crate) fn attach(&self, end: &JsValue, way: &str, track: u32) -> Option<()> {
        let options = object(&[("way", way.into()), ("track", track.into())]);
        let transform = Reflect::get(&js_sys::global(), &"RTCRtpScriptTransform".into()).ok()?;
        let transform = Reflect::construct(transform.dyn_ref::<Function>()?, &Array::of2(&self.worker, &options)).ok()?;
        Reflect::set(end, &"transform".into(), &transform).ok()?.then_some(())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn object(members: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in members {
        // A plain object takes every member.
        Reflect::set(&object, &(*name).into(), value).ok();
    }
    object
}

fn post(worker: &Worker, name: &str, value: JsValue) {
    // It throws only for what cannot be copied, and all this can.
    worker.post_message(&object(&[(name, value)])).ok();
}
