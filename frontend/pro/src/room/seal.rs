//! The state of the end-to-end encryption, always in sight, and the two words to compare.

use colloque_call::Phase;
use colloque_kit::Text;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip, note_with};
use colloque_web::keys::{SealStage, Sealed};
use leptos::prelude::*;

use super::RoomDesk;
use super::stage::phone_link;
use super::technical;
use super::text::Msg;

/// A chip beside the patient's name.
pub fn chip(sealed: &Sealed) -> AnyView {
    match sealed.stage {
        SealStage::EndToEnd if sealed.is_compared => {
            marked_chip(Tone::Ok, Icon::Shield, Msg::SealedVerified.t()).into_any()
        }
        SealStage::EndToEnd => marked_chip(Tone::Plain, Icon::Shield, Msg::Sealed.t()).into_any(),
        SealStage::Preparing => marked_chip(Tone::Plain, Icon::Shield, Msg::SealPreparing.t()).into_any(),
        SealStage::WordsDiffer | SealStage::Impossible => {
            marked_chip(Tone::Danger, Icon::Warning, Msg::SealRefused.t()).into_any()
        }
    }
}

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
    let is_asked = call.view.with(|view| view.phase == Phase::InCall) && !sealed.is_compared;
    if !is_asked || sealed.words.is_empty() {
        return None;
    }
    let answer = |label: Msg, is_same: bool| {
        view! { <button type="button" class="button" data-size="small" on:click=move |_| call.compare_words(is_same)>{label.t()}</button> }
    };
    Some(
        view! {
            <div class="note" data-tone="plain" id="words">
                {Icon::Shield.draw()}
                <div>
                    <p>{Msg::WordsAsk.t()}" "<strong class="words" translate="no">{sealed.words}</strong></p>
                    <div class="row">{answer(Msg::WordsSame, true)}{answer(Msg::WordsOther, false)}</div>
                </div>
            </div>
        }
        .into_any(),
    )
}
