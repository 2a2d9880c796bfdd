//! An estimator and a sender that follows it, over links that are slow, lossy, or change.

use std::time::{Duration, Instant};

use colloque_congestion::{ArrivalLog, Estimator, Limits, Pacer, TransportFeedback};
use colloque_network::{Conditions, Dice, Link};

const LIMITS: Limits = Limits { start_bps: 300_000, least_bps: 40_000, most_bps: 5_000_000 };
/// Bytes of a packet's headers and tag, of UDP and IP.
const OVERHEAD: usize = 64;
const MEGA: u64 = 1_000_000;

/// A sender of voice and of pictures that take what the estimate leaves, its link, and the receiver's reports.
struct World {
    began_at: Instant,
    now: Instant,
    estimator: Estimator,
    pacer: Pacer,
    log: ArrivalLog,
    there: Link<Sent>,
    back: Link<Vec<u8>>,
    most_bps: u64,
    queued: Vec<usize>,
    dice: Dice,
    /// Arrivals: when, bytes, whether voice, time on the way.
    arrived: Vec<(Instant, usize, bool, Duration)>,
    voices_sent: usize,
}

struct Sent {
    sequence: u16,
    bytes: usize,
    is_voice: bool,
    sent_at: Instant,
}

impl World {
    fn new(conditions: Conditions, seed: u64) -> Self {
        let now = Instant::now();
        let mut estimator = Estimator::new(LIMITS, now);
        estimator.set_demand(LIMITS.most_bps);
        Self {
            began_at: now,
            now,
            estimator,
            pacer: Pacer::new(MEGA, now),
            log: ArrivalLog::new(now),
            there: Link::new(conditions, seed),
            back: Link::new(Conditions { delay: conditions.delay, ..Conditions::default() }, seed + 1),
            most_bps: 2_500_000,
            queued: Vec::new(),
            dice: Dice::new(seed + 2),
            arrived: Vec::new(),
            voices_sent: 0,
        }
    }

    fn set(&mut self, change: impl FnOnce(&mut Conditions)) {
        self.there.change(change);
    }

    fn send(&mut self, bytes: usize, is_voice: bool) {
        let sequence = self.estimator.note_sent(self.now, bytes);
        self.pacer.charge(bytes, self.now);
        self.there.push(self.now, bytes - 28, Sent { sequence, bytes, is_voice, sent_at: self.now });
    }

    fn run(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        while self.now < until {
            self.now += Duration::from_millis(1);
            let ms = (self.now - self.began_at).as_millis() as u64;
            self.estimator.set_demand(self.most_bps + 100_000);
            if ms.is_multiple_of(20) {
                self.voices_sent += 1;
                self.send(80 + OVERHEAD, true);
                self.estimator.tick(self.now);
                self.pacer.set_rate(self.estimator.estimate_bps() * 5 / 4);
            }
            if ms.is_multiple_of(33) {
                let rate = self.estimator.estimate_bps().saturating_sub(60_000).min(self.most_bps);
                let mut bytes = (rate as f64 / 8.0 / 30.0 * (0.8 + 0.4 * self.dice.fraction())) as usize;
                while bytes > 0 {
                    let packet = bytes.min(1_150);
                    self.queued.push(packet + OVERHEAD);
                    bytes -= packet;
                }
            }
            while !self.queued.is_empty() && self.pacer.has_room(self.now) {
                let bytes = self.queued.remove(0);
                self.send(bytes, false);
            }
            if ms.is_multiple_of(5) {
                while self.estimator.padding_due(self.now) > 0 {
                    self.send(255 + OVERHEAD, false);
                }
            }
            while let Some((at, sent)) = self.there.pop(self.now) {
                self.log.note_arrival(sent.sequence, at);
                self.arrived.push((at, sent.bytes, sent.is_voice, at - sent.sent_at));
            }
            if self.log.is_due(self.now) {
                let mut out = Vec::new();
                self.log.write_report(self.now, |bytes| out.extend_from_slice(bytes));
                self.back.push(self.now, out.len(), out);
            }
            while let Some((_, report)) = self.back.pop(self.now) {
                let report = TransportFeedback::parse(&report).expect("it was written so");
                self.estimator.take_report(self.now, &report);
            }
        }
    }

    /// Bits a second that arrived in the last `seconds`.
    fn arrived_bps(&self, seconds: f64) -> u64 {
        let since = self.now - Duration::from_secs_f64(seconds);
        let bytes: usize = self.arrived.iter().filter(|(at, ..)| *at > since).map(|(_, bytes, ..)| bytes).sum();
        (bytes as f64 * 8.0 / seconds) as u64
    }

    /// Times on the way of the voice packets of the last `seconds`: of all but one in a hundred, and of the slowest.
    fn voice_took(&self, seconds: f64) -> (u128, u128) {
        let since = self.now - Duration::from_secs_f64(seconds);
        let voices = self.arrived.iter().filter(|(at, _, is_voice, _)| *is_voice && *at > since);
        let mut took: Vec<_> = voices.map(|(.., took)| took.as_millis()).collect();
        took.sort_unstable();
        (took[took.len() * 99 / 100], took[took.len() - 1])
    }
}

fn link(rate_bps: u64) -> Conditions {
    Conditions { rate_bps: Some(rate_bps), delay: Duration::from_millis(30), ..Conditions::default() }
}

#[test]
fn a_wide_link_is_used_within_two_seconds() {
    for seed in 0..5 {
        let mut world = World::new(link(20 * MEGA), seed);
        world.run(2.0);
        let estimate = world.estimator.estimate_bps();
        assert!(estimate >= 2_400_000, "seed {seed}: {estimate}");
    }
}

#[test]
fn a_narrow_link_is_filled_and_its_queue_stays_short() {
    for rate in [150_000, 300_000, MEGA, 2_000_000] {
        for seed in 0..5 {
            let mut world = World::new(link(rate), seed);
            world.run(10.0);
            world.run(20.0);
            let (arrived, (most, slowest)) = (world.arrived_bps(20.0), world.voice_took(20.0));
            assert!(arrived >= rate * 80 / 100, "{rate}, seed {seed}: {arrived}");
            assert!(most <= 250 && slowest <= 350, "{rate}, seed {seed}: {most} {slowest} ms");
        }
    }
}

#[test]
fn a_drop_and_a_rise_of_the_rate_are_followed_and_the_voice_goes_on() {
    for seed in 0..10 {
        let mut world = World::new(link(2_500_000), seed);
        world.run(15.0);
        world.set(|conditions| conditions.rate_bps = Some(200_000));
        world.run(2.0);
        let (_, slowest) = world.voice_took(2.0);
        assert!(slowest <= 400, "seed {seed}: {slowest} ms at the drop");
        world.run(18.0);
        let (most, slowest) = world.voice_took(18.0);
        assert!(most <= 220 && slowest <= 320, "seed {seed}: {most} {slowest} ms at 200 kbit/s");
        let arrived = world.arrived_bps(10.0);
        assert!(arrived >= 140_000, "seed {seed}: {arrived} at 200 kbit/s");
        world.set(|conditions| conditions.rate_bps = Some(2_500_000));
        let back = (1..=50).position(|_| {
            world.run(0.1);
            world.arrived_bps(0.5) >= 2_250_000
        });
        assert!(back.is_some(), "seed {seed}: not back five seconds after the rise");
        world.run(10.0);
        let arrived = world.arrived_bps(10.0);
        assert!(arrived >= 2_000_000, "seed {seed}: {arrived} after the rise");
    }
}

#[test]
fn losses_by_chance_leave_the_link_in_use() {
    for (loss, burst) in [(0.05, 1.0), (0.2, 1.0), (0.1, 4.0), (0.3, 1.0)] {
        for seed in 0..5 {
            let mut world = World::new(Conditions { loss, burst, ..link(3 * MEGA) }, seed);
            world.most_bps = 4 * MEGA;
            world.run(10.0);
            world.run(30.0);
            let carried = (3.0 * (1.0 - loss) * 1e6) as u64;
            let arrived = world.arrived_bps(30.0);
            assert!(arrived >= carried * 70 / 100, "{loss} seed {seed}: {arrived} of {carried}");
        }
    }
}

#[test]
fn a_link_without_a_queue_is_not_flooded() {
    for seed in 0..5 {
        let mut world = World::new(Conditions { queue: Duration::from_millis(40), ..link(MEGA) }, seed);
        world.run(10.0);
        let before = world.there.counts();
        world.run(20.0);
        let counts = world.there.counts();
        let lost = (counts.overflowed - before.overflowed) as f64 / (counts.offered - before.offered) as f64;
        let arrived = world.arrived_bps(20.0);
        assert!(lost < 0.1 && arrived > 700_000, "seed {seed}: {lost} lost, {arrived}");
    }
}

#[test]
fn jitter_does_not_count_as_a_full_link() {
    for seed in 0..5 {
        let mut world = World::new(Conditions { jitter: Duration::from_millis(30), ..link(5 * MEGA) }, seed);
        world.run(10.0);
        world.run(20.0);
        let arrived = world.arrived_bps(20.0);
        assert!(arrived >= 1_800_000, "seed {seed}: {arrived}");
    }
}

#[test]
fn a_link_that_was_away_is_not_flooded_when_it_returns_and_is_used_again_soon() {
    for seed in 0..5 {
        let mut world = World::new(link(2 * MEGA), seed);
        world.run(10.0);
        world.set(|conditions| conditions.is_down = true);
        world.run(6.0);
        assert!(world.estimator.estimate_bps() < 500_000);
        world.set(|conditions| conditions.is_down = false);
        world.run(6.0);
        let arrived = world.arrived_bps(1.0);
        assert!(arrived >= 1_400_000, "seed {seed}: {arrived}");
    }
}
