//! Who comes, goes and comes back.

use std::time::Duration;

use colloque_e2ee::{Comparison, Refusal, State};
use colloque_protocol::Role;
use colloque_protocol::connection::ConnectionFact;
use colloque_protocol::signaling::ClientMessage;
use colloque_signaling_core::{Input, Limits, Signaling};

use super::world::{World, at, two};

#[test]
fn the_patient_first_then_the_practitioner() {
    let mut world = two();
    world.all_well(0, 1);
    assert_eq!(world.people[0].errors + world.people[1].errors, 0);
    let attested = world.facts.iter().filter(|fact| matches!(fact, ConnectionFact::KeyAttested { .. })).count();
    assert_eq!(attested, 2);
}

#[test]
fn the_practitioner_first_then_the_patient() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    assert_eq!(world.state(0), State::Alone);
    world.join(1);
    world.all_well(0, 1);
}

#[test]
fn a_patient_who_comes_back_after_a_tunnel_keeps_their_keys() {
    let mut world = two();
    let words = world.words(0);
    world.lose(1);
    world.pass(60_000);
    world.join(1);
    world.all_well(0, 1);
    assert_eq!(world.words(0), words);
}

#[test]
fn a_practitioner_whose_page_was_loaded_again_makes_another_group() {
    let mut world = two();
    let words = world.words(1);
    world.lose(0);
    let again = world.add(Role::Practitioner, 33);
    world.join(again);
    world.all_well(again, 1);
    assert_ne!(world.words(1), words);
}

#[test]
fn a_patient_whose_page_was_loaded_again_is_let_in_again() {
    let mut world = two();
    world.lose(1);
    let again = world.add(Role::Patient, 44);
    world.join(again);
    world.all_well(0, again);
}

#[test]
fn a_server_that_starts_anew_is_told_everything_again() {
    let mut world = two();
    world.signaling = Signaling::new(Limits::default(), 8, at(world.now).before(Duration::from_secs(1)));
    for who in [1, 0] {
        world.people[who].connection = None;
        world.join(who);
    }
    world.all_well(0, 1);
}

#[test]
fn too_much_missed_leads_to_new_keys_and_not_to_silence() {
    for away in [0, 1] {
        let mut world = two();
        world.lose(away);
        for _ in 0..300 {
            let said = world.people[1 - away].sealing.say(colloque_e2ee::Channel::Chat, b"encore");
            said.unwrap();
            world.settle();
            world.pass(200);
        }
        world.join(away);
        world.all_well(0, 1);
    }
}

#[test]
fn keys_are_renewed_through_the_server() {
    let mut world = two();
    let words = world.words(0);
    for _ in 0..130 {
        world.pass(10_000);
    }
    world.all_well(0, 1);
    assert_eq!(world.words(0), words);
    assert!(world.people[0].sealing.sealer().epoch().unwrap().0 >= 3);
}

#[test]
fn a_patient_who_returns_to_the_page_that_another_device_took_over_is_let_in_again() {
    let mut world = two();
    let elsewhere = world.add(Role::Patient, 55);
    world.join(elsewhere);
    world.all_well(0, elsewhere);
    world.lose(elsewhere);
    world.people[1].connection = None;
    world.join(1);
    assert!(!world.hears(1, 0), "the group has the other device in the place of this one");
    for _ in 0..5 {
        world.pass(5_000);
    }
    world.all_well(0, 1);
}

#[test]
fn words_that_differ_are_journaled_and_end_it() {
    let mut world = two();
    world.people[1].sealing.compare(Comparison::Different).unwrap();
    world.settle();
    assert_eq!(world.state(0), State::Refused(Refusal::WordsDiffer));
    assert_eq!(world.state(1), State::Refused(Refusal::WordsDiffer));
    assert!(world.facts.contains(&ConnectionFact::WordsCompared { same: false }));
    assert!(!world.hears(0, 1));
}

#[test]
fn a_patient_who_leaves_for_good_is_put_out() {
    let mut world = two();
    let patient = world.people[1].connection.unwrap();
    world.signal(Input::Message { connection: patient, message: ClientMessage::Leave });
    world.settle();
    assert_eq!(world.state(0), State::Alone);
}

/// A guest whom the patient agreed to and the practitioner let in, at the server and in their own clients.
#[test]
fn a_guest_is_let_in_by_both_and_put_out_again() {
    let mut world = two();
    let words = world.words(0);
    let say = |world: &mut World, who: usize, message| {
        let connection = world.people[who].connection.unwrap();
        world.signal(Input::Message { connection, message });
        world.settle();
    };
    say(&mut world, 0, ClientMessage::Admit);
    let guest = world.add(Role::Interpreter, 3);
    world.join(guest);
    let participant = world.people[0].sealing.view(at(world.now)).asking[0].participant;
    assert_eq!(world.state(guest), State::Preparing, "who waits has no keys");

    say(&mut world, 1, ClientMessage::AgreeToGuest { participant, agrees: true });
    world.people[1].sealing.agree(participant, true).unwrap();
    say(&mut world, 0, ClientMessage::AdmitGuest { participant });
    world.people[0].sealing.let_in(participant);
    world.settle();
    world.pass(3_000);
    for (by, from) in [(0, 1), (0, guest), (1, 0), (1, guest), (guest, 0), (guest, 1)] {
        assert!(world.hears(by, from), "{by} hears {from}");
    }
    assert_eq!(world.words(0), world.words(guest));
    assert_eq!(world.words(0), world.words(1));
    assert_ne!(world.words(0), words);

    world.people[0].sealing.put_out(participant);
    say(&mut world, 0, ClientMessage::RemoveGuest { participant });
    assert!(world.hears(0, 1) && world.hears(1, 0));
    assert!(!world.hears(guest, 0) && !world.hears(guest, 1));
    assert_eq!(world.people[0].sealing.view(at(world.now)).members.len(), 2);
}

#[test]
fn a_server_that_says_the_patient_agreed_changes_nothing_for_the_patients_client() {
    let mut world = two();
    let guest = world.add(Role::AccompanyingPerson, 3);
    let say = |world: &mut World, who: usize, message| {
        let connection = world.people[who].connection.unwrap();
        world.signal(Input::Message { connection, message });
        world.settle();
    };
    say(&mut world, 0, ClientMessage::Admit);
    world.join(guest);
    let participant = world.people[0].sealing.view(at(world.now)).asking[0].participant;
    // Said to the server, and not by the person to their own client.
    say(&mut world, 1, ClientMessage::AgreeToGuest { participant, agrees: true });
    say(&mut world, 0, ClientMessage::AdmitGuest { participant });
    world.people[0].sealing.let_in(participant);
    world.settle();
    world.pass(3_000);
    assert_eq!(world.state(1), State::Refused(Refusal::NotAgreed));
    assert!(!world.hears(guest, 1), "the patient is not heard");
}
