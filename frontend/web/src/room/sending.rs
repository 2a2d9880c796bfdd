//! What of the capture goes onto which line, and how carefully.

use std::rc::Rc;

use colloque_call::{Adaptation, CameraRate};
use web_sys::MediaStreamTrack;

use super::Inner;
use crate::dom::spawn;
use crate::keys::{ENDS, SealStage};
use crate::peer::{Care, FIRST_FOR, Peer, Slot};
use crate::timer::pause;

impl Inner {
    pub(super) fn hold_back(&self, held_back: bool) {
        self.held_back.set(held_back);
        self.send();
    }

    pub(super) fn send(&self) {
        if let Some(peer) = self.media() {
            self.send_by(peer);
        }
    }

    pub(super) fn send_by(&self, peer: Rc<Peer>) {
        let this = self.this.clone();
        spawn(async move {
            if let Some(inner) = this.upgrade() {
                inner.send_on(&peer).await;
            }
        });
    }

    /// Puts on each line what is to be sent now, and as carefully as the link needs. A camera that is off sends nothing at all, so it costs no bandwidth.
    pub(super) async fn send_on(&self, peer: &Rc<Peer>) {
        let tracks = || {
            let carries = self.media().is_some_and(|media| Rc::ptr_eq(&media, peer));
            [Slot::Microphone, Slot::Camera, Slot::Screen].map(|slot| self.track(slot).filter(|_| carries))
        };
        let begins = peer.send(tracks).await;
        let Adaptation { camera, side_px, voice_is_slim } = self.adaptation.get();
        peer.take_care(Care { small_camera: camera == CameraRate::Low, side_px, slim_voice: voice_is_slim }).await;
        if begins {
            let peer = Rc::downgrade(peer);
            spawn(async move {
                pause(FIRST_FOR).await;
                if let Some(peer) = peer.upgrade() {
                    peer.has_begun().await;
                }
            });
        }
    }

    fn track(&self, slot: Slot) -> Option<MediaStreamTrack> {
        // Nothing is sent into a line whose frames do not pass through the worker yet, nor while nobody could open them: a weak link is
        // needed for other things.
        // Between two browsers it passes through no worker.
        let is_led = self.is_direct() || self.live.get() >= ENDS;
        let is_sealed = is_led && self.sealed.borrow().stage == SealStage::EndToEnd;
        if self.held_back.get() || !is_sealed {
            return None;
        }
        let capture = self.capture.borrow();
        match slot {
            Slot::Microphone => capture.as_ref().and_then(|capture| capture.microphone()),
            Slot::Camera => {
                let is_sent = self.adaptation.get().camera != CameraRate::Nothing;
                capture
                    .as_ref()
                    .filter(|capture| is_sent && capture.is_camera_on())
                    .and_then(|capture| capture.camera())
            }
            Slot::Screen => self.screen.borrow().as_ref().map(|screen| screen.track().clone()),
        }
    }
}
