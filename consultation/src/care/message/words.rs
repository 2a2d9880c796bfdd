//! The texts of messages. Simple words; no name, no specialty, no reason, no name of a practice.

use colloque_domain::{PhoneNumber, Slot};
use colloque_ids::Timestamp;

use super::{Destination, Message};
use crate::care::paris;

/// A link to a first or a fresh invitation.
pub(crate) fn invitation(to: Destination, slot: Slot, link: String, phone: &PhoneNumber) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Vous avez un rendez-vous vidéo {}.\n\n\
         Le moment venu, ouvrez ce lien sur votre téléphone ou votre ordinateur :\n{link}\n\n\
         La salle d’attente ouvre 30 minutes avant. Ce lien est personnel et sert une seule fois : ne le donnez à personne.\n\n\
         Une question ? Appelez le {}.\n",
        when(slot.starts_at()),
        local(phone),
    );
    Message { to, subject: "Votre rendez-vous vidéo".to_owned(), text, link: Some(link), expires_at: slot.closes_at() }
}

/// A link to what was handed over in a consultation that has ended.
pub(crate) fn way_back(to: Destination, link: String, phone: &PhoneNumber, expires_at: Timestamp) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Votre consultation vidéo est terminée. Pour retrouver ce qui vous a été remis, ouvrez ce lien :\n{link}\n\n\
         Ce lien est personnel et sert une seule fois : ne le donnez à personne.\n\n\
         Une question ? Appelez le {}.\n",
        local(phone),
    );
    Message { to, subject: "Votre consultation vidéo".to_owned(), text, link: Some(link), expires_at }
}

/// A code.
pub(crate) fn code(to: Destination, code: &str, expires_at: Timestamp) -> Message {
    let text = format!("Votre code est {code}. Il sert une seule fois, pendant 10 minutes. Ne le donnez à personne.\n");
    Message { to, subject: "Votre code".to_owned(), text, link: None, expires_at }
}

/// The appointment has another hour.
pub(crate) fn moved(to: Destination, slot: Slot, phone: &PhoneNumber) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Votre rendez-vous vidéo est déplacé. Il a lieu {}.\n\
         Le lien que vous avez reçu reste valable.\n\n\
         Une question ? Appelez le {}.\n",
        when(slot.starts_at()),
        local(phone),
    );
    Message {
        to,
        subject: "Votre rendez-vous vidéo est déplacé".to_owned(),
        text,
        link: None,
        expires_at: slot.closes_at(),
    }
}

/// The appointment is cancelled.
pub(crate) fn cancelled(to: Destination, slot: Slot, phone: &PhoneNumber) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Votre rendez-vous vidéo prévu {} est annulé. Le lien que vous avez reçu ne sert plus.\n\n\
         Pour un autre rendez-vous, appelez le {}.\n",
        when(slot.starts_at()),
        local(phone),
    );
    Message {
        to,
        subject: "Votre rendez-vous vidéo est annulé".to_owned(),
        text,
        link: None,
        expires_at: slot.closes_at(),
    }
}

/// Codes no longer come from the person's application.
pub(crate) fn codes_by_message(to: Destination, phone: &PhoneNumber, expires_at: Timestamp) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Votre application de codes ne sert plus pour vos rendez-vous vidéo. \
         La prochaine fois, un code vous sera envoyé par message.\n\n\
         Vous ne l’aviez pas demandé ? Appelez le {}.\n",
        local(phone),
    );
    Message { to, subject: "Vos codes".to_owned(), text, link: None, expires_at }
}

/// Codes come from an application from now on.
pub(crate) fn codes_by_application(to: Destination, phone: &PhoneNumber, expires_at: Timestamp) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Une application de codes est installée pour vos rendez-vous vidéo. \
         La prochaine fois, elle vous donnera votre code.\n\n\
         Ce n’était pas vous ? Appelez le {}.\n",
        local(phone),
    );
    Message { to, subject: "Votre application de codes".to_owned(), text, link: None, expires_at }
}

/// A link to a new account.
pub(crate) fn account(to: Destination, link: String, expires_at: Timestamp) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         Un compte vous attend. Ouvrez ce lien pour choisir votre mot de passe :\n{link}\n\n\
         Ce lien est personnel, sert une seule fois et reste valable 7 jours. Ne le donnez à personne. \
         Vous n’attendiez pas ce message ? Ne faites rien.\n"
    );
    Message { to, subject: "Votre compte".to_owned(), text, link: Some(link), expires_at }
}

/// Somebody who administers accounts took a person's proofs away.
pub(crate) fn access_reset(to: Destination, link: String, phone: &PhoneNumber, expires_at: Timestamp) -> Message {
    let text = format!(
        "Bonjour,\n\n\
         L’accès à votre compte a été réinitialisé par une personne qui gère les comptes. \
         Votre mot de passe et vos codes d’avant ne servent plus.\n\n\
         Ouvrez ce lien pour choisir un nouveau mot de passe :\n{link}\n\n\
         Ce lien est personnel, sert une seule fois et reste valable 7 jours. Ne le donnez à personne.\n\n\
         Vous n’aviez rien demandé ? Appelez le {}.\n",
        local(phone),
    );
    Message { to, subject: "Votre accès est réinitialisé".to_owned(), text, link: Some(link), expires_at }
}

/// A French number as people here dial it, `02 61 91 00 12`; another country's with its prefix.
fn local(phone: &PhoneNumber) -> String {
    let text = phone.spaced();
    text.strip_prefix("+33 ").map(|national| format!("0{national}")).unwrap_or(text)
}

fn when(instant: Timestamp) -> String {
    format!("le {} à {}", paris::day_in_words(instant), paris::hour_in_words(instant))
}
