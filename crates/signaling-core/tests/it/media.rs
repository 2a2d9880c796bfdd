use std::time::Duration;

use colloque_ids::{ConnectionId, PeerId};
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{ClientMessage, OfferRefusal, ServerMessage};
use colloque_signaling_core::limits::MEDIA_KEPT_FOR;
use colloque_signaling_core::{Input, MediaEvent, Output};

use crate::world::{World, scope};

fn offer(generation: u32, ice_restart: bool) -> ClientMessage {
    ClientMessage::Offer { generation, ice_restart, sdp: format!("offer {generation}") }
}

fn last_connect(world: &World) -> Option<(PeerId, u32, bool)> {
    world.outputs.iter().rev().find_map(|output| match output {
        Output::ConnectMedia { peer, generation, ice_restart, .. } => Some((*peer, *generation, *ice_restart)),
        _ => None,
    })
}

fn disconnects(world: &World) -> Vec<PeerId> {
    world
        .outputs
        .iter()
        .filter_map(|output| match output {
            Output::DisconnectMedia { peer, .. } => Some(*peer),
            _ => None,
        })
        .collect()
}

/// Negotiates and brings media up.
fn connect(world: &mut World, connection: ConnectionId) -> PeerId {
    world.say(connection, offer(1, false));
    let (peer, generation, _) = last_connect(world).unwrap();
    world.input(Input::MediaAnswered { room: scope().room, peer, generation, sdp: "answer".to_owned() });
    world.input(Input::Media(MediaEvent::Connected { peer }));
    peer
}

#[test]
fn an_offer_before_the_admission_is_refused_for_both() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    for connection in [patient, practitioner] {
        world.say(connection, offer(1, false));
        let refused = ServerMessage::OfferRefused { generation: 1, code: OfferRefusal::NotAdmitted };
        assert_eq!(world.last(connection), Some(&refused));
    }
    assert_eq!(last_connect(&world), None);
}

#[test]
fn an_offer_after_the_admission_is_answered_with_its_number() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.say(patient, offer(7, false));
    let (peer, generation, ice_restart) = last_connect(&world).unwrap();
    assert_eq!((generation, ice_restart), (7, false));
    world.input(Input::MediaAnswered { room: scope().room, peer, generation, sdp: "answer".to_owned() });
    assert_eq!(world.last(patient), Some(&ServerMessage::Answer { generation: 7, sdp: "answer".to_owned() }));
}

#[test]
fn an_ice_restart_keeps_the_peer_and_a_new_offer_replaces_it() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    let first = connect(&mut world, patient);
    world.say(patient, offer(2, true));
    assert_eq!(last_connect(&world), Some((first, 2, true)));
    world.input(Input::MediaAnswered { room: scope().room, peer: first, generation: 2, sdp: String::new() });
    world.say(patient, offer(3, false));
    let (second, ..) = last_connect(&world).unwrap();
    assert_ne!(first, second);
    assert_eq!(disconnects(&world), vec![first]);
    assert_eq!(world.signaling.peers(), 1);
}

#[test]
fn an_ice_restart_of_a_forgotten_peer_is_refused() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.say(patient, offer(4, true));
    let refused = ServerMessage::OfferRefused { generation: 4, code: OfferRefusal::Unavailable };
    assert_eq!(world.last(patient), Some(&refused));
}

#[test]
fn a_refused_offer_leaves_no_peer() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.say(patient, offer(1, false));
    let (peer, generation, _) = last_connect(&world).unwrap();
    world.input(Input::MediaRefused { peer, generation, refusal: OfferRefusal::Unacceptable });
    let refused = ServerMessage::OfferRefused { generation: 1, code: OfferRefusal::Unacceptable };
    assert_eq!(world.last(patient), Some(&refused));
    assert_eq!(world.signaling.peers(), 0);
}

#[test]
fn a_peer_that_comes_too_late_is_removed() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.say(patient, offer(1, false));
    let (peer, generation, _) = last_connect(&world).unwrap();
    world.say(patient, ClientMessage::Leave);
    world.input(Input::MediaAnswered { room: scope().room, peer, generation, sdp: String::new() });
    assert_eq!(disconnects(&world), vec![peer, peer], "asked again, because it may have been made meanwhile");
}

#[test]
fn an_answer_for_a_connection_that_was_replaced_is_not_sent_to_the_new_one() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.say(patient, offer(1, false));
    let (peer, generation, _) = last_connect(&world).unwrap();
    let reloaded = world.patient_joins();
    world.input(Input::MediaAnswered { room: scope().room, peer, generation, sdp: String::new() });
    assert!(!world.heard(reloaded).iter().any(|message| matches!(message, ServerMessage::Answer { .. })));
}

#[test]
fn media_goes_with_the_person_who_leaves_and_with_the_end() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let of_patient = connect(&mut world, patient);
    let of_practitioner = connect(&mut world, practitioner);
    world.say(patient, ClientMessage::Leave);
    assert_eq!(disconnects(&world), vec![of_patient]);
    world.say(practitioner, ClientMessage::End);
    assert_eq!(disconnects(&world), vec![of_patient, of_practitioner]);
}

#[test]
fn media_outlives_a_short_loss_of_signaling_and_not_a_long_one() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let peer = connect(&mut world, patient);
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.pass(MEDIA_KEPT_FOR - Duration::from_secs(1), &[practitioner]);
    assert_eq!(disconnects(&world), vec![]);
    world.pass(Duration::from_secs(1), &[practitioner]);
    assert_eq!(disconnects(&world), vec![peer]);
}

#[test]
fn another_device_does_not_inherit_the_media_of_the_first() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    let peer = connect(&mut world, patient);
    let mut claims = world.patient_claims();
    claims.key_thumbprint.0 = "tablet".to_owned();
    let tablet = world.open();
    world.present(tablet, claims, true);
    assert_eq!(disconnects(&world), vec![peer]);
}

#[test]
fn media_coming_and_going_is_told_and_journaled_once_each() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    let peer = connect(&mut world, patient);
    world.input(Input::Media(MediaEvent::Connected { peer }));
    assert_eq!(world.last(patient), Some(&ServerMessage::MediaPath { up: true }));
    world.input(Input::Media(MediaEvent::Lost { peer }));
    assert_eq!(world.last(patient), Some(&ServerMessage::MediaPath { up: false }));
    world.input(Input::Media(MediaEvent::Gone { peer }));
    let facts = world.facts();
    assert_eq!(facts.iter().filter(|fact| **fact == ConnectionFact::MediaConnected).count(), 1);
    assert_eq!(facts.iter().filter(|fact| **fact == ConnectionFact::MediaLost).count(), 1);
    assert_eq!(world.signaling.peers(), 0);
}
