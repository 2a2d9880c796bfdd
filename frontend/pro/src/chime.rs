//! How loud the chime of an arrival is, as chosen on this computer.

use colloque_kit::Text;
use colloque_kit::icon::Icon;
use colloque_web::dom::window;
use leptos::prelude::*;

use crate::arrival::Arrivals;
use crate::text::Msg;

const CHOICE: &str = "colloque-chime";

/// Loudness of the chime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loudness {
    /// Not heard: title, badge and notification go on.
    Silent,
    /// For a room where others work.
    Soft,
    /// Heard from the next room; what nobody chose.
    Loud,
}

impl Loudness {
    const ALL: [Self; 3] = [Self::Silent, Self::Soft, Self::Loud];

    /// The choice of this computer, whichever tab it was made in.
    pub fn chosen() -> Self {
        let kept = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(CHOICE).ok().flatten());
        Self::read(kept.as_deref())
    }

    /// Volume of the bell, from 0 to 1; none when it does not ring.
    pub const fn volume(self) -> Option<f32> {
        match self {
            Self::Silent => None,
            Self::Soft => Some(0.25),
            Self::Loud => Some(0.9),
        }
    }

    fn keep(self) {
        if let Ok(Some(storage)) = window().local_storage() {
            storage.set_item(CHOICE, self.name()).ok();
        }
    }

    fn read(kept: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|loudness| kept == Some(loudness.name())).unwrap_or(Self::Loud)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Soft => "soft",
            Self::Loud => "loud",
        }
    }

    const fn label(self) -> Msg {
        match self {
            Self::Silent => Msg::ChimeSilent,
            Self::Soft => Msg::ChimeSoft,
            Self::Loud => Msg::ChimeLoud,
        }
    }
}

/// Chooses the loudness and lets it be heard.
#[component]
pub fn ChimeChoice(
    /// The choice.
    loudness: RwSignal<Loudness>,
) -> impl IntoView {
    let arrivals = expect_context::<Arrivals>();
    let choose = move |chosen: Loudness| {
        chosen.keep();
        loudness.set(chosen);
    };
    let choices = Loudness::ALL
        .map(|choice| {
            view! {
                <label class="choice">
                    <input type="radio" name="chime" value=choice.name() checked=loudness.get_untracked() == choice on:change=move |_| choose(choice)/>
                    {choice.label().t()}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="choices"><legend class="small">{Msg::Chime.t()}</legend>{choices}</fieldset>
        <button type="button" class="button" data-size="small" data-kind="plain" disabled=move || loudness.get() == Loudness::Silent
            on:click=move |_| arrivals.test()>{Icon::Speaker.draw()}{Msg::ChimeHear.t()}</button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_back_and_without_one_the_chime_is_loud() {
        for loudness in Loudness::ALL {
            assert_eq!(Loudness::read(Some(loudness.name())), loudness);
        }
        assert_eq!(Loudness::read(None), Loudness::Loud);
        assert_eq!(Loudness::read(Some("?")), Loudness::Loud);
    }

    #[test]
    fn louder_choices_ring_louder() {
        let [silent, soft, loud] = Loudness::ALL.map(|loudness| loudness.volume().unwrap_or(0.0));
        assert!(silent == 0.0 && soft > 0.0 && soft < loud && loud <= 1.0);
    }
}
