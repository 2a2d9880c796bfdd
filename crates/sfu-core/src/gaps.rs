use std::time::{Duration, Instant};

/// Missing packets that are asked for at a time, of one track.
///
/// Higher: longer bursts are repaired. Lower: less is asked of a link that is already full.
pub(crate) const MAX_MISSING: usize = 128;
/// How often one packet is asked for.
pub(crate) const MAX_REQUESTS: u8 = 10;

/// The packets of one track that should have arrived.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// Ascending; bounded by [`MAX_MISSING`].
    missing: Vec<Missing>,
    next: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    index: u64,
    requests: u8,
    due_at: Instant,
}

impl Gaps {
    /// Records that `index` arrived at `now`.
    pub(crate) fn note_arrival(&mut self, index: u64, now: Instant) {
        let next = self.next.unwrap_or(index);
        if index < next {
            if let Ok(at) = self.missing.binary_search_by_key(&index, |missing| missing.index) {
                self.missing.remove(at);
            }
            return;
        }
        self.next = Some(index + 1);
        let skipped = index - next;
        if skipped == 0 {
            return;
        }
        if skipped > MAX_MISSING as u64 {
            // The sender jumped, or the link was away: what lies between is better replaced by a keyframe.
            self.missing.clear();
            return;
        }
        let excess = (self.missing.len() + skipped as usize).saturating_sub(MAX_MISSING);
        self.missing.drain(..excess);
        if self.missing.capacity() == 0 {
            self.missing.reserve_exact(MAX_MISSING);
        }
        self.missing.extend((next..index).map(|index| Missing { index, requests: 0, due_at: now }));
    }

    /// Asks for nothing before `index` any more: its sender was above its rate, and repairs would come on top.
    pub(crate) fn forget_before(&mut self, index: u64) {
        self.missing.retain(|missing| missing.index >= index);
        self.next = self.next.max(Some(index));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// Whether anything should be asked for now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.missing.iter().any(|missing| missing.due_at <= now)
    }

    /// Hands over what should be asked for now, in ascending order, and plans the next request after `pause`.
    ///
    /// A packet that was asked for [`MAX_REQUESTS`] times is given up.
    pub(crate) fn take_due(&mut self, now: Instant, pause: Duration, mut request: impl FnMut(u64)) {
        self.missing.retain_mut(|missing| {
            if missing.due_at > now {
                return true;
            }
            if missing.requests == MAX_REQUESTS {
                return false;
            }
            request(missing.index);
            missing.requests += 1;
            missing.due_at = now + pause;
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAUSE: Duration = Duration::from_millis(50);

    fn due(gaps: &mut Gaps, now: Instant) -> Vec<u64> {
        let mut due = Vec::new();
        gaps.take_due(now, PAUSE, |index| due.push(index));
        due
    }

    #[test]
    fn a_gap_is_asked_for_until_it_is_filled() {
        let now = Instant::now();
        let mut gaps = Gaps::default();
        for index in [10, 11, 14] {
            gaps.note_arrival(index, now);
        }
        assert_eq!(due(&mut gaps, now), [12, 13]);
        assert!(due(&mut gaps, now).is_empty());
        gaps.note_arrival(12, now);
        assert_eq!(due(&mut gaps, now + PAUSE), [13]);
        gaps.note_arrival(13, now);
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_packet_is_given_up_after_the_last_request() {
        let mut now = Instant::now();
        let mut gaps = Gaps::default();
        gaps.note_arrival(1, now);
        gaps.note_arrival(3, now);
        let mut requests = 0;
        for _ in 0..100 {
            requests += due(&mut gaps, now).len();
            now += PAUSE;
        }
        assert_eq!(requests, usize::from(MAX_REQUESTS));
        assert!(gaps.is_empty());
    }

    #[test]
    fn a_jump_of_the_sender_is_not_asked_for() {
        let now = Instant::now();
        let mut gaps = Gaps::default();
        gaps.note_arrival(1, now);
        gaps.note_arrival(30_000, now);
        assert!(gaps.is_empty());
    }

    #[test]
    fn what_lies_before_a_forgotten_packet_is_not_asked_for() {
        let now = Instant::now();
        let mut gaps = Gaps::default();
        gaps.note_arrival(1, now);
        gaps.note_arrival(3, now);
        gaps.forget_before(40);
        gaps.note_arrival(40, now);
        assert!(gaps.is_empty());
        gaps.note_arrival(42, now);
        assert_eq!(due(&mut gaps, now), [41]);
    }

    proptest! {
        #[test]
        fn the_list_stays_bounded_and_ascending(arrivals in proptest::collection::vec(0u64..3_000, 1..300)) {
            let now = Instant::now();
            let mut gaps = Gaps::default();
            for index in arrivals {
                gaps.note_arrival(index, now);
                prop_assert!(gaps.missing.len() <= MAX_MISSING);
                prop_assert!(gaps.missing.is_sorted_by(|a, b| a.index < b.index));
            }
        }
    }
}
