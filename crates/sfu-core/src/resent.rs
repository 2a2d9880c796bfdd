use std::time::{Duration, Instant};

/// Shortest pause between two retransmissions of one packet to one subscriber.
///
/// Higher: a lost retransmission is repaired later. Lower: repeated reports of one loss cost more bandwidth.
pub(crate) const RESEND_PAUSE: Duration = Duration::from_millis(20);

/// When each packet of the source's ring was last sent again.
#[derive(Debug, Default)]
pub(crate) struct Resent {
    entries: Box<[Option<(u64, Instant)>]>,
}

impl Resent {
    /// Forgets everything; the room is kept.
    pub(crate) fn forget(&mut self) {
        self.entries.fill(None);
    }

    /// Counts a repetition of a packet; false when the last one is too recent.
    pub(crate) fn take(&mut self, index: u64, ring_packets: usize, now: Instant) -> bool {
        if ring_packets == 0 {
            return false;
        }
        if self.entries.len() != ring_packets {
            self.entries = vec![None; ring_packets].into_boxed_slice();
        }
        let entry = &mut self.entries[(index % ring_packets as u64) as usize];
        let is_paused = entry.is_some_and(|(resent, resent_at)| {
            resent == index && now.saturating_duration_since(resent_at) < RESEND_PAUSE
        });
        if !is_paused {
            *entry = Some((index, now));
        }
        !is_paused
    }
}
