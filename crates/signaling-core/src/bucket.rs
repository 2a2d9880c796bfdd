use std::time::Duration;

use colloque_ids::Timestamp;

/// A token bucket: `burst` at once, then one more each `refill`.
///
/// # Source
///
/// The generic cell rate algorithm, ITU-T I.371 annex A: one instant holds the whole state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    empty_until: Timestamp,
}

impl Bucket {
    pub(crate) const fn full(now: Timestamp) -> Self {
        Self { empty_until: now }
    }

    /// Takes one token, or says that there is none.
    pub(crate) fn take(&mut self, burst: u32, refill: Duration, now: Timestamp) -> bool {
        let owed = self.empty_until.max(now).after(refill);
        let allowed = owed.since(now) <= refill.saturating_mul(burst);
        if allowed {
            self.empty_until = owed;
        }
        allowed
    }

    /// Tells whether forgetting the bucket changes nothing.
    pub(crate) fn is_full(&self, now: Timestamp) -> bool {
        self.empty_until <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let mut now = Timestamp::from_millis(0);
        let mut bucket = Bucket::full(now);
        let refill = Duration::from_millis(100);
        let taken = (0..100).filter(|_| bucket.take(5, refill, now)).count();
        assert_eq!(taken, 5);
        now = now.after(Duration::from_millis(1_000));
        let taken = (0..100).filter(|_| bucket.take(5, refill, now)).count();
        assert_eq!(taken, 5);
        now = now.after(refill);
        assert!(bucket.take(5, refill, now));
        assert!(!bucket.take(5, refill, now));
    }
}
