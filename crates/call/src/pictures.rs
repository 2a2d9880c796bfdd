//! Whether this side lets cameras be sent: a weak link pauses them, a good one gives them back, and a person decides over both.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::Timestamp;
use colloque_protocol::signaling::{LinkLevel, Pictures};

use crate::policy::{
    AUTOMATIC_CHANGES, CHANGES_WITHIN, PAUSE_PICTURES_AFTER, RETURN_DOUBLINGS, RETURN_PICTURES_AFTER, TRY_PICTURES_FOR,
    UPLINK_KNOWN_AFTER,
};

#[derive(Debug, Default)]
pub(crate) struct PicturePolicy {
    state: State,
    /// Since when pictures are sent, or tried.
    sent_since: Option<Timestamp>,
    weak_since: Option<Timestamp>,
    good_since: Option<Timestamp>,
    /// The person wants pictures although the link is weak: until it was good again for a while.
    insists: bool,
    /// Trials in a row that failed.
    failures: u32,
    /// Pauses and returns without a person's word, the latest last.
    changes: VecDeque<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Shown,
    Tried {
        until: Timestamp,
    },
    PausedByLink,
    PausedByPerson,
}

impl PicturePolicy {
    /// Takes what the link carries; a pause is moot while there are no pictures anyway.
    pub(crate) fn judge(&mut self, carries: LinkLevel, is_moot: bool, now: Timestamp) {
        self.weak_since = (carries == LinkLevel::Weak).then(|| self.weak_since.unwrap_or(now));
        self.good_since = (carries == LinkLevel::Good).then(|| self.good_since.unwrap_or(now));
        self.sent_since = self.sent_since.or(Some(now));
        if lasts(self.good_since, RETURN_PICTURES_AFTER, now) {
            self.insists = false;
        }
        match self.state {
            State::Shown => {
                let is_due = lasts(self.weak_since, PAUSE_PICTURES_AFTER, now);
                if is_due && !self.insists && !is_moot && self.may_change(AUTOMATIC_CHANGES, now) {
                    self.change(State::PausedByLink, now);
                    self.good_since = None;
                }
            }
            State::PausedByLink => {
                let pause = RETURN_PICTURES_AFTER * (1 << self.failures.min(RETURN_DOUBLINGS));
                // One change is kept for the pause that may have to follow.
                if lasts(self.good_since, pause, now) && self.may_change(AUTOMATIC_CHANGES - 1, now) {
                    self.state = State::Tried { until: now.after(TRY_PICTURES_FOR) };
                    self.sent_since = Some(now);
                }
            }
            State::Tried { .. } if carries == LinkLevel::Weak => {
                self.state = State::PausedByLink;
                self.failures += 1;
            }
            State::Tried { until } => {
                if now >= until {
                    self.change(State::Shown, now);
                    self.failures = 0;
                }
            }
            State::PausedByPerson => {}
        }
    }

    /// Begins to count anew how long the link is so.
    pub(crate) const fn forget_link(&mut self) {
        self.weak_since = None;
        self.good_since = None;
    }

    /// No camera is sent, for another reason than this policy.
    pub(crate) const fn sends_nothing(&mut self) {
        self.sent_since = None;
    }

    /// The person wants pictures, or none.
    pub(crate) fn choose(&mut self, shown: bool, now: Timestamp) {
        self.state = if shown { State::Shown } else { State::PausedByPerson };
        self.insists = shown;
        self.failures = 0;
        self.changes.clear();
        self.weak_since = None;
        self.good_since = None;
        self.sent_since = Some(now);
    }

    pub(crate) const fn said(&self) -> Pictures {
        match self.state {
            State::Shown => Pictures::Shown,
            State::Tried { .. } => Pictures::Tried,
            State::PausedByLink => Pictures::PausedByLink,
            State::PausedByPerson => Pictures::PausedByPerson,
        }
    }

    /// Whether pictures that the link paused come back by themselves.
    pub(crate) fn returns(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Tried { .. }) || self.may_change(AUTOMATIC_CHANGES - 1, now)
    }

    /// Whether a camera is to be sent small: while it may have to pause, and while it is tried.
    pub(crate) const fn is_careful(&self) -> bool {
        match self.state {
            State::Shown => self.weak_since.is_some(),
            State::Tried { .. } => true,
            State::PausedByLink | State::PausedByPerson => false,
        }
    }

    /// Whether the browser has sent pictures for so long that its belief of the uplink says something.
    pub(crate) fn knows_uplink(&self, now: Timestamp) -> bool {
        self.state == State::Shown && lasts(self.sent_since, UPLINK_KNOWN_AFTER, now)
    }

    fn change(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.weak_since = None;
        self.changes.push_back(now);
        if self.changes.len() > AUTOMATIC_CHANGES {
            self.changes.pop_front();
        }
    }

    fn may_change(&self, most: usize, now: Timestamp) -> bool {
        self.changes.iter().filter(|at| now.since(**at) < CHANGES_WITHIN).count() < most
    }
}

fn lasts(since: Option<Timestamp>, long: Duration, now: Timestamp) -> bool {
    since.is_some_and(|since| now.since(since) >= long)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    /// A policy and its clock, one sample a second.
    struct World {
        policy: PicturePolicy,
        now: Timestamp,
    }

    impl World {
        fn new() -> Self {
            Self { policy: PicturePolicy::default(), now: START }
        }

        /// Seconds of a link; says when what is told of pictures changed, in seconds of this stretch, and to what.
        fn stretch(&mut self, carries: LinkLevel, seconds: u64) -> Vec<(u64, Pictures)> {
            let mut told = Vec::new();
            for second in 0..seconds {
                let before = self.policy.said();
                self.policy.judge(carries, false, self.now);
                if self.policy.said() != before {
                    told.push((second, self.policy.said()));
                }
                self.now = self.now.after(Duration::from_secs(1));
            }
            told
        }
    }

    #[test]
    fn a_weak_link_pauses_after_five_seconds_and_a_good_one_brings_back_after_twenty_and_a_trial() {
        use LinkLevel::{Good, Weak};
        use Pictures::{PausedByLink, Shown, Tried};
        let mut world = World::new();
        assert_eq!(world.stretch(Good, 60), []);
        assert_eq!(world.stretch(Weak, 30), [(5, PausedByLink)]);
        assert_eq!(world.stretch(Good, 60), [(20, Tried), (23, Shown)]);
    }

    #[test]
    fn short_weakness_a_fair_link_and_a_moot_pause_change_nothing() {
        use LinkLevel::{Fair, Good, Weak};
        let mut world = World::new();
        for carries in [Weak, Fair, Weak, Good, Weak] {
            assert_eq!(world.stretch(carries, 5), [], "{carries:?}");
        }
        assert_eq!(world.stretch(Fair, 600), []);
        for _ in 0..60 {
            world.policy.judge(Weak, true, world.now);
            world.now = world.now.after(Duration::from_secs(1));
        }
        assert_eq!(world.policy.said(), Pictures::Shown);
    }

    #[test]
    fn pictures_do_not_come_back_on_a_fair_link() {
        let mut world = World::new();
        world.stretch(LinkLevel::Weak, 10);
        assert_eq!(world.stretch(LinkLevel::Fair, 900), []);
    }

    #[test]
    fn a_trial_that_fails_is_told_as_a_pause_and_the_next_waits_twice_as_long() {
        use LinkLevel::{Good, Weak};
        use Pictures::{PausedByLink, Tried};
        let mut world = World::new();
        world.stretch(Weak, 10);
        for wait in [20, 40, 80, 160, 320, 320] {
            assert_eq!(world.stretch(Good, wait + 1), [(wait, Tried)]);
            assert_eq!(world.stretch(Weak, 5), [(0, PausedByLink)]);
        }
    }

    #[test]
    fn after_three_changes_only_the_person_decides_until_five_minutes_are_over() {
        use LinkLevel::{Good, Weak};
        use Pictures::{PausedByLink, Shown, Tried};
        let mut world = World::new();
        world.stretch(Weak, 6);
        world.stretch(Good, 24);
        assert_eq!(world.stretch(Weak, 6), [(5, PausedByLink)]);
        assert!(!world.policy.returns(world.now));
        assert_eq!(world.stretch(Good, 200), []);
        world.policy.choose(true, world.now);
        assert_eq!(world.policy.said(), Shown);

        // Without a word of the person, the first two changes have to be five minutes old.
        let mut world = World::new();
        world.stretch(Weak, 6);
        world.stretch(Good, 24);
        world.stretch(Weak, 6);
        let back = world.stretch(Good, 400);
        assert_eq!(back.iter().map(|(_, told)| *told).collect::<Vec<_>>(), [Tried, Shown]);
        assert!((260..=300).contains(&back[0].0), "{back:?}");
    }

    #[test]
    fn a_person_who_brings_pictures_back_keeps_them_while_the_link_is_weak() {
        use LinkLevel::{Good, Weak};
        let mut world = World::new();
        world.stretch(Weak, 10);
        world.policy.choose(true, world.now);
        assert_eq!(world.stretch(Weak, 600), []);
        assert_eq!(world.policy.said(), Pictures::Shown);
        // A later weakness is another matter.
        world.stretch(Good, 30);
        assert_eq!(world.stretch(Weak, 10), [(5, Pictures::PausedByLink)]);
    }

    #[test]
    fn a_person_who_pauses_pictures_brings_them_back_alone() {
        let mut world = World::new();
        world.policy.choose(false, world.now);
        for carries in [LinkLevel::Good, LinkLevel::Weak, LinkLevel::Good] {
            assert_eq!(world.stretch(carries, 400), []);
        }
        world.policy.choose(true, world.now);
        assert_eq!(world.policy.said(), Pictures::Shown);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Link(LinkLevel, u64),
        Choose(bool),
    }

    fn step() -> impl Strategy<Value = Step> {
        let level = prop_oneof![Just(LinkLevel::Weak), Just(LinkLevel::Fair), Just(LinkLevel::Good)];
        prop_oneof![
            12 => (level, 1_u64..60).prop_map(|(level, seconds)| Step::Link(level, seconds)),
            1 => any::<bool>().prop_map(Step::Choose),
        ]
    }

    proptest! {
        #[test]
        fn never_more_than_three_changes_in_five_minutes_without_a_word_of_the_person(
            steps in proptest::collection::vec(step(), 1..120)
        ) {
            let mut world = World::new();
            let mut changes: Vec<Timestamp> = Vec::new();
            let mut chosen = None;
            for step in steps {
                match step {
                    Step::Choose(shown) => {
                        world.policy.choose(shown, world.now);
                        changes.clear();
                        chosen = (!shown).then_some(Pictures::PausedByPerson);
                    }
                    Step::Link(level, seconds) => {
                        for _ in 0..seconds {
                            let was_shown = world.policy.said() == Pictures::Shown;
                            world.stretch(level, 1);
                            // A trial is told as a pause: screens change when pictures are shown, or no longer.
                            if was_shown != (world.policy.said() == Pictures::Shown) {
                                changes.push(world.now);
                            }
                            if let Some(chosen) = chosen {
                                prop_assert_eq!(world.policy.said(), chosen, "the person's choice is undone");
                            }
                        }
                    }
                }
                for window in changes.windows(AUTOMATIC_CHANGES + 1) {
                    let (first, last) = (window[0], window[AUTOMATIC_CHANGES]);
                    prop_assert!(last.since(first) >= CHANGES_WITHIN, "{changes:?}");
                }
            }
        }
    }
}
