use std::time::{Duration, Instant};

use crate::arena::SendArena;
use crate::core::Core;

/// Pause between two looks at what waits for a subscriber's link.
///
/// Higher: what leaves comes in larger bursts. Lower: the worker wakes more often while somebody's link is full.
pub(crate) const PACE: Duration = Duration::from_millis(5);

impl Core {
    /// Has the next look at what waits include a peer.
    pub(crate) fn mark_pacing(&mut self, key: usize, now: Instant) {
        if let Some(peer) = self.peers.get_mut(key)
            && !peer.is_paced
        {
            peer.is_paced = true;
            self.paced.push(key);
            self.next_pace_at.get_or_insert(now + PACE);
        }
    }

    /// Sends what waited and may leave now, and what probes need.
    pub(crate) fn pace(&mut self, now: Instant, out: &mut SendArena) {
        // Before the work, so that a failure in it does not repeat without a pause. A worker that fell behind does not make up for
        // lost steps.
        self.next_pace_at = Some(now + PACE);
        let mut at = 0;
        while let Some(&key) = self.paced.get(at) {
            self.at_work = Some(key);
            if self.pace_peer(key, now, out) {
                at += 1;
            } else {
                self.paced.swap_remove(at);
                if let Some(peer) = self.peers.get_mut(key) {
                    peer.is_paced = false;
                }
            }
        }
        self.at_work = None;
        if self.paced.is_empty() {
            self.next_pace_at = None;
        }
    }

    /// True while something is left to do.
    fn pace_peer(&mut self, key: usize, now: Instant, out: &mut SendArena) -> bool {
        let Some(peer) = self.peers.get_mut(key) else { return false };
        while let Some(queued) = peer.next_queued(now) {
            let track = self.tracks.get(queued.track).filter(|track| track.serial == queued.serial);
            if let Some(packet) = track.and_then(|track| track.find(queued.index)) {
                let before = out.transmits().len();
                peer.forward_queued(&queued, &packet, now, out);
                let sent = (out.transmits().len() - before) as u64;
                *(if queued.is_repeat { &mut self.counters.retransmitted } else { &mut self.counters.paced }) += sent;
            }
        }
        let before = out.transmits().len();
        peer.pad(now, out);
        self.counters.padded += (out.transmits().len() - before) as u64;
        peer.downlink.as_ref().is_some_and(|downlink| downlink.has_queue() || downlink.estimator.is_probing())
    }

    /// Begins the pictures of a subscriber anew: what waited for its link is too old.
    pub(crate) fn give_up_queue(&mut self, key: usize, now: Instant, out: &mut SendArena) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.drop_queue();
        self.counters.queues_given_up += 1;
        for line in 0..self.peers[key].lines.len() {
            let slot = self.peers[key].lines[line].slot.as_ref();
            if let Some(source) = slot.filter(|slot| slot.awaits_keyframe()).and_then(|slot| slot.source()) {
                self.request_keyframe(now, source, out);
            }
        }
    }
}
