//! The panel in which people write to each other, from the page's side: a program of its own, loaded when somebody wants it or somebody
//! wrote. What is written goes between the panel and the worker that holds the keys, past the page.

use web_sys::Element;

use crate::dom::{Listener, document};
use crate::keys::Keys;

/// How the panel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TalkState {
    /// Whether it is in sight.
    pub is_open: bool,
    /// What came since it was last in sight.
    pub unread: u32,
}

/// What the panel is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalkPage {
    /// The conversation.
    Messages,
    /// The questions of the waiting room.
    Questions,
    /// The two words, large, aloud and as drawings.
    Check,
}

impl TalkPage {
    /// As the element is told.
    const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Questions => "questions",
            Self::Check => "check",
        }
    }
}

/// The element of the panel; `talk.js` of `frontend/panel` makes it work. Dropped, it leaves the page, with everything that was written.
pub(crate) struct Panel {
    place: Element,
    _heard: Listener,
}

/// Says whether the panel is in sight.
const OPEN: &str = "data-open";

/// Tells, in the panel, what came while it was not.
const UNREAD: &str = "data-unread";

impl Panel {
    /// Puts the panel into the page and loads its program.
    pub(crate) fn load(keys: &Keys, opens: Option<TalkPage>, on_change: impl Fn() + 'static) -> Option<Self> {
        let document = document();
        let body = document.body()?;
        // The same script again is not run again: the element that it defines works by itself.
        let script = document.create_element("script").ok()?;
        let place = document.create_element("colloque-talk").ok()?;
        // Names and values are ours, so they are never refused; nor is a new element.
        script.set_attribute("type", "module").ok();
        script.set_attribute("src", &document.document_element()?.get_attribute("data-talk")?).ok();
        keys.lend(&place);
        let heard = Listener::new(&place, "talk", move |_| on_change());
        let panel = Self { place, _heard: heard };
        panel.open(opens);
        body.append_child(&panel.place).ok()?;
        body.append_child(&script).ok()?;
        Some(panel)
    }

    pub(crate) fn open(&self, page: Option<TalkPage>) {
        match page {
            Some(page) => self.place.set_attribute(OPEN, page.name()),
            None => self.place.remove_attribute(OPEN),
        }
        .ok();
    }

    pub(crate) fn state(&self) -> TalkState {
        TalkState {
            is_open: self.place.get_attribute(OPEN).is_some(),
            unread: self.place.get_attribute(UNREAD).and_then(|count| count.parse().ok()).unwrap_or_default(),
        }
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        // It is in the body, where it was put.
        document().body().map(|body| body.remove_child(&self.place));
    }
}
