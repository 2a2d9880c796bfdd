//! The state of the end-to-end encryption, always in sight, and the two words to compare.

use colloque_call::Phase;
use colloque_kit::Text;
use colloque_kit::notice::{Tone, note_with};
pub use colloque_kit::seal::chip;
use colloque_kit::seal::words;
use colloque_web::keys::{Compared, SealStage};
use colloque_web::talk::TalkPage;
use leptos::prelude::*;

use super::RoomDesk;
use super::stage::phone_link;
use super::technical;
use super::text::Msg;

/// What asks for an act: words that were not compared yet, or a call that is not protected and so was ended.
pub fn notes(desk: RoomDesk) -> Option<AnyView> {
    let call = desk.call;
    let sealed = call.sealed.get();
    if !call.view.with(|view| matches!(view.phase, Phase::Waiting | Phase::InCall)) {
        return None;
    }
    let refused = |words: Msg, code: &'static str| {
        let act = (technical::line(code), phone_link(desk)).into_any();
        Some(note_with(Tone::Danger, words.t(), act).into_any())
    };
    match sealed.stage {
        SealStage::WordsDiffer => return refused(Msg::WordsDiffer, technical::WORDS),
        SealStage::Impossible => return refused(Msg::CannotSeal, technical::UNSEALED),
        SealStage::Preparing | SealStage::EndToEnd => {}
    }
    let is_asked = call.view.with(|view| view.phase == Phase::InCall);
    if is_asked {
        words(
            if sealed.comparison == Compared::ByOtherLink { Msg::WordsAskOther } else { Msg::WordsAsk }.t(),
            sealed,
            move |is_same| call.compare_words(is_same),
            move || call.open_talk(Some(TalkPage::Check)),
        )
    } else {
        None
    }
}
