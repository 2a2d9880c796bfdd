//! What a worker says to its page.
//!
//! - `{send: text}`: hand this to the server.
//! - `{view: {...}}`: what to show.
//! - `{said: {from, channel, bytes}}`: what a member said.
//! - `{live: track}`: this track's frames pass through here from now on.
//! - `{count: [sealed, opened, refused]}`: frames since the start.
//! - `{notBelieved: true}`: somebody wanted in who is not who they should be.
//! - `{failed: true}`: no keys can be made.

use colloque_ids::ParticipantId;
use colloque_sealing::e2ee::frame::TrackKind;
use colloque_sealing::e2ee::{Channel, Comparison, LinkProof, Refusal, State, View};
use js_sys::{Array, Function, Object, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::frames::Counts;
use crate::object::{get, of, set};

/// Hands a text to the server.
pub fn send(text: &str) {
    post(of("send", text));
}

/// Shows where this person stands.
pub fn show(view: &View) {
    let shown = Object::new();
    set(&shown, "state", state(view.state));
    set(&shown, "link", match view.link {
        LinkProof::Proven => "proven",
        LinkProof::NotUsed => "not_used",
        LinkProof::None => "none",
    });
    if let Some(code) = view.words {
        set(&shown, "words", code.words().map(JsValue::from).iter().collect::<Array>());
        set(&shown, "pictograms", code.pictograms().map(JsValue::from).iter().collect::<Array>());
    }
    if let Some(comparison) = view.comparison {
        set(&shown, "same", comparison == Comparison::Same);
    }
    let members = view.members.iter().map(|member| {
        let shown = Object::new();
        set(&shown, "name", member.statement.name.as_str());
        set(&shown, "profession", member.statement.profession.as_deref().unwrap_or_default());
        set(&shown, "rpps", member.statement.rpps.as_deref().unwrap_or_default());
        set(&shown, "standing", member.statement.standing as u8);
        set(&shown, "own", member.is_own);
        set(&shown, "same", member.found_same);
        set(&shown, "unsure", member.is_unsure);
        JsValue::from(shown)
    });
    set(&shown, "members", members.collect::<Array>());
    post(of("view", shown));
}

/// Passes on what a member said.
pub fn said(from: ParticipantId, channel: Channel, bytes: &[u8]) {
    let said = Object::new();
    set(&said, "from", from.full());
    set(&said, "channel", channel as u8);
    set(&said, "bytes", Uint8Array::from(bytes));
    post(of("said", said));
}

/// Says that a track's frames pass through here.
pub fn live(track: TrackKind) {
    post(of("live", track as u8));
}

/// Counts frames, for the comparison with what the browser says it has sent.
pub fn count(counts: Counts) {
    let counts = [counts.sealed, counts.opened, counts.refused];
    post(of("count", counts.map(JsValue::from).iter().collect::<Array>()));
}

/// Says that somebody is not believed.
pub fn not_believed() {
    post(of("notBelieved", true));
}

/// Says that no keys can be made.
pub fn failed() {
    post(of("failed", true));
}

const fn state(state: State) -> &'static str {
    match state {
        State::Preparing => "preparing",
        State::Alone => "alone",
        State::EndToEnd => "end_to_end",
        State::Refused(Refusal::WordsDiffer) => "words_differ",
        State::Refused(Refusal::Removed) => "removed",
    }
}

fn post(message: Object) {
    let global = js_sys::global();
    if let Ok(post) = get(&global, "postMessage").dyn_into::<Function>() {
        // It throws only for what cannot be copied, and all this can.
        let _ = post.call1(&global, &message);
    }
}
