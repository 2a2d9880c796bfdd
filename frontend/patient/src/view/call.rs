//! P6, P7 and P9: the consultation and what may lie over it. Controls never hide, and every drawing has its word.

use colloque_call::{GuestStep, MediaPath, PausedBy};
use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_protocol::signaling::LinkLevel;
use colloque_web::keys::{Compared, SealStage};
use colloque_web::text::Text;

use crate::fault::{Fault, Words};
use crate::intent::Intent;
use crate::journey::{Overlay, is_other_lost};
use crate::model::{DeviceNotice, Half, Model};
use crate::tree::{Element, Node, el};
use crate::view::check::choice;
use crate::view::part::{button, calm, drawn_button, icon, notice, paragraph, rpps, verified_by};
use crate::view::trouble::{STEPS_PLACE, call_link};
use crate::words::Msg;

pub fn call(model: &Model) -> Vec<Node> {
    let plate = el("div").with("id", "plate").class("plate").child(who(model)).children(notices(model));
    let heading = el("h1").with("id", "call-title").class("visually-hidden").text(Msg::TitleCall.t());
    let media = model.call.other.as_ref().map(|other| other.media).unwrap_or_default();
    let absent = (!model.sees_other() && !media.screen)
        .then(|| el("div").class("absent").with("aria-hidden", "true").child(icon("person")));
    vec![heading.into(), absent.into(), plate.into(), lay_over(model), bar(model).into()]
}

fn who(model: &Model) -> Node {
    let other = model.call.other.as_ref();
    let known = model.patient.as_ref().map(|view| &view.practitioner);
    let Some(card) = other.map(|other| &other.card).or(known) else { return Node::Nothing };
    let time = model.call.admitted_at.map(|since| duration(since, model.now));
    // How the connection was says nothing of one that is interrupted.
    let is_up = model.call.media == MediaPath::Up && !model.call.local.frozen;
    let summary = el("summary")
        .child(icon("shield"))
        .child(el("strong").with("translate", "no").text(&card.display_name))
        .child(time.map(|time| el("span").class("time").with("role", "timer").with("aria-live", "off").text(time)))
        .child(model.call.local.link.filter(|_| is_up).map(|link| quality(link.level)));
    el("details")
        .class("who")
        .child(summary)
        .child(seal(model))
        .child(card.profession.as_ref().map(paragraph))
        .child(rpps(card))
        .child(other.map(|other| paragraph(verified_by(&other.card))))
        .into()
}

/// How this patient's own connection is: a shape and a word, never a colour.
fn quality(level: LinkLevel) -> Element {
    let (shape, word) = match level {
        LinkLevel::Good => ("●●●", Msg::LinkGood),
        LinkLevel::Fair => ("●●○", Msg::LinkFair),
        LinkLevel::Weak => ("●○○", Msg::LinkWeak),
    };
    el("span").class("time").child(el("span").with("aria-hidden", "true").text(shape)).text([" ", word.t()].concat())
}

/// `4:05`, or `1:04:05` past an hour. A clock that is behind shows zero.
fn duration(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(since).as_secs();
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Whether only the two can see, hear and read.
fn seal(model: &Model) -> Element {
    let word = if model.sealed.stage == SealStage::EndToEnd { Msg::Sealed } else { Msg::SealPreparing };
    el("p").text(word.t())
}

/// The two words, until one of the two has compared them.
fn words(model: &Model) -> Option<Element> {
    let sealed = &model.sealed;
    if sealed.comparison == Compared::Yes || sealed.words.is_empty() {
        return None;
    }
    let shown = el("strong").class("number").with("translate", "no").text(&sealed.words);
    let larger = button("quiet", Intent::Enlarge, Msg::Enlarge);
    Some(asked("shield", Some(shown), Msg::WordsAsk.t(), Intent::Words, Some(larger)).with("id", "words"))
}

/// Something to be answered by yes or no.
fn asked(
    drawing: &str,
    shown: Option<Element>,
    words: &str,
    answer: fn(bool) -> Intent,
    more: Option<Element>,
) -> Element {
    let answers = el("div").class("pair").child(button("second", answer(true), Msg::Yes)).child(button(
        "second",
        answer(false),
        Msg::No,
    ));
    let said = el("div").class("stack").child(shown).child(el("span").text(words)).child(answers).child(more);
    el("div").class("notice calm").child(icon(drawing)).child(said)
}

/// The third person: whether they may take part, and that they do.
fn guest(model: &Model) -> Option<Element> {
    let card = &model.call.third.as_ref()?.card;
    let role = match card.role {
        Role::Expert => Msg::GuestExpert,
        Role::Interpreter => Msg::GuestSpeaks,
        _ => Msg::GuestBeside,
    };
    let words = |text: Msg| text.with(&[&card.display_name, role.t()]);
    match model.call.guest {
        GuestStep::YouAreAsked => {
            Some(asked("person", None, &words(Msg::GuestAsks), Intent::Guest, None).with("role", "alert"))
        }
        GuestStep::TakesPart => Some(el("div").class("notice calm").child(icon("person")).child(
            el("div").child(el("span").text(words(Msg::GuestIn))).child(button(
                "quiet",
                Intent::Guest(false),
                Msg::GuestOut,
            )),
        )),
        _ => None,
    }
}

fn notices(model: &Model) -> [Node; 9] {
    let media = model.call.other.as_ref().map(|other| other.media).unwrap_or_default();
    let is_connecting =
        matches!(model.call.media, MediaPath::Idle | MediaPath::Connecting) && model.overlay() == Overlay::None;
    let other = if is_other_lost(&model.call) {
        let words = if model.call.other.is_some() { Msg::RemoteLost } else { Msg::RemoteAway };
        Some(notice("signal", words.t()))
    } else {
        match (media.camera, media.microphone) {
            (false, false) => Some(calm("microphone-off", Msg::RemoteBothOff.t())),
            (false, true) => Some(calm("camera-off", format!("{} {}", Msg::RemoteCameraOff.t(), Msg::SoundGoesOn.t()))),
            (true, false) => Some(calm("microphone-off", Msg::RemoteMuted.t())),
            (true, true) if is_connecting => Some(calm("signal", Msg::Connecting.t())),
            (true, true) => {
                let is_awaited = model.sealed.stage == SealStage::Preparing;
                if model.awaits_keys_in_vain() {
                    Some(notice("shield", Msg::NotSealed.t()).child(call_link(model, Words::CallInstead, "second")))
                } else {
                    is_awaited.then(|| calm("shield", Msg::SealPreparing.t()))
                }
            }
        }
    };
    let document = model
        .document_is_new
        .then(|| calm("document", format!("{} {}", Msg::DocumentReady.t(), Msg::DocumentLater.t())));
    [
        guest(model).into(),
        words(model).into(),
        (!model.call.local.microphone).then(|| notice("microphone-off", Msg::Muted.t())).into(),
        (!model.call.local.camera).then(|| notice("camera-off", Msg::Unseen.t())).into(),
        model.device_notice.map(|what| device(model, what)).into(),
        pictures(model).into(),
        other.into(),
        document.into(),
        media.screen.then(|| calm("screen", Msg::ScreenShared.t())).into(),
    ]
}

/// What a weak connection leaves of the pictures, who decided so, and the way to decide otherwise.
fn pictures(model: &Model) -> Option<Element> {
    let paused = model.call.paused;
    let is_weak = model.call.local.link.is_some_and(|link| link.level == LinkLevel::Weak);
    let words = paused.map(paused_words).or(is_weak.then_some(Msg::LinkWeak))?;
    let more = match paused {
        Some(PausedBy::Link { returns: true }) => Some(Msg::PausedReturns),
        Some(PausedBy::Link { returns: false }) => Some(Msg::PausedStays),
        Some(PausedBy::You | PausedBy::OtherLink | PausedBy::Other) | None => None,
    };
    let act = match paused {
        None => Some((false, Msg::PausePictures)),
        Some(PausedBy::Link { .. } | PausedBy::You) => Some((true, Msg::BringPictures)),
        Some(PausedBy::OtherLink | PausedBy::Other) => None,
    };
    let goes_on = if paused.is_some() { Msg::SoundGoesOn.t() } else { "" };
    let said = el("div")
        .class("stack")
        .child(el("strong").text([words.t(), " ", goes_on].concat()))
        .child(more.map(|more| el("span").text(more.t())))
        .child(act.map(|(shown, word)| button("second", Intent::Pictures(shown), word)));
    Some(el("div").class("notice").child(icon("signal")).child(said))
}

/// Why pictures pause.
pub const fn paused_words(paused: PausedBy) -> Msg {
    match paused {
        PausedBy::Link { .. } => Msg::PausedByLink,
        PausedBy::You => Msg::PausedByYou,
        PausedBy::OtherLink => Msg::PausedByOtherLink,
        PausedBy::Other => Msg::PausedByOther,
    }
}

/// What happened to the microphone, until the person has read it or chosen another.
fn device(model: &Model, what: DeviceNotice) -> Element {
    let (drawing, words) = match what {
        DeviceNotice::OtherMicrophone => ("microphone", Words::UnpluggedBody),
        DeviceNotice::NoMicrophone => ("microphone-off", Words::UnpluggedNone),
    };
    let said = el("div")
        .class("stack")
        .child(el("strong").text(Words::Unplugged.t()))
        .child(el("span").text(words.t()))
        .child(choice(model))
        .child(button("second", Intent::NoticeRead, Words::Ok));
    el("div").class("notice").child(icon(drawing)).child(said)
}

fn lay_over(model: &Model) -> Node {
    match model.overlay() {
        Overlay::None => Node::Nothing,
        Overlay::WordsDiffer => {
            over(Msg::WordsDiffer.t(), None).child(call_link(model, Words::CallInstead, "primary")).into()
        }
        Overlay::Reconnecting { can_retry } => over(Msg::CutTitle.t(), Some(Msg::CutBody.t()))
            .child(can_retry.then(|| button("primary", Intent::Retry, Words::Retry)))
            .child(can_retry.then(|| call_link(model, Words::CallInstead, "second")))
            .into(),
        Overlay::PausedForSafety => over(Words::SafetyTitle.t(), Some(Words::SafetyBody.t()))
            .child(call_link(model, Words::CallInstead, "second"))
            .into(),
        Overlay::Blocked => network(model, Fault::NetworkBlocksVideo),
        Overlay::Lost => network(model, Fault::ConnectionLost),
        Overlay::NotGiven(fault) => not_given(model, fault),
        // Phones give the microphone back only to a page that is loaded again; the session brings the patient back.
        Overlay::Interrupted => over(Words::InterruptedTitle.t(), Some(Words::InterruptedBody.t()))
            .child(button("primary", Intent::Reload, Words::Return))
            .into(),
        Overlay::NeedsTap => over(Words::TapTitle.t(), None)
            .child(drawn_button("primary", Intent::Unlock, "speaker", Words::SoundOn))
            .into(),
    }
}

fn network(model: &Model, fault: Fault) -> Node {
    let row = fault.row();
    over(row.title.t(), row.body.map(Text::t))
        .child(button("primary", Intent::Retry, Words::Retry))
        .child(call_link(model, Words::CallInstead, "second"))
        .into()
}

/// The help with a camera or microphone that was asked for in the consultation.
fn not_given(model: &Model, fault: Fault) -> Node {
    let row = fault.row();
    let half = model.not_given.map_or(Half::Camera, |it| it.half);
    // The other rows speak of the camera alone.
    let is_said = fault == Fault::CaptureRefused || fault == Fault::CaptureForbidden;
    let heading = if is_said { row.title } else { Words::NewLinkFailed };
    let again = if fault == Fault::CaptureRefused { Words::AllowedRetry } else { Words::Retry };
    over(heading.t(), row.body.filter(|_| is_said).map(Text::t))
        .child((fault == Fault::CaptureRefused).then(|| el("div").with("id", STEPS_PLACE)))
        .child(button("primary", Intent::Ask(half), again))
        .child(button("second", Intent::GoOnWithout, Words::Close))
        .into()
}

fn over(heading: &str, body: Option<&str>) -> Element {
    el("div")
        .class("over")
        .with("role", "group")
        .with("aria-labelledby", "over-title")
        .child(el("h2").with("id", "over-title").text(heading))
        .child(body.map(paragraph))
}

fn bar(model: &Model) -> Element {
    let local = model.call.local;
    let (microphone, microphone_name) =
        if local.microphone { ("microphone", Msg::MicrophoneOff) } else { ("microphone-off", Msg::MicrophoneOn) };
    let (camera, camera_name) = if local.camera { ("camera", Msg::CameraOff) } else { ("camera-off", Msg::CameraOn) };
    el("div")
        .with("id", "bar")
        .class("bar")
        .with("role", "toolbar")
        .with("aria-label", Msg::TitleCall.t())
        .child(
            control(Intent::Microphone, microphone, Msg::Microphone, microphone_name)
                .flag("data-off", !local.microphone),
        )
        .child(control(Intent::Camera, camera, Msg::Camera, camera_name).flag("data-off", !local.camera))
        .child(model.can_turn().then(|| control(Intent::Flip, "flip", Msg::Flip, Msg::FlipLong)))
        .child(messages(model))
        .child(control(Intent::AskLeave, "leave", Msg::Leave, Msg::Leave).class("leave"))
}

fn messages(model: &Model) -> Element {
    let unread = model.talk.unread;
    control(Intent::Talk, "message", Msg::Messages, Msg::Messages)
        .child((unread > 0).then(|| el("b").text(unread.to_string())))
}

/// The word stays; what a tap will do is in the name, which changes with the state.
fn control(intent: Intent, drawing: &str, word: Msg, name: Msg) -> Element {
    el("button")
        .with("type", "button")
        .with("aria-label", name.t())
        .on_tap(intent)
        .child(icon(drawing))
        .child(el("span").text(word.t()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_time_in_consultation_is_never_negative() {
        let start = Timestamp::from_millis(10_000);
        assert_eq!(duration(start, Timestamp::from_millis(0)), "0:00");
        assert_eq!(duration(start, start.after(Duration::from_secs(245))), "4:05");
        assert_eq!(duration(start, start.after(Duration::from_secs(3_845))), "1:04:05");
    }
}
