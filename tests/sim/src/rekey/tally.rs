//! What became of frames, by what changed the keys.

/// What changed the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Cause {
    /// Somebody was let in.
    Join = 0,
    /// A member renewed their own.
    Renewal = 1,
    /// Somebody was put out.
    Removal = 2,
}

/// What became of the frames of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Frames that arrived and were for who got them.
    pub arrived: u64,
    /// Those whose key came later, and in time.
    pub waited: u64,
    /// The longest of these waits, in microseconds: what the change adds to a pause in voice or picture.
    pub longest_wait_us: u64,
    /// Those whose key did not come in time: lost by the change.
    pub lost: u64,
}

/// The same for every cause, for members who were there and for those concerned who have just come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ByCause {
    tallies: [[Tally; 2]; 3],
    nobodys: Tally,
}

/// What became of all frames, as the product switches keys and as others would.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies {
    /// As the product does.
    pub two_phase: ByCause,
    /// Had every sender switched at once, and every receiver held what it could not open yet.
    pub at_once: ByCause,
    /// Had every sender switched at once, and every receiver dropped it.
    pub at_once_dropping: ByCause,
    /// Changes of each cause.
    pub changes: [u64; 3],
    /// Frames that did not open for another reason than a key not known. None.
    pub refused: u64,
    /// Messages that an engine did not take although they were for it. None.
    pub not_taken: u64,
}

impl Tally {
    pub(super) fn settle(&mut self, is_open: bool, waited_us: u64) {
        if is_open {
            self.waited += 1;
            self.longest_wait_us = self.longest_wait_us.max(waited_us);
        } else {
            self.lost += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.waited += other.waited;
        self.lost += other.lost;
        self.longest_wait_us = self.longest_wait_us.max(other.longest_wait_us);
    }
}

impl ByCause {
    /// The tally of a class; frames that are for nobody have one of their own, which nobody reads.
    pub(super) fn at(&mut self, class: Option<(Cause, bool)>) -> &mut Tally {
        match class {
            Some((cause, is_new)) => &mut self.tallies[cause as usize][usize::from(is_new)],
            None => &mut self.nobodys,
        }
    }

    /// Frames between members who were there before the change.
    #[must_use]
    pub const fn present(&self, cause: Cause) -> Tally {
        self.tallies[cause as usize][0]
    }

    /// Frames to and from who came by the change.
    #[must_use]
    pub const fn newcomer(&self, cause: Cause) -> Tally {
        self.tallies[cause as usize][1]
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.tallies.as_flattened_mut().iter_mut().zip(other.tallies.as_flattened()) {
            mine.add(theirs);
        }
    }
}

impl Tallies {
    pub(super) fn add(&mut self, other: &Self) {
        self.two_phase.add(&other.two_phase);
        self.at_once.add(&other.at_once);
        self.at_once_dropping.add(&other.at_once_dropping);
        for (mine, theirs) in self.changes.iter_mut().zip(other.changes) {
            *mine += theirs;
        }
        self.refused += other.refused;
        self.not_taken += other.not_taken;
    }
}
