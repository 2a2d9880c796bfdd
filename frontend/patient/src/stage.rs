//! What the rest of the page must know of the screen: which parts are shown, the title, the dimmed picture.

use colloque_web::dom::document;
use colloque_web::text::Text;

use crate::fault::Fault;
use crate::journey::{Overlay, Screen};
use crate::words::Msg;

/// What the style sheet reads on the root element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// The screen.
    pub screen: Screen,
    /// What lies over the consultation.
    pub overlay: Overlay,
    /// Whether the own camera gives pictures.
    pub camera: bool,
    /// Whether the own camera is the rear one.
    pub rear: bool,
    /// Whether the practitioner's camera is to be seen.
    pub remote_camera: bool,
    /// Whether the practitioner shares a screen.
    pub sharing: bool,
    /// Whether a third person's camera is to be seen.
    pub third: bool,
    /// Whether this browser cannot encrypt the call, and so has none.
    pub cannot_seal: bool,
}

impl Stage {
    /// Tells the page.
    pub fn apply(self) {
        let Some(root) = document().document_element() else { return };
        let set = |name: &str, value: Option<&str>| {
            // Attributes of a fixed name with a fixed value are never refused.
            match value {
                Some(value) => root.set_attribute(name, value).ok(),
                None => root.remove_attribute(name).ok(),
            };
        };
        let view = match self.screen {
            // The shell has the words for a browser that is too old.
            _ if self.cannot_seal => "trouble",
            Screen::Question => "question",
            _ => "app",
        };
        set("data-view", Some(view));
        set("data-trouble", self.cannot_seal.then_some("E22"));
        set("data-stage", self.place());
        let refused = Fault::CaptureRefused;
        let helps = self.screen == Screen::Fault(refused) || self.overlay == Overlay::NotGiven(refused);
        set("data-help", helps.then_some("steps"));
        set("data-camera", (!self.camera).then_some("off"));
        set("data-remote", (!self.remote_camera).then_some("off"));
        set("data-sharing", self.sharing.then_some(""));
        set("data-third", self.third.then_some(""));
        let is_dim = matches!(self.overlay, Overlay::Reconnecting { .. } | Overlay::Lost | Overlay::Blocked);
        set("data-dim", is_dim.then_some(""));
        if let Some(own) = document().get_element_by_id("own") {
            // The picture is mirrored like a mirror, except for what lies before the patient.
            if self.rear { own.set_attribute("data-rear", "") } else { own.remove_attribute("data-rear") }.ok();
        }
        document().set_title(self.title().t());
    }

    const fn place(self) -> Option<&'static str> {
        match self.screen {
            Screen::Check => Some("check"),
            Screen::Waiting | Screen::Called => Some("waiting"),
            Screen::Call => Some("call"),
            Screen::Opening
            | Screen::Question
            | Screen::Code
            | Screen::Ended { .. }
            | Screen::Rehearsed
            | Screen::Fault(_) => None,
        }
    }

    const fn title(self) -> Msg {
        match self.screen {
            Screen::Opening | Screen::Question | Screen::Code => Msg::TitleWelcome,
            Screen::Check | Screen::Rehearsed => Msg::TitleCheck,
            Screen::Waiting => Msg::TitleWaiting,
            Screen::Called => Msg::TitleCalled,
            Screen::Call => Msg::TitleCall,
            Screen::Ended { .. } => Msg::TitleEnded,
            Screen::Fault(_) => Msg::TitleFault,
        }
    }
}
