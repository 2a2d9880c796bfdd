use colloque_ids::{PeerId, RoomId};

use crate::arena::Transport;
use crate::core::Core;

/// Share of a new second in the mean of what is lost on the way to this server.
///
/// Higher: a short cut counts as a weak link. Lower: a weak link is told later.
const SECOND_WEIGHT: f32 = 0.3;

/// How the link of one connected peer goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Where.
    pub room: RoomId,
    /// Who.
    pub peer: PeerId,
    /// Share of its voice that does not arrive by itself, from 0 to 1.
    pub lost_sent: f64,
    /// Share of the packets to it that do not arrive, from 0 to 1; none where its client does not report on them.
    pub lost_received: Option<f64>,
    /// What the way to it carries, in bits per second; none where its client does not report.
    pub estimate_bps: Option<u64>,
    /// Whether it is reached by TCP.
    pub is_by_tcp: bool,
}

/// Mean share of packets that do not arrive, of the last seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LossMean(f32);

impl LossMean {
    pub(crate) fn share(self) -> f64 {
        f64::from(self.0)
    }

    /// Takes one report's loss, in 256ths.
    pub(crate) fn note(&mut self, fraction_lost: u8) {
        self.0 += SECOND_WEIGHT * (f32::from(fraction_lost) / 256.0 - self.0);
    }
}

impl Core {
    /// How the links of all connected peers go that are heard.
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        let heard = self.peers.iter().filter(|(_, peer)| peer.is_connected() && !peer.is_lost);
        heard
            .map(|(key, peer)| {
                let (room, id) = self.names(key);
                let estimator = peer.downlink.as_ref().map(|downlink| &downlink.estimator);
                Link {
                    room,
                    peer: id,
                    lost_sent: peer.uplink_loss.share(),
                    lost_received: estimator.map(|estimator| estimator.lost_share()),
                    estimate_bps: estimator.map(|estimator| estimator.estimate_bps()),
                    is_by_tcp: peer.ice.selected().is_some_and(|path| path.transport != Transport::Udp),
                }
            })
            .collect()
    }
}
