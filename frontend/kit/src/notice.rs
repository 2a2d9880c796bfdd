//! Lines that say how something stands: chips, notes, one-line states.

use leptos::prelude::*;

use crate::icon::Icon;
use crate::text::{Msg, Text};

/// What a line means. Always said by its words too, never by its colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Good.
    Ok,
    /// Needs a look.
    Warn,
    /// Needs an action.
    Danger,
    /// Stands out without judging.
    Accent,
}

impl Tone {
    /// Value of the `data-tone` attribute.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Danger => "danger",
            Self::Accent => "accent",
        }
    }

    /// The drawing that goes with it.
    #[must_use]
    pub const fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Check,
            Self::Warn | Self::Danger => Icon::Warning,
            Self::Plain | Self::Accent => Icon::Info,
        }
    }
}

/// A word or two on a rounded plate.
#[must_use]
pub fn chip(tone: Tone, text: impl Into<String>) -> AnyView {
    view! { <span class="chip" data-tone=tone.name()>{text.into()}</span> }.into_any()
}

/// A chip with a drawing.
#[must_use]
pub fn marked_chip(tone: Tone, icon: Icon, text: impl Into<String>) -> AnyView {
    view! { <span class="chip" data-tone=tone.name()>{icon.draw()}<span>{text.into()}</span></span> }.into_any()
}

/// A paragraph on a plate.
#[must_use]
pub fn note(tone: Tone, text: impl Into<String>) -> AnyView {
    view! { <div class="note" data-tone=tone.name()>{tone.icon().draw()}<div><p>{text.into()}</p></div></div> }
        .into_any()
}

/// A paragraph on a plate with one action.
#[must_use]
pub fn note_with(tone: Tone, text: impl Into<String>, action: AnyView) -> AnyView {
    view! { <div class="note" data-tone=tone.name()>{tone.icon().draw()}<div><p>{text.into()}</p>{action}</div></div> }
        .into_any()
}

/// What went wrong, announced; nothing when there is nothing to say.
#[must_use]
pub fn trouble(text: RwSignal<Option<String>>) -> AnyView {
    view! { <div role="alert" class="trouble">{move || text.get().map(|text| note(Tone::Danger, text))}</div> }
        .into_any()
}

/// Waiting for the service.
#[must_use]
pub fn loading() -> AnyView {
    view! { <p class="row quiet" role="status"><span class="wait" aria-hidden="true"></span>{Msg::Loading.t()}</p> }
        .into_any()
}

/// Nothing to list.
#[must_use]
pub fn empty(icon: Icon, text: impl Into<String>, action: Option<AnyView>) -> AnyView {
    view! { <div class="empty">{icon.draw()}<p>{text.into()}</p>{action}</div> }.into_any()
}
