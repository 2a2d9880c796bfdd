use std::time::{Duration, Instant};

use crate::arena::SendArena;
use crate::core::{Core, Event, TICK, push_allowed, push_copy};
use crate::few::Few;
use crate::ice::Consent;
use crate::mover::STRANGERS_PER_TICK;
use crate::peer::{PEER_GONE_AFTER, PEER_LOST_AFTER, Peer};
use crate::rtcp::ReportBlock;
use crate::sdp::CNAME;
use crate::track::{PLACES, TrackKind};

/// Turns in which all peers are looked at once: with a tick of 20 ms, each peer once a second.
const TURNS: u64 = 50;
/// Turns in which all peers' links are looked at once: with a tick of 20 ms, each ten times a second.
const ADAPTING_TURNS: u64 = 5;
/// Peers that are looked at without a pause: tens of microseconds.
///
/// Higher: a packet that comes meanwhile waits longer. Lower: a worker with many peers wakes more often.
const LOOKS_AT_ONCE: usize = 32;
/// Pause until the next of them.
const LOOK_PAUSE: Duration = Duration::from_millis(1);
/// Shortest and longest pause between two requests for one missing packet.
const NACK_PAUSE: std::ops::RangeInclusive<Duration> = Duration::from_millis(40)..=Duration::from_millis(500);
/// Streams of one peer in one report: three layers of a camera, a screen and a voice from it, and as many to it as its lines show.
pub(crate) const MAX_REPORTED: usize = 2 * PLACES + 1;

/// How far the peers of a tick were looked at.
pub(crate) struct Looks {
    /// The tick's number.
    turn: u64,
    /// Key of the next peer, and above all of them.
    next: usize,
    end: usize,
    /// When.
    pub due_at: Instant,
}

impl Core {
    /// Does what is due at `now`: call it at or after [`Core::next_timeout`].
    pub fn handle_timeout(&mut self, now: Instant, out: &mut SendArena) {
        if self.next_pace_at.is_some_and(|due_at| now >= due_at) {
            self.pace(now, out);
        }
        if let Some(due_at) = self.next_tick_at.filter(|due_at| now >= *due_at) {
            // Before the work, so that a failure in it does not repeat without a pause. A worker that fell behind does not make
            // up for lost ticks.
            self.next_tick_at = Some((due_at + TICK).max(now));
            // Of more peers than a tick has room for, the rest is looked at in one go.
            self.look_at_some(now, usize::MAX, out);
            self.look_at_urgent(now, out);
            self.send_owed(now, out);
            let end = self.peers.iter().next_back().map_or(0, |(key, _)| key + 1);
            self.looks =
                Some(Looks { turn: self.ticks, next: (self.ticks % ADAPTING_TURNS) as usize, end, due_at: now });
            self.ticks += 1;
            self.strangers_left = STRANGERS_PER_TICK;
        }
        if self.looks.as_ref().is_some_and(|looks| now >= looks.due_at) {
            self.look_at_some(now, LOOKS_AT_ONCE, out);
        }
        self.at_work = None;
    }

    /// Looks at up to `most` of the peers whose turn it is in this tick.
    fn look_at_some(&mut self, now: Instant, most: usize, out: &mut SendArena) {
        for _ in 0..most {
            let Some(looks) = &mut self.looks else { return };
            let key = looks.next;
            if key >= looks.end {
                self.looks = None;
                return;
            }
            // Before the work, as above.
            looks.next += ADAPTING_TURNS as usize;
            looks.due_at = now + LOOK_PAUSE;
            let takes_turn = key as u64 % TURNS == looks.turn % TURNS;
            self.at_work = Some(key);
            self.watch_path(now, key);
            self.adapt(now, key, out);
            if takes_turn {
                self.take_turn(now, key, out);
            }
        }
    }

    /// Several times a second for each peer: does it still receive where it is sent to?
    fn watch_path(&mut self, now: Instant, key: usize) {
        if self.peers.get_mut(key).is_some_and(|peer| peer.ice.watch(now, &mut self.random)) {
            self.mark_urgent(key);
        }
    }

    /// Once a second for each peer: is it there, and how do its streams arrive?
    fn take_turn(&mut self, now: Instant, key: usize, out: &mut SendArena) {
        self.at_work = Some(key);
        let Some(peer) = self.peers.get_mut(key) else { return };
        let silence = now.saturating_duration_since(peer.heard_at);
        let consent = if peer.is_connected() { peer.ice.consent(now, &mut self.random) } else { Consent::Given };
        if silence >= PEER_GONE_AFTER || consent == Consent::Ended {
            self.drop_peer(key);
            return;
        }
        if silence >= PEER_LOST_AFTER && !peer.is_lost && peer.is_connected() {
            peer.is_lost = true;
            let room = peer.room;
            let (room_id, peer) = self.names(key);
            self.events.push_back(Event::PeerLost { room: room_id, peer });
            self.rebind(room);
        }
        if consent == Consent::Asked {
            self.mark_urgent(key);
        }
        self.observe_link(key);
        self.tell_link(now, key);
        self.send_reports(now, key, out);
    }

    /// Sends the reports that found no packet to leave with since the last tick.
    fn send_owed(&mut self, now: Instant, out: &mut SendArena) {
        let mut owing = std::mem::take(&mut self.owing);
        for key in owing.drain(..) {
            if self.peers.get(key).is_some_and(|peer| peer.owes_feedback) {
                self.at_work = Some(key);
                self.send_feedback(now, key, None, out);
            }
        }
        // Its room is kept for the next ones.
        self.owing = owing;
    }

    fn look_at_urgent(&mut self, now: Instant, out: &mut SendArena) {
        let mut at = 0;
        while at < self.urgent.len() {
            let key = self.urgent[at];
            let is_pending = self.look_at(now, key, out);
            // The peer may have been removed meanwhile, and with it its entry.
            if self.urgent.get(at) != Some(&key) {
                continue;
            }
            if is_pending {
                at += 1;
            } else {
                self.urgent.swap_remove(at);
                if let Some(peer) = self.peers.get_mut(key) {
                    peer.is_urgent = false;
                }
            }
        }
    }

    /// Does what cannot wait for the peer's turn; true while something stays pending.
    fn look_at(&mut self, now: Instant, key: usize, out: &mut SendArena) -> bool {
        self.at_work = Some(key);
        let Some(peer) = self.peers.get_mut(key) else { return false };
        peer.ice.send_challenges(now, |to, request| push_copy(out, to, request));
        let mut is_pending = !peer.is_connected() || peer.ice.is_challenging();
        if let Some(to) = peer.ice.selected() {
            let Peer { dtls, ice, .. } = peer;
            let event = dtls.handle_timeout(now, |datagram| push_allowed(out, ice, now, to, datagram));
            self.handle_dtls_event(now, key, event, out);
        }
        let Some(peer) = self.peers.get_mut(key) else { return false };
        if peer.owes_report && peer.is_connected() {
            peer.owes_report = false;
            self.send_reports(now, key, out);
        }
        for line in 0..self.peers[key].lines.len() {
            for encoding in 0..self.peers[key].lines[line].tracks.len() {
                let track = self.peers[key].lines[line].tracks[encoding];
                if self.tracks[track].is_keyframe_wanted() {
                    self.request_keyframe(now, track, out);
                    is_pending |= self.tracks[track].is_live(now);
                }
                if self.peers[key].lines[line].has_nack {
                    self.request_missing(now, key, track, out);
                    is_pending |= !self.tracks[track].gaps.is_empty();
                }
            }
        }
        is_pending
    }

    fn request_missing(&mut self, now: Instant, key: usize, track: usize, out: &mut SendArena) {
        let track = &mut self.tracks[track];
        let Some(ssrc) = track.ssrc else { return };
        if !track.gaps.is_due(now) {
            return;
        }
        let peer = &mut self.peers[key];
        let pause = peer.round_trip.clamp(*NACK_PAUSE.start(), *NACK_PAUSE.end());
        let mut due = Few::<u16, { crate::gaps::MAX_MISSING }>::default();
        track.gaps.take_due(now, pause, |index| due.push(index as u16));
        if due.as_slice().is_empty() {
            return;
        }
        self.counters.packets_requested += due.as_slice().len() as u64;
        let sender = peer.feedback_ssrc();
        peer.send_rtcp(out, |writer| {
            writer.receiver_report(sender, &[]);
            writer.nack(sender, ssrc, due.as_slice().iter().copied());
        });
    }

    /// What the worst-off subscriber loses of a publisher's voice, in 256ths.
    fn voice_lost(&self, publisher: usize) -> u8 {
        let Some(peer) = self.peers.get(publisher) else { return 0 };
        let tracks = peer.lines.iter().flat_map(|line| &line.tracks).filter_map(|track| self.tracks.get(*track));
        let voices = tracks.filter(|track| track.kind == TrackKind::Microphone);
        let slots = voices.flat_map(|track| &track.subscribers).filter_map(|subscription| {
            let peer = self.peers.get(subscription.peer).filter(|peer| peer.is_connected() && !peer.is_lost)?;
            peer.lines.get(subscription.line)?.slot.as_ref()
        });
        slots.map(|slot| slot.fraction_lost).max().unwrap_or(0)
    }

    /// Tells a peer how its streams arrive, what it may send, and how the clocks of what it receives are tied together.
    fn send_reports(&mut self, now: Instant, key: usize, out: &mut SendArena) {
        let mut blocks = Few::<ReportBlock, MAX_REPORTED>::default();
        let mut clocks = Few::<_, MAX_REPORTED>::default();
        let videos = self.videos_of(key);
        let cap = self.cap_of(key);
        let voice_lost = self.voice_lost(key);
        let Some(peer) = self.peers.get_mut(key) else { return };
        if !peer.is_connected() {
            return;
        }
        for line in &mut peer.lines {
            for track in &line.tracks {
                let Some(track) = self.tracks.get_mut(*track) else { continue };
                let Some(mut block) = track.report(now) else { continue };
                self.counters.note_uplink_loss(block.fraction_lost);
                if track.kind == TrackKind::Microphone {
                    peer.uplink_loss.note(block.fraction_lost);
                    block.fraction_lost = lost_on_both(block.fraction_lost, voice_lost);
                }
                blocks.push(block);
            }
            if let Some(slot) = &mut line.slot
                && let Some(track) = slot.source().and_then(|source| self.tracks.get(source))
                && let Some(sender_clock) = track.clock
            {
                let at = sender_clock.at(now, track.kind.clock_rate());
                if let Some(report) = slot.sender_report(at, now) {
                    clocks.push((slot.ssrc, report));
                }
            }
        }
        let sender = peer.feedback_ssrc();
        peer.told_bps = cap;
        peer.send_rtcp(out, |writer| {
            for (ssrc, (ntp, timestamp, packets, octets)) in clocks.as_slice() {
                writer.sender_report(*ssrc, *ntp, *timestamp, *packets, *octets);
            }
            writer.receiver_report(sender, blocks.as_slice());
            writer.source_description(sender, CNAME.as_bytes());
            if !videos.as_slice().is_empty() {
                writer.remb(sender, cap, videos.as_slice());
            }
        });
    }
}

/// Loss on the way to this server and from it, in 256ths: an encoder that knows only of its own half repeats too little.
fn lost_on_both(first: u8, second: u8) -> u8 {
    let passed = (256 - u32::from(first)) * (256 - u32::from(second));
    (256 - passed.div_ceil(256)).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::lost_on_both;

    #[test]
    fn losses_on_the_way_add_up() {
        assert_eq!(lost_on_both(0, 0), 0);
        assert_eq!(lost_on_both(26, 0), 26);
        assert_eq!(lost_on_both(0, 26), 26);
        assert_eq!(lost_on_both(128, 128), 192);
        assert_eq!(lost_on_both(255, 255), 255);
    }
}
