use std::time::{Duration, Instant};

use crate::arena::SendArena;
use crate::core::{Core, Event};
use crate::few::Few;
use crate::layers::wanted_bps;
use crate::peer::Peer;
use crate::tick::MAX_REPORTED;
use crate::track::TrackKind;

/// What a voice takes on the line, headers included, in bits per second.
pub(crate) const VOICE_BPS: u64 = 70_000;
/// Least that a publisher is told, in bits per second: its voice and the poorest picture.
const LEAST_CAP_BPS: u64 = 90_000;
/// How long the link of somebody who waits is measured, with padding: a few dozen kilobytes.
///
/// Higher: who waits on a slow link pays for more. Lower: the first picture comes later, because its link is not known.
const MEASURED_FOR: Duration = Duration::from_secs(8);
/// Change of the cap that is told at once, in percent; smaller ones wait for the next report.
const TOLD_PERCENT: u64 = 4;

/// What a link carries below which it is weak, and up to which it is fair, in bits per second.
///
/// # Source
///
/// The table of media policies, as the next steps.
const LINK_STEPS_BPS: [u64; 2] = [200_000, 500_000];
/// Share of packets lost from which a link is fair, and above which it is weak.
const LOSS_STEPS: [f64; 2] = [0.03, 0.08];
/// How much more than a step a link carries that is told to have passed it upwards, in percent: one that stays at a step is quiet.
const LINK_STEP_PERCENT: u64 = 110;
/// Age from which an estimate tells of the link, and no longer of its beginning.
///
/// Higher: a weak link is known later. Lower: a good link is called weak at first.
const LINK_KNOWN_AFTER: Duration = Duration::from_secs(4);
/// Pause between two figures of a link that is not good and passes no step.
///
/// Higher: figures on screens are older. Lower: more messages, each to somebody whose link is weak.
const LINK_TOLD_EVERY: Duration = Duration::from_secs(5);

/// What a peer was told last of its link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinkTold {
    at: Instant,
    /// Steps passed: of what it carries, of what the others leave, and of the worst losses, counted down.
    steps: [usize; 3],
}

impl Core {
    /// Once a second for each peer: tells how its link is, when that passed a step, or is not good and was told long ago.
    pub(crate) fn tell_link(&mut self, now: Instant, key: usize) {
        // Nobody has measured a link beyond what was wanted of it.
        let is_measured = self.demand_of(key, now) >= LINK_STEPS_BPS[1];
        let leaves_bps = self.cap_of(key);
        let Some(peer) = self.peers.get_mut(key).filter(|peer| is_measured && peer.is_connected() && !peer.is_lost)
        else {
            return;
        };
        let Some(downlink) = peer.downlink.as_ref().filter(|downlink| downlink.age(now) >= LINK_KNOWN_AFTER) else {
            return;
        };
        let down_bps = downlink.fresh_bps();
        let lost_share = downlink.estimator.lost_share().max(peer.uplink_loss.share());
        let told = peer.link_told;
        let passed = |bps: u64, which: usize| {
            let steps = LINK_STEPS_BPS.iter().enumerate().filter(|(step, least_bps)| {
                let rises = told.is_some_and(|told| *step >= told.steps[which]);
                bps * 100 >= **least_bps * if rises { LINK_STEP_PERCENT } else { 100 }
            });
            steps.count()
        };
        let kept = LOSS_STEPS.iter().filter(|most| lost_share < **most).count();
        let steps = [passed(down_bps, 0), passed(leaves_bps, 1), kept];
        let is_good = steps[0] == LINK_STEPS_BPS.len() && kept == LOSS_STEPS.len();
        let is_old = told.is_some_and(|told| !is_good && now.saturating_duration_since(told.at) >= LINK_TOLD_EVERY);
        if is_old || told.is_none_or(|told| told.steps != steps) {
            peer.link_told = Some(LinkTold { at: now, steps });
            let (down_kbps, leaves_kbps) = ((down_bps / 1_000) as u32, (leaves_bps / 1_000) as u32);
            let lost_permille = (lost_share * 1_000.0) as u32;
            let (room, peer) = self.names(key);
            self.events.push_back(Event::LinkMeasured { room, peer, down_kbps, leaves_kbps, lost_permille });
        }
    }

    /// Several times a second for each peer: what does its link carry, and what may it send?
    pub(crate) fn adapt(&mut self, now: Instant, key: usize, out: &mut SendArena) {
        if !self.peers.get(key).is_some_and(Peer::is_connected) {
            return;
        }
        self.choose_layers(now, key);
        self.tell_layers(now, key);
        let demand_bps = self.demand_of(key, now);
        let Some(peer) = self.peers.get_mut(key) else { return };
        if let Some(downlink) = &mut peer.downlink {
            downlink.tick(now, demand_bps);
            if downlink.estimator.is_probing() {
                self.mark_pacing(key, now);
            }
        }
        let cap_bps = self.cap_of(key);
        let Some(peer) = self.peers.get_mut(key) else { return };
        let told_bps = peer.told_bps;
        let is_told = cap_bps.abs_diff(told_bps) * 100 > told_bps * TOLD_PERCENT;
        let is_report_due = peer.arrivals.as_ref().is_some_and(|arrivals| arrivals.is_due(now));
        if is_told {
            self.send_feedback(now, key, Some(cap_bps), out);
        } else if is_report_due {
            // It leaves with the next packet that ends a picture or is a voice, in one message; at the next tick alone.
            peer.owes_feedback = true;
            self.owing.push(key);
        }
    }

    /// What a subscriber would be sent if its link carried it, in bits per second.
    ///
    /// A camera counts before it sends, so that its first picture finds the link measured, and for a while even before the room is
    /// open; a screen counts only while it is shared.
    fn demand_of(&self, key: usize, now: Instant) -> u64 {
        let Some(peer) = self.peers.get(key) else { return 0 };
        if !self.rooms.get(peer.room).is_some_and(|room| room.is_open) {
            let is_measured = peer.downlink.as_ref().is_none_or(|downlink| downlink.age(now) >= MEASURED_FOR);
            return if is_measured { 0 } else { VOICE_BPS + self.publisher_cap_bps };
        }
        let wanted = peer.lines.iter().filter_map(|line| {
            let slot = line.slot.as_ref()?;
            let feed = slot.feed?;
            // Who is not connected sends nothing: probes for it would have nothing to show, and their silence would count as loss.
            let publisher = self.peers.get(feed.publisher).filter(|publisher| publisher.is_connected())?;
            let tracks = &publisher.lines.get(feed.line)?.tracks;
            Some(match slot.kind {
                TrackKind::Microphone => VOICE_BPS,
                TrackKind::Camera => wanted_bps(slot, tracks.len(), self.publisher_cap_bps),
                TrackKind::Screen if self.tracks.get(*tracks.first()?)?.is_live(now) => self.publisher_cap_bps,
                TrackKind::Screen => 0,
            })
        });
        wanted.sum()
    }

    /// What a publisher may send so that each of its subscribers' links carries it, in bits per second.
    pub(crate) fn cap_of(&self, publisher: usize) -> u64 {
        let Some(peer) = self.peers.get(publisher) else { return self.publisher_cap_bps };
        let tracks = peer.lines.iter().flat_map(|line| &line.tracks).filter_map(|track| self.tracks.get(*track));
        if self.rooms.get(peer.room).is_some_and(|room| room.peers.len() > 2)
            && let Some(layers_bps) = self.sent_layers_bps(peer)
        {
            // Each subscriber's link has its layer; the publisher sends all that are wanted.
            return (layers_bps + VOICE_BPS).min(self.publisher_cap_bps);
        }
        let subscribers = tracks.flat_map(|track| track.subscribers.iter().map(|subscription| subscription.peer));
        let cap_bps =
            subscribers.filter_map(|subscriber| self.share_of(subscriber)).fold(self.publisher_cap_bps, u64::min);
        cap_bps.max(LEAST_CAP_BPS.min(self.publisher_cap_bps))
    }

    /// What a subscriber's link leaves for each of its publishers; none when it sets no limit.
    fn share_of(&self, subscriber: usize) -> Option<u64> {
        let peer = self.peers.get(subscriber).filter(|peer| peer.is_connected() && !peer.is_lost)?;
        let fresh_bps = match (&peer.downlink, peer.receivable_bps) {
            (Some(downlink), _) => downlink.fresh_bps(),
            (None, receivable_bps) => receivable_bps?,
        };
        let publishers = self.rooms.get(peer.room).map_or(1, |room| room.peers.len().saturating_sub(1)).max(1);
        Some(fresh_bps / publishers as u64)
    }

    /// Reports the arrivals of a publisher's packets, and its cap if that changed.
    pub(crate) fn send_feedback(&mut self, now: Instant, key: usize, cap_bps: Option<u64>, out: &mut SendArena) {
        let videos = self.videos_of(key);
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.owes_feedback = false;
        let (sender, media) = (peer.feedback_ssrc(), peer.published_ssrc());
        if let Some(cap_bps) = cap_bps {
            peer.told_bps = cap_bps;
        }
        // Apart for a moment: the peer writes what the log says.
        let mut arrivals = peer.arrivals.take();
        peer.send_rtcp(out, |writer| {
            writer.receiver_report(sender, &[]);
            if let Some(arrivals) = &mut arrivals {
                writer.transport_feedback(sender, media, |put| arrivals.write_report(now, put));
            }
            if let Some(cap_bps) = cap_bps.filter(|_| !videos.as_slice().is_empty()) {
                writer.remb(sender, cap_bps, videos.as_slice());
            }
        });
        peer.arrivals = arrivals;
    }

    /// The streams of pictures that a peer sends.
    pub(crate) fn videos_of(&self, key: usize) -> Few<u32, MAX_REPORTED> {
        let mut videos = Few::default();
        let Some(peer) = self.peers.get(key) else { return videos };
        let tracks = peer.lines.iter().flat_map(|line| &line.tracks).filter_map(|track| self.tracks.get(*track));
        for ssrc in tracks.filter(|track| track.kind.is_video()).filter_map(|track| track.ssrc) {
            videos.push(ssrc);
        }
        videos
    }
}
