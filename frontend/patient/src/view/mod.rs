//! The screens: what each state looks like.

mod call;
mod check;
mod code;
mod ended;
mod part;
mod trouble;
mod waiting;

use colloque_web::text::Text;

use crate::intent::Intent;
use crate::journey::Screen;
use crate::model::Model;
use crate::tree::{Node, el};
use crate::words::Msg;
use part::{button, moment};

pub use call::paused_words;
pub use code::{DIGITS, digits};
pub use trouble::STEPS_PLACE;

/// Draws the state.
#[must_use]
pub fn draw(model: &Model) -> Vec<Node> {
    let screen = match model.screen() {
        Screen::Opening => vec![moment(Msg::Opening, Msg::OpeningBody)],
        Screen::Question => vec![question(model)],
        Screen::Code => vec![code::code(model)],
        Screen::Check => vec![check::check(model)],
        Screen::Waiting => vec![waiting::waiting(model)],
        Screen::Called => vec![waiting::called(model)],
        Screen::Call => call::call(model),
        Screen::Ended { left } => vec![ended::ended(model, left)],
        Screen::Rehearsed => vec![ended::rehearsed(model)],
        Screen::Fault(fault) => vec![trouble::trouble(model, fault)],
    };
    std::iter::once(leave_dialog(model)).chain(screen).collect()
}

/// The shell draws the question itself; this is the way out of it.
fn question(model: &Model) -> Node {
    if !model.question_helps {
        return Node::Nothing;
    }
    let unseen = button("second", Intent::QuestionUnseen, Msg::CannotSeeQuestion);
    el("div").with("id", "unseen").class("screen").child(unseen).into()
}

fn leave_dialog(model: &Model) -> Node {
    if !model.leaving {
        return Node::Nothing;
    }
    let ways = el("div")
        .class("actions")
        .child(button("primary", Intent::Stay, Msg::Stay).flag("autofocus", true))
        .child(button("second danger", Intent::Leave, Msg::Leave));
    el("dialog")
        .with("aria-labelledby", "leave-title")
        .child(el("h2").with("id", "leave-title").text(Msg::LeaveTitle.t()))
        .child(ways)
        .into()
}

#[cfg(test)]
mod tests;
