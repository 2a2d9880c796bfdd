//! The transport to the server: made, negotiated and closed as the engine asks.

use std::rc::Rc;

use colloque_call::{Input, MediaInput, PeerState as EnginePeerState};

use super::{Inner, NumberedPeer, feed};
use crate::dom::spawn;
use crate::media_element;
use crate::peer::{OpenPeerError, Peer, PeerState};

impl Inner {
    pub(super) fn create_peer(&self, number: u32) {
        self.use_keys();
        self.live.set(0);
        let this = self.this.clone();
        let keys = self.keys.borrow();
        // Without keys there is no transport, so that nothing can pass as it is.
        let opened = keys.as_ref().filter(|_| !self.is_refused()).ok_or(OpenPeerError).and_then(|keys| {
            Peer::open((!self.asks).then_some(keys), move |state| {
                let state = match state {
                    PeerState::Connecting => EnginePeerState::Connecting,
                    PeerState::Connected => EnginePeerState::Connected,
                    PeerState::Disconnected => EnginePeerState::Disconnected,
                    PeerState::Failed => EnginePeerState::Failed,
                    PeerState::New | PeerState::Closed => return,
                };
                let Some(inner) = this.upgrade() else { return };
                inner.feed(Input::Media(MediaInput::StateChanged { peer: number, state }));
                match state {
                    EnginePeerState::Connecting => {}
                    EnginePeerState::Connected => inner.play(false),
                    // Browsers paint a picture black when nothing comes for long: the last one stays.
                    EnginePeerState::Disconnected | EnginePeerState::Failed if inner.is_direct() => {}
                    EnginePeerState::Disconnected | EnginePeerState::Failed => {
                        for picture in &inner.elements.all()[2..] {
                            picture.pause().ok();
                        }
                    }
                }
            })
        });
        if keys.is_some() && opened.is_err() {
            self.cannot_seal();
        }
        drop(keys);
        // A browser that opens none fails the offer that is asked for next.
        self.peer.replace(opened.ok().map(|peer| NumberedPeer { number, peer: Rc::new(peer) }));
    }

    pub(super) fn create_offer(&self, number: u32, generation: u32, ice_restart: bool, ice_servers: Option<String>) {
        let peer = self.numbered(number);
        let this = self.this.clone();
        spawn(async move {
            let offer = match (peer, this.upgrade()) {
                (Some(peer), Some(inner)) => {
                    inner.send_on(&peer).await;
                    drop(inner);
                    peer.prepare_offer(ice_restart, ice_servers).await.ok()
                }
                _ => None,
            };
            let input = match offer {
                Some(sdp) => MediaInput::OfferReady { generation, sdp },
                None => MediaInput::NegotiationFailed { generation },
            };
            feed(&this, Input::Media(input));
        });
    }

    pub(super) fn apply_answer(&self, number: u32, generation: u32, sdp: String) {
        let Some(peer) = self.numbered(number) else { return };
        let this = self.this.clone();
        spawn(async move {
            if peer.apply_answer(&sdp).await.is_err() {
                feed(&this, Input::Media(MediaInput::NegotiationFailed { generation }));
            }
        });
    }

    /// Empties the elements once no transport took the place of the one before.
    pub(super) fn clear_without_peer(&self) {
        if self.peer.borrow().is_none() {
            self.elements.all().into_iter().for_each(media_element::clear);
        }
    }

    pub(super) fn numbered(&self, number: u32) -> Option<Rc<Peer>> {
        self.peer.borrow().as_ref().filter(|peer| peer.number == number).map(|peer| Rc::clone(&peer.peer))
    }
}
