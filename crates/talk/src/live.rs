//! Text that is seen while it is typed (ITU-T T.140, EN 301 549 6.2): what changed of a line since it was last sent, and the same line at
//! the other side.

use std::time::Duration;

use colloque_ids::Timestamp;

use crate::wire::{Message, is_shown};

/// Erases the last character.
const ERASE: char = '\u{8}';

/// Stands where text is missing (T.140 addendum 1).
const MISSING: char = '\u{fffd}';

/// Pause between two parts of a line.
///
/// Longer: who reads waits for longer; EN 301 549 allows half a second. Shorter: more messages for the same words.
pub const SEND_LIVE_EVERY: Duration = Duration::from_millis(200);

/// The line that this person types.
#[derive(Debug, Default)]
pub struct OwnLine {
    wanted: String,
    sent: String,
    sequence: u32,
    sent_at: Option<Timestamp>,
}

impl OwnLine {
    /// The line is now this.
    pub fn set(&mut self, line: &str) {
        line.clone_into(&mut self.wanted);
    }

    /// The line was sent as a message, which everybody puts in its place.
    pub fn end(&mut self) {
        self.wanted.clear();
        self.sent.clear();
    }

    /// Gives what changed, at most every [`SEND_LIVE_EVERY`].
    pub fn next_part(&mut self, now: Timestamp) -> Option<Message> {
        if self.wanted == self.sent || self.sent_at.is_some_and(|at| now < at.after(SEND_LIVE_EVERY)) {
            return None;
        }
        let text = difference(&self.sent, &self.wanted);
        self.wanted.clone_into(&mut self.sent);
        self.sent_at = Some(now);
        self.sequence = self.sequence.wrapping_add(1);
        Some(Message::Live { sequence: self.sequence, text })
    }
}

/// Characters that turn one line into the other at its end.
fn difference(before: &str, after: &str) -> String {
    let same = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
    let erased = std::iter::repeat_n(ERASE, before.chars().count() - same);
    erased.chain(after.chars().skip(same)).collect()
}

/// The line that somebody else types.
#[derive(Debug, Default)]
pub struct OtherLine {
    line: String,
    sequence: Option<u32>,
}

impl OtherLine {
    /// Takes a part. What is longer than `max` characters in all is cut.
    pub fn take(&mut self, sequence: u32, text: &str, max: usize) {
        // The server may repeat a message only where the seal was broken, and turn none around.
        let is_next = self.sequence.is_none_or(|before| before.wrapping_add(1) == sequence);
        self.sequence = Some(sequence);
        let mut length = self.line.chars().count();
        if !is_next && length < max {
            self.line.push(MISSING);
            length += 1;
        }
        for character in text.chars() {
            if character == ERASE {
                length -= usize::from(self.line.pop().is_some());
            } else if length < max && is_shown(character) {
                self.line.push(character);
                length += 1;
            }
        }
    }

    /// The line is a message now.
    pub fn end(&mut self) {
        self.line.clear();
    }

    /// Gives what is seen of it.
    pub fn line(&self) -> &str {
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn what_changed_is_sent_and_no_more() {
        assert_eq!(difference("bonj", "bonjour"), "our");
        assert_eq!(difference("bonjuor", "bonjour"), "\u{8}\u{8}\u{8}our");
        assert_eq!(difference("été", "étang"), "\u{8}ang");
        assert_eq!(difference("abc", ""), "\u{8}\u{8}\u{8}");
    }

    #[test]
    fn parts_keep_their_distance() {
        let mut line = OwnLine::default();
        line.set("a");
        assert!(line.next_part(START).is_some());
        line.set("ab");
        assert_eq!(line.next_part(START.after(Duration::from_millis(150))), None);
        line.set("abc");
        let part = line.next_part(START.after(SEND_LIVE_EVERY));
        assert_eq!(part, Some(Message::Live { sequence: 2, text: "bc".to_owned() }));
        assert_eq!(line.next_part(START.after(SEND_LIVE_EVERY * 4)), None);
    }

    #[test]
    fn a_gap_is_seen() {
        let mut line = OtherLine::default();
        line.take(7, "bon", 100);
        line.take(9, "r", 100);
        assert_eq!(line.line(), "bon\u{fffd}r");
    }

    #[test]
    fn a_line_is_bounded_and_has_no_commands() {
        let mut line = OtherLine::default();
        line.take(1, "\u{8}\u{8}\u{1b}[2Jab\u{7}cdef", 4);
        assert_eq!(line.line(), "[2Ja");
        line.take(2, "\u{8}\u{8}\u{8}\u{8}\u{8}x", 4);
        assert_eq!(line.line(), "x");
    }
}
