//! Faults: one row of the table, drawn.

use colloque_web::text::Text;

use crate::fault::{Fault, Remedy, Words};
use crate::intent::Intent;
use crate::model::Model;
use crate::tree::{Element, Node, el};
use crate::view::part::{badge, button, hour, icon, paragraph, screen, soft, title};

pub fn trouble(model: &Model, fault: Fault) -> Node {
    let row = fault.row();
    let body = row.body.map(|body| match &model.patient {
        Some(view) if fault == Fault::TooEarly => body.with(&[&hour(view.opens_at)]),
        Some(_) | None => body.t().to_owned(),
    });
    let ways = el("div")
        .class("actions")
        .child(way(model, row.primary, "primary"))
        .child(row.other.map_or(Node::Nothing, |other| way(model, other, "second")))
        .child(soft(Words::Code.with(&[row.code])));
    screen(row.code)
        .with("role", "alert")
        .child(badge("warn", "warning"))
        .child(title(row.title.t()))
        .child(body.map(paragraph))
        .child((fault == Fault::CaptureRefused).then(|| el("div").with("id", STEPS_PLACE)))
        .child(
            el("p").class("soft").with("role", "status").child(model.advice.map(|advice| el("span").text(advice.t()))),
        )
        .child(ways)
        .into()
}

/// Where the shell's steps for this browser are put: the shell has them, so that they are there without this program.
pub const STEPS_PLACE: &str = "steps-place";

/// A link that telephones the practice, where its number is known.
pub fn call_link(model: &Model, word: Words, class: &str) -> Node {
    let number = model.phone();
    if number.len() <= "tel:".len() {
        return Node::Nothing;
    }
    call(number, word, class).into()
}

fn call(number: String, word: Words, class: &str) -> Element {
    el("a").class(class).with("href", number).child(icon("phone")).text(word.t())
}

fn way(model: &Model, remedy: Remedy, class: &str) -> Node {
    match remedy {
        Remedy::Call | Remedy::CallInstead => call_link(model, remedy.word(), class),
        Remedy::NewLink
        | Remedy::Rehearse
        | Remedy::ContinueHere
        | Remedy::AskAgain
        | Remedy::AllowedAskAgain
        | Remedy::WithoutCamera
        | Remedy::CopyLink
        | Remedy::Retry
        | Remedy::Reload => button(class, Intent::Remedy(remedy), remedy.word()).into(),
    }
}
