//! The panel in which people write to each other.

use super::Inner;
use crate::talk::{Panel, TalkPage};

impl Inner {
    pub(super) fn open_talk(&self, page: Option<TalkPage>) {
        if let Some(panel) = &*self.panel.borrow() {
            return panel.open(page);
        }
        if page.is_some() {
            self.load_talk(page);
        }
    }

    /// Loads its program, once; somebody may have written before anybody here wanted to.
    pub(super) fn load_talk(&self, page: Option<TalkPage>) {
        if self.panel.borrow().is_some() {
            return;
        }
        self.start_keys();
        let this = self.this.clone();
        let panel = self.keys.borrow().as_ref().and_then(|keys| {
            Panel::load(keys, page, move || {
                if let Some(inner) = this.upgrade() {
                    (inner.on_change)();
                }
            })
        });
        self.panel.replace(panel);
        (self.on_change)();
    }
}
