//! The secret that a practitioner's browser puts into the link it hands over, past the server: the patient's browser reads it in the
//! address, and each of the two proves to the other that they have it.

use base64ct::{Base64UrlUnpadded, Encoding};
use colloque_ids::{ConsultationId, InvitationId};
use web_sys::Storage;

use crate::dom::{now, window};

/// Length of the secret, in bytes.
const SECRET_BYTES: usize = 16;

/// Begins the names under which this browser keeps them.
const NAME: &str = "colloque-link-";

/// Days for which one is kept that no end of a consultation has removed.
const KEPT_DAYS: i64 = 100;

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

/// Whether a link is one to whose end the secret may be put: to a patient's page of this origin, with nothing but a token in its fragment.
#[must_use]
pub fn takes(link: &str, invitation: InvitationId) -> bool {
    let origin = window().location().origin().unwrap_or_default();
    is_ours(link, &origin, invitation)
}

fn is_ours(link: &str, origin: &str, invitation: InvitationId) -> bool {
    let page = [origin, "/c/", &invitation.full(), "#"].concat();
    link.strip_prefix(&page).is_some_and(|token| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_put_where_a_server_would_read_it() {
        let invitation = InvitationId::from_bytes([7; 16]);
        let page = ["https://cabinet.example/c/", &invitation.full()].concat();
        let is_ours = |rest: &str| is_ours(&[&page, rest].concat(), "https://cabinet.example", invitation);
        assert!(is_ours("#AbC-_09"));
        for rest in ["", "#", "?k=AbC", "?x#AbC", "/test#AbC", "#AbC.def", "#AbC#d", "/#AbC"] {
            assert!(!is_ours(rest), "{rest}");
        }
        let elsewhere = ["https://cabinet.example.evil/c/", &invitation.full(), "#AbC"].concat();
        assert!(!super::is_ours(&elsewhere, "https://cabinet.example", invitation));
    }
}
