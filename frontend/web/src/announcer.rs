//! The sentences said to people who listen to the page instead of looking at it: which one comes next. Each page puts
//! them into its own two live regions.

use std::collections::VecDeque;
use std::time::Duration;

/// Pause between two sentences.
///
/// Shorter: screen readers drop the first of two. Longer: the last of many comes late.
pub const SPACING: Duration = Duration::from_millis(700);

/// Sentences that wait for their turn. A later one never replaces an earlier one.
#[derive(Debug, Default)]
pub struct Announcer {
    waiting: VecDeque<Said>,
}

/// One sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The words.
    pub words: String,
    /// Whether it interrupts what is being read.
    pub urgent: bool,
}

impl Announcer {
    /// Takes a sentence; one that waits already is not said twice. Urgent ones go first, in their order.
    pub fn push(&mut self, said: Said) {
        if self.waiting.iter().any(|waiting| waiting.words == said.words) {
            return;
        }
        let place = if said.urgent {
            self.waiting.iter().take_while(|waiting| waiting.urgent).count()
        } else {
            self.waiting.len()
        };
        self.waiting.insert(place, said);
    }

    /// Gives the next sentence.
    pub fn next_said(&mut self) -> Option<Said> {
        self.waiting.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str, urgent: bool) -> Said {
        Said { words: words.to_owned(), urgent }
    }

    #[test]
    fn five_sentences_at_once_are_all_said_and_urgent_ones_first() {
        let mut announcer = Announcer::default();
        for sentence in [said("a", false), said("b", false), said("u", true), said("c", false), said("v", true)] {
            announcer.push(sentence);
        }
        let order: Vec<_> = std::iter::from_fn(|| announcer.next_said()).map(|said| said.words).collect();
        assert_eq!(order, ["u", "v", "a", "b", "c"]);
    }

    #[test]
    fn a_sentence_that_waits_is_not_said_twice() {
        let mut announcer = Announcer::default();
        announcer.push(said("a", false));
        announcer.push(said("a", false));
        announcer.next_said();
        assert_eq!(announcer.next_said(), None);
    }
}
