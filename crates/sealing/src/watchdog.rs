//! Whether the browser sends frames that were never sealed.
//!
//! A browser that let a frame pass beside its transform would say so nowhere; but it counts what it sends.

use colloque_e2ee::frame::TrackKind;

/// Frames that may leave a track beyond the sealed ones before that is called a leak.
///
/// Higher: more leaves in clear before the track is stopped. Lower: a packet of padding, counted like one of a voice, ends a call.
const TOLERATED: i64 = 10;

/// Of what was sent, one frame in so many is not counted: 2 %, for padding in a voice's name.
const TOLERATED_SHARE: u64 = 50;

/// Sealed frames that are believed to be still on their way, however long they are.
///
/// Higher: as many may leave in clear before it is noticed. Lower: a call ends when a queue of this length moves on.
const ON_THEIR_WAY: i64 = 50;

/// Looks after which sealed frames beyond [`ON_THEIR_WAY`] that nobody has sent are taken for dropped.
///
/// Lower: a page that stands still for as long, as for a dialog of the browser's, and then counts, seems to leak.
const LOOKS: u8 = 10;

/// Frames left that were never sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more frames left than were sealed")]
pub struct SentUnsealed;

/// Compares frames sealed with frames sent, track by track.
#[derive(Debug, Default)]
pub struct Watchdog {
    tracks: [Track; TrackKind::ALL.len()],
}

#[derive(Debug, Clone, Copy)]
struct Track {
    /// Frames that were sealed and not sent yet.
    ahead: i64,
    /// What the browser counted at the last look.
    sent: u64,
    /// The least that was ahead in this series of looks.
    least: i64,
    looks: u8,
}

impl Default for Track {
    fn default() -> Self {
        Self { ahead: 0, sent: 0, least: i64::MAX, looks: 0 }
    }
}

impl Watchdog {
    /// A frame of this track was sealed and handed on.
    pub const fn sealed(&mut self, track: TrackKind) {
        self.tracks[track as usize].ahead += 1;
    }

    /// The browser has sent so many frames of a track since its transport began. What it counted before this call may be compared only
    /// with what was sealed until now: then no frame on its way looks like a leak.
    ///
    /// # Errors
    ///
    /// [`SentUnsealed`] when more left than was sealed.
    pub fn sent(&mut self, track: TrackKind, sent: u64) -> Result<(), SentUnsealed> {
        let track = &mut self.tracks[track as usize];
        // Another transport counts from zero.
        let newly = sent.checked_sub(track.sent).unwrap_or(sent);
        track.sent = sent;
        track.ahead = track.ahead.saturating_sub_unsigned(newly - newly / TOLERATED_SHARE);
        if track.ahead < -TOLERATED {
            return Err(SentUnsealed);
        }
        track.least = track.least.min(track.ahead);
        track.looks += 1;
        if track.looks == LOOKS {
            track.ahead -= (track.least - ON_THEIR_WAY).max(0);
            (track.least, track.looks) = (i64::MAX, 0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A track that is looked at once a second.
    #[derive(Default)]
    struct Call {
        watchdog: Watchdog,
        sent: u64,
    }

    impl Call {
        fn second(&mut self, sealed: u64, sent: u64) -> Result<(), SentUnsealed> {
            (0..sealed).for_each(|_| self.watchdog.sealed(TrackKind::Voice));
            self.sent += sent;
            self.watchdog.sent(TrackKind::Voice, self.sent)
        }

        /// The second in which it is noticed that nothing is sealed any more, and everything is sent all the same.
        fn notices_a_bypass(&mut self) -> Option<u32> {
            (1..60).find(|_| self.second(0, 50).is_err())
        }
    }

    #[test]
    fn an_hour_of_sealed_frames_is_no_leak() {
        let mut call = Call::default();
        for _ in 0..3_600 {
            assert_eq!(call.second(50, 50), Ok(()));
        }
    }

    #[test]
    fn frames_beside_the_transform_are_noticed_at_the_first_look() {
        assert_eq!(Call::default().notices_a_bypass(), Some(1));
    }

    #[test]
    fn a_transform_that_is_taken_away_is_noticed_two_looks_later_at_any_time_of_a_call() {
        for seconds in [1, 10, 60, 3_600] {
            let mut call = Call::default();
            for second in 0..seconds {
                // Some frames are sealed and then dropped.
                assert_eq!(call.second(50, if second % 30 == 0 { 45 } else { 50 }), Ok(()));
            }
            let noticed = call.notices_a_bypass();
            assert!(noticed.is_some_and(|second| second <= 2 + u32::from(seconds > 60)), "{seconds} {noticed:?}");
        }
    }

    #[test]
    fn a_share_of_frames_beside_the_transform_is_noticed() {
        let mut call = Call::default();
        let noticed = (1..60).find(|_| call.second(40, 50).is_err());
        assert!(noticed.is_some_and(|second| second <= 2), "{noticed:?}");
    }

    #[test]
    fn a_page_that_stands_still_while_frames_are_sealed_has_no_leak() {
        let mut call = Call::default();
        for _ in 0..15 {
            assert_eq!(call.second(50, 50), Ok(()));
        }
        // The count is old when it comes, and everything is in the next one.
        assert_eq!(call.second(1_500, 0), Ok(()));
        assert_eq!(call.second(50, 1_550), Ok(()));
        assert!(call.notices_a_bypass().is_some_and(|second| second <= 2));
    }

    #[test]
    fn another_transport_counts_from_zero() {
        let mut call = Call::default();
        assert_eq!(call.second(500, 500), Ok(()));
        call.sent = 0;
        assert_eq!(call.second(50, 50), Ok(()));
        assert_eq!(call.second(50, 50), Ok(()));
        assert_eq!(call.notices_a_bypass(), Some(1));
    }

    #[test]
    fn one_track_answers_for_no_other() {
        let mut watchdog = Watchdog::default();
        (0..1_000).for_each(|_| watchdog.sealed(TrackKind::Camera));
        assert_eq!(watchdog.sent(TrackKind::Voice, 50), Err(SentUnsealed));
        assert_eq!(watchdog.sent(TrackKind::Camera, 1_000), Ok(()));
    }

    proptest! {
        /// Whatever queues and drops do, frames that were sealed before they were sent are no leak.
        #[test]
        fn frames_that_were_sealed_first_are_no_leak(seconds in prop::collection::vec((0_u64..100, 0_u64..100, 0_u64..3), 0..300)) {
            let (mut call, mut queued) = (Call::default(), 0_u64);
            for (sealed, taken, dropped) in seconds {
                queued += sealed;
                let sent = taken.min(queued);
                queued = (queued - sent).saturating_sub(dropped).min(ON_THEIR_WAY.unsigned_abs());
                prop_assert_eq!(call.second(sealed, sent), Ok(()));
            }
        }
    }
}
