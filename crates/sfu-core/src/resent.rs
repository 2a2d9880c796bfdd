use std::time::{Duration, Instant};

/// Shortest pause between two retransmissions of one packet to one subscriber.
///
/// Higher: a lost retransmission is repaired later. Lower: repeated reports of one loss cost more bandwidth.
pub(crate) const RESEND_PAUSE: Duration = Duration::from_millis(20);

/// When each packet of the source's ring was last sent again.
#[derive(Debug, Default)]
pub(crate) struct Resent {
    entries: Box<[Repetition]>,
    /// What times are counted from: the first repetition.
    began_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Repetition {
    /// Index modulo 2^32 - 1, plus one; zero is none. A ring is far shorter.
    occupant: u32,
    /// In microseconds, modulo 2^32: more than an hour, and no packet stays in a ring for so long.
    resent_us: u32,
}

impl Resent {
    /// Forgets everything; the room is kept.
    pub(crate) fn forget(&mut self) {
        self.entries.fill(Repetition::default());
    }

    /// Counts a repetition of a packet; false when the last one is too recent.
    pub(crate) fn take(&mut self, index: u64, ring_packets: usize, now: Instant) -> bool {
        if ring_packets == 0 {
            return false;
        }
        if self.entries.len() != ring_packets {
            self.entries = vec![Repetition::default(); ring_packets].into_boxed_slice();
        }
        let since = now.saturating_duration_since(*self.began_at.get_or_insert(now));
        let repetition =
            Repetition { occupant: (index % u64::from(u32::MAX)) as u32 + 1, resent_us: since.as_micros() as u32 };
        let entry = &mut self.entries[(index % ring_packets as u64) as usize];
        let pause_us = repetition.resent_us.wrapping_sub(entry.resent_us);
        let is_paused = entry.occupant == repetition.occupant && u128::from(pause_us) < RESEND_PAUSE.as_micros();
        if !is_paused {
            *entry = repetition;
        }
        !is_paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_told_apart_where_numbers_and_time_begin_anew() {
        let mut resent = Resent::default();
        let began_at = Instant::now();
        assert!(resent.take(0, 8, began_at));
        for index in u64::from(u32::MAX) - 2..u64::from(u32::MAX) + 3 {
            assert!(resent.take(index, 8, began_at), "{index}");
            assert!(!resent.take(index, 8, began_at), "{index}");
        }
        let turn = Duration::from_micros(1 << 32);
        let before = began_at + turn - RESEND_PAUSE / 4;
        assert!(resent.take(3, 8, before));
        assert!(!resent.take(3, 8, before + RESEND_PAUSE / 2));
        assert!(resent.take(3, 8, before + RESEND_PAUSE));
    }
}
