use std::time::Duration;

use colloque_ids::PeerId;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{ClientMessage, OfferRefusal, ServerMessage, Stage};
use colloque_signaling_core::limits::MEDIA_KEPT_FOR;
use colloque_signaling_core::{Input, MediaEvent, Output};

use crate::world::{Storage, World, scope};

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

fn gates(world: &World) -> Vec<bool> {
    let gates = world.outputs.iter().filter_map(|output| match output {
        Output::GateMedia { is_open, .. } => Some(*is_open),
        _ => None,
    });
    gates.collect()
}

fn count(world: &World, fact: ConnectionFact) -> usize {
    world.facts().iter().filter(|known| **known == fact).count()
}

#[test]
fn who_waits_is_connected_and_media_pass_only_from_the_admission_on() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    let peers = [world.connects(patient), world.connects(practitioner)];
    assert_eq!((gates(&world), disconnects(&world)), (vec![], vec![]));
    assert_eq!(count(&world, ConnectionFact::MediaConnected), 0, "nothing passes, so there is nothing to journal");
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(gates(&world), [true]);
    assert_eq!(count(&world, ConnectionFact::MediaConnected), 2);
    let told = world.outputs.iter().position(|output| matches!(output, Output::GateMedia { .. }));
    let heard = world.outputs.iter().position(|output| {
        matches!(output, Output::Send { message: ServerMessage::Room { state }, .. } if state.stage == Stage::Open)
    });
    assert!(told < heard, "media pass before anybody hears of the admission");
    for peer in peers {
        world.input(Input::Media(MediaEvent::Lost { peer }));
    }
    assert_eq!(count(&world, ConnectionFact::MediaLost), 2);
}

#[test]
fn the_journal_says_when_media_end_with_the_consent_and_begin_again() {
    let mut world = World::new();
    let (practitioner, _) = world.consultation();
    world.connects(practitioner);
    world.input(Input::ConsentWithdrawn { consultation: scope().consultation });
    assert_eq!((count(&world, ConnectionFact::MediaConnected), count(&world, ConnectionFact::MediaLost)), (1, 1));
    world.now = world.now.after(Duration::from_secs(1));
    world.patient_joins();
    assert_eq!((count(&world, ConnectionFact::MediaConnected), count(&world, ConnectionFact::MediaLost)), (2, 1));
}

#[test]
fn the_journal_says_that_media_end_when_another_transport_takes_the_place() {
    let mut world = World::new();
    let (practitioner, _) = world.consultation();
    world.connects(practitioner);
    world.connects(practitioner);
    assert_eq!((count(&world, ConnectionFact::MediaConnected), count(&world, ConnectionFact::MediaLost)), (2, 1));
}

#[test]
fn media_of_somebody_who_is_cut_off_are_journaled_when_they_are_back() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    world.connects(patient);
    world.storage = Storage::Hangs;
    world.say(practitioner, ClientMessage::Admit);
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.storage = Storage::Works;
    world.storage_answers(true);
    assert_eq!(count(&world, ConnectionFact::MediaConnected), 0);
    world.patient_joins();
    assert_eq!(count(&world, ConnectionFact::MediaConnected), 1);
}

#[test]
fn a_transport_that_is_lost_in_the_waiting_room_is_not_journaled() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let peer = world.connects(patient);
    world.input(Input::Media(MediaEvent::Lost { peer }));
    assert_eq!(world.last(patient), Some(&ServerMessage::MediaPath { up: false }));
    assert_eq!(count(&world, ConnectionFact::MediaLost), 0);
}

#[test]
fn how_a_link_is_is_told_to_whoever_it_belongs_to() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let peer = world.connects(patient);
    let before = world.last(practitioner).cloned();
    let (down_kbps, leaves_kbps, lost_permille) = (120, 2_000, 30);
    let measured = Input::Media(MediaEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille });
    world.input(measured.clone());
    assert_eq!(world.last(patient), Some(&ServerMessage::Link { down_kbps, leaves_kbps, lost_permille }));
    assert_eq!(world.last(practitioner).cloned(), before);
    world.input(Input::Media(MediaEvent::Gone { peer }));
    world.input(measured);
    assert_eq!(
        world.last(patient),
        Some(&ServerMessage::MediaPath { up: false }),
        "a transport that is gone says nothing"
    );
}

#[test]
fn a_room_that_the_media_plane_made_anew_is_opened_again() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    let first = world.connects(patient);
    let before = gates(&world).len();
    world.input(Input::Media(MediaEvent::Gone { peer: first }));
    world.connects(patient);
    assert_eq!(gates(&world)[before..], [true]);
}

#[test]
fn media_stop_with_the_consent_and_with_the_last_person() {
    let mut world = World::new();
    let (practitioner, _) = world.consultation();
    world.connects(practitioner);
    assert_eq!(gates(&world).last(), Some(&true));
    world.input(Input::ConsentWithdrawn { consultation: scope().consultation });
    assert_eq!(gates(&world).last(), Some(&false));
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    for connection in [patient, practitioner] {
        assert_eq!(gates(&world).last(), Some(&true));
        world.say(connection, ClientMessage::Leave);
    }
    assert_eq!(gates(&world).last(), Some(&false));
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
    let first = world.connects(patient);
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
    let of_patient = world.connects(patient);
    let of_practitioner = world.connects(practitioner);
    world.say(patient, ClientMessage::Leave);
    assert_eq!(disconnects(&world), vec![of_patient]);
    world.say(practitioner, ClientMessage::End);
    assert_eq!(disconnects(&world), vec![of_patient, of_practitioner]);
}

#[test]
fn media_outlives_a_short_loss_of_signaling_and_not_a_long_one() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let peer = world.connects(patient);
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
    let peer = world.connects(patient);
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
    let peer = world.connects(patient);
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
