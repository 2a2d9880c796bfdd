//! All that stands in the way while waiting and in the call, each with what can be done.

use colloque_call::{Action, CallView, MediaPath, PausedBy, Phase, Sending};
use colloque_kit::Text;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, note, note_with};
use colloque_kit::seal::words;
use colloque_kit::text::Msg as Kit;
use colloque_protocol::signaling::LinkLevel;
use colloque_web::keys::SealStage;
use colloque_web::talk::TalkPage;
use leptos::prelude::*;

use crate::call::GuestCall;
use crate::text::Msg;

/// What a note leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    None,
    Retry,
    ShowPictures,
    PausePictures,
}

/// One sentence or two, and an act.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    tone: Tone,
    words: Vec<Msg>,
    act: Act,
}

/// The notes.
pub fn notes(call: GuestCall) -> AnyView {
    let view = call.view.get();
    let seal = seal(call, &view);
    let others = troubles(&view).into_iter().map(|trouble| draw(call, trouble)).collect_view();
    let tap = (call.needs_tap.get() && view.phase == Phase::InCall).then(|| {
        let act = view! { <button type="button" class="button" data-kind="primary" on:click=move |_| call.unlock()>{Icon::Speaker.draw()}{Msg::SoundOn.t()}</button> };
        note_with(Tone::Accent, Msg::SoundHeldBack.t(), act.into_any())
    });
    let devices = call.trouble.get().map(|trouble| {
        let again = view! { <button type="button" class="button" data-size="small" on:click=move |_| call.ask_devices(|_| ())>{Kit::Retry.t()}</button> };
        note_with(Tone::Warn, trouble.words().t(), again.into_any())
    });
    (tap, seal, others, devices).into_any()
}

/// Words that were not compared yet, or a call that is not protected and so was cut.
fn seal(call: GuestCall, view: &CallView) -> Option<AnyView> {
    let sealed = call.sealed.get();
    match (sealed.stage, view.phase) {
        (SealStage::WordsDiffer, _) => Some(note(Tone::Danger, Msg::WordsDiffer.t())),
        (SealStage::Impossible, _) => Some(note(Tone::Danger, Msg::CannotSeal.t())),
        (SealStage::Preparing | SealStage::EndToEnd, Phase::InCall) => words(
            Msg::WordsAsk.t(),
            sealed,
            move |is_same| call.compare_words(is_same),
            move || call.open_talk(Some(TalkPage::Check)),
        ),
        (SealStage::Preparing | SealStage::EndToEnd, _) => None,
    }
}

fn draw(call: GuestCall, trouble: Trouble) -> AnyView {
    let Trouble { tone, words, act } = trouble;
    let text = words.into_iter().map(Msg::t).collect::<Vec<_>>().join(" ");
    let (label, action) = match act {
        Act::None => return note(tone, text),
        Act::Retry => (Kit::Retry.t(), Action::Retry),
        Act::ShowPictures => (Msg::BringPictures.t(), Action::Pictures(true)),
        Act::PausePictures => (Msg::PausePictures.t(), Action::Pictures(false)),
    };
    let button = view! { <button type="button" class="button" data-size="small" on:click=move |_| call.act(action)>{label}</button> };
    note_with(tone, text, button.into_any())
}

fn troubles(view: &CallView) -> Vec<Trouble> {
    let trouble = |tone, words: &[Msg], act| Trouble { tone, words: words.to_vec(), act };
    let mut troubles = Vec::new();
    let is_paused = view.sending == Sending::PausedForSafety;
    if let Phase::Reconnecting { can_retry, is_long, .. } = view.phase {
        let mut words = vec![Msg::Reconnecting];
        words.extend(is_paused.then_some(Msg::PausedForSafety));
        words.push(if is_long { Msg::ReconnectingLong } else { Msg::ReconnectingLead });
        troubles.push(trouble(Tone::Danger, &words, if can_retry { Act::Retry } else { Act::None }));
    } else if is_paused {
        troubles.push(trouble(Tone::Warn, &[Msg::PausedForSafety], Act::None));
    }
    if view.phase != Phase::InCall {
        return troubles;
    }
    match view.media {
        MediaPath::Blocked => troubles.push(trouble(Tone::Danger, &[Msg::MediaBlocked], Act::Retry)),
        MediaPath::Connecting => troubles.push(trouble(Tone::Plain, &[Msg::MediaConnecting], Act::None)),
        MediaPath::Lost { .. } => troubles.push(trouble(Tone::Warn, &[Msg::MediaInterrupted], Act::None)),
        MediaPath::Idle | MediaPath::Up => {}
    }
    troubles.extend(match view.paused {
        Some(PausedBy::Link { returns }) => {
            let more = if returns { Msg::PausedReturns } else { Msg::PausedStays };
            Some(trouble(Tone::Warn, &[Msg::PausedByLink, more], Act::ShowPictures))
        }
        Some(PausedBy::You) => Some(trouble(Tone::Plain, &[Msg::PausedByYou], Act::ShowPictures)),
        Some(PausedBy::OtherLink) => Some(trouble(Tone::Warn, &[Msg::PausedByOtherLink], Act::None)),
        Some(PausedBy::Other) => Some(trouble(Tone::Plain, &[Msg::PausedByOther], Act::None)),
        None => {
            let is_weak = view.local.link.is_some_and(|link| link.level == LinkLevel::Weak);
            is_weak.then(|| trouble(Tone::Warn, &[Msg::WeakLink], Act::PausePictures))
        }
    });
    if !view.local.microphone {
        troubles.push(trouble(Tone::Warn, &[Msg::OwnMicrophoneOff], Act::None));
    }
    troubles
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;
    use colloque_protocol::signaling::MediaState;

    use super::*;

    fn in_call() -> CallView {
        let local = MediaState { microphone: true, camera: true, ..MediaState::default() };
        CallView { phase: Phase::InCall, media: MediaPath::Up, local, ..CallView::default() }
    }

    fn said(view: &CallView) -> Vec<(Vec<Msg>, Act)> {
        troubles(view).into_iter().map(|trouble| (trouble.words, trouble.act)).collect()
    }

    #[test]
    fn a_call_that_goes_well_says_nothing() {
        assert_eq!(said(&in_call()), []);
    }

    #[test]
    fn a_connection_that_is_cut_says_what_is_paused_and_offers_to_try_again() {
        let phase = Phase::Reconnecting { since: Timestamp::from_millis(1), can_retry: true, is_long: false };
        let view = CallView { phase, sending: Sending::PausedForSafety, ..in_call() };
        let words = vec![Msg::Reconnecting, Msg::PausedForSafety, Msg::ReconnectingLead];
        assert_eq!(said(&view), [(words, Act::Retry)]);
    }

    #[test]
    fn a_network_that_blocks_media_is_named() {
        let view = CallView { media: MediaPath::Blocked, ..in_call() };
        assert_eq!(said(&view), [(vec![Msg::MediaBlocked], Act::Retry)]);
    }

    #[test]
    fn pictures_that_pause_for_this_link_can_be_brought_back_and_others_cannot() {
        let paused = |by| said(&CallView { paused: Some(by), ..in_call() })[0].1;
        assert_eq!(paused(PausedBy::Link { returns: true }), Act::ShowPictures);
        assert_eq!(paused(PausedBy::You), Act::ShowPictures);
        assert_eq!(paused(PausedBy::OtherLink), Act::None);
        assert_eq!(paused(PausedBy::Other), Act::None);
    }

    #[test]
    fn whoever_talks_with_the_microphone_off_reads_so() {
        let mut view = in_call();
        view.local.microphone = false;
        assert_eq!(said(&view), [(vec![Msg::OwnMicrophoneOff], Act::None)]);
    }
}
