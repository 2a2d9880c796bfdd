//! The worker that holds this person's end-to-end keys, from the page's side.
//!
//! The page passes texts between the server and the worker, and hands it the frames of each track. It holds no key. What the two say to
//! each other is in the worker's `inbox` and `outbox`.

use colloque_call::GuestOrder;
use colloque_ids::{ParticipantId, RoomId};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::dom::{Listener, document, window};

/// Where this person's end-to-end encryption stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sealed {
    /// Whether what is sent can be read by the members only.
    pub stage: SealStage,
    /// The two words that both see, once they are there.
    pub words: String,
    /// Whether they have to be compared.
    pub comparison: Compared,
}

/// Whether the two words have to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compared {
    /// They have.
    #[default]
    No,
    /// This person found them the same, or has no need to.
    Yes,
    /// They have: the other one came by another link than the one that this browser has the secret of.
    ByOtherLink,
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
    /// Whose track comes on a line, by the key that opened it: the first, or the second.
    Place { is_first: bool, person: ParticipantId },
    /// The counts were taken, by the program or, while it loads, by what starts it.
    Here { loads: bool },
    /// Somebody wrote, and the panel is not there to read it.
    Written,
    /// The patient's browser asks for the direct way.
    Asked,
    /// What to show.
    View(Sealed),
}

/// Ends of tracks that pass through the worker once all do: three that are sent, five that are received.
pub(crate) const ENDS: u32 = 8;

/// The worker. Dropped, it is ended, and its keys with it.
pub(crate) struct Keys {
    worker: Worker,
    _heard: Listener,
}

impl Keys {
    /// Starts the worker, so that its program is there when a room is known. Its address carries the platform's identity key.
    pub(crate) fn start(say: impl Fn(Said) + 'static) -> Option<Self> {
        let spare = get(&window(), SPARE).dyn_into().ok();
        let worker = spare.map_or_else(start_worker, Some)?;
        Reflect::set(&window(), &SPARE.into(), &JsValue::UNDEFINED).ok();
        let heard = Listener::new(&worker, "message", move |event| {
            let text = event.unchecked_into::<MessageEvent>().data().as_string().unwrap_or_default();
            let Some((kind, rest)) = text.split_at_checked(1) else { return };
            say(match kind {
                "s" => Said::Send(rest.to_owned()),
                "l" => Said::Live,
                "p" => match rest.split_at_checked(1).and_then(|(place, id)| Some((place == "0", id.parse().ok()?))) {
                    Some((is_first, person)) => Said::Place { is_first, person },
                    None => return,
                },
                "t" => Said::Written,
                "d" => Said::Asked,
                "k" => Said::Here { loads: !rest.is_empty() },
                _ => Said::View(sealed(rest)),
            });
        });
        Some(Self { worker, _heard: heard })
    }

    /// The server knows this person in this room by this name; they have this secret of their link, or none.
    pub(crate) fn joined(&self, room: RoomId, participant: ParticipantId, link_secret: &str) {
        self.post(["j", &room.full(), &participant.full(), link_secret].concat().into());
    }

    /// The server passed this on.
    pub(crate) fn hear(&self, message: &str) {
        self.post(["h", message].concat().into());
    }

    /// The browser has sent so many frames on each line; the worker knows how many it sealed.
    pub(crate) fn sent(&self, counts: &str) {
        self.post(["n", counts].concat().into());
    }

    /// The person compared the words.
    pub(crate) fn compare(&self, is_same: bool) {
        self.post(is_same.into());
    }

    /// The person decided about a guest.
    pub(crate) fn order(&self, order: GuestOrder) {
        let (what, guest) = match order {
            GuestOrder::Agree { guest, agrees: true } => ("y", guest),
            GuestOrder::Agree { guest, agrees: false } => ("r", guest),
            GuestOrder::LetIn { guest } => ("i", guest),
            GuestOrder::PutOut { guest } => ("x", guest),
        };
        self.post([what, &guest.full()].concat().into());
    }

    /// Leads what a sender or receiver carries through the worker, in the task that made it: nothing of it passes beside.
    pub(crate) fn attach(&self, end: &JsValue, which: &str) -> Option<()> {
        if let Some(transform) = get(&js_sys::global(), "RTCRtpScriptTransform").dyn_ref::<Function>() {
            let transform = Reflect::construct(transform, &Array::of2(&self.worker, &which.into())).ok()?;
            Reflect::set(end, &"transform".into(), &transform).ok()?;
            return is_led(end).then_some(());
        }
        // Chromium before 141 hands the frames to the page, which hands them on.
        let ends: Object = get(end, "createEncodedStreams").dyn_into::<Function>().ok()?.call0(end).ok()?.into();
        Reflect::set(&ends, &"options".into(), &which.into()).ok()?;
        let moved = Array::of2(&get(&ends, "readable"), &get(&ends, "writable"));
        self.worker.post_message_with_transfer(&ends, &moved).ok()
    }

    /// The worker, for a program that speaks with it past the page.
    pub(crate) const fn worker(&self) -> &Worker {
        &self.worker
    }

    fn post(&self, message: JsValue) {
        // It throws only for what cannot be copied, and texts can.
        self.worker.post_message(&message).ok();
    }
}

/// Where a page keeps a worker for the next call.
const SPARE: &str = "colloqueKeys";

/// Has a worker ready for the next call, tested and warm: a page that is open all day loses no time then.
pub fn prepare() {
    if get(&window(), SPARE).is_undefined()
        && let Some(worker) = start_worker()
    {
        // One whose program does not come is no spare.
        Listener::new(&worker, "error", |_| {
            Reflect::set(&window(), &SPARE.into(), &JsValue::UNDEFINED).ok();
        })
        .for_the_page();
        Reflect::set(&window(), &SPARE.into(), &worker).ok();
    }
}

fn start_worker() -> Option<Worker> {
    let address = document().document_element()?.get_attribute("data-worker")?;
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options(&address, &options).ok()
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// Whether what a sender or receiver carries is still led somewhere. Browsers of before hand the frames out for good.
pub(crate) fn is_led(end: &JsValue) -> bool {
    !get(end, "transform").is_null() || get(&js_sys::global(), "RTCRtpScriptTransform").is_undefined()
}

/// Reads how far it is, whether the words were compared, and the words.
fn sealed(view: &str) -> Sealed {
    let (marks, words) = view.split_at_checked(2).unwrap_or_default();
    Sealed {
        stage: match marks.as_bytes().first() {
            Some(b'1') => SealStage::EndToEnd,
            Some(b'2') => SealStage::WordsDiffer,
            Some(b'3') => SealStage::Impossible,
            _ => SealStage::Preparing,
        },
        comparison: match marks.as_bytes().last() {
            Some(b'1') => Compared::Yes,
            Some(b'2') => Compared::ByOtherLink,
            _ => Compared::No,
        },
        words: words.to_owned(),
    }
}

/// Whether this browser has no way but the direct one: the page's starting script looked before anything else.
pub(crate) fn asks_for_direct_way() -> bool {
    get(&get(&window(), "colloque"), "asks").is_truthy()
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}
