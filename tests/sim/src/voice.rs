use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long after its shortest way a voice may still be played.
const PLAYOUT: Duration = Duration::from_millis(200);
/// What one packet of voice says.
const FRAME: Duration = Duration::from_millis(20);

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
        let expected = (until - since).as_millis() / FRAME.as_millis();
        1.0 - (self.in_time(since, until).count() as f64 / expected as f64).min(1.0)
    }

    /// Longest piece of what was spoken in a span of which nothing was there when it had to be played, in whole 20 ms.
    #[must_use]
    pub fn longest_concealed(&self, since: Instant, until: Instant) -> Duration {
        let (mut longest, mut next_at) = (Duration::ZERO, since);
        for spoken_at in self.in_time(since, until).chain([until]) {
            longest = longest.max(spoken_at.saturating_duration_since(next_at));
            next_at = spoken_at + FRAME;
        }
        Duration::from_millis((longest.as_millis() / FRAME.as_millis() * FRAME.as_millis()) as u64)
    }

    /// Longest time of a span in which nothing new of the voice arrived, whether what then arrived could still be played or not.
    #[must_use]
    pub fn longest_wait(&self, since: Instant, until: Instant) -> Duration {
        let mut arrivals: Vec<Instant> = self.heard.values().map(|(_, heard_at)| *heard_at).collect();
        arrivals.retain(|heard_at| (since..until).contains(heard_at));
        arrivals.sort_unstable();
        let (mut longest, mut last_at) = (Duration::ZERO, since);
        for heard_at in arrivals.into_iter().chain([until]) {
            longest = longest.max(heard_at - last_at);
            last_at = heard_at;
        }
        longest
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

    /// When what was there in time was spoken, of a span, in order.
    fn in_time(&self, since: Instant, until: Instant) -> impl Iterator<Item = Instant> {
        let shortest = self.heard.values().map(|(spoken_at, heard_at)| *heard_at - *spoken_at).min();
        let latest = shortest.unwrap_or_default() + PLAYOUT;
        let spoken = self.heard.values().filter(move |(spoken_at, _)| (since..until).contains(spoken_at));
        spoken.filter(move |(spoken_at, heard_at)| *heard_at - *spoken_at <= latest).map(|(spoken_at, _)| *spoken_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of voice, 50 ms on the way, of which some frames take longer or never arrive.
    fn voice(began_at: Instant, took_ms: impl Fn(u32) -> Option<u64>) -> Voices {
        let mut voices = Voices::default();
        for frame in 0..50 {
            let spoken_at = began_at + FRAME * frame;
            if let Some(took) = took_ms(frame) {
                voices.take(frame, spoken_at, spoken_at + Duration::from_millis(took));
            }
        }
        voices
    }

    #[test]
    fn a_voice_without_losses_is_all_there() {
        let began_at = Instant::now();
        let until = began_at + Duration::from_secs(1);
        let voices = voice(began_at, |_| Some(50));
        assert_eq!(voices.concealed(began_at, until), 0.0);
        assert_eq!(voices.longest_concealed(began_at, until), Duration::ZERO);
        assert_eq!(voices.longest_wait(began_at, until), Duration::from_millis(50));
    }

    #[test]
    fn what_is_lost_in_a_row_is_one_piece_and_one_wait() {
        let began_at = Instant::now();
        let until = began_at + Duration::from_secs(1);
        let voices = voice(began_at, |frame| (!(10..15).contains(&frame) && frame != 30).then_some(50));
        assert!((voices.concealed(began_at, until) - 0.12).abs() < 1e-9);
        assert_eq!(voices.longest_concealed(began_at, until), Duration::from_millis(100));
        assert_eq!(voices.longest_wait(began_at, until), Duration::from_millis(120));
    }

    #[test]
    fn what_comes_too_late_is_concealed_but_ends_the_wait() {
        let began_at = Instant::now();
        let until = began_at + Duration::from_secs(1);
        let voices = voice(began_at, |frame| Some(if (10..40).contains(&frame) { 251 } else { 50 }));
        assert_eq!(voices.longest_concealed(began_at, until), Duration::from_millis(600));
        assert_eq!(voices.longest_wait(began_at, until), Duration::from_millis(221));
    }

    #[test]
    fn a_voice_that_ends_is_missing_until_the_end_of_the_span() {
        let began_at = Instant::now();
        let until = began_at + Duration::from_secs(1);
        let voices = voice(began_at, |frame| (frame < 20).then_some(50));
        assert_eq!(voices.longest_concealed(began_at, until), Duration::from_millis(600));
        assert_eq!(voices.longest_wait(began_at, until), Duration::from_millis(570));
        assert_eq!(Voices::default().concealed(began_at, until), 1.0);
    }
}
