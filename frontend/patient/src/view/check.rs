//! P3: three checks that tick by themselves, and the consent.

use colloque_web::text::Text;

use crate::fault::Words;
use crate::intent::Intent;
use crate::journey::CaptureState;
use crate::model::{Line, Model, Sound};
use crate::tree::{Element, Node, el};
use crate::view::part::{button, calm, drawn_button, icon, notice, paragraph, screen, title};
use crate::view::trouble::call_link;
use crate::words::Msg;

/// How a check stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Check {
    Pending,
    Good,
    Bad,
}

pub fn check(model: &Model) -> Node {
    let you = model.patient.as_ref().map(|view| {
        el("p").class("you").child(el("span").text(Msg::CheckYou.with(&[&view.you.display_name]))).child(button(
            "quiet",
            Intent::NotMe,
            Msg::NotMe,
        ))
    });
    let bar = || el("span").class("level").with("aria-hidden", "true").child(el("i").with("id", "level"));
    let bar = model.capture.has_microphone().then(bar);
    let rows = el("ul")
        .class("checks")
        .child(row("camera", Msg::CheckCamera, camera(model), None))
        .child(row("microphone", Msg::CheckMicrophone, microphone(model), bar))
        .child(row("signal", Msg::CheckConnection, line(model), None));
    let is_silent = model.checks.silent && !model.checks.heard;
    screen("check")
        .child(title(Msg::CheckTitle.t()))
        .child(model.consent_withdrawn.then(|| calm("check", Msg::ConsentWithdrawn.t())))
        .child(you)
        .child(rows)
        .child((model.capture == CaptureState::Declined).then(|| notice("warning", Msg::WithoutBoth.t())))
        .child(is_silent.then(|| notice("microphone", Msg::SilentHelp.t())))
        .child(is_silent.then(|| choice(model)))
        .child(
            el("div")
                .class("pair")
                .child(drawn_button("second", Intent::PlayTune, "speaker", Msg::ListenSound))
                .child(model.can_turn().then(|| drawn_button("second", Intent::Flip, "flip", Msg::FlipCamera))),
        )
        .child(el("div").with("role", "status").child(sound(model)))
        .child((!model.rehearsal).then(consent))
        .child(el("div").class("actions").child(if model.rehearsal {
            button("primary", Intent::FinishRehearsal, Msg::RehearsalDone)
        } else {
            button("primary", Intent::Enter, Msg::ConsentEnter).with("id", "enter")
        }))
        .into()
}

const fn camera(model: &Model) -> (Check, Msg) {
    if model.capture.has_camera() { (Check::Good, Msg::CheckCameraGood) } else { (Check::Bad, Msg::CheckCameraNone) }
}

const fn microphone(model: &Model) -> (Check, Msg) {
    if !model.capture.has_microphone() {
        (Check::Bad, Msg::CheckMicrophoneNone)
    } else if model.checks.heard {
        (Check::Good, Msg::CheckMicrophoneGood)
    } else if !model.checks.measured {
        (Check::Pending, Msg::CheckMicrophoneUnknown)
    } else if model.checks.silent {
        (Check::Bad, Msg::CheckMicrophoneSilent)
    } else {
        (Check::Pending, Msg::CheckMicrophoneSay)
    }
}

const fn line(model: &Model) -> (Check, Msg) {
    match model.checks.line {
        Line::Measuring => (Check::Pending, Msg::CheckConnectionWait),
        Line::Good => (Check::Good, Msg::CheckConnectionGood),
        Line::Slow => (Check::Bad, Msg::CheckConnectionSlow),
        Line::Cut => (Check::Bad, Msg::CheckConnectionNone),
    }
}

fn row(drawing: &str, what: Msg, (check, says): (Check, Msg), below: Option<Element>) -> Element {
    let (name, sign) = match check {
        Check::Pending => ("pending", "check"),
        Check::Good => ("good", "check"),
        Check::Bad => ("bad", "warning"),
    };
    let words =
        el("span").class("what").text(what.t()).child(el("span").with("role", "status").text(says.t())).child(below);
    el("li")
        .with("data-check", name)
        .child(icon(drawing))
        .child(words)
        .child(el("span").class("state").child(icon(sign)))
}

/// The microphones to choose from; nothing where there is no choice.
pub fn choice(model: &Model) -> Node {
    let devices = &model.devices;
    if devices.microphones.len() < 2 {
        return Node::Nothing;
    }
    let options = devices.microphones.iter().map(|microphone| {
        let option = el("option").with("value", &microphone.id).text(&microphone.label);
        option.flag("selected", Some(&microphone.id) == devices.microphone.as_ref()).into()
    });
    el("div")
        .child(el("label").with("for", "microphone").text(Msg::OtherMicrophone.t()))
        .child(el("select").with("id", "microphone").class("second").children(options))
        .into()
}

fn sound(model: &Model) -> Node {
    match model.checks.sound {
        Sound::NotTried => Node::Nothing,
        Sound::Asked => {
            let answers = el("div")
                .class("pair")
                .child(button("second", Intent::HeardTune(true), Msg::Yes))
                .child(button("second", Intent::HeardTune(false), Msg::No));
            el("div").class("card").child(paragraph(Msg::HeardSound.t())).child(answers).into()
        }
        Sound::Heard => calm("check", Msg::SoundGood.t()).into(),
        Sound::NotHeard => el("div")
            .class("stack")
            .child(notice("speaker", Msg::NoSoundHelp.t()))
            .child(call_link(model, Words::Call, "second"))
            .into(),
    }
}

fn consent() -> Element {
    let items = [Msg::ConsentRemote, Msg::ConsentRecording, Msg::ConsentPresence, Msg::ConsentStop];
    el("div")
        .class("consent")
        .with("role", "group")
        .with("aria-labelledby", "consent-title")
        .child(el("h2").with("id", "consent-title").text(Msg::ConsentTitle.t()))
        .child(el("ul").children(items.into_iter().map(|item| el("li").text(item.t()).into())))
}
