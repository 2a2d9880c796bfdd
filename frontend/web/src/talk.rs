//! The panel in which people write to each other, from the page's side: a program of its own, loaded when somebody wants it or somebody
//! wrote. What is written goes between the panel and the worker that holds the keys, past the page.

use crate::dom::Listener;
use crate::keys::Keys;
use crate::program::Program;

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

/// The element of the panel; `talk.js` of `frontend/panel` makes it work. Dropped, it takes everything that was written with it.
pub(crate) struct Panel {
    program: Program,
    _heard: Listener,
}

/// Says whether the panel is in sight.
const OPEN: &str = "data-open";

/// Tells, in the panel, what came while it was not.
const UNREAD: &str = "data-unread";

impl Panel {
    /// Puts the panel into the page and loads its program.
    pub(crate) fn load(keys: &Keys, opens: Option<TalkPage>, on_change: impl Fn() + 'static) -> Option<Self> {
        let program = Program::new(keys, "colloque-talk")?;
        let heard = Listener::new(&program.place, "talk", move |_| on_change());
        let panel = Self { program, _heard: heard };
        panel.open(opens);
        panel.program.load("data-talk")?;
        Some(panel)
    }

    pub(crate) fn open(&self, page: Option<TalkPage>) {
        match page {
            Some(page) => self.program.place.set_attribute(OPEN, page.name()),
            None => self.program.place.remove_attribute(OPEN),
        }
        .ok();
    }

    pub(crate) fn state(&self) -> TalkState {
        TalkState {
            is_open: self.program.place.get_attribute(OPEN).is_some(),
            unread: self.program.place.get_attribute(UNREAD).and_then(|count| count.parse().ok()).unwrap_or_default(),
        }
    }
}
