//! The place of one other person in the call: picture, name, and in words what is not seen or heard.

use colloque_call::{CallView, MediaPath};
use colloque_kit::Text;
use colloque_kit::icon::Icon;
use colloque_kit::notice::{Tone, marked_chip};
use colloque_protocol::signaling::OtherParty;
use leptos::html;
use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::call::is_here;
use crate::text::Msg;

/// What is seen of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Their picture.
    Picture,
    /// It is on its way.
    Coming,
    /// Pictures pause for the voice.
    Paused,
    /// They switched their camera off.
    CameraOff,
    /// They switched camera and microphone off.
    BothOff,
    /// They lost the connection and may come back.
    Lost,
    /// They are not in the room.
    Away,
}

impl Seen {
    /// Tells what is seen of one of the others.
    pub fn of(view: &CallView, other: Option<&OtherParty>) -> Self {
        let Some(other) = other else { return Self::Away };
        if !is_here(other) {
            return Self::Lost;
        }
        match (other.media.camera, other.media.microphone) {
            (false, false) => Self::BothOff,
            (false, true) => Self::CameraOff,
            (true, _) if view.paused.is_some() => Self::Paused,
            (true, _) if matches!(view.media, MediaPath::Idle | MediaPath::Connecting) => Self::Coming,
            (true, _) => Self::Picture,
        }
    }

    /// What stands in the place of a picture; none where one is seen.
    pub const fn words(self) -> Option<Msg> {
        match self {
            Self::Picture => None,
            Self::Coming => Some(Msg::TileComing),
            Self::Paused => Some(Msg::TilePaused),
            Self::CameraOff => Some(Msg::TileCameraOff),
            Self::BothOff => Some(Msg::TileBothOff),
            Self::Lost => Some(Msg::TileLost),
            Self::Away => Some(Msg::TileAway),
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::CameraOff | Self::BothOff => Icon::CameraOff,
            Self::Picture | Self::Coming | Self::Paused | Self::Lost | Self::Away => Icon::Person,
        }
    }
}

/// One place.
#[component]
pub fn Tile(
    /// What the engine says.
    view: ReadSignal<CallView>,
    /// Who sits here.
    who: fn(&CallView) -> Option<&OtherParty>,
    /// Their name until the room vouches for one.
    #[prop(into)]
    name: String,
    /// What they are in the consultation.
    role: Msg,
    /// Where they are seen and heard.
    elements: Vec<HtmlElement>,
) -> impl IntoView {
    let seen = Memo::new(move |_| view.with(|view| Seen::of(view, who(view))));
    let is_muted = Memo::new(move |_| {
        view.with(|view| who(view).is_some_and(|other| is_here(other) && other.media.camera && !other.media.microphone))
    });
    let known = Memo::new(move |_| view.with(|view| who(view).map(|other| other.card.display_name.clone())));
    view! {
        <figure class="tile" data-dark=move || seen.get().words().is_some()>
            {place(elements)}
            {move || seen.get().words().map(|words| view! {
                <p class="tile-words">{seen.get().icon().draw_at("2.25rem")}<span>{words.t()}</span></p>
            })}
            <figcaption class="row">
                <strong translate="no">{move || known.get().unwrap_or_else(|| name.clone())}</strong>
                <span>{role.t()}</span>
                {move || is_muted.get().then(|| marked_chip(Tone::Warn, Icon::MicrophoneOff, Msg::TileMuted.t()))}
            </figcaption>
        </figure>
    }
    .into_any()
}

/// A place that shows elements which outlive it.
pub fn place(elements: Vec<HtmlElement>) -> AnyView {
    let place = NodeRef::<html::Div>::new();
    let elements = StoredValue::new_local(elements);
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            elements.with_value(|elements| {
                for element in elements {
                    place.append_child(element).ok();
                }
            });
        }
    });
    view! { <div class="place" node_ref=place></div> }.into_any()
}

#[cfg(test)]
mod tests {
    use colloque_call::PausedBy;
    use colloque_ids::{ParticipantId, Timestamp};
    use colloque_protocol::signaling::{MediaState, Presence};
    use colloque_protocol::{IdentityCard, Role};

    use super::*;

    fn other(camera: bool, microphone: bool) -> OtherParty {
        let at = Timestamp::from_millis(1);
        OtherParty {
            participant: ParticipantId::from_parts(at, [1; 10]),
            card: IdentityCard {
                display_name: "Dre Claire Martin".to_owned(),
                role: Role::Practitioner,
                profession: None,
                rpps: None,
                verified_by: vec![],
            },
            presence: Presence::Here { since: at },
            media: MediaState { camera, microphone, ..MediaState::default() },
            device_check: None,
            agreed: None,
            takes_part: true,
        }
    }

    #[test]
    fn a_picture_is_shown_once_media_flow() {
        let mut view = CallView { media: MediaPath::Connecting, ..CallView::default() };
        let there = other(true, true);
        assert_eq!(Seen::of(&view, Some(&there)), Seen::Coming);
        view.media = MediaPath::Up;
        assert_eq!(Seen::of(&view, Some(&there)), Seen::Picture);
        view.paused = Some(PausedBy::You);
        assert_eq!(Seen::of(&view, Some(&there)), Seen::Paused);
    }

    #[test]
    fn what_is_not_seen_is_said() {
        let view = CallView { media: MediaPath::Up, ..CallView::default() };
        let lost = OtherParty { presence: Presence::Lost { since: Timestamp::from_millis(1) }, ..other(true, true) };
        let cases = [
            (Some(other(false, true)), Seen::CameraOff),
            (Some(other(false, false)), Seen::BothOff),
            (Some(lost), Seen::Lost),
            (None, Seen::Away),
        ];
        for (who, seen) in cases {
            assert_eq!(Seen::of(&view, who.as_ref()), seen);
            assert!(seen.words().is_some());
        }
    }
}
