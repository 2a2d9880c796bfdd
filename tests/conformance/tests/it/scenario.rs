//! One call's worth of changes, by members of any two implementations.

use std::collections::BTreeSet;

use crate::member::{Change, Member, Shared};

/// What a scenario did, so that one that does nothing is seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub epochs: usize,
    pub messages: usize,
}

/// The members who are in the group, by place of entry.
struct Room<'a> {
    members: Vec<&'a mut Box<dyn Member>>,
    done: Done,
    base_keys: BTreeSet<Vec<u8>>,
}

impl Room<'_> {
    /// The member at `by` makes a change; the others follow.
    fn change(&mut self, by: usize, change: &Change) -> Option<Vec<u8>> {
        let committed = self.members[by].commit(change);
        self.members[by].apply();
        for (place, member) in self.members.iter_mut().enumerate() {
            if place != by {
                assert_eq!(member.follow(&committed.commit), Ok(true), "change by {by}, followed by {place}");
            }
        }
        self.done.epochs += 1;
        committed.welcome
    }

    /// All have the same secrets, which no epoch before had, and everybody hears everybody.
    fn agree(&mut self) -> Shared {
        let shared = self.members[0].shared();
        for member in &self.members {
            assert_eq!(member.shared(), shared);
        }
        assert!(self.base_keys.insert(shared.base_key.clone()), "a base key came back");
        for from in 0..self.members.len() {
            for round in 0..2 {
                let content = format!("from {from}, {round}, in epoch {}", shared.epoch).into_bytes();
                let message = self.members[from].seal(&content);
                for (place, member) in self.members.iter_mut().enumerate() {
                    if place != from {
                        assert_eq!(member.open(&message), Ok(content.clone()), "from {from} to {place}");
                    }
                }
                self.done.messages += 1;
            }
        }
        shared
    }
}

/// Plays a call of three: the first makes the group and lets in the second, who lets in the third; each renews its keys and takes up a
/// key from outside; the third is put out and comes back.
pub fn play([mut first, mut second, mut third]: [Box<dyn Member>; 3]) -> Done {
    let (link, later) = (b"link".to_vec(), b"later".to_vec());
    for member in [&mut first, &mut second, &mut third] {
        member.keep_external_key(&later, &[2; 32]);
    }
    first.keep_external_key(&link, &[1; 48]);
    second.keep_external_key(&link, &[1; 48]);

    first.create();
    let add_second = Change { add: vec![second.offer()], external_keys: vec![link], ..Change::default() };
    let mut room = Room { members: vec![&mut first], done: Done::default(), base_keys: BTreeSet::new() };
    room.agree();
    let welcome = room.change(0, &add_second).expect("somebody was let in");
    second.join(&welcome).unwrap();
    room.members.push(&mut second);
    room.agree();

    // The one who was let in lets in the next.
    let welcome = room.change(1, &Change { add: vec![third.offer()], ..Change::default() });
    third.join(&welcome.expect("somebody was let in")).unwrap();
    room.members.push(&mut third);
    let shared = room.agree();

    for by in [0, 1, 2, 1, 0] {
        assert_eq!(room.change(by, &Change::default()), None);
        room.agree();
    }
    for by in 0..3 {
        room.change(by, &Change { external_keys: vec![later.clone()], ..Change::default() });
        room.agree();
    }

    let (leaf, _) = shared.roster[2];
    let removed = room.members.pop().expect("there are three");
    let commit = room.members[0].commit(&Change { remove: vec![leaf], ..Change::default() }).commit;
    room.members[0].apply();
    assert_eq!(room.members[1].follow(&commit), Ok(true));
    assert_eq!(removed.follow(&commit), Ok(false));
    room.done.epochs += 1;
    assert_eq!(room.agree().roster.len(), 2);
    let unheard = room.members[1].seal(b"without the third");
    assert!(removed.open(&unheard).is_err());
    assert_eq!(room.members[0].open(&unheard), Ok(b"without the third".to_vec()));

    let back = Change { add: vec![removed.offer()], external_keys: vec![later], ..Change::default() };
    let welcome = room.change(1, &back).expect("somebody was let in");
    removed.join(&welcome).unwrap();
    room.members.push(removed);
    assert_eq!(room.agree().roster, shared.roster);
    for by in [2, 0] {
        room.change(by, &Change::default());
        room.agree();
    }
    room.done
}

/// Every way to seat members of two implementations on three chairs with both present. A member is made from the number of its chair.
pub fn seatings(
    one: impl Fn(u8) -> Box<dyn Member>,
    other: impl Fn(u8) -> Box<dyn Member>,
) -> impl Iterator<Item = [Box<dyn Member>; 3]> {
    (1..=SEATINGS).map(move |seating| {
        [1, 2, 3].map(|chair| if seating & (1 << (chair - 1)) == 0 { other(chair) } else { one(chair) })
    })
}

/// Seatings of two implementations: two of the eight have one of them only.
pub const SEATINGS: usize = 6;

/// What [`play`] does.
pub const SCENARIO: Done = Done { epochs: 14, messages: 82 };
