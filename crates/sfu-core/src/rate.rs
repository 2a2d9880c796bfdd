use std::time::{Duration, Instant};

/// What one stream takes, headers not included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RateMeter {
    began_at: Option<Instant>,
    bytes: u64,
    bps: Option<f64>,
}

/// How long a rate is taken over: several pictures, and no more than half of the time between two keyframes that are asked for.
const SPAN: Duration = Duration::from_millis(500);
/// Longer spans are pauses of the publisher and say nothing.
const MAX_SPAN: Duration = Duration::from_secs(2);
/// Share of a new span in the mean.
const WEIGHT: f64 = 0.3;

impl RateMeter {
    /// Records bytes that arrived.
    pub(crate) fn note(&mut self, bytes: usize, now: Instant) {
        let began_at = *self.began_at.get_or_insert(now);
        let span = now.saturating_duration_since(began_at);
        if span >= SPAN {
            if span <= MAX_SPAN {
                let bps = self.bytes as f64 * 8.0 / span.as_secs_f64();
                self.bps = Some(self.bps.map_or(bps, |before| before + WEIGHT * (bps - before)));
            }
            (self.began_at, self.bytes) = (Some(now), 0);
        }
        self.bytes += bytes as u64;
    }

    /// Bits per second; none before the first span.
    pub(crate) fn bps(&self) -> Option<u64> {
        self.bps.map(|bps| bps as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_and_a_pause_is_not() {
        let mut now = Instant::now();
        let mut meter = RateMeter::default();
        for _ in 0..100 {
            meter.note(1_000, now);
            now += Duration::from_millis(20);
        }
        let bps = meter.bps().unwrap();
        assert!((380_000..=420_000).contains(&bps), "{bps}");
        now += Duration::from_secs(60);
        meter.note(1_000, now);
        assert_eq!(meter.bps(), Some(bps));
    }
}
