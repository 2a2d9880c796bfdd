//! Pieces that several screens share.

use colloque_ids::Timestamp;
use colloque_protocol::{AuthenticationMethod, IdentityCard};
use colloque_web::text::{Locale, Text, locale};

use crate::intent::Intent;
use crate::tree::{Element, Node, el};
use crate::words::Msg;

/// A drawing of the shell; always beside a word.
pub fn icon(name: &str) -> Element {
    el("svg").class("i").with("aria-hidden", "true").child(el("use").with("href", format!("#i-{name}")))
}

/// A whole screen. Its name tells it from the one before, so that nothing of that one is taken over.
pub fn screen(name: &str) -> Element {
    el("section").with("id", format!("screen-{name}")).class("screen")
}

/// The title of a screen, which may be given the focus.
pub fn title(words: impl Into<String>) -> Element {
    el("h1").with("tabindex", "-1").text(words)
}

/// A paragraph.
pub fn paragraph(words: impl Into<String>) -> Element {
    el("p").text(words)
}

/// A less important paragraph.
pub fn soft(words: impl Into<String>) -> Element {
    el("p").class("soft").text(words)
}

/// A button with a word.
pub fn button(class: &str, intent: Intent, word: impl Text) -> Element {
    el("button").with("type", "button").class(class).on_tap(intent).text(word.t())
}

/// A button with a drawing and a word.
pub fn drawn_button(class: &str, intent: Intent, drawing: &str, word: impl Text) -> Element {
    el("button").with("type", "button").class(class).on_tap(intent).child(icon(drawing)).text(word.t())
}

/// A round sign that says at a glance what the screen is about.
pub fn badge(kind: &str, drawing: &str) -> Element {
    el("div").class("badge").with("data-kind", kind).child(icon(drawing))
}

/// One moment.
pub fn moment(heading: Msg, body: Msg) -> Node {
    screen("moment").with("role", "status").child(dots()).child(title(heading.t())).child(paragraph(body.t())).into()
}

/// Three dots that breathe.
pub fn dots() -> Element {
    el("div").class("waiting").with("aria-hidden", "true").child(el("i")).child(el("i")).child(el("i"))
}

/// A line that asks for attention, with a drawing.
pub fn notice(drawing: &str, words: impl Into<String>) -> Element {
    el("p").class("notice").child(icon(drawing)).child(el("span").text(words))
}

/// A line that informs, with a drawing.
pub fn calm(drawing: &str, words: impl Into<String>) -> Element {
    el("p").class("notice calm").child(icon(drawing)).child(el("span").text(words))
}

/// A drawing and words side by side.
pub fn row(drawing: &str, words: impl Into<String>) -> Element {
    el("p").class("row").child(icon(drawing)).child(el("span").text(words))
}

/// The practitioner's card before the consultation; `verified` when this room's own ticket says so.
pub fn card(card: &IdentityCard, verified: bool) -> Element {
    el("div")
        .class("card")
        .with("role", "group")
        .with("aria-label", Msg::YourDoctor.t())
        .child(el("p").class("name").with("translate", "no").text(&card.display_name))
        .child(card.profession.as_ref().map(soft))
        .child(rpps(card).map(|rpps| rpps.class("soft")))
        .child(verified.then(|| row("shield", verified_by(card))))
}

/// `Numéro RPPS 10000000001`.
pub fn rpps(card: &IdentityCard) -> Option<Element> {
    let number = card.rpps.as_ref()?;
    Some(el("p").text(format!("{} ", Msg::Rpps.t())).child(el("span").class("number").text(number)))
}

/// `Identité vérifiée par mot de passe et code à usage unique`.
pub fn verified_by(card: &IdentityCard) -> String {
    let words: Vec<&str> = card.verified_by.iter().map(|method| word(*method).t()).collect();
    let list = match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => [&others.join(", "), Msg::And.t(), last].concat(),
        None => String::new(),
    };
    Msg::VerifiedBy.with(&[&list])
}

const fn word(method: AuthenticationMethod) -> Msg {
    match method {
        AuthenticationMethod::Password => Msg::ByPassword,
        AuthenticationMethod::Totp => Msg::ByTotp,
        AuthenticationMethod::Passkey => Msg::ByPasskey,
        AuthenticationMethod::InvitationLink => Msg::ByLink,
        AuthenticationMethod::EmailCode => Msg::ByEmail,
        AuthenticationMethod::SmsCode => Msg::BySms,
    }
}

/// `14 h 30` in French, `14:30` in English.
pub fn hour(at: Timestamp) -> String {
    let hour = write(at, &[("hour", "2-digit"), ("minute", "2-digit")]);
    match locale() {
        Locale::French => hour.replace(':', "\u{a0}h\u{a0}"),
        Locale::English => hour,
    }
}

/// `jeudi 14 mars` in French.
pub fn weekday(at: Timestamp) -> String {
    write(at, &[("weekday", "long"), ("day", "numeric"), ("month", "long")])
}

/// `14 mars` in French.
pub fn day(at: Timestamp) -> String {
    write(at, &[("day", "numeric"), ("month", "long")])
}

/// `23 novembre 2026 à 14:42` in French.
pub fn moment_of(at: Timestamp) -> String {
    write(at, &[("dateStyle", "long"), ("timeStyle", "short")])
}

/// Writes an instant as a clock on a wall in Paris shows it.
fn write(at: Timestamp, options: &[(&str, &str)]) -> String {
    let wanted = js_sys::Object::new();
    for (name, value) in options.iter().chain(&[("timeZone", "Europe/Paris")]) {
        // A plain object takes every property.
        js_sys::Reflect::set(&wanted, &(*name).into(), &(*value).into()).ok();
    }
    #[expect(clippy::cast_precision_loss, reason = "instants of browsers fit in 53 bits")]
    let date = js_sys::Date::new(&(at.as_millis() as f64).into());
    date.to_locale_string(locale().tag(), &wanted).into()
}
