use std::time::Duration;

use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{
    ClientMessage, EndReason, HEARTBEAT_LIMIT, Presence, RESUME_WINDOW, ServerMessage, Stage,
};
use colloque_signaling_core::Input;

use crate::world::World;

#[test]
fn a_silent_connection_is_noticed_within_the_limit() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let lost_at = world.now;
    world.pass(HEARTBEAT_LIMIT, &[practitioner]);
    assert!(world.closed.contains(&patient));
    assert_eq!(world.last(patient), Some(&ServerMessage::Ended { reason: EndReason::ConnectionGivenUp }));
    let other = world.room(practitioner).unwrap().other.unwrap();
    assert!(matches!(other.presence, Presence::Lost { since } if since.since(lost_at) <= HEARTBEAT_LIMIT));
    assert!(world.facts().contains(&ConnectionFact::Disconnected { cause: DisconnectCause::TimedOut }));
}

#[test]
fn a_heartbeat_is_answered_and_keeps_the_connection() {
    let mut world = World::new();
    let patient = world.patient_joins();
    world.pass(Duration::from_secs(120), &[patient]);
    assert!(!world.closed.contains(&patient));
    world.say(patient, ClientMessage::Ping { sequence: 9 });
    assert_eq!(world.last(patient), Some(&ServerMessage::Pong { sequence: 9 }));
}

#[test]
fn a_lost_patient_comes_back_to_the_open_room_as_the_same_participant() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.pass(Duration::from_secs(60), &[practitioner]);
    let back = world.patient_joins();
    assert_eq!(world.room(back).unwrap().stage, Stage::Open);
    assert!(matches!(world.room(practitioner).unwrap().other.unwrap().presence, Presence::Here { .. }));
    let participants: Vec<_> = [patient, back]
        .map(|connection| match world.heard(connection).first() {
            Some(ServerMessage::Joined { participant, .. }) => *participant,
            other => panic!("{other:?}"),
        })
        .to_vec();
    assert_eq!(participants[0], participants[1]);
    assert_eq!(world.facts().iter().filter(|fact| **fact == ConnectionFact::Resumed).count(), 1);
}

#[test]
fn a_lost_patient_may_come_back_on_another_device_without_a_question() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    let mut claims = world.patient_claims();
    claims.key_thumbprint.0 = "tablet".to_owned();
    let back = world.join(claims);
    assert_eq!(world.refusal(back), None);
}

#[test]
fn a_patient_who_does_not_come_back_leaves_the_room() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.pass(RESUME_WINDOW + Duration::from_secs(1), &[practitioner]);
    assert_eq!(world.room(practitioner).unwrap().other, None);
}

#[test]
fn a_room_that_everybody_left_is_forgotten() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    for connection in [practitioner, patient] {
        world.say(connection, ClientMessage::Leave);
        assert_eq!(world.last(connection), Some(&ServerMessage::Ended { reason: EndReason::YouLeft }));
    }
    assert_eq!((world.signaling.rooms(), world.signaling.connections(), world.signaling.peers()), (0, 0, 0));
}

#[test]
fn somebody_who_left_is_not_shown_any_more_and_may_come_back() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.say(patient, ClientMessage::Leave);
    assert_eq!(world.room(practitioner).unwrap().other, None);
    let back = world.patient_joins();
    assert_eq!(world.room(back).unwrap().stage, Stage::Open, "the admission stands");
}

#[test]
fn a_reload_in_the_waiting_room_keeps_the_hour_of_arrival() {
    let mut world = World::new();
    let desk_claims = world.desk_claims(crate::world::practitioner(), colloque_protocol::Role::Practitioner);
    let desk = world.join(desk_claims);
    let arrived_at = world.now;
    world.patient_joins();
    world.pass(Duration::from_secs(10), &[desk]);
    world.patient_joins();
    assert!(matches!(
        world.last(desk),
        Some(ServerMessage::QueueChanged { entry }) if entry.arrived_at == arrived_at
    ));
}

#[test]
fn nothing_is_said_when_nothing_changed() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let heard = world.heard(practitioner).len();
    world.say(patient, ClientMessage::MediaState(Default::default()));
    world.pass(Duration::from_secs(5), &[patient]);
    assert_eq!(world.heard(practitioner).len(), heard);
}
