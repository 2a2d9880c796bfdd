/// Which of the last [`WINDOW`] packet indices were already accepted.
///
/// # Source
///
/// RFC 3711 section 3.3.2.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplayWindow {
    /// Highest accepted index plus one; zero before the first.
    next: u64,
    /// One bit an index, in a circle.
    seen: [u64; WORDS],
}

/// Packets that may arrive late: four seconds of video at 250 packets a second.
///
/// Higher: later packets are accepted. Lower: less memory for each stream.
pub(crate) const WINDOW: u64 = 1024;
const WORDS: usize = (WINDOW / 64) as usize;

impl ReplayWindow {
    /// Whether `index` is new and not older than the window.
    pub(crate) fn is_fresh(&self, index: u64) -> bool {
        if index >= self.next {
            return true;
        }
        if self.next - index > WINDOW {
            return false;
        }
        let (word, bit) = place(index);
        self.seen[word] & bit == 0
    }

    /// Records an authenticated `index`; false when it was not fresh.
    pub(crate) fn accept(&mut self, index: u64) -> bool {
        if !self.is_fresh(index) {
            return false;
        }
        if index >= self.next {
            if index - self.next >= WINDOW {
                self.seen = [0; WORDS];
            } else {
                for skipped in self.next..=index {
                    let (word, bit) = place(skipped);
                    self.seen[word] &= !bit;
                }
            }
            self.next = index + 1;
        }
        let (word, bit) = place(index);
        self.seen[word] |= bit;
        true
    }

    /// Highest accepted index, if any.
    pub(crate) fn highest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }
}

fn place(index: u64) -> (usize, u64) {
    let slot = index % WINDOW;
    ((slot / 64) as usize, 1 << (slot % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_window_agrees_with_a_set_that_forgets_nothing(
            steps in proptest::collection::vec(prop_oneof![3 => 0u64..50, 1 => 0u64..3_000], 1..400),
            back in proptest::collection::vec(0u64..1_400, 1..400),
        ) {
            let mut window = ReplayWindow::default();
            let mut accepted = HashSet::new();
            let mut top = 0u64;
            for (step, back) in steps.iter().zip(back.iter().cycle()) {
                top += step;
                for index in [top, top.saturating_sub(*back)] {
                    let is_old = window.highest().is_some_and(|highest| index + WINDOW <= highest);
                    let expected = !is_old && !accepted.contains(&index);
                    prop_assert_eq!(window.is_fresh(index), expected);
                    prop_assert_eq!(window.accept(index), expected);
                    if expected {
                        accepted.insert(index);
                    }
                }
            }
        }
    }
}
