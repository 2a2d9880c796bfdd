//! The other's camera as this person sees it: how large, and whether it moves.

use colloque_ids::Timestamp;

use crate::policy::{FROZEN_AFTER, SAMPLE_GAP, SHOWN_SMALLER_AFTER, SHOWN_STEPS_PX};
use crate::quality::LinkSample;

/// What this side says of the picture that it shows.
#[derive(Debug, Default)]
pub(crate) struct ShownPicture {
    side_px: Option<u16>,
    smaller_since: Option<Timestamp>,
    watched: Watched,
}

/// Whether it moves, while somebody looks.
#[derive(Debug, Default)]
struct Watched {
    at: Option<Timestamp>,
    frames: Option<u32>,
    /// When a new picture came last; none before the first that came while somebody looked.
    moved_at: Option<Timestamp>,
    is_frozen: bool,
}

impl ShownPicture {
    /// Takes what the browser counts of a picture that is to be shown.
    pub(crate) fn look(&mut self, sample: LinkSample, now: Timestamp) {
        if let Some(shown) = sample.shown_side_px {
            self.measure(asked_for(shown), now);
        }
        match sample.frames {
            Some(frames) => self.watched.look(frames, now),
            None => self.watched = Watched::default(),
        }
    }

    /// Takes that there is no picture to be shown: the size of the last one stays, for the next.
    pub(crate) fn look_away(&mut self) {
        *self = Self { side_px: self.side_px, ..Self::default() };
    }

    /// The size that this side asks for; none for all that the camera gives.
    pub(crate) const fn side_px(&self) -> Option<u16> {
        self.side_px
    }

    /// Whether the picture stands still.
    pub(crate) const fn is_frozen(&self) -> bool {
        self.watched.is_frozen
    }

    fn measure(&mut self, side_px: Option<u16>, now: Timestamp) {
        if is_larger(self.side_px, side_px) {
            let since = *self.smaller_since.get_or_insert(now);
            if now.since(since) < SHOWN_SMALLER_AFTER {
                return;
            }
        }
        self.side_px = side_px;
        self.smaller_since = None;
    }
}

impl Watched {
    fn look(&mut self, frames: u32, now: Timestamp) {
        let is_gap = self.at.is_some_and(|at| now.since(at) > SAMPLE_GAP);
        if self.frames.is_some_and(|before| before != frames) {
            self.moved_at = Some(now);
        } else if is_gap {
            // Nobody counted meanwhile, so that nobody knows.
            self.moved_at = None;
        }
        self.at = Some(now);
        self.frames = Some(frames);
        self.is_frozen = self.moved_at.is_some_and(|at| now.since(at) >= FROZEN_AFTER);
    }
}

/// The size to send to somebody who says that they show this one, of which anything may be said; none for all that the camera gives.
pub(crate) fn sent_for(shown_side_px: Option<u16>) -> Option<u16> {
    SHOWN_STEPS_PX.into_iter().find(|step| shown_side_px.is_some_and(|shown| shown <= *step))
}

/// Whether one size is larger than another, none being the largest.
fn is_larger(one: Option<u16>, other: Option<u16>) -> bool {
    one.unwrap_or(u16::MAX) > other.unwrap_or(u16::MAX)
}

/// The step for a picture that is shown at this size; one that is enlarged by an eighth looks the same.
fn asked_for(shown_px: u32) -> Option<u16> {
    SHOWN_STEPS_PX.into_iter().find(|step| shown_px <= u32::from(*step) * 9 / 8)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A picture looked at once a second.
    struct World {
        picture: ShownPicture,
        now: Timestamp,
        frames: u32,
    }

    impl World {
        fn new() -> Self {
            Self { picture: ShownPicture::default(), now: Timestamp::from_millis(1_000_000), frames: 0 }
        }

        /// Seconds of a picture of this size and with so many frames each; says what is asked for at the end.
        fn shows(&mut self, shown_px: u32, frames: u32, seconds: u32) -> Option<u16> {
            for _ in 0..seconds {
                self.frames += frames;
                self.look(Some(shown_px), Some(self.frames));
            }
            self.picture.side_px()
        }

        fn look(&mut self, shown_side_px: Option<u32>, frames: Option<u32>) {
            self.now = self.now.after(Duration::from_secs(1));
            self.picture.look(LinkSample { shown_side_px, frames, ..LinkSample::default() }, self.now);
        }
    }

    #[test]
    fn a_size_is_rounded_to_a_step_that_looks_the_same() {
        let steps =
            [(0, Some(270)), (303, Some(270)), (304, Some(360)), (405, Some(360)), (406, Some(540)), (607, Some(540))];
        for (shown_px, step) in steps {
            assert_eq!(asked_for(shown_px), step, "{shown_px}");
        }
        assert_eq!((asked_for(608), asked_for(u32::MAX)), (None, None));
    }

    #[test]
    fn any_number_that_comes_from_the_other_side_is_a_step_or_no_limit() {
        for shown in 0..=u16::MAX {
            let sent = sent_for(Some(shown));
            assert!(sent.is_none_or(|sent| SHOWN_STEPS_PX.contains(&sent) && sent >= shown), "{shown}");
        }
        assert_eq!((sent_for(Some(0)), sent_for(Some(541)), sent_for(None)), (Some(270), None, None));
    }

    #[test]
    fn larger_is_said_at_once_and_smaller_after_a_while() {
        let mut world = World::new();
        assert_eq!(world.shows(350, 30, 5), None, "all is sent until the page has its form");
        assert_eq!(world.shows(350, 30, 1), Some(360));
        assert_eq!(world.shows(500, 30, 1), Some(540));
        assert_eq!(world.shows(0, 30, 5), Some(540));
        assert_eq!(world.shows(0, 30, 1), Some(270));
        assert_eq!(world.shows(2_000, 30, 1), None);
    }

    #[test]
    fn a_window_that_is_dragged_to_and_fro_changes_nothing_until_it_rests() {
        let mut world = World::new();
        world.shows(500, 30, 6);
        for _ in 0..20 {
            assert_eq!((world.shows(100, 30, 3), world.shows(500, 30, 1)), (Some(540), Some(540)));
        }
        assert_eq!(world.shows(100, 30, 6), Some(270));
    }

    #[test]
    fn before_its_first_picture_and_without_one_the_size_stays() {
        let mut world = World::new();
        world.look(None, None);
        assert_eq!(world.picture.side_px(), None);
        world.shows(350, 30, 6);
        world.picture.look_away();
        world.look(None, None);
        assert_eq!(world.picture.side_px(), Some(360));
    }

    #[test]
    fn a_picture_freezes_after_two_seconds_and_is_free_with_the_next_one() {
        let mut world = World::new();
        world.shows(300, 15, 3);
        world.shows(300, 0, 1);
        assert!(!world.picture.is_frozen());
        world.shows(300, 0, 1);
        assert!(world.picture.is_frozen());
        world.shows(300, 1, 1);
        assert!(!world.picture.is_frozen());
    }

    #[test]
    fn a_picture_that_has_not_begun_or_that_nobody_looks_at_does_not_freeze() {
        let mut world = World::new();
        world.shows(300, 0, 30);
        assert!(!world.picture.is_frozen(), "it has not begun");
        world.shows(300, 15, 3);
        (0..30).for_each(|_| world.look(Some(0), None));
        assert!(!world.picture.is_frozen(), "the page is hidden");
        assert_eq!(world.picture.side_px(), Some(270), "and takes as little as it can");
        world.shows(300, 0, 30);
        assert!(!world.picture.is_frozen(), "it has not begun again");
        world.shows(300, 15, 1);
        world.shows(300, 0, 2);
        assert!(world.picture.is_frozen());
        world.picture.look_away();
        assert!(!world.picture.is_frozen(), "the camera is off");
    }

    #[test]
    fn a_device_that_slept_does_not_take_its_sleep_for_a_freeze() {
        let mut world = World::new();
        world.shows(300, 15, 3);
        world.now = world.now.after(Duration::from_secs(3_600));
        world.shows(300, 0, 10);
        assert!(!world.picture.is_frozen());
    }
}
