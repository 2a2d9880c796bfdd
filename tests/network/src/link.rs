use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::dice::Dice;

/// What one direction of a network does to datagrams.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Speed in bits per second; none for any.
    pub rate_bps: Option<u64>,
    /// Longest wait in the link's queue; what would wait longer is lost.
    pub queue: Duration,
    /// Time on the way, beyond the queue.
    pub delay: Duration,
    /// Most that chance adds to the delay; the order stays.
    pub jitter: Duration,
    /// Probability that a datagram is lost.
    pub loss: f64,
    /// Mean number of datagrams that are lost in a row; at most one for losses that are independent.
    pub burst: f64,
    /// Probability that a datagram is overtaken by those of the next [`Conditions::jitter`] and 10 ms.
    pub reordering: f64,
    /// Whether nothing passes.
    pub is_down: bool,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            rate_bps: None,
            queue: Duration::from_millis(300),
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            loss: 0.0,
            burst: 1.0,
            reordering: 0.0,
            is_down: false,
        }
    }
}

/// What became of the datagrams of a link.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Put in.
    pub offered: u64,
    /// Lost by chance, or while the link was down.
    pub lost: u64,
    /// Lost because the queue was full.
    pub overflowed: u64,
    /// Bytes that passed, with the headers of UDP and IP.
    pub passed_bytes: u64,
}

/// Bytes of the headers of UDP and IP, which take room on the way.
const HEADER_BYTES: u64 = 28;

/// One direction of a network.
#[derive(Debug)]
pub struct Link<T> {
    conditions: Conditions,
    dice: Dice,
    is_in_burst: bool,
    busy_until: Option<Instant>,
    last_due: Option<Instant>,
    /// In the order of arrival, with when.
    carried: VecDeque<(Instant, T)>,
    counts: Counts,
}

impl<T> Link<T> {
    /// Makes a link whose chances all follow from `seed`.
    #[must_use]
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self {
            conditions,
            dice: Dice::new(seed),
            is_in_burst: false,
            busy_until: None,
            last_due: None,
            carried: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// Changes the conditions for what is put in from now on.
    pub fn change(&mut self, change: impl FnOnce(&mut Conditions)) {
        change(&mut self.conditions);
    }

    /// What became of everything so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Puts in a datagram of `bytes`; false when it is lost.
    pub fn push(&mut self, now: Instant, bytes: usize, item: T) -> bool {
        self.counts.offered += 1;
        if self.conditions.is_down || self.is_lost() {
            self.counts.lost += 1;
            return false;
        }
        let bytes = bytes as u64 + HEADER_BYTES;
        let begin = self.busy_until.map_or(now, |busy_until| busy_until.max(now));
        let mut left_at = now;
        if let Some(rate) = self.conditions.rate_bps {
            if begin.saturating_duration_since(now) > self.conditions.queue {
                self.counts.overflowed += 1;
                return false;
            }
            left_at = begin + Duration::from_nanos(bytes * 8_000_000_000 / rate.max(1));
            self.busy_until = Some(left_at);
        }
        self.counts.passed_bytes += bytes;
        let fraction = self.dice.fraction();
        let jitter = self.conditions.jitter;
        let jitter = if jitter.is_zero() { jitter } else { jitter.mul_f64(fraction) };
        let mut due_at = left_at + self.conditions.delay + jitter;
        if self.conditions.reordering > 0.0 && self.dice.is(self.conditions.reordering) {
            due_at += self.conditions.jitter + Duration::from_millis(10);
        } else {
            due_at = self.last_due.map_or(due_at, |last_due| last_due.max(due_at));
            self.last_due = Some(due_at);
        }
        // Few overtake or are overtaken, so nearly all go to the end.
        let place = self.carried.iter().rposition(|(other_at, _)| *other_at <= due_at).map_or(0, |before| before + 1);
        self.carried.insert(place, (due_at, item));
        true
    }

    /// When the next datagram arrives.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        self.carried.front().map(|(due_at, _)| *due_at)
    }

    /// Takes a datagram that has arrived by `now`, with the instant of its arrival.
    pub fn pop(&mut self, now: Instant) -> Option<(Instant, T)> {
        self.carried.pop_front_if(|(due_at, _)| *due_at <= now)
    }

    /// Two states, one that loses all and one that loses none: how often each ends fixes share and length of the bursts.
    ///
    /// # Source
    ///
    /// Gilbert, Capacity of a burst-noise channel, 1960.
    fn is_lost(&mut self) -> bool {
        let Conditions { loss, burst, .. } = self.conditions;
        if loss <= 0.0 {
            return false;
        }
        if burst <= 1.0 || loss >= 1.0 {
            return self.dice.is(loss);
        }
        let end = 1.0 / burst;
        let begin = (end * loss / (1.0 - loss)).min(1.0);
        self.is_in_burst = if self.is_in_burst { !self.dice.is(end) } else { self.dice.is(begin) };
        self.is_in_burst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(conditions: Conditions, seed: u64, count: u32, bytes: usize, pause: Duration) -> Vec<(u32, Duration)> {
        let began_at = Instant::now();
        let mut link = Link::new(conditions, seed);
        for number in 0..count {
            link.push(began_at + pause * number, bytes, number);
        }
        std::iter::from_fn(|| link.pop(began_at + Duration::from_secs(3_600)))
            .map(|(at, number)| (number, at - began_at - pause * number))
            .collect()
    }

    #[test]
    fn the_same_seed_does_the_same_and_another_does_not() {
        let conditions = Conditions { loss: 0.2, jitter: Duration::from_millis(30), ..Conditions::default() };
        let run = |seed| arrivals(conditions, seed, 500, 100, Duration::from_millis(5));
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn chance_loses_its_share_one_by_one_or_in_bursts() {
        for burst in [1.0, 4.0] {
            let conditions = Conditions { loss: 0.1, burst, ..Conditions::default() };
            let arrived = arrivals(conditions, 3, 50_000, 100, Duration::from_millis(1));
            let lost = 50_000 - arrived.len();
            assert!((4_300..5_700).contains(&lost), "{burst}: {lost}");
            let bursts = arrived.windows(2).filter(|pair| pair[1].0 != pair[0].0 + 1).count();
            let mean = lost as f64 / bursts as f64;
            assert!((mean - burst).abs() < 0.4, "{burst}: {mean}");
        }
    }

    #[test]
    fn a_slow_link_delays_up_to_its_queue_and_loses_the_rest() {
        let conditions = Conditions {
            rate_bps: Some(1_000_000),
            queue: Duration::from_millis(200),
            delay: Duration::from_millis(40),
            ..Conditions::default()
        };
        // Twice what the link carries.
        let arrived = arrivals(conditions, 1, 1_000, 1_222, Duration::from_millis(5));
        assert!((480..540).contains(&arrived.len()), "{}", arrived.len());
        let longest = arrived.iter().map(|(_, took)| *took).max().unwrap();
        assert!((240..=260).contains(&longest.as_millis()), "{longest:?}");
    }

    #[test]
    fn jitter_keeps_the_order_and_reordering_does_not() {
        let order = |reordering| {
            let conditions = Conditions { jitter: Duration::from_millis(20), reordering, ..Conditions::default() };
            arrivals(conditions, 5, 1_000, 100, Duration::from_millis(5)).is_sorted_by_key(|(number, _)| *number)
        };
        assert!(order(0.0));
        assert!(!order(0.05));
    }

    #[test]
    fn nothing_passes_a_link_that_is_down() {
        let mut link = Link::new(Conditions { is_down: true, ..Conditions::default() }, 1);
        assert!(!link.push(Instant::now(), 100, ()));
        assert_eq!((link.next_at(), link.counts().lost), (None, 1));
    }
}
