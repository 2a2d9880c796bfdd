//! The direct way from browser to browser: loaded where the patient's browser has no other, and then what carries sound and picture.

use std::rc::Rc;
use std::time::Duration;

use colloque_call::MediaWay;
use colloque_protocol::signaling::Presence;

use super::Inner;
use crate::dom::monotonic_now;
use crate::keys::SealStage;
use crate::peer::Peer;
use crate::way::Way;

/// How long somebody whose connection is lost is still seen and heard; the server keeps its own transports as long.
///
/// Longer: who was put out by the server, and does not heed it, sees for longer. Shorter: a lift cuts a call.
const KEPT_FOR: Duration = Duration::from_secs(30);

impl Inner {
    /// What carries sound and picture: the transport to the server, or the one between the browsers, which nothing else takes the place of.
    pub(super) fn media(&self) -> Option<Rc<Peer>> {
        if self.is_direct() {
            return self.way.borrow().as_ref()?.peer();
        }
        self.server_peer()
    }

    /// The transport to the server.
    fn server_peer(&self) -> Option<Rc<Peer>> {
        self.peer.borrow().as_ref().map(|numbered| Rc::clone(&numbered.peer))
    }

    pub(super) fn is_direct(&self) -> bool {
        self.asks || self.way.borrow().as_ref().is_some_and(|way| way.is("used"))
    }

    /// Which way sound and picture take.
    pub(super) fn media_way(&self) -> MediaWay {
        if self.is_direct() {
            MediaWay::Direct
        } else if self.sealed.borrow().stage == SealStage::EndToEnd {
            MediaWay::Server
        } else {
            MediaWay::None
        }
    }

    /// The server cannot close a way that it has no part in: it lasts as long as the transport to the server, with somebody there.
    pub(super) fn guard_way(&self) {
        let now = monotonic_now();
        let away_for = match self.call.borrow().view().other.as_ref().map(|other| other.presence) {
            Some(Presence::Here { .. }) => {
                self.alone_since.set(None);
                None
            }
            Some(Presence::Lost { .. }) => Some(KEPT_FOR),
            None => Some(Duration::ZERO),
        };
        let is_over = away_for.is_some_and(|most| {
            let since = self.alone_since.get().unwrap_or(now);
            self.alone_since.set(Some(since));
            now.since(since) >= most
        });
        if is_over || self.peer.borrow().is_none() {
            self.way.take();
        } else if self.asks && !self.is_refused() {
            self.load_way();
        }
        if let (Some(way), Some(relays)) = (&*self.way.borrow(), self.call.borrow().relays()) {
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
            Way::load(keys, self.asks, move || {
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
        self.server_peer().into_iter().chain(self.media()).for_each(|peer| self.send_by(peer));
        self.play(false);
        (self.on_change)();
    }
}
