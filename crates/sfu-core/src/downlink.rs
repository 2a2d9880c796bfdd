use std::collections::VecDeque;
use std::time::{Duration, Instant};

use colloque_congestion::{Estimator, Limits, Pacer};

use crate::red::MAX_REPEATED;
use crate::share::VOICE_BPS;
use crate::slot::Mapped;

/// Assumed of a subscriber's link before anything is known of it, in bits per second; a probe of three times as much begins at
/// once.
///
/// Higher: a slow link begins with a queue. Lower: a picture begins poor.
const START_BPS: u64 = 300_000;
/// Least that a link is believed to carry, in bits per second: the voice survives whatever the reports say.
const LEAST_BPS: u64 = 50_000;
/// Most, in bits per second: seven good pictures.
const MOST_BPS: u64 = 20_000_000;
/// What leaves for a moment at most, as a share of the estimate in percent.
///
/// Higher: a keyframe arrives sooner and holds up the voice behind it. Lower: a picture waits here although the link is free.
const PACE_PERCENT: u64 = 125;
/// Packets that wait at most, of all pictures of one subscriber: those that the publisher's ring still holds.
const MAX_QUEUED: usize = crate::ring::VIDEO_RING_PACKETS;
/// Longest wait of a picture; what would wait longer is dropped, and the picture begins anew with a keyframe.
///
/// Higher: a picture lags behind the voice. Lower: a large keyframe on a slow link never passes.
const MAX_WAIT: Duration = Duration::from_millis(1_200);
/// Share of a new second in the mean of what is sent again.
const REPEATED_WEIGHT: f64 = 0.3;
/// Most of an estimate that is set aside for what is sent again.
const MAX_REPEATED_SHARE: f64 = 0.35;
/// Losses from which each packet of a voice repeats one, two and three packets before it.
///
/// Higher: more of a voice is invented. Lower: a voice takes more of a link that needs no help.
const LOSSES: [f64; MAX_REPEATED] = [0.01, 0.03, 0.12];
/// What each repetition adds to a voice, in bits per second.
const REPETITION_BPS: u64 = 32_000;
/// Part of what a link carries that a voice with its repetitions takes at most.
///
/// Higher: a slow link that loses packets has a poorer voice. Lower: the picture has less.
const VOICE_SHARE: u64 = 3;
/// How long fewer repetitions must be enough before there are fewer.
const CALM: Duration = Duration::from_secs(10);

/// What one subscriber's link carries, and what waits for it.
pub(crate) struct Downlink {
    pub estimator: Estimator,
    pacer: Pacer,
    queue: VecDeque<Queued>,
    sent_bytes: u64,
    repeated_bytes: u64,
    repeated_share: f64,
    measured_at: Instant,
    began_at: Instant,
    redundancy: usize,
    /// When so much redundancy was last needed.
    needed_at: Instant,
}

/// One packet of a publisher's ring that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queued {
    pub line: usize,
    /// Key of the track.
    pub track: usize,
    pub serial: u64,
    pub index: u64,
    /// Its place in the subscriber's stream.
    pub mapped: Mapped,
    /// Whether it was sent before.
    pub is_repeat: bool,
    /// The slot's count of restarts when the packet was given its place.
    pub restarts: u32,
    pub since: Instant,
}

impl Downlink {
    pub(crate) fn new(now: Instant) -> Self {
        let limits = Limits { start_bps: START_BPS, least_bps: LEAST_BPS, most_bps: MOST_BPS };
        Self {
            estimator: Estimator::new(limits, now),
            pacer: Pacer::new(START_BPS * PACE_PERCENT / 100, now),
            queue: VecDeque::new(),
            sent_bytes: 0,
            repeated_bytes: 0,
            repeated_share: 0.0,
            measured_at: now,
            began_at: now,
            redundancy: 0,
            needed_at: now,
        }
    }

    /// Since when the link is known.
    pub(crate) fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began_at)
    }

    /// Whether a packet of a picture may leave now, before those that wait.
    pub(crate) fn is_free(&self, now: Instant) -> bool {
        self.queue.is_empty() && self.pacer.has_room(now)
    }

    pub(crate) fn has_room(&self, now: Instant) -> bool {
        self.pacer.has_room(now)
    }

    /// Has a packet wait; false when the queue is full or its oldest packet waits too long, and must be dropped.
    pub(crate) fn queue(&mut self, packet: Queued) -> bool {
        let oldest = self.queue.iter().find(|queued| !queued.is_repeat);
        let is_late = oldest.is_some_and(|oldest| packet.since.saturating_duration_since(oldest.since) > MAX_WAIT);
        if is_late || self.queue.len() == MAX_QUEUED {
            return false;
        }
        self.queue.push_back(packet);
        true
    }

    /// Has a packet that the subscriber misses wait before all others; false when the queue is full.
    pub(crate) fn queue_first(&mut self, packet: Queued) -> bool {
        let has_place = self.queue.len() < MAX_QUEUED;
        if has_place {
            self.queue.push_front(packet);
        }
        has_place
    }

    /// The next packet that may leave now.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Queued> {
        if self.pacer.has_room(now) { self.queue.pop_front() } else { None }
    }

    pub(crate) fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    pub(crate) fn drop_queue(&mut self) {
        self.queue.clear();
    }

    /// Records a packet that leaves now, and gives its number; `repeated_bytes` of it were sent before.
    pub(crate) fn note_sent(&mut self, now: Instant, bytes: usize, repeated_bytes: usize) -> u16 {
        self.pacer.charge(bytes, now);
        self.sent_bytes += bytes as u64;
        self.repeated_bytes += repeated_bytes as u64;
        self.estimator.note_sent(now, bytes)
    }

    /// Does what time makes due: several times a second.
    pub(crate) fn tick(&mut self, now: Instant, demand_bps: u64) {
        self.estimator.set_demand(demand_bps);
        self.estimator.tick(now);
        self.pacer.set_rate(self.estimator.estimate_bps() * PACE_PERCENT / 100);
        self.weigh_redundancy(now);
        if now.saturating_duration_since(self.measured_at) >= Duration::from_secs(1) {
            self.measured_at = now;
            let share = self.repeated_bytes as f64 / self.sent_bytes.max(1) as f64;
            self.repeated_share += REPEATED_WEIGHT * (share - self.repeated_share);
            (self.sent_bytes, self.repeated_bytes) = (0, 0);
        }
    }

    /// Earlier packets of a voice that each packet of it repeats.
    pub(crate) fn redundancy(&self) -> usize {
        self.redundancy
    }

    fn weigh_redundancy(&mut self, now: Instant) {
        // What a voice needs does not wait for the answer to a question.
        if self.estimator.is_dipping() {
            return;
        }
        let lost_share = self.estimator.lost_share();
        let needed = LOSSES.iter().filter(|threshold| lost_share >= **threshold).count();
        // A link that loses what it cannot carry would only lose more.
        let room_bps = self.estimator.estimate_bps() / VOICE_SHARE;
        let affordable = (room_bps.saturating_sub(VOICE_BPS) / REPETITION_BPS) as usize;
        let needed = needed.min(affordable);
        let is_calm = now.saturating_duration_since(self.needed_at) >= CALM;
        if needed >= self.redundancy || affordable < self.redundancy || is_calm {
            self.redundancy = needed;
            self.needed_at = now;
        }
    }

    /// What is left for what is sent for the first time, in bits per second.
    pub(crate) fn fresh_bps(&self) -> u64 {
        let share = 1.0 - self.repeated_share.min(MAX_REPEATED_SHARE);
        (self.estimator.estimate_bps() as f64 * share) as u64
    }
}
