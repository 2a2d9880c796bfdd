//! The direct way from browser to browser: loaded where the patient's browser has no other, and then what carries sound and picture.

use std::rc::Rc;

use super::Inner;
use crate::peer::Peer;
use crate::way::Way;

impl Inner {
    /// What carries sound and picture: the transport to the server, or the one between the browsers, which nothing else takes the place of.
    pub(super) fn media(&self) -> Option<Rc<Peer>> {
        if self.is_direct() {
            return self.direct_peer();
        }
        self.peer.borrow().as_ref().map(|numbered| Rc::clone(&numbered.peer))
    }

    pub(super) fn direct_peer(&self) -> Option<Rc<Peer>> {
        self.way.borrow().as_ref()?.peer()
    }

    pub(super) fn is_direct(&self) -> bool {
        self.asks || self.way.borrow().as_ref().is_some_and(|way| way.is("used"))
    }

    /// Gives the way the relays that the server gave.
    pub(super) fn use_relays(&self, relays: &str) {
        self.relays.replace(relays.to_owned());
        if let Some(way) = &*self.way.borrow() {
            way.set_servers(relays);
        }
    }

    /// Loads its program, once. A patient without it can neither be seen nor heard.
    pub(super) fn load_way(&self) {
        if self.way.borrow().is_some() {
            return;
        }
        let this = self.this.clone();
        let way = self.keys.borrow().as_ref().and_then(|keys| {
            Way::load(keys, self.asks, &self.relays.borrow(), move || {
                if let Some(inner) = this.upgrade() {
                    inner.look_at_way();
                }
            })
        });
        let is_missing = way.is_none();
        self.way.replace(way);
        if is_missing && self.asks {
            self.cannot_seal();
        }
    }

    fn look_at_way(&self) {
        let has_failed = self.way.borrow().as_ref().is_some_and(|way| {
            way.look();
            way.is("failed")
        });
        if has_failed && self.asks {
            return self.cannot_seal();
        }
        // What went one way goes the other.
        let server = self.peer.borrow().as_ref().map(|numbered| Rc::clone(&numbered.peer));
        server.into_iter().chain(self.direct_peer()).for_each(|peer| self.send_by(peer));
        self.play(false);
        self.clear_without_peer();
        (self.on_change)();
    }
}
