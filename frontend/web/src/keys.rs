//! The worker that holds this person's end-to-end keys, from the page's side.
//!
//! The page passes texts between the server and the worker, and hands it the frames of each track. It holds no key.

use std::cell::Cell;

use colloque_ids::{ParticipantId, RoomId};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::dom::{Listener, document};

/// Where this person's end-to-end encryption stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed {
    /// Whether what is sent can be read by the members only.
    pub stage: SealStage,
    /// The words that both see.
    pub words: Option<[String; 2]>,
    /// Whether this person found them the same.
    pub is_same: bool,
    /// Whether the other found them the same.
    pub other_is_same: bool,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SealStage {
    /// Keys are on their way: nothing is sent.
    #[default]
    Preparing,
    /// Only the two can see, hear and read.
    EndToEnd,
    /// Somebody found that the words differ: nothing is sent any more.
    WordsDiffer,
    /// This browser cannot: nothing is sent.
    Impossible,
}

/// What the worker says.
#[derive(Debug)]
pub(crate) enum Said {
    /// Hand this text to the server.
    Send(String),
    /// One more end of a track passes through the worker.
    Live,
    /// What to show.
    View(Sealed),
    /// No keys can be made.
    Failed,
}

/// Ends of tracks that pass through the worker once all do: three that are sent, three that are received.
pub(crate) const ENDS: u32 = 6;

/// The worker. Dropped, it is ended, and its keys with it.
pub(crate) struct Keys {
    worker: Worker,
    is_set_up: Cell<bool>,
    _heard: Listener,
}

impl Keys {
    /// Starts the worker, so that its program is there when a room is known.
    pub(crate) fn start(say: impl Fn(Said) + 'static) -> Option<Self> {
        let script = document().document_element()?.get_attribute("data-worker")?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&script, &options).ok()?;
        let heard = Listener::new(&worker, "message", move |event| {
            let data = event.unchecked_into::<MessageEvent>().data();
            let member = |name: &str| get(&data, name);
            let said = if let Some(text) = member("send").as_string() {
                Said::Send(text)
            } else if !member("live").is_undefined() {
                Said::Live
            } else if member("view").is_object() {
                Said::View(sealed(&member("view")))
            } else if !member("failed").is_undefined() {
                Said::Failed
            } else {
                return;
            };
            say(said);
        });
        Some(Self { worker, is_set_up: Cell::new(false), _heard: heard })
    }

    /// The server knows this person in this room by this name. Without the platform's identity key in the page there is nothing to
    /// check anybody by.
    pub(crate) fn joined(&self, room: RoomId, participant: ParticipantId) {
        if !self.is_set_up.replace(true) {
            let identity = document().document_element().and_then(|page| page.get_attribute("data-identity"));
            let setup = object(&[("consultation", room.full().into()), ("identity", identity.into())]);
            post(&self.worker, "setup", setup.into());
        }
        post(&self.worker, "joined", participant.full().into());
    }

    /// The server passed this on.
    pub(crate) fn hear(&self, message: &str) {
        post(&self.worker, "hear", message.into());
    }

    /// The person compared the words.
    pub(crate) fn compare(&self, is_same: bool) {
        post(&self.worker, "compare", is_same.into());
    }

    /// Leads what a sender or receiver carries through the worker, in the task that made it: nothing of it passes beside.
    pub(crate) fn attach(&self, end: &JsValue, way: &str, track: u32) -> Option<()> {
        let options = object(&[("way", way.into()), ("track", track.into())]);
        if let Some(transform) = get(&js_sys::global(), "RTCRtpScriptTransform").dyn_ref::<Function>() {
            let transform = Reflect::construct(transform, &Array::of2(&self.worker, &options)).ok()?;
            return Reflect::set(end, &"transform".into(), &transform).ok()?.then_some(());
        }
        // Chromium before 141 hands the frames to the page, which hands them on.
        let split = get(end, "createEncodedStreams").dyn_into::<Function>().ok()?.call0(end).ok()?;
        let (readable, writable) = (get(&split, "readable"), get(&split, "writable"));
        let ends = object(&[("readable", readable.clone()), ("writable", writable.clone()), ("options", options.into())]);
        let message = object(&[("legacy", ends.into())]);
        self.worker.post_message_with_transfer(&message, &Array::of2(&readable, &writable)).ok()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn sealed(view: &JsValue) -> Sealed {
    let list = |name| get(view, name).dyn_into::<Array>().unwrap_or_default();
    let words = list("words");
    let word = |place| words.get(place).as_string();
    Sealed {
        stage: match get(view, "state").as_string().as_deref() {
            Some("end_to_end") => SealStage::EndToEnd,
            Some("words_differ") => SealStage::WordsDiffer,
            _ => SealStage::Preparing,
        },
        words: word(0).zip(word(1)).map(<[String; 2]>::from),
        is_same: get(view, "same").is_truthy(),
        other_is_same: list("members").iter().any(|member| get(&member, "same").is_truthy()),
    }
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
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
