//! Calls of two and more: who is let in, who is not, and what they share.

use colloque_attestation::Standing;
use colloque_e2ee::frame::{Codec, OpenFrameError, TrackKind};
use colloque_e2ee::{
    Channel, Comparison, LinkProof, Output, PolicyError, Refusal, State, TakeError, ToOthers, VerifyMemberError,
};

use crate::world::{Room, Server, attest, consultation, engine, participant, statement};

/// A practitioner and a patient whose link's secret both browsers have.
pub fn two() -> Room {
    let mut room = Room::default();
    room.enter(Standing::Practitioner, Some(9));
    room.enter(Standing::Patient, Some(9));
    room
}

fn assert_no_errors(room: &Room) {
    for (number, person) in room.people.iter().enumerate() {
        assert!(person.errors.is_empty(), "person {number}: {:?}", person.errors);
    }
}

#[test]
fn a_practitioner_and_a_patient_hear_each_other_and_see_the_same_words() {
    let mut room = two();
    assert_no_errors(&room);
    assert_eq!((room.state(0), room.state(1)), (State::EndToEnd, State::EndToEnd));
    assert!(room.all_hear_each_other(&[0, 1]));
    assert!(room.words(0).is_some());
    assert_eq!(room.words(0), room.words(1));
    let view = room.people[1].engine.view(room.now());
    assert_eq!(view.link, LinkProof::Proven);
    assert_eq!(room.people[0].engine.view(room.now()).link, LinkProof::Proven);
    assert_eq!(
        view.members.iter().map(|member| member.statement.name.as_str()).collect::<Vec<_>>(),
        ["Personne 0", "Personne 1"]
    );
}

#[test]
fn a_practitioner_alone_waits_and_sends_nothing_readable() {
    let mut room = Room::default();
    room.enter(Standing::Practitioner, None);
    assert_eq!(room.state(0), State::Alone);
    assert_eq!(room.words(0), None);
}

#[test]
fn the_patient_may_come_first() {
    let mut room = Room::default();
    room.enter(Standing::Patient, None);
    assert_eq!(room.state(0), State::Preparing);
    room.enter(Standing::Practitioner, None);
    // The server keeps the newest key package of each and gives it to a clinician who comes.
    room.people[0].engine.offer().unwrap();
    room.settle();
    assert!(room.all_hear_each_other(&[0, 1]));
    assert_eq!(room.people[0].engine.view(room.now()).link, LinkProof::None);
}

#[test]
fn a_patient_who_no_longer_agrees_says_nothing_more_whoever_is_slow() {
    let mut room = two();
    room.enter(Standing::Interpreter, None);
    room.let_in(2);
    room.settle();
    assert!(room.all_hear_each_other(&[0, 1, 2]));
    room.people[1].engine.agree(participant(2), false).unwrap();
    // The server keeps it from the practitioner.
    assert_eq!(room.state(1), State::Preparing);
    assert!(room.people[1].engine.say(Channel::Chat, b"secret").is_err());
    room.tick(3_000);
    assert_eq!(room.state(1), State::Preparing);
    room.people[1].engine.agree(participant(2), true).unwrap();
    room.tick(1_000);
    assert!(room.all_hear_each_other(&[0, 1, 2]));
    room.people[1].engine.agree(participant(2), false).unwrap();
    room.people[0].engine.put_out(participant(2));
    room.settle();
    assert!(room.all_hear_each_other(&[0, 1]));
}

#[test]
fn whoever_takes_the_patients_place_puts_the_patient_out() {
    let mut room = two();
    // The platform states another patient, under another name: there is one.
    let ghost = room.enter(Standing::Patient, None);
    room.settle();
    let members = room.people[0].engine.view(room.now()).members;
    assert_eq!(members.len(), 2);
    assert!(members.iter().any(|member| member.statement.participant == participant(ghost)));
    assert_eq!(room.state(1), State::Refused(Refusal::Removed));
}

#[test]
fn a_third_person_joins_by_the_practitioners_word_only() {
    let mut room = two();
    let words = room.words(0);
    let expert = room.enter(Standing::Expert, None);
    assert_eq!(room.state(expert), State::Preparing);
    let asking = room.people[0].engine.view(room.now()).asking;
    assert_eq!(asking.iter().map(|statement| statement.participant).collect::<Vec<_>>(), [participant(2)]);

    let before = room.seal(0, b"before the expert");
    room.let_in(2);
    room.settle();
    assert_no_errors(&room);
    assert!(room.all_hear_each_other(&[0, 1, 2]));
    assert_eq!(room.open(expert, 0, &before), Err(OpenFrameError::UnknownKey));
    assert_ne!(room.words(0), words);
    assert_eq!(room.words(0), room.words(1));
    assert_eq!(room.words(0), room.words(2));
}

#[test]
fn who_is_put_out_reads_nothing_more_and_is_read_no_more() {
    let mut room = two();
    room.enter(Standing::Expert, None);
    room.let_in(2);
    room.settle();
    let old = room.seal(2, &[7; 40]);
    let expert_leaf = room.leaf(0, 2).unwrap();

    room.people[0].engine.put_out(participant(2));
    room.settle();
    assert_eq!(room.state(2), State::Refused(Refusal::Removed));
    assert!(room.all_hear_each_other(&[0, 1]));
    let sealed = room.seal(0, &[1; 40]);
    assert_eq!(room.open(2, 0, &sealed), Err(OpenFrameError::UnknownKey));
    let opening = colloque_e2ee::frame::Opening { from: expert_leaf, track: colloque_e2ee::frame::TrackKind::Camera };
    assert_eq!(room.people[0].engine.opener().open(opening, &old), Err(OpenFrameError::UnknownKey));
    assert!(room.words(0).is_some());
    assert_eq!(room.words(0), room.words(1));
}

#[test]
fn a_patient_lets_nobody_listen_without_having_agreed() {
    let mut room = two();
    room.enter(Standing::Interpreter, None);
    room.people[0].engine.let_in(participant(2));
    room.settle();
    assert_eq!(room.people[1].errors.first(), Some(&TakeError::NotAllowed(PolicyError::NotAgreed)));
    assert_eq!(room.state(1), State::Refused(Refusal::NotAgreed));
    let sealer = room.people[1].engine.sealer();
    assert!(sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 40]).is_err(), "nothing is sent any more");

    room.people[1].engine.agree(participant(2), true).unwrap();
    room.settle();
    assert!(room.all_hear_each_other(&[0, 1, 2]));
    assert_eq!(room.words(1), room.words(2));
}

#[test]
fn a_patient_who_lost_their_keys_does_not_come_back_to_a_guest_unasked() {
    let mut room = two();
    room.enter(Standing::AccompanyingPerson, None);
    room.let_in(2);
    room.settle();
    room.people[1].is_gone = true;
    room.enter_with(1, 77, Standing::Patient, Some(9));
    assert_eq!(room.state(3), State::Refused(Refusal::NotAgreed));
    room.people[3].engine.agree(participant(2), true).unwrap();
    room.settle();
    assert!(room.all_hear_each_other(&[0, 2, 3]));
}

#[test]
fn an_agreement_that_is_taken_back_counts_no_more() {
    let mut room = two();
    room.enter(Standing::Interpreter, None);
    room.people[1].engine.agree(participant(2), true).unwrap();
    room.people[1].engine.agree(participant(2), false).unwrap();
    room.people[0].engine.let_in(participant(2));
    room.settle();
    assert_eq!(room.state(1), State::Refused(Refusal::NotAgreed));
}

#[test]
fn who_was_let_in_before_they_asked_enters_when_they_ask_and_until_they_are_put_out() {
    let mut room = two();
    room.people[1].engine.agree(participant(2), true).unwrap();
    room.people[0].engine.let_in(participant(2));
    room.enter(Standing::Interpreter, None);
    assert!(room.all_hear_each_other(&[0, 1, 2]));
    room.people[0].engine.put_out(participant(2));
    room.settle();
    room.people[2].is_gone = true;
    room.enter_with(2, 78, Standing::Interpreter, None);
    assert_eq!(room.state(3), State::Preparing, "the practitioner's word is needed again");
}

#[test]
fn a_patient_who_lost_their_keys_comes_again_with_a_third_person_there() {
    let mut room = two();
    room.enter(Standing::Expert, None);
    room.let_in(2);
    room.settle();
    // The tab was reloaded: the same person, another key.
    room.people[1].is_gone = true;
    room.enter_with(1, 77, Standing::Patient, Some(9));
    room.people[3].engine.agree(participant(2), true).unwrap();
    room.settle();
    assert!(room.all_hear_each_other(&[0, 2, 3]));
    assert_eq!(room.people[0].engine.view(room.now()).members.len(), 3);
    assert_eq!(room.words(0), room.words(3));
}

#[test]
fn a_practitioner_who_lost_their_keys_makes_another_group() {
    let mut room = two();
    let words = room.words(1);
    room.people[0].is_gone = true;
    room.enter_with(0, 99, Standing::Practitioner, Some(9));
    room.people[1].engine.offer().unwrap();
    room.settle();
    assert!(room.all_hear_each_other(&[1, 2]));
    assert_ne!(room.words(1), words);
    assert_eq!(room.words(1), room.words(2));
}

#[test]
fn eight_hear_each_other_and_a_ninth_finds_no_place() {
    let mut room = two();
    for _ in 2..9 {
        let guest = room.enter(Standing::AccompanyingPerson, None);
        room.let_in(guest);
        room.settle();
    }
    assert!(room.all_hear_each_other(&[0, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(room.state(8), State::Preparing);
    assert_eq!(room.people[0].engine.view(room.now()).members.len(), 8);
}

#[test]
fn words_that_differ_end_it_on_both_sides() {
    let mut room = two();
    room.people[1].engine.compare(Comparison::Different).unwrap();
    assert!(room.people[1].engine.sealer().epoch().is_none());
    room.settle();
    for number in 0..2 {
        assert_eq!(room.state(number), State::Refused(Refusal::WordsDiffer));
        assert!(room.people[number].engine.sealer().epoch().is_none());
    }
}

#[test]
fn nobody_is_asked_in_again_after_words_that_differ() {
    let mut room = two();
    room.people[1].engine.compare(Comparison::Different).unwrap();
    room.settle();
    room.people[0].is_gone = true;
    room.enter_with(0, 99, Standing::Practitioner, Some(9));
    room.people[1].engine.offer().unwrap();
    room.settle();
    assert_eq!(room.state(1), State::Refused(Refusal::WordsDiffer));
    assert!(room.people[1].engine.sealer().epoch().is_none());
}

#[test]
fn words_that_are_the_same_are_known_on_both_sides() {
    let mut room = two();
    room.people[0].engine.compare(Comparison::Same).unwrap();
    room.people[1].engine.compare(Comparison::Same).unwrap();
    room.settle();
    for number in 0..2 {
        let view = room.people[number].engine.view(room.now());
        assert_eq!(view.comparison, Some(Comparison::Same));
        assert!(view.members.iter().all(|member| member.is_own || member.found_same));
    }
}

#[test]
fn what_is_said_arrives_once_and_only_inside() {
    let mut room = two();
    room.server = Server::Replays;
    room.people[0].engine.say(Channel::Chat, b"prenez votre temps").unwrap();
    room.settle();
    assert_eq!(room.people[1].said, [(participant(0), b"prenez votre temps".to_vec())]);
    let secret = b"votre temps";
    assert!(room.seen.iter().all(|bytes| !bytes.windows(secret.len()).any(|window| window == secret)));
}

#[test]
fn nobody_believes_an_unknown_platform_another_key_or_another_consultation() {
    let mut room = two();
    let other_platform = ed25519_dalek::SigningKey::from_bytes(&[43; 32]);
    let mut ghost = engine(50, None);
    let honest = statement(5, Standing::Patient, ghost.leaf_key());
    let forged = honest.seal(|bytes| ed25519_dalek::Signer::sign(&other_platform, bytes).to_bytes());
    assert!(ghost.attested(forged.bytes(), room.now()).is_err());

    let other_key = colloque_attestation::Statement { leaf_key: [1; 32], ..honest.clone() };
    assert!(ghost.attested(&attest(&other_key), room.now()).is_err());
    let elsewhere = colloque_attestation::Statement { consultation: consultation(2), ..honest.clone() };
    assert!(ghost.attested(&attest(&elsewhere), room.now()).is_err());
    ghost.attested(&attest(&honest), room.now()).unwrap();
    ghost.offer().unwrap();

    // Its package under the name of somebody else.
    let Some(colloque_e2ee::Output::Send(colloque_e2ee::ToOthers::KeyPackage { package })) = ghost.next_output() else {
        panic!("no key package");
    };
    let now = room.now();
    assert!(room.people[0].engine.take_key_package(participant(1), &package, now).is_err());
    let mut changed = package.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert_eq!(
        room.people[0].engine.take_key_package(participant(5), &changed, now),
        Err(TakeError::NotBelieved(VerifyMemberError::NoCredential))
    );
    room.settle();
    assert_eq!(room.people[0].not_believed, [participant(5)]);
    assert!(room.all_hear_each_other(&[0, 1]));
}

#[test]
fn keys_are_renewed_without_new_words() {
    let mut room = two();
    let words = room.words(0);
    let epoch = room.people[0].engine.sealer().epoch();
    for _ in 0..62 {
        room.tick(10_000);
    }
    assert_ne!(room.people[0].engine.sealer().epoch(), epoch);
    assert_eq!(room.people[0].engine.sealer().epoch(), room.people[1].engine.sealer().epoch());
    assert_eq!(room.words(0), words);
    assert!(room.all_hear_each_other(&[0, 1]));
    assert_no_errors(&room);
}

#[test]
fn a_renewal_waits_longer_for_who_is_silent_than_an_addition() {
    let mut room = two();
    let sealing = |room: &mut Room| room.people[0].engine.sealer().epoch().unwrap().0;
    let before = sealing(&mut room);
    room.server = Server::Withholds;
    room.tick(600_000);
    room.tick(5_900);
    assert_eq!(sealing(&mut room), before, "nobody has said that they are ready");
    room.tick(200);
    let renewed = sealing(&mut room);
    assert!(renewed > before);
    room.enter(Standing::Expert, None);
    room.let_in(2);
    room.settle();
    room.tick(1_900);
    assert_eq!(sealing(&mut room), renewed);
    room.tick(200);
    assert!(sealing(&mut room) > renewed);
}

#[test]
fn a_late_word_about_an_earlier_change_does_not_let_the_present_one_go() {
    let mut room = two();
    room.now += 600_000;
    let now = room.now();
    room.people[0].engine.tick(now);
    room.people[0].engine.overtaken(colloque_e2ee::frame::Epoch(0));
    room.settle();
    assert_no_errors(&room);
    assert!(room.all_hear_each_other(&[0, 1]));
}

#[test]
fn renewals_that_follow_each_other_do_not_keep_senders_on_old_keys() {
    let mut room = Room::default();
    room.enter(Standing::Practitioner, None);
    room.tick(4_000);
    room.enter(Standing::Patient, None);
    let before = room.people[0].engine.sealer().epoch();
    room.server = Server::Withholds;
    room.tick(596_000);
    room.tick(4_000);
    room.tick(2_500);
    assert!(
        room.people[0].engine.sealer().epoch() > before,
        "the second renewal came before the first one's time was over"
    );
}

#[test]
fn a_server_that_withholds_is_noticed() {
    let mut room = two();
    room.tick(10_000);
    let is_unsure = |room: &Room| room.people[0].engine.view(room.now()).members.iter().any(|member| member.is_unsure);
    assert!(!is_unsure(&room));
    room.server = Server::Withholds;
    for _ in 0..4 {
        room.tick(10_000);
    }
    assert!(is_unsure(&room));
}

#[test]
fn replayed_messages_change_nothing() {
    let mut room = Room::default();
    room.server = Server::Replays;
    room.enter(Standing::Practitioner, Some(9));
    room.enter(Standing::Patient, Some(9));
    assert!(room.all_hear_each_other(&[0, 1]));
    assert_eq!(room.words(0), room.words(1));
    assert!(room.people.iter().flat_map(|person| &person.errors).all(|error| *error == TakeError::NotForUs));
}

#[test]
fn a_key_package_that_is_sent_again_later_puts_nobody_out() {
    let mut room = two();
    let words = room.words(0);
    let epoch = room.people[0].engine.sealer().epoch();
    // The first that a server saw is what the patient offered.
    let (patient, package, now) = (room.people[1].id, room.seen[0].clone(), room.now());
    let taken = room.people[0].engine.take_key_package(patient, &package, now);
    assert_eq!(taken, Err(TakeError::NotForUs));
    room.settle();
    assert_eq!(room.people[0].engine.sealer().epoch(), epoch);
    assert_eq!([room.words(0), room.words(1)], [words; 2]);
    assert!(room.all_hear_each_other(&[0, 1]));
}

#[test]
fn what_somebody_said_before_they_were_put_out_is_not_taken_for_another_ones_word() {
    let mut room = two();
    room.enter(Standing::Expert, None);
    room.let_in(2);
    room.settle();
    room.people[2].engine.say(Channel::Chat, b"from the expert").unwrap();
    let Some(Output::Send(ToOthers::Sealed { message })) = room.people[2].engine.next_output() else {
        panic!("nothing was said")
    };
    let leaf = room.leaf(1, 2);
    room.people[0].engine.put_out(participant(2));
    room.settle();
    room.enter(Standing::Interpreter, None);
    room.let_in(3);
    room.settle();
    assert_eq!(room.leaf(1, 3), leaf, "the interpreter has the expert's place");
    let now = room.now();
    assert_eq!(room.people[1].engine.take(&message, now), Err(TakeError::NotForUs));
    assert!(room.people[1].said.is_empty());
}

/// Numbers that were shown in one group could be used to grind the words of the next.
#[test]
fn each_offer_and_each_group_settles_on_numbers_of_its_own() {
    let mut engine = engine(7, None);
    let attestation = attest(&statement(1, Standing::Patient, engine.leaf_key()));
    engine.attested(&attestation, crate::frames::NOW).unwrap();
    let commitments: Vec<Vec<u8>> = (0..3)
        .map(|_| {
            engine.offer().unwrap();
            let Some(Output::Send(ToOthers::KeyPackage { package })) = engine.next_output() else {
                panic!("nothing was offered")
            };
            let at = package.windows(attestation.len()).position(|part| part == attestation).unwrap();
            package[at + attestation.len()..][..32].to_vec()
        })
        .collect();
    assert!(commitments[0] != commitments[1] && commitments[1] != commitments[2] && commitments[0] != commitments[2]);
}
