/// Time over which the shortest way is remembered, in microseconds; twice that at most.
///
/// Higher: a way that became longer counts as a full queue for longer. Lower: a queue that never drains is taken for the way.
const MEMORY_US: i64 = 15_000_000;
/// Wait in the link's queue from which it is too long, in microseconds.
///
/// Higher: the voice comes later. Lower: a link that shares its queue with others is given up to them.
const FIRST_LIMIT_US: f64 = 70_000.0;
/// The limit where slowing down does not help, because others fill the queue.
const LAST_LIMIT_US: f64 = 350_000.0;
/// Growth of the limit each time it is met, and its return in each report that is well below it.
const LIMIT_UP: f64 = 1.25;
const LIMIT_DOWN: f64 = 0.98;
/// How long the queue must stay too long, in microseconds.
const STANDING_US: i64 = 250_000;

/// How long packets wait in the link's queue.
///
/// A queue that grows slowly has no trend that stands out from the jitter, but it has a length: the time on the way beyond the
/// shortest that was seen lately. Clocks differ by a constant, which the comparison takes out.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Shortest times on the way in this span and the one before.
    shortest_us: [i64; 2],
    span_us: Option<i64>,
    wait_us: i64,
    limit_us: f64,
    too_long_since_us: Option<i64>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            shortest_us: [i64::MAX; 2],
            span_us: None,
            wait_us: 0,
            limit_us: FIRST_LIMIT_US,
            too_long_since_us: None,
        }
    }
}

impl Queue {
    /// Takes the time on the way of any packet: the shortest is that of an empty queue.
    pub(crate) fn note_way(&mut self, way_us: i64, now_us: i64) {
        if self.span_us.is_none_or(|began_us| now_us - began_us >= MEMORY_US) {
            self.span_us = Some(now_us);
            self.shortest_us = [i64::MAX, self.shortest_us[0]];
        }
        self.shortest_us[0] = self.shortest_us[0].min(way_us);
    }

    /// Takes the shortest time on the way of one report's packets that tell of the queue; true when it has been too long for a
    /// while.
    pub(crate) fn is_standing(&mut self, way_us: i64, now_us: i64) -> bool {
        self.note_way(way_us, now_us);
        self.wait_us = way_us - self.shortest_us[0].min(self.shortest_us[1]);
        if (self.wait_us as f64) < self.limit_us {
            self.too_long_since_us = None;
            if (self.wait_us as f64) < self.limit_us / 2.0 {
                self.limit_us = (self.limit_us * LIMIT_DOWN).max(FIRST_LIMIT_US);
            }
            return false;
        }
        let since_us = *self.too_long_since_us.get_or_insert(now_us);
        if now_us - since_us < STANDING_US {
            return false;
        }
        self.too_long_since_us = Some(now_us);
        self.limit_us = (self.limit_us * LIMIT_UP).min(LAST_LIMIT_US);
        true
    }

    /// The wait that the last report shows.
    pub(crate) fn wait_us(&self) -> i64 {
        self.wait_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_grows_slowly_is_seen_and_jitter_is_not() {
        let mut queue = Queue::default();
        let jitter = (0..50).any(|report| queue.is_standing(1_000 + report % 7 * 8_000, report * 100_000));
        assert!(!jitter);
        let seen = (50..200).position(|report| queue.is_standing(1_000 + (report - 50) * 4_000, report * 100_000));
        assert!(seen.is_some_and(|report| report < 25), "{seen:?}");
    }

    #[test]
    fn a_longer_way_counts_as_a_queue_for_a_while_only() {
        let mut queue = Queue::default();
        let mut verdicts = 0;
        for report in 0..600 {
            let way_us = if report < 50 { 20_000 } else { 180_000 };
            verdicts += u32::from(queue.is_standing(way_us, report * 100_000));
        }
        assert!(verdicts < 8, "{verdicts}");
        assert_eq!(queue.wait_us(), 0);
    }
}
