//! The media worker: `sfu-core` in memory, with datagrams instead of a socket.

use std::net::SocketAddr;

use colloque_ids::{PeerId, RoomId};
use colloque_protocol::signaling::OfferRefusal;
use colloque_sfu_core::{
    Certificate, ConnectPeerError, Core, CoreConfig, DEFAULT_PUBLISHER_CAP_BPS, Event as CoreEvent, Path, SendArena,
};
use colloque_signaling_core::MediaEvent;

use super::access::Datagram;
use super::chance;
use super::net::Net;
use super::scene::{Scene, millis_of};
use crate::meter;

/// The worker and what it is about to send.
pub(super) struct Plane {
    pub(super) core: Core,
    arena: SendArena,
    /// Until when the worker gets no time from its machine, in milliseconds of the world.
    pub(super) stalled_until_ms: u64,
}

impl Plane {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        let certificate = chance::certificate("server");
        let mut core = meter::measure(|| {
            Core::new(CoreConfig {
                announced: vec![SocketAddr::from(([192, 0, 2, 1], 4_000))],
                announced_tcp: Vec::new(),
                mark: 0,
                certificate: Certificate::from_der(certificate.certificate, certificate.private_key),
                seed,
                publisher_cap_bps: DEFAULT_PUBLISHER_CAP_BPS,
            })
        });
        core.change_handshakes(chance::repeatable);
        Self { core, arena: SendArena::default(), stalled_until_ms: 0 }
    }

    /// How long the worker stands still from now, if it does.
    pub(super) fn stalled_for(&self, now_ms: u64) -> Option<u64> {
        (self.stalled_until_ms > now_ms).then(|| self.stalled_until_ms - now_ms)
    }

    /// When the worker's timers want to run, in milliseconds of the world.
    pub(super) fn next_at_ms(&self) -> Option<u64> {
        self.core.next_timeout().map(|at| millis_of(at).max(self.stalled_until_ms))
    }

    pub(super) fn connect(
        &mut self,
        scene: &mut Scene,
        room: RoomId,
        peer: PeerId,
        offer: &str,
        ice_restart: bool,
    ) -> Result<String, OfferRefusal> {
        let now = scene.instant();
        let answer = match ice_restart {
            true => meter::measure(|| self.core.restart_ice(room, peer, offer)),
            false => meter::measure(|| self.core.connect_peer(now, room, peer, offer)),
        };
        answer.map_err(|error| match error {
            ConnectPeerError::Offer(_) => OfferRefusal::Unacceptable,
            ConnectPeerError::RoomFull
            | ConnectPeerError::ServerFull
            | ConnectPeerError::NotContinuing
            | ConnectPeerError::UnknownPeer => OfferRefusal::Unavailable,
        })
    }

    pub(super) fn gate(&mut self, room: RoomId, is_open: bool) {
        meter::measure(|| self.core.gate_room(room, is_open));
    }

    pub(super) fn disconnect(&mut self, scene: &mut Scene, net: &mut Net, room: RoomId, peer: PeerId) {
        meter::measure(|| self.core.disconnect_peer(room, peer, &mut self.arena));
        self.deliver(scene, net);
    }

    /// Takes a datagram from the network.
    pub(super) fn take(&mut self, scene: &mut Scene, net: &mut Net, mut datagram: Datagram) {
        scene.wire(1, &datagram.bytes);
        let from = Path::from(datagram.client);
        let now = scene.instant();
        meter::measure(|| self.core.handle_datagram(now, from, &mut datagram.bytes, &mut self.arena));
        self.deliver(scene, net);
    }

    pub(super) fn run(&mut self, scene: &mut Scene, net: &mut Net) {
        let now = scene.instant();
        if self.core.next_timeout().is_some_and(|at| at <= now) {
            meter::measure(|| self.core.handle_timeout(now, &mut self.arena));
            self.deliver(scene, net);
        }
    }

    fn deliver(&mut self, scene: &mut Scene, net: &mut Net) {
        for transmit in self.arena.transmits() {
            let bytes = self.arena.bytes(transmit);
            scene.wire(2, bytes);
            net.deliver(scene.instant(), transmit.to.remote, bytes);
        }
        if self.arena.dropped() > 0 {
            scene.fault("the media plane drops nothing by itself", format!("{} datagrams", self.arena.dropped()));
        }
        self.arena.clear();
    }

    pub(super) fn poll_event(&mut self) -> Option<MediaEvent> {
        loop {
            return Some(match self.core.poll_event()? {
                CoreEvent::PeerConnected { peer, .. } | CoreEvent::PeerRecovered { peer, .. } => {
                    MediaEvent::Connected { peer }
                }
                CoreEvent::PeerLost { peer, .. } => MediaEvent::Lost { peer },
                CoreEvent::PeerGone { peer, .. } => MediaEvent::Gone { peer },
                CoreEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille, .. } => {
                    MediaEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille }
                }
                // Rooms of more than two have layers; signaling opens none.
                CoreEvent::LayersWanted { .. } => continue,
            });
        }
    }
}
