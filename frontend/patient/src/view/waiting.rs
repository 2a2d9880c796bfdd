//! P4 and P5: the waiting room, and the practitioner's call.

use colloque_call::Phase;
use colloque_protocol::signaling::Presence;
use colloque_web::text::Text;

use crate::fault::{Fault, Words};
use crate::intent::Intent;
use crate::journey::Overlay;
use crate::model::Model;
use crate::tree::{Element, Node, el};
use crate::view::part::{badge, button, calm, card, dots, notice, paragraph, screen, title};
use crate::view::trouble::call_link;
use crate::words::Msg;

pub fn waiting(model: &Model) -> Node {
    let other = model.call.other.as_ref();
    let is_here = other.is_some_and(|other| matches!(other.presence, Presence::Here { .. }));
    let overlay = model.overlay();
    let fault = match overlay {
        Overlay::Lost => Some(Fault::ConnectionLost),
        Overlay::Blocked => Some(Fault::NetworkBlocksVideo),
        Overlay::None
        | Overlay::WordsDiffer
        | Overlay::Reconnecting { .. }
        | Overlay::PausedForSafety
        | Overlay::Interrupted
        | Overlay::NotGiven(_)
        | Overlay::NeedsTap => None,
    };
    let is_lost = fault.is_some();
    let cut = matches!(overlay, Overlay::Reconnecting { .. }).then(|| notice("signal", Msg::WaitingCut.t()));
    let lost = fault.map(|fault| {
        let row = fault.row();
        notice("signal", [row.title.t(), ". ", row.body.map_or("", Text::t)].concat())
    });
    let delay = (model.call.delay_minutes > 0)
        .then(|| notice("clock", Msg::WaitingDelay.with(&[&model.call.delay_minutes.to_string()])));
    let ways = el("div")
        .class("actions")
        .child(is_lost.then(|| button("second", Intent::Retry, Words::Retry)))
        .child((is_lost && !model.waits_long).then(|| call_link(model, Words::CallInstead, "second")))
        .child(model.waits_long.then(|| el("p").child(el("strong").text(Msg::WaitingLong.t()))))
        .child(model.waits_long.then(|| button("primary", Intent::NotifyAgain, Msg::NotifyAgain)))
        .child(model.waits_long.then(|| call_link(model, Words::Call, "second")))
        .child(button("second", Intent::Talk, Msg::Prepare))
        .child(button("second", Intent::AskLeave, Msg::Leave))
        .child(button("quiet", Intent::WithdrawConsent, Msg::WithdrawConsent));
    screen("waiting")
        .child(dots())
        .child(title(Msg::WaitingTitle.t()))
        .child(paragraph(Msg::WaitingBody.t()))
        .child(cut)
        .child(lost)
        .child(delay)
        .child(doctor(model))
        .child(is_here.then(|| calm("check", Msg::Here.t())))
        .child(ways)
        .into()
}

pub fn called(model: &Model) -> Node {
    let is_held = matches!(model.call.phase, Phase::Called { answers_at: None });
    screen("called")
        .child(badge("call", "phone"))
        .child(title(Msg::CalledTitle.t()))
        .child(paragraph(if is_held { Msg::CalledBodyHeld } else { Msg::CalledBody }.t()))
        .child(doctor(model))
        .child(el("div").class("actions").child(button("primary", Intent::Answer, Msg::Answer)))
        .into()
}

/// The card that the room vouches for, or before that the one of the appointment.
fn doctor(model: &Model) -> Option<Element> {
    match &model.call.other {
        Some(other) => Some(card(&other.card, true)),
        None => model.patient.as_ref().map(|view| card(&view.practitioner, false)),
    }
}
