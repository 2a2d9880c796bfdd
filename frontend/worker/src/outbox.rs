//! What a worker says to its page, each a text.
//!
//! - `s` and a text: hand this to the server.
//! - `l`: one more end of a track passes through here.
//! - `p`, the digit of a line and an identifier of 36 characters: whose track comes on it, by the key that opened it.
//! - `t`: somebody wrote, and nobody has opened a port to read it.
//! - `d`: the other member asks for the direct way, and nobody has opened a port to read it.
//! - `k`: the counts were taken; `kw` by the script that starts the worker, while its program is on the way.
//! - `v`, a digit for how far it is (0 preparing, 1 end to end, 2 the words differ, 3 impossible), `1` if this person has compared the words, `2` if the
//!   link that this browser made or was given was not used, `0` otherwise, and the two words: what to show.

use colloque_ids::ParticipantId;
use colloque_sealing::e2ee::{Comparison, LinkProof, Refusal, State, View};
use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue};

use crate::object::get;

/// Hands a text to the server.
pub fn send(text: &str) {
    post(&["s", text].concat());
}

/// Shows where this person stands.
pub fn show(view: &View) {
    let stage = match view.state {
        State::Preparing | State::Alone => "0",
        State::EndToEnd => "1",
        State::Refused(Refusal::WordsDiffer) => "2",
        // Somebody who was put out may be let in again; who did not agree to a guest is asked.
        State::Refused(Refusal::Removed | Refusal::NotAgreed) => "0",
    };
    let words = view.words.map(|code| code.words().join(" · ")).unwrap_or_default();
    let mark = match view.link {
        _ if is_compared(view) => "1",
        LinkProof::NotUsed => "2",
        LinkProof::Proven | LinkProof::None => "0",
    };
    post(&["v", stage, mark, &words].concat());
}

/// Whether this person has compared the words and found them the same, or the secret that this practitioner's browser made shows as much.
/// Nobody else's word counts: who stands in the middle says that they are the same. Nor does a secret that this browser was given count,
/// for it does not know by whom.
pub fn is_compared(view: &View) -> bool {
    let own = view.members.iter().find(|member| member.is_own);
    let is_clinician = own.is_some_and(|own| own.statement.standing.is_clinician());
    view.comparison == Some(Comparison::Same) || (is_clinician && view.link == LinkProof::Proven)
}

/// Says that one more end of a track passes through here.
pub fn live() {
    post("l");
}

/// Says who is seen and heard on a line.
pub fn place(place: usize, person: ParticipantId) {
    post(&["p", if place == 0 { "0" } else { "1" }, &person.full()].concat());
}

/// Says that somebody wrote.
pub fn written() {
    post("t");
}

/// Says that the other member asks for the direct way.
pub fn asked() {
    post("d");
}

/// Says that the counts were taken.
pub fn here() {
    post("k");
}

/// Says that no keys can be made, or that frames pass beside them.
pub fn failed() {
    post("v30");
}

fn post(message: &str) {
    let global = js_sys::global();
    if let Ok(post) = get(&global, "postMessage").dyn_into::<Function>() {
        // It throws only for what cannot be copied, and texts can.
        let _ = post.call1(&global, &JsValue::from(message));
    }
}
