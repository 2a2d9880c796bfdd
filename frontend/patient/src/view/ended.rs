//! P11 and P12: what remains after the consultation, and the verdict of a rehearsal.

use colloque_protocol::http::patient::{CodeChannel, DocumentKind, PatientDocument};
use colloque_web::text::Text;

use crate::fault::{Remedy, Words};
use crate::intent::Intent;
use crate::model::{Enrolment, Line, Model};
use crate::tree::{Element, Node, el};
use crate::view::code::form;
use crate::view::part::{badge, button, calm, icon, moment_of, notice, paragraph, row, screen, soft, title};
use crate::words::Msg;

pub fn ended(model: &Model, left: bool) -> Node {
    let documents = model.patient.as_ref().map(|view| view.documents.as_slice()).unwrap_or_default();
    let is_given = documents.iter().any(|document| document.cancelled_at.is_none());
    let list = if documents.is_empty() {
        soft(Msg::NoDocument.t())
    } else {
        el("ul").class("documents").children(documents.iter().map(|it| document(it).into()))
    };
    let back = (left && model.may_return).then(|| {
        el("div").class("actions").child(soft(Msg::ComeBackUntil.t())).child(button(
            "second",
            Intent::ComeBack,
            Msg::ComeBack,
        ))
    });
    screen("ended")
        .child(badge("ok", "check"))
        .child(title(if left { Msg::LeftTitle } else { Msg::EndedTitle }.t()))
        .child(paragraph(if is_given { Msg::EndedDownload } else { Msg::EndedBody }.t()))
        .child(el("h2").text(Msg::Documents.t()))
        .child(list)
        .child(is_given.then(|| paragraph(Msg::EndedThen.t())))
        .child(back)
        .child(enrolment(model))
        .into()
}

/// A code application in place of messages, for whoever wants one.
fn enrolment(model: &Model) -> Node {
    let has_one = model.code.as_ref().is_some_and(|code| code.channel == CodeChannel::Totp);
    if model.patient.is_none() || has_one {
        return Node::Nothing;
    }
    let said = match model.enrolment {
        Enrolment::Offered | Enrolment::Key { .. } => None,
        Enrolment::Failed => Some(notice("warning", Words::NewLinkFailed.t())),
        Enrolment::Done => Some(calm("check", Msg::EnrolDone.t())),
    };
    let block = el("div")
        .class("card")
        .child(el("h2").text(Msg::EnrolTitle.t()))
        .child(el("div").with("role", "status").child(said));
    let block = match &model.enrolment {
        Enrolment::Offered | Enrolment::Failed => block.child(button("second", Intent::Enrol, Msg::EnrolOffer)),
        Enrolment::Done => block,
        Enrolment::Key { secret, address } => block
            .child(el("a").class("second").with("href", address).text(Msg::EnrolOpen.t()))
            .child(paragraph(Msg::EnrolKey.t()))
            .child(el("p").class("key").with("translate", "no").text(secret))
            .child(paragraph(Msg::EnrolThen.t()))
            .child(form(model).child(button("second", Intent::SendCode, Msg::EnrolFinish))),
    };
    block.with("role", "group").with("aria-label", Msg::EnrolTitle.t()).into()
}

fn document(document: &PatientDocument) -> Element {
    let DocumentKind::Prescription = document.kind;
    let issued = Msg::DocumentDate.with(&[&moment_of(document.issued_at)]);
    if document.cancelled_at.is_some() {
        return el("li")
            .class("card")
            .child(row("warning", Msg::DocumentCancelled.t()))
            .child(el("p").class("soft crossed").text(issued));
    }
    let link = el("a")
        .class("primary")
        .with("href", format!("/api/patient/documents/{}", document.document.full()))
        .with("download", "ordonnance.pdf")
        .child(icon("document"))
        .text(Msg::DownloadPrescription.t());
    el("li").class("card").child(link).child(soft(issued))
}

pub fn rehearsed(model: &Model) -> Node {
    let good = model.is_all_good();
    let line = match model.checks.line {
        Line::Good | Line::Measuring => None,
        Line::Slow => Some(Msg::CheckConnectionSlow),
        Line::Cut => Some(Msg::CheckConnectionNone),
    };
    let verdict = screen("rehearsed")
        .child(if good { badge("ok", "check") } else { badge("warn", "warning") })
        .child(title(if good { Msg::RehearsalGood } else { Msg::RehearsalBad }.t()));
    let back = |class: &str| el("a").class(class).with("href", &model.way_back).text(Msg::RehearsalBack.t());
    if good {
        return verdict
            .child(paragraph(Msg::RehearsalGoodBody.t()))
            .child(el("div").class("actions").children(if model.starts_at().is_some() {
                let calendar = button("primary", Intent::Remedy(Remedy::Calendar), Words::AddToCalendar);
                vec![calendar.into(), back("second").into()]
            } else {
                vec![back("primary").into()]
            }))
            .into();
    }
    verdict
        .child((!model.checks.seen).then(|| notice("camera-off", Msg::CheckCameraNone.t())))
        .child((!model.checks.heard).then(|| notice("microphone-off", Msg::CheckMicrophoneSilent.t())))
        .child(line.map(|line| notice("signal", line.t())))
        .child(
            el("div")
                .class("actions")
                .child(button("primary", Intent::RehearseAgain, Msg::RehearsalAgain))
                .child(back("second")),
        )
        .into()
}
