use std::time::{Duration, Instant};

use crate::arena::{Path, SendArena};
use crate::core::Core;
use crate::counters::DropReason;
use crate::egress::Forwarded;
use crate::reception::SenderClock;
use crate::rtcp::{Feedback, Missing, read_compound};

/// Packets that one loss report may have sent again: a burst of a quarter of a second at 2.5 Mbit/s.
///
/// Higher: longer bursts are repaired at once. Lower: a hostile report costs less.
pub(crate) const MAX_RESENT_PER_REPORT: usize = 64;

/// Reports on arrivals that one compound may carry. Browsers send one at a time; each may speak of a thousand packets.
///
/// Higher: a hostile compound costs more. Lower: a client that reports late is half heard.
const MAX_ARRIVAL_REPORTS: usize = 4;

impl Core {
    pub(crate) fn handle_rtcp(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena) {
        let Some(key) = self.peer_at(from) else { return self.counters.drop(DropReason::UnknownAddress) };
        let peer = &mut self.peers[key];
        if !peer.spent.may_report(now) {
            return self.counters.drop(DropReason::OverReportBudget);
        }
        let bytes = datagram.len();
        let Some(plain_bytes) = peer.open_rtcp(datagram) else { return self.counters.drop(DropReason::NotOpened) };
        peer.ice.note_media(from, bytes, now);
        peer.spent.charge_report(&self.limits, now);
        self.note_heard(key, now);
        let (mut resends_left, mut reports_left) = (MAX_RESENT_PER_REPORT, MAX_ARRIVAL_REPORTS);
        read_compound(&datagram[..plain_bytes], |feedback| match feedback {
            Feedback::SenderReport { ssrc, ntp, timestamp } => {
                self.take_sender_report(key, ssrc, SenderClock { ntp, timestamp, received_at: now });
            }
            Feedback::Reception { ssrc, fraction_lost, last_report, delay_since } => {
                self.take_reception(now, key, ssrc, fraction_lost, last_report, delay_since);
            }
            Feedback::Nack { ssrc, missing } => self.take_nack(now, key, ssrc, missing, &mut resends_left, out),
            Feedback::KeyframeRequest { ssrc } => {
                let sent_before = self.counters.keyframe_requests_sent;
                self.counters.keyframe_requests_received += 1;
                let peer = &self.peers[key];
                let slot = peer.line_sending(ssrc).and_then(|line| peer.lines[line].slot.as_ref());
                if let Some(source) = slot.and_then(|slot| slot.source()) {
                    self.request_keyframe(now, source, out);
                    self.counters.keyframe_requests_merged +=
                        u64::from(self.counters.keyframe_requests_sent == sent_before);
                }
            }
            Feedback::Transport(report) => {
                if let Some(downlink) = &mut self.peers[key].downlink
                    && let Some(left) = reports_left.checked_sub(1)
                {
                    reports_left = left;
                    downlink.estimator.take_report(now, &report);
                }
            }
            Feedback::Remb { bits_per_second } => self.peers[key].receivable_bps = Some(bits_per_second),
        });
    }

    fn take_sender_report(&mut self, key: usize, ssrc: u32, clock: SenderClock) {
        let tracks = self.peers[key].lines.iter().flat_map(|line| &line.tracks);
        for track in tracks {
            if self.tracks[*track].ssrc == Some(ssrc) {
                self.tracks[*track].clock = Some(clock);
            }
        }
    }

    fn take_reception(
        &mut self,
        now: Instant,
        key: usize,
        ssrc: u32,
        fraction_lost: u8,
        last_report: u32,
        delay_since: u32,
    ) {
        let peer = &mut self.peers[key];
        let Some(line) = peer.line_sending(ssrc) else { return };
        let Some(slot) = &mut peer.lines[line].slot else { return };
        slot.fraction_lost = fraction_lost;
        if let Some(round_trip) = slot.round_trip(last_report, delay_since, now) {
            peer.round_trip = round_trip.min(MAX_ROUND_TRIP);
        }
    }

    fn take_nack(
        &mut self,
        now: Instant,
        key: usize,
        ssrc: u32,
        missing: Missing<'_>,
        resends_left: &mut usize,
        out: &mut SendArena,
    ) {
        let peer = &mut self.peers[key];
        let Some(line) = peer.line_sending(ssrc) else { return };
        let (mut waits, sent_before) = (false, out.transmits().len());
        self.counters.nacks_received += 1;
        for sequence in missing.sequences() {
            if *resends_left == 0 {
                break;
            }
            *resends_left -= 1;
            self.counters.packets_missed += 1;
            let Some(slot) = &peer.lines[line].slot else { break };
            let Some(source) = slot.source() else { break };
            let Some(track) = self.tracks.get(source) else { break };
            let Some(packet) = slot.source_index(sequence).and_then(|index| track.find(index)) else { continue };
            waits |= peer.resend(line, source, track, &packet, now, out) == Forwarded::Waits;
        }
        self.counters.retransmitted += (out.transmits().len() - sent_before) as u64;
        if waits {
            self.mark_pacing(key, now);
        }
    }
}

/// Longest round trip that is believed.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(2);
