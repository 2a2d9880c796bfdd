//! Which numbers of a key were opened already.

/// How far back a frame may come late and still be told from a replayed one.
///
/// Larger: more memory for each key. Smaller: a camera's frames that arrive late are dropped. 1,024 are 30 s of a camera, 20 s of a voice.
pub const REPLAY_WINDOW: u64 = 1_024;

const WORDS: usize = REPLAY_WINDOW as usize / 64;

/// A sliding window over the counters of one key.
///
/// # Source
///
/// RFC 9605 section 9.3 leaves it to the application; the window is RFC 3711's (section 3.3.2), larger.
#[derive(Debug, Clone)]
pub struct ReplayWindow {
    /// First counter beyond every one that was seen.
    next: u64,
    /// One bit for each counter below `next`, at its place modulo the window.
    seen: [u64; WORDS],
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self { next: 0, seen: [0; WORDS] }
    }
}

impl ReplayWindow {
    /// Whether a frame with this counter may still be opened.
    #[must_use]
    pub const fn is_fresh(&self, counter: u64) -> bool {
        if counter >= self.next {
            return true;
        }
        self.next - counter <= REPLAY_WINDOW && self.seen[word(counter)] & bit(counter) == 0
    }

    /// Remembers a counter whose frame was opened: only a tag tells that the sender wrote it.
    pub fn note(&mut self, counter: u64) {
        if counter >= self.next {
            if counter - self.next >= REPLAY_WINDOW {
                self.seen = [0; WORDS];
            } else {
                for passed in self.next..counter {
                    self.seen[word(passed)] &= !bit(passed);
                }
            }
            self.next = counter.saturating_add(1);
        }
        self.seen[word(counter)] |= bit(counter);
    }
}

const fn word(counter: u64) -> usize {
    (counter % REPLAY_WINDOW / 64) as usize
}

const fn bit(counter: u64) -> u64 {
    1 << (counter % 64)
}
