//! What the secret of a link shows, and what it does not.

use colloque_attestation::Standing;
use colloque_e2ee::{Channel, LinkProof, LinkSecret, Output, ToOthers};

use crate::group::two;
use crate::world::Room;

#[test]
fn a_link_that_only_one_side_knows_is_told_apart() {
    let mut room = Room::default();
    room.enter(Standing::Practitioner, None);
    room.enter(Standing::Patient, Some(9));
    assert!(room.all_hear_each_other(&[0, 1]));
    assert_eq!(room.people[1].engine.view(room.now()).link, LinkProof::NotUsed);
    let mut room = Room::default();
    room.enter(Standing::Practitioner, Some(9));
    room.enter(Standing::Patient, None);
    assert!(room.all_hear_each_other(&[0, 1]));
    assert_eq!(room.people[0].engine.view(room.now()).link, LinkProof::NotUsed);
}

#[test]
fn a_patient_by_another_link_is_let_in_without_it_and_both_are_told() {
    let mut room = Room::default();
    room.enter(Standing::Practitioner, Some(8));
    room.enter(Standing::Patient, Some(9));
    assert!(room.all_hear_each_other(&[0, 1]));
    for person in [0, 1] {
        assert_eq!(room.people[person].engine.view(room.now()).link, LinkProof::NotUsed);
    }
}

#[test]
fn whoever_claims_a_links_name_without_its_secret_is_in_no_group_and_proves_nothing() {
    let mut room = Room::default();
    room.enter(Standing::Practitioner, Some(9));
    room.enter(Standing::Patient, None);
    assert_eq!(room.people[0].engine.view(room.now()).link, LinkProof::NotUsed);
    // The name is no secret: it is in what the practitioner showed. What was said before is held back, and heard after.
    room.people[1].engine.say(Channel::Chat, b"Bonjour").unwrap();
    let Some(Output::Send(ToOthers::Sealed { message })) = room.people[1].engine.next_output() else {
        panic!("a message is sealed");
    };
    room.people[1].engine.offer_claiming(&LinkSecret::new([9; 16])).unwrap();
    room.settle();
    assert!(!room.people[1].errors.is_empty(), "the invitation cannot be read without the secret");
    let now = room.now();
    // It may be too old to be opened at all.
    let _ = room.people[0].engine.take(&message, now);
    assert_ne!(room.people[0].engine.view(now).link, LinkProof::Proven);
    for _ in 0..40 {
        room.tick(500);
    }
    assert_ne!(room.people[0].engine.view(room.now()).link, LinkProof::Proven);
    let sealed = room.seal(0, &[1; 40]);
    assert!(room.open(1, 0, &sealed).is_err());
    // The one who has it takes the place.
    room.enter_with(2, 7, Standing::Patient, Some(9));
    assert!(room.all_hear_each_other(&[0, 2]));
    assert_eq!(room.people[0].engine.view(room.now()).link, LinkProof::Proven);
}

#[test]
fn a_link_proves_nothing_of_a_third_person() {
    let mut room = two();
    room.enter(Standing::Interpreter, None);
    room.let_in(2);
    room.settle();
    assert!(room.all_hear_each_other(&[0, 1, 2]));
    for person in [0, 1, 2] {
        assert_eq!(room.people[person].engine.view(room.now()).link, LinkProof::None);
    }
}
