use std::time::Duration;

/// A small deterministic source of spread; not for secrets.
///
/// # Source
///
/// SplitMix64: Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014.
#[derive(Debug, Clone)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Gives a time below `limit`, or zero when `limit` is zero.
    pub(crate) fn below(&mut self, limit: Duration) -> Duration {
        let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.next().checked_rem(millis).unwrap_or(0))
    }

    /// Gives a time from half of `pause` to `pause`.
    pub(crate) fn upper_half(&mut self, pause: Duration) -> Duration {
        pause / 2 + self.below(pause / 2)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_stays_inside_its_bounds_and_differs_between_seeds() {
        let mut one = Jitter::new(1);
        let mut two = Jitter::new(2);
        let pause = Duration::from_secs(4);
        let mut differ = false;
        for _ in 0..1_000 {
            let (a, b) = (one.upper_half(pause), two.upper_half(pause));
            assert!(a >= pause / 2 && a <= pause);
            differ |= a != b;
        }
        assert!(differ);
        assert_eq!(one.below(Duration::ZERO), Duration::ZERO);
    }
}
