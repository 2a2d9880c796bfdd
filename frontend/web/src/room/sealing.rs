//! The worker of the end-to-end keys, and what it says.

use colloque_call::{CallView, Input};

use super::Inner;
use crate::keys::{ENDS, Keys, Said, SealStage, Sealed};
use crate::peer::{Peer, PeerState};

/// Counts, one a second, that a worker may leave unanswered.
///
/// Higher: who waits for the other hears nothing for longer before they are told why. Lower: a slow telephone is refused.
const UNANSWERED: u8 = 8;

impl Inner {
    /// Starts the worker, once.
    pub(super) fn start_keys(&self) {
        if self.keys.borrow().is_none() {
            let this = self.this.clone();
            let keys = Keys::start(move |said| {
                if let Some(inner) = this.upgrade() {
                    inner.heard_of_keys(said);
                }
            });
            if keys.is_none() {
                self.cannot_seal();
            }
            self.keys.replace(keys);
        }
    }

    /// Tells the worker who this person is, in which room.
    pub(super) fn use_keys(&self) {
        self.start_keys();
        if let (CallView { room: Some(room), participant: Some(participant), .. }, Some(keys)) =
            (self.call.borrow().view(), &*self.keys.borrow())
        {
            keys.joined(*room, *participant, &self.link_secret.borrow());
        }
    }

    pub(super) fn heard_of_keys(&self, said: Said) {
        match said {
            Said::Send(message) => self.feed(Input::EndToEnd { message }),
            Said::Live => {
                self.live.set(self.live.get() + 1);
                self.send();
                let is_connected =
                    self.peer.borrow().as_ref().is_some_and(|it| it.peer.state() == PeerState::Connected);
                self.play(!is_connected);
            }
            // Whoever the keys say is there is shown under their own name, whatever the server put where.
            Said::Place { is_first, person } => {
                let is_third =
                    self.call.borrow().view().third.as_ref().is_some_and(|third| third.participant == person);
                if self.is_swapped.replace(is_third == is_first) != (is_third == is_first) {
                    self.play(false);
                }
            }
            Said::Here { loads } if loads || self.asks || self.live.get() >= ENDS => self.unanswered.set(0),
            Said::Here { .. } => {}
            Said::Written => self.load_talk(None),
            Said::Asked => self.load_way(),
            Said::View(sealed) => self.show_sealed(sealed),
        }
    }

    /// Hands the worker what the browser has sent. One that takes it no more, or that not every track reaches, seals nothing.
    pub(super) fn watch(&self, peer: &Peer, sent: &str) {
        // What passes between two browsers is not sealed by the worker.
        let is_sealed =
            !self.asks && self.peer.borrow().as_ref().is_some_and(|server| std::ptr::eq(&*server.peer, peer));
        if let Some(keys) = &*self.keys.borrow() {
            keys.sent(if is_sealed { sent } else { "" });
        }
        self.unanswered.set(self.unanswered.get() + 1);
        if self.unanswered.get() > UNANSWERED || (is_sealed && !peer.is_led()) {
            self.cannot_seal();
        }
    }

    /// Whether this page must not send or play any more.
    pub(super) fn is_refused(&self) -> bool {
        self.sealed.borrow().stage == SealStage::Impossible
    }

    pub(super) fn cannot_seal(&self) {
        self.show_sealed(Sealed { stage: SealStage::Impossible, ..Sealed::default() });
    }

    pub(super) fn show_sealed(&self, sealed: Sealed) {
        if *self.sealed.borrow() != sealed && !self.is_refused() {
            self.sealed.replace(sealed);
            self.send();
            if self.is_refused() {
                self.peer.take();
            }
            // Between two browsers nothing but an end of the transport stops what the other sends.
            if matches!(self.sealed.borrow().stage, SealStage::Impossible | SealStage::WordsDiffer) {
                self.way.take();
                self.clear_without_peer();
            }
            (self.on_change)();
        }
    }
}
