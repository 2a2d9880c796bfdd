//! Faults: one row of the table, drawn.

use colloque_web::text::Text;

use crate::fault::{Fault, Remedy, Words};
use crate::intent::Intent;
use crate::model::Model;
use crate::tree::{Element, Node, el};
use crate::view::part::{badge, button, day, hour, icon, paragraph, screen, soft, title, weekday};

pub fn trouble(model: &Model, fault: Fault) -> Node {
    let row = fault.row();
    let has_primary = row.primary != Remedy::Calendar || model.moved_to().is_some();
    let mut ways = el("div").class("actions").child(has_primary.then(|| way(model, row.primary, "primary")));
    let mut class = if has_primary { "second" } else { "primary" };
    for remedy in row.others {
        ways = ways.child(way(model, *remedy, class));
        class = "second";
    }
    let ways = ways.child(soft(Words::Code.with(&[&fault.quoted(model.request.as_deref())])));
    screen(row.code)
        .with("role", "alert")
        .child(badge("warn", "warning"))
        .child(title(row.title.t()))
        .child(row.body.map(|body| paragraph(said(model, fault, body))))
        .child((fault == Fault::CaptureRefused).then(|| el("div").with("id", STEPS_PLACE)))
        .child(
            el("p").class("soft").with("role", "status").child(model.advice.map(|advice| el("span").text(advice.t()))),
        )
        .child(ways)
        .into()
}

/// The body with the instant that it speaks of, where that is known.
fn said(model: &Model, fault: Fault, body: Words) -> String {
    let exact = if fault == Fault::TooEarly {
        model.patient.as_ref().map(|view| body.with(&[&hour(view.opens_at)]))
    } else if fault == Fault::AppointmentChanged {
        model.moved_to().map(|at| Words::AppointmentMoved.with(&[&weekday(at), &hour(at)]))
    } else if fault == Fault::LinkExpired {
        let started_at = model.starts_at().filter(|at| *at < model.now);
        started_at.map(|at| Words::LinkExpiredOn.with(&[&day(at)]))
    } else {
        None
    };
    exact.unwrap_or_else(|| body.t().to_owned())
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
        | Remedy::Calendar
        | Remedy::Rehearse
        | Remedy::ContinueHere
        | Remedy::Cancel
        | Remedy::AskAgain
        | Remedy::AllowedAskAgain
        | Remedy::WithoutCamera
        | Remedy::CopyLink
        | Remedy::Retry
        | Remedy::Reload => button(class, Intent::Remedy(remedy), remedy.word()).into(),
    }
}
