//! What is lost on the way is asked for, said or made again.

use colloque_e2ee::State;
use colloque_protocol::Role;

use super::world::{World, at};

#[test]
fn a_change_that_was_lost_on_its_way_to_the_server_is_made_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.lose(0);
    // What the practitioner's page says now reaches nobody.
    world.settle();
    assert_eq!(world.state(1), State::Preparing);
    world.join(0);
    world.pass(1_000);
    world.pass(4_000);
    world.all_well(0, 1);
}

#[test]
fn a_statement_that_was_lost_is_asked_for_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.deaf = Some(1);
    world.join(1);
    assert_eq!(world.state(1), State::Preparing);
    world.deaf = None;
    world.pass(1_000);
    world.pass(11_000);
    world.all_well(0, 1);
}

#[test]
fn a_welcome_that_was_lost_is_asked_for_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.deaf = Some(1);
    world.settle();
    assert_eq!((world.state(0), world.state(1)), (State::EndToEnd, State::Preparing));
    world.deaf = None;
    world.pass(1_000);
    world.pass(11_000);
    world.all_well(0, 1);
}

#[test]
fn a_clinician_who_never_hears_that_their_change_holds_makes_another_group() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.deaf = Some(0);
    world.settle();
    assert_eq!((world.state(0), world.state(1)), (State::Alone, State::EndToEnd));
    world.deaf = None;
    for _ in 0..8 {
        world.pass(5_000);
    }
    world.all_well(0, 1);
}

#[test]
fn a_change_that_is_refused_again_and_again_leads_to_another_group() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    // That the change holds reaches nobody, and the patient's page is loaded again.
    world.deaf = Some(0);
    world.settle_of(&[0]);
    world.lose(0);
    world.lose(1);
    let again = world.add(Role::Patient, 3);
    world.deaf = None;
    world.join(0);
    world.join(again);
    for _ in 0..40 {
        world.pass(1_000);
    }
    world.all_well(0, again);
}

#[test]
fn numbers_for_the_words_that_were_lost_are_shown_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.settle_of(&[0]);
    world.lose(1);
    world.settle();
    assert_eq!(world.people[0].sealing.view(at(world.now)).words, None);
    world.join(1);
    world.pass(1_000);
    world.all_well(0, 1);
}
