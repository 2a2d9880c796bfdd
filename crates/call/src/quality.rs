//! How good this person's link is, from what the browser counts once a second.

use std::collections::VecDeque;

use colloque_ids::Timestamp;
use colloque_protocol::signaling::{LinkCause, LinkLevel, LinkQuality};

use crate::policy::{DELAY_STEPS_MS, LINK_BETTER_AFTER, LINK_WINDOW, LOSS_STEPS_PERMILLE, RATE_STEPS_KBPS, SAMPLE_GAP};

/// What a browser counts of one peer connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LinkSample {
    /// Packets of the other's voice that came since the peer connection was made.
    pub voice_received: u32,
    /// Packets of it that did not.
    pub voice_lost: u32,
    /// Share of this person's own voice that does not arrive at the other, as last reported, in thousandths.
    pub sent_lost_permille: u32,
    /// Round trip to the server, in milliseconds.
    pub round_trip_ms: u32,
    /// What the browser believes that it may send, in thousands of bits per second; none where browsers do not say.
    pub uplink_kbps: Option<u32>,
}

/// What a sample means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// For people.
    pub quality: LinkQuality,
    /// For pictures: without the round trip, which they survive, and without the patience that a screen needs.
    pub carries: LinkLevel,
}

/// What else is known of the way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Way {
    /// What the server measured of this person's downlink.
    pub downlink_kbps: Option<u32>,
    /// Whether what is sent tells of this link: not while the other's own link says that it is the cause.
    pub trusts_sent: bool,
    /// Whether the browser's belief tells of this link: not while it has had no pictures to learn from.
    pub trusts_uplink: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Quality {
    window: VecDeque<LinkSample>,
    sampled_at: Option<Timestamp>,
    shown: Option<LinkQuality>,
    told_at: Option<Timestamp>,
    better_since: Option<Timestamp>,
}

impl Quality {
    /// Takes a sample; says nothing before the window is full.
    pub(crate) fn judge(&mut self, sample: LinkSample, way: Way, now: Timestamp) -> Option<Verdict> {
        let is_other_peer = self.window.back().is_some_and(|last| sample.voice_received < last.voice_received);
        if is_other_peer || self.sampled_at.is_some_and(|at| now.since(at) > SAMPLE_GAP) {
            self.window.clear();
        }
        self.sampled_at = Some(now);
        self.window.push_back(sample);
        if self.window.len() < LINK_WINDOW {
            return None;
        }
        if self.window.len() > LINK_WINDOW {
            self.window.pop_front();
        }
        let first = self.window.front()?;
        let received = sample.voice_received.saturating_sub(first.voice_received);
        let lost = sample.voice_lost.saturating_sub(first.voice_lost);
        let here = lost.saturating_mul(1_000).checked_div(received.saturating_add(lost)).unwrap_or(0);
        let samples = u32::try_from(LINK_WINDOW).unwrap_or(u32::MAX);
        let there: u32 = self.window.iter().map(|sample| sample.sent_lost_permille.min(1_000)).sum::<u32>() / samples;
        let lost = if way.trusts_sent { here.max(there) } else { here };
        let uplink = sample.uplink_kbps.filter(|_| way.trusts_sent && way.trusts_uplink);
        let rate = uplink.into_iter().chain(way.downlink_kbps).min();
        let [fair, good] = RATE_STEPS_KBPS;
        let signs = [
            (above(lost, LOSS_STEPS_PERMILLE), LinkCause::Loss, lost.saturating_add(5) / 10),
            (rate.map_or(LinkLevel::Good, |rate| below(rate, [fair, good])), LinkCause::Rate, rate.unwrap_or(0)),
            (above(sample.round_trip_ms, DELAY_STEPS_MS), LinkCause::Delay, sample.round_trip_ms),
        ];
        let carries = signs[0].0.min(signs[1].0);
        // Of equal signs, the first: what takes the pictures away is told before what only delays them.
        let (level, cause, figure) = signs.into_iter().min_by_key(|sign| sign.0)?;
        let worst = if level == LinkLevel::Good { good_link() } else { LinkQuality { level, cause, figure } };
        Some(Verdict { quality: self.show(worst, now), carries })
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

const fn good_link() -> LinkQuality {
    LinkQuality { level: LinkLevel::Good, cause: LinkCause::Loss, figure: 0 }
}

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

    const KNOWN: Way = Way { downlink_kbps: None, trusts_sent: true, trusts_uplink: true };

    /// Seconds of a link that loses `lost` of each hundred packets of a voice; gives the last verdict.
    struct Link {
        quality: Quality,
        now: Timestamp,
        sample: LinkSample,
    }

    impl Link {
        fn new() -> Self {
            let sample = LinkSample { round_trip_ms: 40, uplink_kbps: Some(2_000), ..LinkSample::default() };
            Self { quality: Quality::default(), now: Timestamp::from_millis(1_000_000), sample }
        }

        fn run(&mut self, seconds: u32, lost: u32, way: Way) -> Option<Verdict> {
            let mut last = None;
            for _ in 0..seconds {
                self.sample.voice_received += 100 - lost;
                self.sample.voice_lost += lost;
                last = self.quality.judge(self.sample, way, self.now);
                self.now = self.now.after(Duration::from_secs(1));
            }
            last
        }
    }

    fn said(verdict: Option<Verdict>) -> (LinkLevel, LinkCause, u32) {
        let quality = verdict.unwrap().quality;
        (quality.level, quality.cause, quality.figure)
    }

    #[test]
    fn every_row_of_the_table_has_its_steps() {
        use LinkCause::{Delay, Loss, Rate};
        use LinkLevel::{Fair, Good, Weak};
        let of = |lost, round_trip_ms, uplink, downlink_kbps| {
            let mut link = Link::new();
            link.sample.round_trip_ms = round_trip_ms;
            link.sample.uplink_kbps = uplink;
            let verdict = link.run(10, lost, Way { downlink_kbps, ..KNOWN }).unwrap();
            (verdict.quality.level, verdict.quality.cause, verdict.carries)
        };
        assert_eq!(of(2, 40, Some(501), Some(501)), (Good, Loss, Good));
        assert_eq!(of(3, 40, Some(2_000), None), (Fair, Loss, Fair));
        assert_eq!(of(8, 40, Some(2_000), None), (Fair, Loss, Fair));
        assert_eq!(of(9, 40, Some(2_000), None), (Weak, Loss, Weak));
        assert_eq!(of(0, 249, Some(2_000), None), (Good, Loss, Good));
        assert_eq!(of(0, 250, Some(2_000), None), (Fair, Delay, Good));
        assert_eq!(of(0, 600, Some(2_000), None), (Fair, Delay, Good));
        assert_eq!(of(0, 601, Some(2_000), None), (Weak, Delay, Good), "late answers pause no pictures");
        assert_eq!(of(0, 40, Some(500), None), (Fair, Rate, Fair));
        assert_eq!(of(0, 40, Some(200), None), (Fair, Rate, Fair));
        assert_eq!(of(0, 40, Some(199), None), (Weak, Rate, Weak));
        assert_eq!(of(0, 40, None, Some(199)), (Weak, Rate, Weak));
        assert_eq!(of(0, 40, None, None), (Good, Loss, Good));
        assert_eq!(of(9, 700, Some(100), None), (Weak, Loss, Weak), "losses are told first");
        assert_eq!(of(0, 700, Some(100), None), (Weak, Rate, Weak));
    }

    #[test]
    fn nothing_is_said_before_five_seconds_or_of_an_earlier_connection() {
        let mut link = Link::new();
        assert_eq!(link.run(5, 50, KNOWN), None);
        assert!(link.run(1, 50, KNOWN).is_some());
        link.sample.voice_received = 0;
        assert_eq!(link.run(5, 0, KNOWN), None);
        assert!(link.run(1, 0, KNOWN).is_some());
        link.now = link.now.after(Duration::from_secs(30));
        assert_eq!(link.run(1, 0, KNOWN), None, "half a minute without a look is no mean over seconds");
    }

    #[test]
    fn worse_is_said_at_once_and_better_after_a_while() {
        let mut link = Link::new();
        link.run(10, 0, KNOWN);
        link.sample.uplink_kbps = Some(90);
        assert_eq!(said(link.run(1, 0, KNOWN)), (LinkLevel::Weak, LinkCause::Rate, 90));
        link.sample.uplink_kbps = Some(2_000);
        assert_eq!(said(link.run(5, 0, KNOWN)).0, LinkLevel::Weak);
        assert_eq!(said(link.run(1, 0, KNOWN)).0, LinkLevel::Good);
    }

    #[test]
    fn a_figure_that_moves_is_told_every_five_seconds_only() {
        let mut link = Link::new();
        link.run(20, 10, KNOWN);
        let mut told = Vec::new();
        for second in 0..20 {
            told.push(said(link.run(1, 10 + second, KNOWN)).2);
        }
        told.dedup();
        assert!((2..=5).contains(&told.len()), "{told:?}");
    }

    #[test]
    fn the_others_link_is_not_blamed_on_this_one() {
        let mut link = Link::new();
        link.sample = LinkSample { sent_lost_permille: 400, uplink_kbps: Some(60), ..link.sample };
        assert_eq!(said(link.run(10, 0, Way { trusts_sent: false, ..KNOWN })).0, LinkLevel::Good);
        assert_eq!(said(link.run(1, 0, KNOWN)), (LinkLevel::Weak, LinkCause::Loss, 40));
        link.sample.sent_lost_permille = 0;
        assert_eq!(said(link.run(20, 0, Way { trusts_uplink: false, ..KNOWN })).0, LinkLevel::Good);
    }

    #[test]
    fn counters_of_any_size_are_judged_without_overflow() {
        for value in [0, 1, u32::MAX / 2, u32::MAX] {
            let mut quality = Quality::default();
            let sample = LinkSample {
                voice_received: value,
                voice_lost: value,
                sent_lost_permille: value,
                round_trip_ms: value,
                uplink_kbps: Some(value),
            };
            for second in 0..20 {
                let now = Timestamp::from_millis(second * 1_000);
                quality.judge(LinkSample { voice_lost: value - value / 3, ..sample }, KNOWN, now);
                quality.judge(sample, KNOWN, now);
            }
        }
    }
}
