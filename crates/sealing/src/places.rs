//! Whose tracks come on which lines: told from the keys that open them, not from what the server says.

use std::time::Duration;

use colloque_e2ee::frame::LeafIndex;
use colloque_ids::{ParticipantId, Timestamp};

/// Lines that show one person each, and that of the screen, which anybody may use.
pub const PLACES: usize = 3;

/// Silence of a line after which another person may be shown on it.
///
/// Longer: who comes in somebody's place is seen later. Shorter: a server that mixes two people's tracks has more of them shown under the wrong
/// name, until the name follows.
const FREE_AFTER: Duration = Duration::from_secs(2);

/// Who is on each line.
#[derive(Debug, Default)]
pub struct Places([Option<Taken>; PLACES]);

#[derive(Debug, Clone, Copy)]
struct Taken {
    by: ParticipantId,
    seen_at: Timestamp,
}

impl Places {
    /// Whose frames may be opened on a line now, of these people: who is on it, first, and others only once it fell silent.
    pub fn may_open<'a>(
        &self,
        place: usize,
        people: &'a [(ParticipantId, LeafIndex)],
        now: Timestamp,
    ) -> impl Iterator<Item = (ParticipantId, LeafIndex)> + use<'a> {
        let taken = self.0.get(place).copied().flatten();
        // Leaves are given to others; people are not.
        let first = taken.and_then(|taken| people.iter().position(|(person, _)| *person == taken.by));
        let is_free = first.is_none() || taken.is_none_or(|taken| now >= taken.seen_at.after(FREE_AFTER));
        let rest = people.iter().enumerate().filter(move |(at, _)| is_free && Some(*at) != first);
        first.map(|at| &people[at]).into_iter().chain(rest.map(|(_, person)| person)).copied()
    }

    /// Notes that a frame of `by` was opened on a line; tells whether somebody else was there before.
    pub fn note(&mut self, place: usize, by: ParticipantId, now: Timestamp) -> bool {
        let Some(known) = self.0.get_mut(place) else { return false };
        let before = known.replace(Taken { by, seen_at: now });
        before.is_none_or(|before| before.by != by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u8, leaf: u32) -> (ParticipantId, LeafIndex) {
        (ParticipantId::from_parts(at(0), [number; 10]), LeafIndex::new(leaf).unwrap())
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000).after(Duration::from_millis(millis))
    }

    #[test]
    fn a_line_keeps_its_person_while_they_are_heard() {
        let mut places = Places::default();
        let people = [person(1, 1), person(2, 2)];
        let may_open = |places: &Places, place, millis| -> Vec<_> {
            places.may_open(place, &people, at(millis)).map(|(person, _)| person).collect()
        };
        let [one, two] = people.map(|(person, _)| person);
        assert_eq!(may_open(&places, 0, 0), [one, two]);
        assert!(places.note(0, two, at(0)));
        assert_eq!(may_open(&places, 0, 1_999), [two], "not even a frame that somebody else sealed");
        assert!(!places.note(0, two, at(1_999)));
        assert_eq!(may_open(&places, 0, 3_998), [two]);
        assert_eq!(may_open(&places, 0, 3_999), [two, one]);
        assert!(places.note(0, one, at(4_000)), "and the name follows");
        assert_eq!(may_open(&places, 1, 4_000), [one, two], "lines are apart");
    }

    #[test]
    fn who_is_not_there_any_more_is_not_waited_for_and_who_got_another_leaf_is_known() {
        let mut places = Places::default();
        places.note(0, person(2, 2).0, at(0));
        let without: Vec<_> = places.may_open(0, &[person(3, 2)], at(100)).collect();
        assert_eq!(without, [person(3, 2)]);
        let again: Vec<_> = places.may_open(0, &[person(3, 2), person(2, 5)], at(100)).collect();
        assert_eq!(again, [person(2, 5)]);
    }

    #[test]
    fn there_is_no_fourth_line() {
        let mut places = Places::default();
        assert!(!places.note(PLACES, person(1, 1).0, at(0)));
    }
}
