use std::time::{Duration, Instant};

/// What may leave at once after a pause: one frame of the picture that fills the rate, at 25 pictures a second.
///
/// Higher: larger bursts meet the queues of the network. Lower: the end of a frame waits although the link could take it whole.
const BURST: Duration = Duration::from_millis(40);
/// Bytes that may leave at once whatever the rate, so that a slow link's small frame is not cut into single packets.
const LEAST_BURST_BYTES: u64 = 2_400;

/// Spreads what is sent over time, so that no queue of the network grows faster than it drains.
#[derive(Debug, Clone, Copy)]
pub struct Pacer {
    /// When time has paid for everything that left.
    paid_at: Instant,
    bits_per_second: u64,
}

impl Pacer {
    /// Makes a pacer that owes nothing.
    #[must_use]
    pub fn new(bits_per_second: u64, now: Instant) -> Self {
        Self { paid_at: now, bits_per_second: bits_per_second.max(1) }
    }

    /// Changes the rate for what leaves from now on.
    pub fn set_rate(&mut self, bits_per_second: u64) {
        self.bits_per_second = bits_per_second.max(1);
    }

    /// Whether something may leave now.
    #[must_use]
    pub fn has_room(&self, now: Instant) -> bool {
        self.paid_at <= now + self.burst()
    }

    /// When something may leave.
    #[must_use]
    pub fn room_at(&self) -> Instant {
        self.paid_at.checked_sub(self.burst()).unwrap_or(self.paid_at)
    }

    /// Counts bytes that left, whether there was room or not.
    pub fn charge(&mut self, bytes: usize, now: Instant) {
        self.paid_at = (self.paid_at.max(now) + self.time_of(bytes as u64)).min(now + MAX_DEBT);
    }

    fn burst(&self) -> Duration {
        BURST.max(self.time_of(LEAST_BURST_BYTES).min(MAX_BURST))
    }

    fn time_of(&self, bytes: u64) -> Duration {
        Duration::from_nanos(bytes.saturating_mul(8_000_000_000) / self.bits_per_second)
    }
}

/// Most that what does not wait, such as a voice on a very slow link, puts off what waits.
const MAX_DEBT: Duration = Duration::from_millis(400);
/// Longest time that [`LEAST_BURST_BYTES`] may stand for.
const MAX_BURST: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(bits_per_second: u64, packet_bytes: usize, offered_for: Duration) -> usize {
        let began_at = Instant::now();
        let mut pacer = Pacer::new(bits_per_second, began_at);
        let mut passed = 0;
        let mut now = began_at;
        while now < began_at + offered_for {
            while pacer.has_room(now) {
                pacer.charge(packet_bytes, now);
                passed += packet_bytes;
            }
            now += Duration::from_millis(1);
        }
        passed
    }

    #[test]
    fn the_rate_is_kept_over_time() {
        for rate in [150_000, 1_000_000, 5_000_000] {
            let bytes = passed(rate, 1_200, Duration::from_secs(2)) as u64;
            let expected = rate / 4;
            assert!((expected..expected + 3 * 1_200 + rate / 200).contains(&bytes), "{rate}: {bytes} of {expected}");
        }
    }

    #[test]
    fn a_whole_frame_leaves_at_once_and_the_next_one_in_its_turn() {
        let mut now = Instant::now();
        let mut pacer = Pacer::new(2_500_000, now);
        for _ in 0..100 {
            // A frame of 25 pictures a second at the rate: 12,500 bytes.
            for packet in 0..10 {
                assert!(pacer.has_room(now), "packet {packet}");
                pacer.charge(1_250, now);
            }
            now += Duration::from_millis(40);
        }
        (0..11).for_each(|_| pacer.charge(1_250, now));
        assert!(!pacer.has_room(now), "the frame after it waits");
    }

    #[test]
    fn what_does_not_wait_puts_the_rest_off_for_a_while_only() {
        let now = Instant::now();
        let mut pacer = Pacer::new(50_000, now);
        (0..1_000).for_each(|_| pacer.charge(1_200, now));
        assert!(!pacer.has_room(now) && pacer.has_room(now + MAX_DEBT));
    }

    #[test]
    fn room_comes_when_it_was_announced() {
        let now = Instant::now();
        let mut pacer = Pacer::new(1_000_000, now);
        while pacer.has_room(now) {
            pacer.charge(1_200, now);
        }
        assert!(pacer.has_room(pacer.room_at()));
        assert!(!pacer.has_room(pacer.room_at() - Duration::from_micros(1)));
    }
}
