//! The panel in which people write to each other, from the page's side: a program of its own, loaded when somebody wants it or somebody
//! wrote. What is written goes between the panel and the worker that holds the keys, past the page.

use colloque_protocol::Role;
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
    pub(crate) fn load(
        keys: &Keys,
        role: Role,
        opens: Option<TalkPage>,
        on_change: impl Fn() + 'static,
    ) -> Option<Self> {
        let document = document();
        let address = document.document_element()?.get_attribute("data-talk")?;
        let (path, integrity) = address.split_once(' ')?;
        let place = document.create_element("colloque-talk").ok()?;
        // Names and values are ours, so they are never refused; nor is a new element.
        place.set_attribute("data-as", role.name()).ok();
        keys.lend(&place);
        let heard = Listener::new(&place, "talk", move |_| on_change());
        let panel = Self { place, _heard: heard };
        panel.open(opens);
        document.body()?.append_child(&panel.place).ok()?;
        if document.get_element_by_id("talk-program").is_none() {
            let script = document.create_element("script").ok()?;
            for (name, value) in [("id", "talk-program"), ("type", "module"), ("integrity", integrity), ("src", path)] {
                script.set_attribute(name, value).ok();
            }
            document.body()?.append_child(&script).ok()?;
        }
        Some(panel)
    }

    pub(crate) fn open(&self, page: Option<TalkPage>) {
        match page {
            Some(TalkPage::Messages) => self.place.set_attribute(OPEN, "messages"),
            Some(TalkPage::Questions) => self.place.set_attribute(OPEN, "questions"),
            Some(TalkPage::Check) => self.place.set_attribute(OPEN, "check"),
            None => self.place.remove_attribute(OPEN),
        }
        .ok();
    }

    pub(crate) fn state(&self) -> TalkState {
        TalkState {
            is_open: self.place.has_attribute(OPEN),
            unread: self.place.get_attribute(UNREAD).and_then(|count| count.parse().ok()).unwrap_or_default(),
        }
    }
}

impl Drop for Panel {
    fn drop(&mut self) {
        self.place.remove();
    }
}
