//! How well the patient is received, in words.

use std::collections::VecDeque;

use colloque_web::peer::PeerStats;

/// Samples looked at: one each two seconds, six seconds together.
const WINDOW: usize = 4;

/// Share of packets lost above which reception is fair, and above which it is weak, in hundredths.
///
/// # Source
///
/// The table of media policies: under 3 % good, over 8 % weak.
const LOSS_PERCENT: [f64; 2] = [3.0, 8.0];

/// Round trip above which reception is fair, and above which it is weak, in milliseconds.
const ROUND_TRIP_MS: [f64; 2] = [250.0, 600.0];

/// How well the other person is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// Nothing to remark.
    Good,
    /// Noticeable.
    Fair,
    /// Much is lost: hundredths of the packets.
    Lossy(u8),
    /// Answers come late: milliseconds of a round trip.
    Slow(u16),
}

/// Judges samples of counters.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    samples: VecDeque<PeerStats>,
}

impl Judge {
    /// Takes a sample; judges once there are enough.
    pub fn sample(&mut self, stats: PeerStats) -> Option<Reception> {
        // Counters that go back belong to a new transport.
        if self.samples.back().is_some_and(|last| stats.packets_received < last.packets_received) {
            self.samples.clear();
        }
        self.samples.push_back(stats);
        if self.samples.len() > WINDOW {
            self.samples.pop_front();
        }
        let first = self.samples.front().filter(|_| self.samples.len() > 1)?;
        let received = stats.packets_received - first.packets_received;
        let lost = (stats.packets_lost - first.packets_lost).max(0.0);
        if received + lost < 1.0 {
            return None;
        }
        let percent = 100.0 * lost / (received + lost);
        let trip = stats.round_trip_ms.unwrap_or(0.0);
        Some(if percent > LOSS_PERCENT[1] {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is between 0 and 100")]
            Reception::Lossy(percent.round() as u8)
        } else if trip > ROUND_TRIP_MS[1] {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
            Reception::Slow(trip.round() as u16)
        } else if percent > LOSS_PERCENT[0] || trip > ROUND_TRIP_MS[0] {
            Reception::Fair
        } else {
            Reception::Good
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(received: f64, lost: f64, trip: f64) -> PeerStats {
        PeerStats { packets_received: received, packets_lost: lost, round_trip_ms: Some(trip), ..PeerStats::default() }
    }

    #[test]
    fn one_sample_says_nothing() {
        assert_eq!(Judge::default().sample(stats(100.0, 50.0, 900.0)), None);
    }

    #[test]
    fn losses_before_the_window_are_forgotten() {
        let mut judge = Judge::default();
        judge.sample(stats(0.0, 0.0, 10.0));
        assert_eq!(judge.sample(stats(80.0, 20.0, 10.0)), Some(Reception::Lossy(20)));
        for step in 1..=4_u8 {
            judge.sample(stats(80.0 + 100.0 * f64::from(step), 20.0, 10.0));
        }
        assert_eq!(judge.sample(stats(600.0, 20.0, 10.0)), Some(Reception::Good));
    }

    #[test]
    fn a_new_transport_starts_over() {
        let mut judge = Judge::default();
        judge.sample(stats(1_000.0, 500.0, 10.0));
        assert_eq!(judge.sample(stats(3.0, 0.0, 10.0)), None);
    }

    #[test]
    fn late_answers_are_said_apart_from_losses() {
        let mut judge = Judge::default();
        judge.sample(stats(0.0, 0.0, 700.0));
        assert_eq!(judge.sample(stats(100.0, 0.0, 700.0)), Some(Reception::Slow(700)));
    }
}
