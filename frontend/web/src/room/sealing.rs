//! The worker of the end-to-end keys, and what it says.

use colloque_call::{CallView, Input};

use super::Inner;
use crate::keys::{Keys, Said, SealStage, Sealed};

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
            keys.joined(*room, *participant);
        }
    }

    pub(super) fn heard_of_keys(&self, said: Said) {
        match said {
            Said::Send(message) => self.feed(Input::EndToEnd { message }),
            Said::Live => {
                self.live.set(self.live.get() + 1);
                self.send();
            }
            // Whoever the keys say is there is shown under their own name, whatever the server put where.
            Said::Place { is_first, person } => {
                let is_third =
                    self.call.borrow().view().third.as_ref().is_some_and(|third| third.participant == person);
                if self.is_swapped.replace(is_third == is_first) != (is_third == is_first) {
                    self.play(false);
                }
            }
            Said::View(sealed) => self.show_sealed(sealed),
        }
    }

    pub(super) fn cannot_seal(&self) {
        self.show_sealed(Sealed { stage: SealStage::Impossible, ..Sealed::default() });
    }

    pub(super) fn show_sealed(&self, sealed: Sealed) {
        if *self.sealed.borrow() != sealed {
            self.sealed.replace(sealed);
            self.send();
            (self.on_change)();
        }
    }
}
