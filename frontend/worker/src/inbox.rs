//! What a page says to its worker.
//!
//! - `{setup: {consultation, identity, link}}`: identifiers and keys, in texts; `link` is absent without one.
//! - `{joined: participant}`: the server knows this person by this name.
//! - `{hear: text}`: the server passed this on.
//! - `{compare: boolean}`: what the person found when they compared the words.
//! - `{say: {channel, bytes}}`: something for the others.
//! - `{}`: a second has passed; the script that starts the worker says it, not the page.
//! - `{legacy: {readable, writable, options}}`: a track's frames in a browser that hands them to the page first.

use base64ct::{Base64UrlUnpadded, Encoding};
use colloque_ids::{ConsultationId, ParticipantId};
use colloque_sealing::Sealing;
use colloque_sealing::e2ee::{Channel, Comparison, LINK_SECRET_BYTES, LinkSecret, SEED_BYTES, Setup};
use js_sys::{Function, Reflect, Uint8Array};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

use crate::object::{bytes, get, number, text};
use crate::{frames, outbox, worker};

/// Takes a message; one that is none is let go.
pub fn take(message: &JsValue) {
    let setup = get(message, "setup");
    if setup.is_object() {
        match set_up(&setup) {
            Some(sealing) => worker::set(sealing),
            None => outbox::failed(),
        }
        return;
    }
    let legacy = get(message, "legacy");
    if legacy.is_object() {
        return frames::transform(&legacy);
    }
    worker::with(|worker| {
        if let Some(participant) = text(message, "joined").and_then(|text| id(&text)).map(ParticipantId::from_uuid) {
            worker.sealing.joined(participant);
        } else if let Some(heard) = text(message, "hear") {
            // What is not taken changes nothing: it was for keys that this worker does not have.
            let _ = worker.sealing.hear(&heard, worker::now());
        } else if let Some(same) = get(message, "compare").as_bool() {
            let comparison = if same { Comparison::Same } else { Comparison::Different };
            let _ = worker.sealing.compare(comparison);
        } else if let said @ Some(_) = Some(get(message, "say")).filter(JsValue::is_object) {
            let said = said.unwrap_or_default();
            let channel = number(&said, "channel").and_then(Channel::from_number);
            if let (Some(channel), Some(bytes)) = (channel, bytes(&said, "bytes")) {
                let _ = worker.sealing.say(channel, &bytes);
            }
        } else {
            worker.sealing.tick(worker::now());
            worker.held.expire(worker::now());
            outbox::count(worker.counts);
        }
    });
}

fn set_up(setup: &JsValue) -> Option<Sealing> {
    let consultation = ConsultationId::from_uuid(id(&text(setup, "consultation")?)?);
    let identity_key = key::<32>(&text(setup, "identity")?)?;
    let link = match text(setup, "link") {
        Some(link) => Some(LinkSecret::new(key::<LINK_SECRET_BYTES>(&link)?)),
        None => None,
    };
    Sealing::new(Setup { consultation, identity_key, link, seed: seed()? }).ok()
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

fn key<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut key = [0; N];
    let decoded = Base64UrlUnpadded::decode(text, &mut key).ok()?.len();
    (decoded == N).then_some(key)
}

/// Draws from the browser's own generator.
fn seed() -> Option<Zeroizing<[u8; SEED_BYTES]>> {
    let crypto = get(&js_sys::global(), "crypto");
    let draw: Function = Reflect::get(&crypto, &"getRandomValues".into()).ok()?.dyn_into().ok()?;
    let drawn = Uint8Array::new_with_length(u32::try_from(SEED_BYTES).ok()?);
    draw.call1(&crypto, &drawn).ok()?;
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    drawn.copy_to(seed.as_mut());
    drawn.fill(0, 0, drawn.length());
    Some(seed)
}
