use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long after its shortest way a voice may still be played.
const PLAYOUT: Duration = Duration::from_millis(200);

/// The voice that one participant hears.
#[derive(Debug, Default)]
pub struct Voices {
    /// When each 20 ms were spoken and heard.
    heard: BTreeMap<u32, (Instant, Instant)>,
}

impl Voices {
    pub(crate) fn take(&mut self, frame: u32, spoken_at: Instant, now: Instant) {
        self.heard.entry(frame).or_insert((spoken_at, now));
    }

    /// Share of what was spoken in a span that was not there when it had to be played, between 0 and 1.
    #[must_use]
    pub fn concealed(&self, since: Instant, until: Instant) -> f64 {
        let expected = (until - since).as_millis() as usize / 20;
        let spoken = self.heard.values().filter(|(spoken_at, _)| (since..until).contains(spoken_at));
        let shortest = self.heard.values().map(|(spoken_at, heard_at)| *heard_at - *spoken_at).min();
        let Some(shortest) = shortest else { return 1.0 };
        let in_time = spoken.filter(|(spoken_at, heard_at)| *heard_at - *spoken_at <= shortest + PLAYOUT).count();
        1.0 - (in_time as f64 / expected as f64).min(1.0)
    }

    /// Times from mouth to ear of a span, in milliseconds, ascending.
    #[must_use]
    pub fn took_ms(&self, since: Instant, until: Instant) -> Vec<u64> {
        let spoken = self.heard.values().filter(|(spoken_at, _)| (since..until).contains(spoken_at));
        let mut took: Vec<u64> =
            spoken.map(|(spoken_at, heard_at)| (*heard_at - *spoken_at).as_millis() as u64).collect();
        took.sort_unstable();
        took
    }
}
