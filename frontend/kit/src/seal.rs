//! The state of the end-to-end encryption, and the two words to compare.

use colloque_web::keys::{Compared, SealStage, Sealed};
use leptos::prelude::*;

use crate::icon::Icon;
use crate::notice::{Tone, marked_chip};
use crate::text::{Msg, Text};

/// The chip that is always in sight.
#[must_use]
pub fn chip(sealed: &Sealed) -> AnyView {
    let (tone, icon, text) = match sealed.stage {
        SealStage::EndToEnd if sealed.comparison == Compared::Yes => (Tone::Ok, Icon::Shield, Msg::SealedVerified),
        SealStage::EndToEnd => (Tone::Plain, Icon::Shield, Msg::Sealed),
        SealStage::Preparing => (Tone::Plain, Icon::Shield, Msg::SealPreparing),
        SealStage::WordsDiffer | SealStage::Impossible => (Tone::Danger, Icon::Warning, Msg::SealRefused),
    };
    marked_chip(tone, icon, text.t())
}

/// Asks whether the others see the same words; nothing once somebody has compared them.
#[must_use]
pub fn words(
    ask: &'static str,
    sealed: Sealed,
    compare: impl Fn(bool) + Copy + 'static,
    enlarge: impl Fn() + 'static,
) -> Option<AnyView> {
    if sealed.comparison == Compared::Yes || sealed.words.is_empty() {
        return None;
    }
    let answer = |label: Msg, is_same: bool| {
        view! { <button type="button" class="button" data-size="small" on:click=move |_| compare(is_same)>{label.t()}</button> }
    };
    Some(
        view! {
            <div class="note" data-tone="plain" id="words">
                {Icon::Shield.draw()}
                <div>
                    <p>{ask}" "<strong class="words" translate="no">{sealed.words}</strong></p>
                    <div class="row">{answer(Msg::WordsSame, true)}{answer(Msg::WordsOther, false)}
                        <button type="button" class="button" data-kind="plain" data-size="small" on:click=move |_| enlarge()>{Msg::WordsLarge.t()}</button>
                    </div>
                </div>
            </div>
        }
        .into_any(),
    )
}
