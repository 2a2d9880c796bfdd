//! How good this person's link is, from what the server measures of it and what the browser says once a second.

use colloque_ids::Timestamp;
use colloque_protocol::signaling::{LinkCause, LinkLevel, LinkQuality};

use crate::policy::{DELAY_STEPS_MS, LINK_BETTER_AFTER, LOSS_STEPS_PERMILLE, RATE_STEPS_KBPS};

/// What a browser says of one peer connection, and of the picture that it brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkSample {
    /// Round trip to the server, in milliseconds.
    pub round_trip_ms: u32,
    /// What the browser believes that it may send, in thousands of bits per second; none where browsers do not say.
    pub uplink_kbps: Option<u32>,
    /// Shorter side of the other's camera as it is shown, in device pixels: 0 where nobody sees it, none before its first picture.
    pub shown_side_px: Option<u32>,
    /// Pictures of the other's camera so far; none while nobody looks at them, or where browsers do not say.
    pub frames: Option<u32>,
}

/// What the server measured, as [`colloque_protocol::signaling::ServerMessage::Link`] says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub down_kbps: u32,
    pub leaves_kbps: u32,
    pub lost_permille: u32,
}

impl Measured {
    /// For a link that nobody measures.
    pub(crate) const NOTHING_AMISS: Self = Self { down_kbps: u32::MAX, leaves_kbps: u32::MAX, lost_permille: 0 };

    /// Whether the others' links carry too little of what this side sends.
    pub(crate) const fn leaves_little(&self) -> bool {
        self.leaves_kbps < RATE_STEPS_KBPS[0]
    }
}

/// What a sample means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// For people.
    pub quality: LinkQuality,
    /// For pictures: without the round trip, which they survive, and without the patience that a screen needs.
    pub carries: LinkLevel,
    /// Whether it carries too little, whatever it loses.
    pub is_narrow: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Quality {
    shown: Option<LinkQuality>,
    told_at: Option<Timestamp>,
    better_since: Option<Timestamp>,
    /// What the browser believed that it may send, of the last samples, the newest first.
    uplinks: [Option<u32>; BELIEVED_SAMPLES],
}

/// Samples of which the best counts: a browser that is told to send less, because the other side fell silent, believes so a moment before
/// the server's word on the others' links arrives here.
const BELIEVED_SAMPLES: usize = 3;

impl Quality {
    /// Judges a sample; the uplink counts only where `knows_uplink`, the browser having had pictures to learn from.
    pub(crate) fn judge(
        &mut self,
        sample: LinkSample,
        measured: Measured,
        knows_uplink: bool,
        now: Timestamp,
    ) -> Verdict {
        // A browser's belief is never above what the others' links leave: near that, it says nothing of this one.
        let is_own = |kbps: &u32| kbps.saturating_mul(4) < measured.leaves_kbps.saturating_mul(3);
        self.uplinks.rotate_right(1);
        self.uplinks[0] = sample.uplink_kbps.filter(is_own).filter(|_| knows_uplink);
        // Whatever is none was not low, or says nothing.
        let uplink =
            self.uplinks.iter().copied().reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)));
        let uplink = uplink.flatten();
        let rate = uplink.unwrap_or(u32::MAX).min(measured.down_kbps);
        let lost = measured.lost_permille;
        let signs = [
            (above(lost, LOSS_STEPS_PERMILLE), LinkCause::Loss, lost.saturating_add(5) / 10),
            (below(rate, RATE_STEPS_KBPS), LinkCause::Rate, rate),
            (above(sample.round_trip_ms, DELAY_STEPS_MS), LinkCause::Delay, sample.round_trip_ms),
        ];
        let carries = signs[0].0.min(signs[1].0);
        // Of equal signs, the first: what takes the pictures away is told before what only delays them.
        let [mut worst, rest @ ..] = signs;
        for sign in rest {
            if sign.0 < worst.0 {
                worst = sign;
            }
        }
        let (level, cause, figure) = worst;
        let is_good = level == LinkLevel::Good;
        let found = if is_good { GOOD_LINK } else { LinkQuality { level, cause, figure } };
        Verdict { quality: self.show(found, now), carries, is_narrow: signs[1].0 == LinkLevel::Weak }
    }

    /// Says at once what is worse, after a while what is better, and new figures of the same now and then.
    fn show(&mut self, found: LinkQuality, now: Timestamp) -> LinkQuality {
        let is_better = self.shown.is_some_and(|shown| found.level > shown.level);
        let since = if is_better { *self.better_since.get_or_insert(now) } else { now };
        if !is_better {
            self.better_since = None;
        }
        let is_same = self.shown.is_some_and(|shown| (shown.level, shown.cause) == (found.level, found.cause));
        let waits = is_better || is_same;
        let from = if is_better { Some(since) } else { self.told_at };
        if !waits || from.is_none_or(|at| now.since(at) >= LINK_BETTER_AFTER) {
            self.shown = Some(found);
            self.told_at = Some(now);
            self.better_since = None;
        }
        self.shown.unwrap_or(found)
    }
}

const GOOD_LINK: LinkQuality = LinkQuality { level: LinkLevel::Good, cause: LinkCause::Loss, figure: 0 };

const fn above(value: u32, [fair, weak]: [u32; 2]) -> LinkLevel {
    if value > weak {
        LinkLevel::Weak
    } else if value >= fair {
        LinkLevel::Fair
    } else {
        LinkLevel::Good
    }
}

const fn below(value: u32, [fair, good]: [u32; 2]) -> LinkLevel {
    if value < fair {
        LinkLevel::Weak
    } else if value <= good {
        LinkLevel::Fair
    } else {
        LinkLevel::Good
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const GOOD: Measured = Measured { down_kbps: 2_500, leaves_kbps: 2_500, lost_permille: 0 };

    /// A link looked at once a second; gives the last verdict.
    struct Link {
        quality: Quality,
        now: Timestamp,
    }

    impl Link {
        fn new() -> Self {
            Self { quality: Quality::default(), now: Timestamp::from_millis(1_000_000) }
        }

        fn run(&mut self, seconds: u32, uplink: u32, measured: Measured) -> LinkQuality {
            let sample = LinkSample { round_trip_ms: 40, uplink_kbps: Some(uplink), ..LinkSample::default() };
            let mut last = GOOD_LINK;
            for _ in 0..seconds {
                last = self.quality.judge(sample, measured, true, self.now).quality;
                self.now = self.now.after(Duration::from_secs(1));
            }
            last
        }
    }

    #[test]
    fn every_row_of_the_table_has_its_steps() {
        use LinkCause::{Delay, Loss, Rate};
        use LinkLevel::{Fair, Good, Weak};
        let of = |lost_permille, round_trip_ms, uplink_kbps, down_kbps| {
            let measured = Measured { down_kbps, lost_permille, ..GOOD };
            let sample = LinkSample { round_trip_ms, uplink_kbps, ..LinkSample::default() };
            let mut quality = Quality::default();
            let verdicts = (0..BELIEVED_SAMPLES as i64)
                .map(|second| quality.judge(sample, measured, true, Timestamp::from_millis(second * 1_000)));
            let verdict = verdicts.last().unwrap();
            (verdict.quality.level, verdict.quality.cause, verdict.carries)
        };
        assert_eq!(of(29, 40, Some(501), 501), (Good, Loss, Good));
        assert_eq!(of(30, 40, Some(2_000), 2_500), (Fair, Loss, Fair));
        assert_eq!(of(80, 40, Some(2_000), 2_500), (Fair, Loss, Fair));
        assert_eq!(of(81, 40, Some(2_000), 2_500), (Weak, Loss, Weak));
        assert_eq!(of(0, 249, Some(2_000), 2_500), (Good, Loss, Good));
        assert_eq!(of(0, 250, Some(2_000), 2_500), (Fair, Delay, Good));
        assert_eq!(of(0, 600, Some(2_000), 2_500), (Fair, Delay, Good));
        assert_eq!(of(0, 601, Some(2_000), 2_500), (Weak, Delay, Good), "late answers pause no pictures");
        assert_eq!(of(0, 40, Some(500), 2_500), (Fair, Rate, Fair));
        assert_eq!(of(0, 40, Some(200), 2_500), (Fair, Rate, Fair));
        assert_eq!(of(0, 40, Some(199), 2_500), (Weak, Rate, Weak));
        assert_eq!(of(0, 40, None, 199), (Weak, Rate, Weak));
        assert_eq!(of(0, 40, None, 2_500), (Good, Loss, Good));
        assert_eq!(of(90, 700, Some(100), 2_500), (Weak, Loss, Weak), "losses are told first");
        assert_eq!(of(0, 700, Some(100), 2_500), (Weak, Rate, Weak));
    }

    #[test]
    fn worse_is_said_at_once_and_better_after_a_while() {
        let mut link = Link::new();
        link.run(10, 2_000, GOOD);
        let weak = link.run(BELIEVED_SAMPLES as u32, 90, GOOD);
        assert_eq!((weak.level, weak.cause, weak.figure), (LinkLevel::Weak, LinkCause::Rate, 90));
        assert_eq!(link.run(5, 2_000, GOOD).level, LinkLevel::Weak);
        assert_eq!(link.run(1, 2_000, GOOD).level, LinkLevel::Good);
    }

    #[test]
    fn a_figure_that_moves_is_told_every_five_seconds_only() {
        let mut link = Link::new();
        link.run(BELIEVED_SAMPLES as u32 - 1, 100, GOOD);
        let told: Vec<u32> = (0..20).map(|second| link.run(1, 100 + second, GOOD).figure).collect();
        assert_eq!(told.chunk_by(|one, next| one == next).count(), 4, "{told:?}");
    }

    #[test]
    fn the_others_link_is_not_blamed_on_this_one() {
        let other_is_slow = Measured { leaves_kbps: 90, ..GOOD };
        assert_eq!(Link::new().run(10, 90, other_is_slow).level, LinkLevel::Good);
        assert_eq!(Link::new().run(10, 80, other_is_slow).level, LinkLevel::Good);
        let this_is_slower = Link::new().run(10, 50, other_is_slow);
        assert_eq!((this_is_slower.level, this_is_slower.figure), (LinkLevel::Weak, 50));
    }

    #[test]
    fn a_browser_that_is_told_to_send_less_is_not_blamed_before_the_server_says_why() {
        let mut link = Link::new();
        link.run(10, 2_400, GOOD);
        assert_eq!(link.run(1, 900, GOOD).level, LinkLevel::Good);
        assert_eq!(link.run(1, 300, GOOD).level, LinkLevel::Good);
        assert_eq!(link.run(10, 100, Measured { leaves_kbps: 100, ..GOOD }).level, LinkLevel::Good);
    }

    #[test]
    fn a_belief_without_pictures_counts_for_nothing() {
        let sample = LinkSample { round_trip_ms: 40, uplink_kbps: Some(60), ..LinkSample::default() };
        let verdict = Quality::default().judge(sample, GOOD, false, Timestamp::from_millis(0));
        assert_eq!((verdict.quality, verdict.carries), (GOOD_LINK, LinkLevel::Good));
    }

    #[test]
    fn figures_of_any_size_are_judged_without_overflow() {
        for value in [0, 1, u32::MAX / 2, u32::MAX] {
            let measured = Measured { down_kbps: value, leaves_kbps: value, lost_permille: value };
            let sample = LinkSample { round_trip_ms: value, uplink_kbps: Some(value), ..LinkSample::default() };
            Quality::default().judge(sample, measured, true, Timestamp::from_millis(0));
        }
    }
}
