use std::time::Instant;

use crate::feedback::{REFERENCE_US, REFERENCES, TransportFeedback};
use crate::groups::Groups;
use crate::loss::LossModel;
use crate::probe::Prober;
use crate::queue::Queue;
use crate::rate::Rate;
use crate::sent::{Fate, SentPackets};
use crate::throughput::Throughput;
use crate::trend::{Trend, Usage};

/// Packets that may overtake each other, in microseconds of sending: what is missing for longer is lost.
const REORDERING_US: i64 = 60_000;
/// Reports in a row that must be missing for the receiver to count as silent, and the limits of that time, in microseconds.
///
/// Higher: a link that broke, or one that became so slow that the reports are lost in its queue, is flooded for longer. Lower:
/// reports that are late count as a broken link.
const SILENT_REPORTS: f64 = 3.0;
const SILENCE_US: std::ops::RangeInclusive<f64> = 250_000.0..=700_000.0;
/// Share of the estimate that remains after each silence: a probe brings it back as soon as the receiver is heard.
const LEFT_OF_SILENCE: f64 = 0.4;
/// Packets that must be without a report for silence to count.
const LEAST_OUTSTANDING: u64 = 20;
/// Share of what arrives that remains allowed while most of what is sent is lost, and the pause between two such cuts, in
/// microseconds: reports on what was sent before a cut come for a while.
const LEFT_OF_BROKEN: f64 = 0.85;
const BROKEN_PAUSE_US: i64 = 500_000;
/// A wait in the queue, in microseconds, and a share of the estimate that arrives, at which a link has become slow beyond
/// doubt: no trend is waited for.
const CHOKED_US: i64 = 100_000;
const CHOKED: f64 = 0.6;
/// A limit that is this much above the estimate does not bind it.
const BINDING: f64 = 1.2;
/// How far a receiver's clock may run from where it began, in units of 64 ms: eight years. One that is farther off lies, and begins anew.
const FARTHEST_REFERENCE: u64 = 1 << 32;
/// Weight of a new round trip.
const ROUND_TRIP_WEIGHT: f64 = 0.125;
const FIRST_REPORT_PAUSE_US: f64 = 150_000.0;
const FIRST_ROUND_TRIP_US: f64 = 100_000.0;

/// What an estimate starts from and stays within, in bits per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Assumed before anything is known.
    pub start_bps: u64,
    /// Never below, whatever the reports say.
    pub least_bps: u64,
    /// Never above.
    pub most_bps: u64,
}

/// How much one transport can carry.
///
/// The delay says when a queue grows or stands ([`crate`]), loss limits only where it depends on the rate, and a probe proves that there
/// is more. Reports are the receiver's word: a receiver that lies harms its own picture, within the limits.
#[derive(Debug)]
pub struct Estimator {
    began_at: Instant,
    limits: Limits,
    sent: SentPackets,
    groups: Groups,
    trend: Trend,
    queue: Queue,
    throughput: Throughput,
    rate: Rate,
    loss: LossModel,
    prober: Prober,
    demand_bps: f64,
    round_trip_us: f64,
    reference: Option<(u32, i64)>,
    newest: u64,
    /// What left before this met the queue of a probe, and says nothing of the link's own, in microseconds.
    muted_until_us: i64,
    heard_us: i64,
    /// Pause between two reports, smoothed, in microseconds.
    report_pause_us: f64,
    /// What the delay allowed when the receiver fell silent, while it is.
    before_silence_bps: Option<f64>,
    has_reports: bool,
    cut_us: i64,
}

impl Estimator {
    /// Makes an estimator that knows nothing.
    #[must_use]
    pub fn new(limits: Limits, now: Instant) -> Self {
        Self {
            began_at: now,
            limits,
            sent: SentPackets::default(),
            groups: Groups::default(),
            trend: Trend::default(),
            queue: Queue::default(),
            throughput: Throughput::default(),
            rate: Rate::new(limits.start_bps as f64, limits.least_bps as f64, limits.most_bps as f64),
            loss: LossModel::default(),
            prober: Prober::default(),
            demand_bps: 0.0,
            round_trip_us: FIRST_ROUND_TRIP_US,
            reference: None,
            newest: 0,
            muted_until_us: i64::MIN,
            heard_us: 0,
            report_pause_us: FIRST_REPORT_PAUSE_US,
            before_silence_bps: None,
            has_reports: false,
            cut_us: i64::MIN / 2,
        }
    }

    /// What the transport carries, all streams and their repairs together, in bits per second.
    #[must_use]
    pub fn estimate_bps(&self) -> u64 {
        let allowed = self.rate.allowed_bps();
        let allowed = self.loss.limit_bps().map_or(allowed, |limit| limit.min(allowed));
        (allowed as u64).clamp(self.limits.least_bps, self.limits.most_bps)
    }

    /// Share of the packets of the last seconds that never arrived, whatever the cause; zero before anything is known.
    #[must_use]
    pub fn lost_share(&self) -> f64 {
        self.loss.lost_share()
    }

    /// Whether the estimate is low for a moment, to see whether less would be lost of less.
    #[must_use]
    pub fn is_dipping(&self) -> bool {
        self.loss.is_dipping()
    }

    /// Says what would be sent if the link carried it: nothing above it is looked for.
    pub fn set_demand(&mut self, bits_per_second: u64) {
        self.demand_bps = (bits_per_second.min(self.limits.most_bps)) as f64;
    }

    /// Records a packet that leaves now and gives the number that it carries.
    pub fn note_sent(&mut self, now: Instant, bytes: usize) -> u16 {
        let now_us = self.micros(now);
        if self.sent.outstanding() == 0 {
            // Silence begins with what could have been reported.
            self.heard_us = now_us;
        }
        let number = self.sent.push(now_us, bytes, self.prober.id());
        if let Some(until_us) = self.prober.note_sent(number, bytes, now_us, self.rate.allowed_bps()) {
            self.muted_until_us = until_us;
        }
        number as u16
    }

    /// Takes a report of the receiver.
    pub fn take_report(&mut self, now: Instant, report: &TransportFeedback<'_>) {
        let now_us = self.micros(now);
        let reference_us = self.unwrap(report.reference());
        let mut newest_sent_us = None;
        let mut shortest_way_us: Option<i64> = None;
        let (mut arrived, mut lost) = (0, 0);
        for (sequence, arrival) in report.packets() {
            let Some(number) = self.sent.number_of(sequence) else { continue };
            let Some((packet, sent_us)) = self.sent.find(number, now_us) else { continue };
            let Some(arrival) = arrival else {
                self.sent.mark(number, Fate::Missing);
                lost += 1;
                continue;
            };
            if packet.fate == Fate::Arrived {
                continue;
            }
            self.sent.mark(number, Fate::Arrived);
            arrived += 1;
            let (arrival_us, bytes) = (reference_us + arrival, usize::from(packet.bytes));
            self.newest = self.newest.max(number);
            newest_sent_us = newest_sent_us.max(Some(sent_us));
            self.throughput.add(arrival_us, bytes);
            self.prober.note_arrival(packet.probe, sent_us, arrival_us, bytes);
            let way_us = arrival_us - sent_us;
            self.queue.note_way(way_us, now_us);
            if packet.probe != 0 || sent_us < self.muted_until_us {
                continue;
            }
            shortest_way_us = Some(shortest_way_us.map_or(way_us, |shortest| shortest.min(way_us)));
            if let Some(spacing) = self.groups.add(sent_us, arrival_us) {
                self.trend.add(spacing, now_us);
            }
        }
        let Some(newest_sent_us) = newest_sent_us else { return };
        if self.has_reports && self.before_silence_bps.is_none() {
            let pause_us = (now_us - self.heard_us) as f64;
            self.report_pause_us += ROUND_TRIP_WEIGHT * (pause_us - self.report_pause_us);
        }
        self.heard_us = now_us;
        self.has_reports = true;
        let round_trip_us = (now_us - newest_sent_us) as f64;
        self.round_trip_us += ROUND_TRIP_WEIGHT * (round_trip_us - self.round_trip_us);
        if let Some(before_bps) = self.before_silence_bps.take() {
            if lost * 10 <= arrived {
                // Only the reports were lost.
                self.rate.raise(before_bps, now_us);
            }
            self.sent.forget_before(self.newest);
            self.loss.forget();
            self.trend = Trend::default();
            self.prober.resume(now_us);
        }
        let is_standing = shortest_way_us.is_some_and(|way_us| self.queue.is_standing(way_us, now_us));
        self.judge(newest_sent_us, is_standing, now_us);
    }

    fn judge(&mut self, newest_sent_us: i64, is_standing: bool, now_us: i64) {
        let loss = &mut self.loss;
        self.sent.settle(newest_sent_us - REORDERING_US, now_us, |packet, sent_us| match packet.fate {
            Fate::Unknown => {}
            Fate::Arrived => loss.add(sent_us, usize::from(packet.bytes), false),
            Fate::Missing => loss.add(sent_us, usize::from(packet.bytes), true),
        });
        let arrived_bps = self.throughput.rate_bps();
        let is_choked = self.queue.wait_us() >= CHOKED_US
            && arrived_bps.is_some_and(|arrived_bps| arrived_bps < CHOKED * self.rate.allowed_bps());
        let usage = if is_standing || is_choked { Usage::Over } else { self.trend.usage() };
        if let Some(arrived_bps) = arrived_bps {
            self.rate.update(usage, arrived_bps, self.queue.wait_us(), self.round_trip_us, now_us);
        }
        if usage == Usage::Over {
            self.prober.postpone(now_us);
        }
        if let Some(limit) = self.loss.limit_bps().filter(|_| !self.loss.is_dipping()) {
            if limit < BINDING * self.rate.allowed_bps() {
                self.prober.postpone(now_us);
            }
            self.rate.limit(limit);
        }
        if self.loss.is_broken() && now_us - self.cut_us >= BROKEN_PAUSE_US {
            self.cut_us = now_us;
            self.prober.postpone(now_us);
            if let Some(arrived_bps) = arrived_bps {
                self.rate.limit(LEFT_OF_BROKEN * arrived_bps);
            }
        }
        if let Some(proven_bps) = self.prober.judge(self.newest, now_us) {
            self.rate.raise(proven_bps, now_us);
        }
    }

    /// Does what time makes due: call it every 20 to 100 ms.
    pub fn tick(&mut self, now: Instant) {
        let now_us = self.micros(now);
        let silence_us = (SILENT_REPORTS * self.report_pause_us).clamp(*SILENCE_US.start(), *SILENCE_US.end());
        if (now_us - self.heard_us) as f64 >= silence_us && self.sent.outstanding() >= LEAST_OUTSTANDING {
            self.heard_us = now_us;
            self.before_silence_bps.get_or_insert(self.rate.allowed_bps());
            self.rate.limit(LEFT_OF_SILENCE * self.rate.allowed_bps());
            self.prober.postpone(now_us);
        }
        if !self.loss.is_dipping() {
            self.prober.begin(self.estimate_bps() as f64, self.demand_bps, now_us);
        }
    }

    /// Whether a probe is under way, which [`Estimator::padding_due`] is asked about every few milliseconds.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        self.prober.is_sending()
    }

    /// Bytes of padding, or of repeated packets, that should leave now for the probe under way.
    #[must_use]
    pub fn padding_due(&self, now: Instant) -> usize {
        self.prober.bytes_due(self.micros(now))
    }

    fn micros(&self, now: Instant) -> i64 {
        now.saturating_duration_since(self.began_at).as_micros() as i64
    }

    /// A report's reference on a scale that does not begin anew, in microseconds.
    fn unwrap(&mut self, reference: u32) -> i64 {
        let unwrapped = match self.reference {
            None => i64::from(reference),
            Some((last, unwrapped)) => {
                let step = (i64::from(reference) - i64::from(last)).rem_euclid(REFERENCES);
                unwrapped + if step >= REFERENCES / 2 { step - REFERENCES } else { step }
            }
        };
        let unwrapped = if unwrapped.unsigned_abs() <= FARTHEST_REFERENCE {
            unwrapped
        } else {
            // Nothing that was counted by that clock can be compared with what comes now.
            (self.groups, self.trend, self.queue) = Default::default();
            self.throughput = Throughput::default();
            i64::from(reference)
        };
        self.reference = Some((reference, unwrapped));
        unwrapped * REFERENCE_US
    }
}
