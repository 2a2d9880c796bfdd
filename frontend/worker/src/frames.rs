//! The frames of one track on their way through the worker.
//!
//! Fails closed: a frame that cannot be sealed is not sent, one that cannot be opened is not played.

use colloque_sealing::e2ee::frame::{Codec, OpenFrameError, Opening, RedundantError, TrackKind};
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::object::{get, text};
use crate::outbox;
use crate::worker::{self, Worker, now};

/// A frame that waits for its key.
pub struct Held {
    line: Line,
    frame: JsValue,
    controller: JsValue,
}

/// A line on which others are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    /// As [`colloque_sealing::Places`] counts.
    place: usize,
    track: TrackKind,
}

/// Which way a track's frames go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Out(TrackKind),
    In(Line),
}

/// Leads a track's frames through the keys.
pub fn transform(transformer: &JsValue) {
    // `o` for out, `i` for in, `j` for in from one more person; then the number of the kind of track.
    let options = text(transformer, "options").unwrap_or_default();
    let Some((way, track)) = options.split_at_checked(1) else { return };
    let Some(track) = track.parse().ok().and_then(TrackKind::from_number) else { return };
    let way = match (way, track) {
        ("o", _) => Way::Out(track),
        ("i" | "j", TrackKind::Screen) => Way::In(Line { place: 2, track }),
        ("i", _) => Way::In(Line { place: 0, track }),
        ("j", _) => Way::In(Line { place: 1, track }),
        _ => return,
    };
    if pipe(transformer, way).is_some() {
        outbox::live();
    }
}

/// Joins the two ends by a `TransformStream` of ours. Without it nothing passes at all.
fn pipe(transformer: &JsValue, way: Way) -> Option<()> {
    let pass = Closure::<dyn FnMut(JsValue, JsValue)>::new(move |frame, controller| pass(way, frame, controller));
    let steps = Object::new();
    Reflect::set(&steps, &"transform".into(), &pass.into_js_value()).ok()?;
    let stream: Function = get(&js_sys::global(), "TransformStream").dyn_into().ok()?;
    let stream = Reflect::construct(&stream, &js_sys::Array::of1(&steps)).ok()?;
    let through: Function = get(&get(transformer, "readable"), "pipeThrough").dyn_into().ok()?;
    let changed = through.call1(&get(transformer, "readable"), &stream).ok()?;
    let to: Function = get(&changed, "pipeTo").dyn_into().ok()?;
    let done: Promise = to.call1(&changed, &get(transformer, "writable")).ok()?.dyn_into().ok()?;
    // The streams of a track that ended are broken off, and nobody is told.
    let ended = Closure::<dyn FnMut(JsValue)>::new(|_| {});
    let _ = done.catch(&ended);
    ended.forget();
    Some(())
}

fn pass(way: Way, frame: JsValue, controller: JsValue) {
    worker::with(|worker| match way {
        Way::Out(track) => worker.seal(track, &frame, &controller),
        Way::In(line) => worker.open(Held { line, frame, controller }),
    });
}

impl Worker {
    fn seal(&mut self, track: TrackKind, frame: &JsValue, controller: &JsValue) {
        let bytes = Uint8Array::new(&get(frame, "data")).to_vec();
        let sealed = match (track, codec(frame)) {
            (TrackKind::Voice, Some(Form::Redundant)) => self.sealing.sealer().seal_redundant_voice(&bytes).ok(),
            (TrackKind::Voice, Some(Form::Coded(codec @ Codec::Opus)))
            | (TrackKind::Camera | TrackKind::Screen, Some(Form::Coded(codec @ (Codec::Vp8 | Codec::Vp9)))) => {
                self.sealing.sealer().seal(track, codec, &bytes).ok()
            }
            // What this product does not negotiate is not sent.
            _ => None,
        };
        if let Some(sealed) = sealed.filter(|_| !self.leaks) {
            // Counted first: what is on its way when the browser counts was sealed.
            self.watchdog.sealed(track);
            hand_on(frame, controller, &sealed);
        }
    }

    /// Opens a frame of whoever is on its line, and of nobody else.
    fn open(&mut self, held: Held) {
        if self.leaks {
            return;
        }
        let bytes = Uint8Array::new(&get(&held.frame, "data")).to_vec();
        let is_redundant = codec(&held.frame) == Some(Form::Redundant);
        let Line { place, track } = held.line;
        let people = self.others();
        // Without anybody there is nobody's key yet.
        let mut outcome = Err(OpenFrameError::UnknownKey);
        for (person, from) in self.places.may_open(place, &people, now()) {
            outcome = match track {
                TrackKind::Voice if is_redundant => {
                    self.sealing.opener().open_redundant_voice(from, &bytes).map_err(|error| match error {
                        RedundantError::Open(error) => error,
                        RedundantError::Malformed | RedundantError::Seal(_) => OpenFrameError::NoEnvelope,
                    })
                }
                _ => self.sealing.opener().open(Opening { from, track }, &bytes),
            };
            if outcome.is_ok() && self.places.note(place, person, now()) && track != TrackKind::Screen {
                outbox::place(place, person);
            }
            // Whose frame it is, its key tells: another person's is not a fault of this one.
            if outcome != Err(OpenFrameError::OtherTrack) {
                break;
            }
        }
        match outcome {
            Ok(opened) => hand_on(&held.frame, &held.controller, &opened),
            Err(OpenFrameError::UnknownKey) => self.held.hold(held, bytes.len(), now()),
            Err(_) => {}
        }
    }

    /// Opens what waited for keys that are there now.
    pub fn try_again(&mut self) {
        let waiting: Vec<_> = self.held.release(now()).collect();
        for held in waiting {
            self.open(held);
        }
    }
}

/// How a frame is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Coded(Codec),
    /// RFC 2198.
    Redundant,
}

/// Asks the browser how a frame is coded. One that does not say sends what every browser of its kind does.
fn codec(frame: &JsValue) -> Option<Form> {
    let metadata: Function = get(frame, "getMetadata").dyn_into().ok()?;
    let metadata = metadata.call0(frame).ok()?;
    let Some(name) = text(&metadata, "mimeType") else {
        let is_picture = text(frame, "type").is_some();
        return Some(Form::Coded(if is_picture { Codec::Vp8 } else { Codec::Opus }));
    };
    match name.to_ascii_lowercase().as_str() {
        "audio/opus" => Some(Form::Coded(Codec::Opus)),
        "audio/red" => Some(Form::Redundant),
        "video/vp8" => Some(Form::Coded(Codec::Vp8)),
        "video/vp9" => Some(Form::Coded(Codec::Vp9)),
        _ => None,
    }
}

fn hand_on(frame: &JsValue, controller: &JsValue, bytes: &[u8]) {
    let data = Uint8Array::from(bytes).buffer();
    let is_taken = Reflect::set(frame, &"data".into(), &data).unwrap_or(false);
    if let (true, Ok(enqueue)) = (is_taken, get(controller, "enqueue").dyn_into::<Function>()) {
        // A stream that is closed takes nothing any more.
        let _ = enqueue.call1(controller, frame);
    }
}
