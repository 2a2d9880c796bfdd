use crate::trend::Usage;

/// Shares of what arrives that remain allowed when the link is full: most without a queue, least with a long one.
///
/// # Source
///
/// Values of this file: draft-ietf-rmcat-gcc-02 section 5.5; the dependence on the queue is this project's own.
const MOST_LEFT: f64 = 0.85;
const LEAST_LEFT: f64 = 0.3;
/// Share that remains beyond what drains the queue, and the time in which that is drained, in microseconds.
const LEFT_BESIDE_QUEUE: f64 = 0.9;
const DRAINED_WITHIN_US: f64 = 500_000.0;
/// Share of a full link's speed that is allowed again once its queue is drained.
const RESTORED: f64 = 0.92;
/// A shorter wait than this is no queue, in microseconds.
const DRAINED_US: i64 = 25_000;
/// A queue that does not drain for this long is not this sender's, in microseconds.
const MAX_HELD_US: i64 = 1_500_000;
/// Growth a second while the capacity of the link is not known.
const GROWTH: f64 = 1.08;
/// How much more than what arrives may be estimated: nothing proves more.
const MAX_OF_ARRIVED: f64 = 1.5;
/// Added to that, in bits per second, so that a nearly silent stream can grow.
const MAX_ABOVE_ARRIVED_BPS: f64 = 10_000.0;
/// Bits that are added in each round trip near the capacity of the link: one packet.
const STEP_BITS: f64 = 9_600.0;
/// Time for a change to show, beyond the round trip, in microseconds.
const RESPONSE_US: f64 = 100_000.0;
/// Most growth a second near the capacity of the link: a packet a round trip is much for a slow one.
const NEAR_GROWTH: f64 = 0.05;
/// Shares of the capacity between which the rate counts as near it.
const NEAR: std::ops::Range<f64> = 0.7..1.15;
/// Weight of a new sight of the capacity.
const CAPACITY_WEIGHT: f64 = 0.3;

/// What the delay of the link allows, in bits per second.
#[derive(Debug)]
pub(crate) struct Rate {
    allowed_bps: f64,
    least_bps: f64,
    most_bps: f64,
    /// Where the link was full, as far as that was seen.
    capacity_bps: Option<f64>,
    changed_us: Option<i64>,
    held: Option<Held>,
}

/// The link was full, and its queue drains.
#[derive(Debug, Clone, Copy)]
struct Held {
    since_us: i64,
    /// What is allowed when the queue is empty.
    restored_bps: f64,
}

impl Rate {
    pub(crate) fn new(start_bps: f64, least_bps: f64, most_bps: f64) -> Self {
        Self {
            allowed_bps: start_bps.clamp(least_bps, most_bps),
            least_bps,
            most_bps,
            capacity_bps: None,
            changed_us: None,
            held: None,
        }
    }

    pub(crate) fn allowed_bps(&self) -> f64 {
        self.allowed_bps
    }

    /// Follows the delay: `arrived_bps` is what the receiver gets now, `wait_us` how long it waits in the link's queue.
    pub(crate) fn update(&mut self, usage: Usage, arrived_bps: f64, wait_us: i64, round_trip_us: f64, now_us: i64) {
        match (usage, self.held) {
            (Usage::Over, _) => self.decrease(arrived_bps, wait_us, round_trip_us, now_us),
            // What waits in the queue leaves first.
            (Usage::Under, _) => self.changed_us = Some(now_us),
            (Usage::Normal, Some(held)) if wait_us < DRAINED_US || now_us - held.since_us >= MAX_HELD_US => {
                self.held = None;
                self.changed_us = Some(now_us);
                self.allowed_bps = self.allowed_bps.max(held.restored_bps).min(self.most_bps);
            }
            (Usage::Normal, Some(_)) => self.changed_us = Some(now_us),
            (Usage::Normal, None) => self.increase(arrived_bps, round_trip_us, now_us),
        }
    }

    /// Takes what a probe proved.
    pub(crate) fn raise(&mut self, proven_bps: f64, now_us: i64) {
        if proven_bps > self.allowed_bps {
            self.allowed_bps = proven_bps.min(self.most_bps);
            self.changed_us = Some(now_us);
            self.held = None;
        }
    }

    /// Allows no more than `limit_bps`, from where it may grow again.
    pub(crate) fn limit(&mut self, limit_bps: f64) {
        self.allowed_bps = self.allowed_bps.min(limit_bps).max(self.least_bps);
        if let Some(held) = &mut self.held {
            held.restored_bps = held.restored_bps.min(limit_bps);
        }
    }

    fn increase(&mut self, arrived_bps: f64, round_trip_us: f64, now_us: i64) {
        let elapsed_s = self.changed_us.map_or(0.0, |before| ((now_us - before) as f64 / 1e6).clamp(0.0, 1.0));
        self.changed_us = Some(now_us);
        let share = self.capacity_bps.map_or(0.0, |capacity| self.allowed_bps / capacity);
        if share >= NEAR.end {
            self.capacity_bps = None;
        }
        let step = if NEAR.contains(&share) {
            let packet_a_round_trip = STEP_BITS * 1e6 / (round_trip_us + RESPONSE_US);
            elapsed_s * packet_a_round_trip.min(NEAR_GROWTH * self.allowed_bps)
        } else {
            self.allowed_bps * (GROWTH.powf(elapsed_s) - 1.0)
        };
        let ceiling = MAX_OF_ARRIVED * arrived_bps + MAX_ABOVE_ARRIVED_BPS;
        let grown = (self.allowed_bps + step).min(ceiling).min(self.most_bps);
        self.allowed_bps = self.allowed_bps.max(grown);
    }

    fn decrease(&mut self, arrived_bps: f64, wait_us: i64, round_trip_us: f64, now_us: i64) {
        let pause_us = round_trip_us.clamp(10_000.0, 200_000.0);
        let is_early = self.changed_us.is_some_and(|before| ((now_us - before) as f64) < pause_us);
        let since_us = self.held.map_or(now_us, |held| held.since_us);
        let restored_bps = self.held.map_or(self.allowed_bps, |held| held.restored_bps).min(RESTORED * arrived_bps);
        self.held = Some(Held { since_us, restored_bps });
        if is_early && arrived_bps > self.allowed_bps / 2.0 {
            return;
        }
        let before = self.capacity_bps.filter(|before| NEAR.contains(&(arrived_bps / before)));
        let weight = if before.is_some() { CAPACITY_WEIGHT } else { 1.0 };
        let before = before.unwrap_or(arrived_bps);
        self.capacity_bps = Some(before + weight * (arrived_bps - before));
        let left = (LEFT_BESIDE_QUEUE - wait_us as f64 / DRAINED_WITHIN_US).clamp(LEAST_LEFT, MOST_LEFT);
        self.allowed_bps = self.allowed_bps.min(left * arrived_bps).max(self.least_bps);
        self.changed_us = Some(now_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate() -> Rate {
        Rate::new(300_000.0, 30_000.0, 2_500_000.0)
    }

    #[test]
    fn a_free_link_is_used_more_by_eight_percent_a_second() {
        let mut rate = rate();
        for tenth in 0..=100 {
            rate.update(Usage::Normal, 1_000_000.0, 0, 50_000.0, tenth * 100_000);
        }
        let grown = rate.allowed_bps() / 300_000.0;
        assert!((2.1..2.2).contains(&grown), "{grown}");
    }

    #[test]
    fn nothing_grows_far_beyond_what_arrives() {
        let mut rate = rate();
        for second in 0..100 {
            rate.update(Usage::Normal, 220_000.0, 0, 50_000.0, second * 1_000_000);
        }
        assert!(rate.allowed_bps() <= 1.5 * 220_000.0 + 10_000.0);
        let before = rate.allowed_bps();
        rate.update(Usage::Normal, 10_000.0, 0, 50_000.0, 101_000_000);
        assert!(rate.allowed_bps() >= before, "silence of the sender says nothing about the link");
    }

    #[test]
    fn a_full_link_gets_less_than_it_delivers_and_near_its_capacity_the_growth_is_slow() {
        let mut rate = rate();
        rate.raise(2_000_000.0, 0);
        rate.update(Usage::Over, 1_000_000.0, 100_000, 50_000.0, 1_000_000);
        assert!((rate.allowed_bps() - 700_000.0).abs() < 1.0);
        rate.update(Usage::Normal, 1_000_000.0, 60_000, 50_000.0, 1_100_000);
        assert!((rate.allowed_bps() - 700_000.0).abs() < 1.0, "the queue drains first");
        rate.update(Usage::Normal, 850_000.0, 10_000, 50_000.0, 1_200_000);
        assert!((rate.allowed_bps() - 920_000.0).abs() < 1.0, "then most of the link is used again");
        for tenth in 0..10 {
            rate.update(Usage::Normal, 950_000.0, 10_000, 50_000.0, 1_300_000 + tenth * 100_000);
        }
        let step = rate.allowed_bps() - 920_000.0;
        assert!((30_000.0..50_000.0).contains(&step), "{step}");
    }
}
