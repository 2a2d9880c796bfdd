//! What a page says to its worker.
//!
//! - `j` and two identifiers of 36 characters: in this room the server knows this person by this name. Then, if this browser has it, the
//!   secret of the invitation's link, 16 bytes, base64url without padding.
//! - `h` and a text: the server passed this on.
//! - `y`, `r` and an identifier of 36 characters: the patient agrees to this guest, or does not.
//! - `i`, `x` and the same: the practitioner lets this guest in, or puts them out.
//! - `n` and three numbers: how many frames of each track the browser has sent; answered, so that the page knows that somebody is there.
//! - `true`, `false`: what the person found when they compared the words.
//! - an object with `port`: what people write to each other goes over it, see [`crate::talk`].
//! - an object with `direct`: a port too, see [`crate::direct`].
//! - an object with `readable`, `writable` and `options`: a track's frames, in a browser that hands them to the page first.
//! - `undefined`: a second has passed; the script that starts the worker says it, not the page.

use base64ct::{Base64UrlUnpadded, Encoding};
use colloque_ids::{ConsultationId, ParticipantId};
use colloque_sealing::Sealing;
use colloque_sealing::e2ee::{LinkSecret, SEED_BYTES, Setup, self_test};
use js_sys::{Function, Uint8Array};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

use crate::object::{get, text};
use crate::{direct, frames, outbox, talk, worker};

/// Takes a message; one that is none is let go.
pub fn take(message: &JsValue) {
    if message.is_object() {
        let (port, direct) = (get(message, "port"), get(message, "direct"));
        return match (port.is_undefined(), direct.is_undefined()) {
            (false, _) => talk::open(port),
            (true, false) => direct::open(direct),
            (true, true) => frames::transform(message),
        };
    }
    if let Some(text) = message.as_string() {
        return match text.split_at_checked(1) {
            Some(("j", names)) => joined(names),
            Some(("h", heard)) => {
                // What is not taken changes nothing: it was for keys that this worker does not have.
                worker::with(|worker| worker.sealing.hear(heard, worker::now()).ok());
            }
            Some(("n", counts)) => {
                worker::with(|worker| worker.sent(counts));
                outbox::here();
            }
            Some((what, guest)) => about_guest(what, guest),
            None => {}
        };
    }
    if let Some(is_same) = message.as_bool() {
        return worker::compare(is_same);
    }
    worker::with(|worker| {
        worker.sealing.tick(worker::now());
        worker.held.expire(worker::now());
    });
}

fn about_guest(what: &str, guest: &str) {
    let Some(guest) = id(guest).map(ParticipantId::from_uuid) else { return };
    worker::with(|worker| match what {
        // Without a statement of this person's own key there is nobody to be let in yet.
        "y" | "r" => drop(worker.sealing.agree(guest, what == "y")),
        "i" => worker.sealing.let_in(guest),
        "x" => worker.sealing.put_out(guest),
        _ => {}
    });
}

fn joined(names: &str) {
    let Some((room, rest)) = names.split_at_checked(36) else { return };
    let Some((participant, secret)) = rest.split_at_checked(36) else { return };
    let Some(participant) = id(participant).map(ParticipantId::from_uuid) else { return };
    if worker::with(|_| ()).is_none() {
        match set_up(room, secret) {
            Some(sealing) => worker::set(sealing),
            None => return outbox::failed(),
        }
    }
    worker::with(|worker| worker.sealing.joined(participant));
}

/// A room is named as its consultation is. The platform's identity key is in the worker's own address.
fn set_up(room: &str, secret: &str) -> Option<Sealing> {
    let consultation = ConsultationId::from_uuid(id(room)?);
    let identity_key = key(text(&get(&js_sys::global(), "location"), "hash")?.strip_prefix('#')?)?;
    Sealing::new(Setup { consultation, identity_key, link: key(secret).map(LinkSecret::new), seed: seed()? }).ok()
}

fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

fn key<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut key = [0; N];
    let decoded = Base64UrlUnpadded::decode(text, &mut key).ok()?.len();
    (decoded == N).then_some(key)
}

/// Whether this browser draws and computes what keys need.
pub fn test() -> bool {
    // A generator that says the same twice is none.
    matches!((seed(), seed()), (Some(one), Some(other)) if one != other && self_test(&one, worker::now()).is_ok())
}

/// Draws from the browser's own generator.
fn seed() -> Option<Zeroizing<[u8; SEED_BYTES]>> {
    let crypto = get(&js_sys::global(), "crypto");
    let draw: Function = get(&crypto, "getRandomValues").dyn_into().ok()?;
    let drawn = Uint8Array::new_with_length(u32::try_from(SEED_BYTES).ok()?);
    draw.call1(&crypto, &drawn).ok()?;
    let mut seed = Zeroizing::new([0; SEED_BYTES]);
    drawn.copy_to(seed.as_mut());
    drawn.fill(0, 0, drawn.length());
    Some(seed)
}
