//! The secret that a practitioner's browser puts into the link it hands over, past the server: the patient's browser reads it in the
//! address, and each of the two proves to the other that they have it.

use base64ct::{Base64UrlUnpadded, Encoding};
use colloque_ids::ConsultationId;
use web_sys::Storage;

use crate::dom::{now, window};

/// Length of the secret, in bytes.
const SECRET_BYTES: usize = 16;

/// Begins the names under which this browser keeps them.
const NAME: &str = "colloque-link-";

/// Days for which one is kept: longer than an appointment is booked ahead.
const KEPT_DAYS: i64 = 400;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Makes the secret for a consultation's link, in the place of the one before; none where the browser keeps nothing.
#[must_use]
pub fn make(consultation: ConsultationId) -> Option<String> {
    let mut secret = [0; SECRET_BYTES];
    window().crypto().ok()?.get_random_values_with_u8_array(&mut secret).ok()?;
    let secret = Base64UrlUnpadded::encode_string(&secret);
    let storage = storage()?;
    forget_old(&storage);
    let kept = [&now().as_millis().to_string(), ".", &secret].concat();
    storage.set_item(&name(consultation), &kept).ok()?;
    Some(secret)
}

/// Gives the secret that this browser made for a consultation; empty where it made none.
#[must_use]
pub fn of(consultation: ConsultationId) -> String {
    let kept = storage().and_then(|storage| storage.get_item(&name(consultation)).ok()?);
    kept.and_then(|kept| kept.split_once('.').map(|(_, secret)| secret.to_owned())).unwrap_or_default()
}

/// Forgets the secret of a consultation that is over.
pub fn forget(consultation: ConsultationId) {
    storage().map(|storage| storage.remove_item(&name(consultation)));
}

fn forget_old(storage: &Storage) {
    let names: Vec<_> = (0..storage.length().unwrap_or_default()).filter_map(|at| storage.key(at).ok()?).collect();
    let oldest = now().as_millis() - KEPT_DAYS * DAY_MS;
    for name in names.iter().filter(|name| name.starts_with(NAME)) {
        let kept = storage.get_item(name).ok().flatten().unwrap_or_default();
        let made_at = kept.split_once('.').and_then(|(made_at, _)| made_at.parse::<i64>().ok());
        if made_at.is_none_or(|made_at| made_at < oldest) {
            storage.remove_item(name).ok();
        }
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn name(consultation: ConsultationId) -> String {
    [NAME, &consultation.full()].concat()
}
