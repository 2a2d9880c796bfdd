use std::time::Duration;

use colloque_ids::{ConsultationId, PeerId, RoomId};
use colloque_protocol::connection::{ConnectionFact, DisconnectCause, IncidentKind, Side};
use colloque_protocol::signaling::{ClientMessage, MediaState};
use colloque_protocol::ticket::Scope;
use colloque_signaling_core::{Input, MediaEvent, Output, PeerLink};

use crate::world::{World, scope};

const LOOK: Duration = Duration::from_secs(10);

/// What was journaled of incidents: kind, side, length in seconds, consultation.
fn incidents(world: &World) -> Vec<(IncidentKind, Side, u64, ConsultationId)> {
    let journaled = world.outputs.iter().filter_map(|output| match output {
        Output::Journal(event) => Some(event),
        _ => None,
    });
    let incident = |event: &colloque_protocol::connection::ConnectionEvent| match event.fact {
        ConnectionFact::Incident { what, side, began_at } => {
            let consultation = event.room.as_ref().unwrap().consultation;
            Some((what, side, event.occurred_at.since(began_at).as_secs(), consultation))
        }
        _ => None,
    };
    journaled.filter_map(incident).collect()
}

fn fine(peer: PeerId) -> PeerLink {
    PeerLink { peer, lost_sent: 0, lost_received: Some(0), estimate_bps: Some(2_000_000), is_by_tcp: false }
}

/// A call of two, and their peers: the practitioner's first.
fn call(world: &mut World) -> [PeerId; 2] {
    let (practitioner, patient) = world.consultation();
    [world.connects(practitioner), world.connects(patient)]
}

fn look(world: &mut World, links: &[PeerLink]) {
    world.now = world.now.after(LOOK);
    world.input(Input::Links(links.to_vec()));
}

#[test]
fn a_loss_on_one_side_is_one_incident_of_that_side() {
    let mut world = World::new();
    let [desk, phone] = call(&mut world);
    look(&mut world, &[fine(desk), fine(phone)]);
    for lost_sent in [80, 300, 30] {
        look(&mut world, &[fine(desk), PeerLink { lost_sent, ..fine(phone) }]);
    }
    assert_eq!(incidents(&world), [], "between beginning and end it goes on");
    look(&mut world, &[fine(desk), fine(phone)]);
    look(&mut world, &[fine(desk), fine(phone)]);
    assert_eq!(incidents(&world), [(IncidentKind::LossSent, Side::Patient, 30, scope().consultation)]);
}

#[test]
fn each_kind_is_told_from_the_others() {
    let mut world = World::new();
    let [desk, phone] = call(&mut world);
    let bad = PeerLink { lost_received: Some(51), estimate_bps: Some(90_000), is_by_tcp: true, ..fine(desk) };
    look(&mut world, &[bad, PeerLink { estimate_bps: None, lost_received: None, ..fine(phone) }]);
    look(&mut world, &[fine(desk), fine(phone)]);
    let kinds: Vec<_> = incidents(&world).iter().map(|(kind, side, ..)| (*kind, *side)).collect();
    let side = Side::Practitioner;
    let expected = [IncidentKind::LossReceived, IncidentKind::NarrowLink, IncidentKind::Fallback];
    assert_eq!(kinds, expected.map(|kind| (kind, side)));
}

#[test]
fn a_cut_lasts_until_packets_flow_again_also_by_another_transport() {
    let mut world = World::new();
    let [_, phone] = call(&mut world);
    world.input(Input::Media(MediaEvent::Lost { peer: phone }));
    world.now = world.now.after(Duration::from_secs(7));
    world.input(Input::Media(MediaEvent::Connected { peer: phone }));
    assert_eq!(incidents(&world), [(IncidentKind::Cut, Side::Patient, 7, scope().consultation)]);

    let patient = world.patient_joins();
    world.say(patient, ClientMessage::Offer { generation: 2, ice_restart: false, sdp: "offer".to_owned() });
    world.now = world.now.after(Duration::from_secs(3));
    world.connects(patient);
    assert_eq!(incidents(&world).len(), 2);
    assert_eq!(incidents(&world)[1], (IncidentKind::Cut, Side::Patient, 3, scope().consultation));
}

#[test]
fn an_interruption_that_nobody_notices_is_none() {
    let mut world = World::new();
    let [desk, _] = call(&mut world);
    world.input(Input::Media(MediaEvent::Lost { peer: desk }));
    world.now = world.now.after(Duration::from_millis(900));
    world.input(Input::Media(MediaEvent::Connected { peer: desk }));
    assert_eq!(incidents(&world), []);
}

#[test]
fn what_still_lasts_is_kept_when_the_call_ends() {
    let mut world = World::new();
    let [desk, phone] = call(&mut world);
    look(&mut world, &[PeerLink { is_by_tcp: true, ..fine(desk) }, fine(phone)]);
    world.input(Input::Media(MediaEvent::Lost { peer: phone }));
    world.now = world.now.after(Duration::from_secs(20));
    world.input(Input::ConsultationEnded { consultation: scope().consultation });
    let kept = [
        (IncidentKind::Fallback, Side::Practitioner, 20, scope().consultation),
        (IncidentKind::Cut, Side::Patient, 20, scope().consultation),
    ];
    assert_eq!(incidents(&world), kept);
    look(&mut world, &[PeerLink { lost_sent: 900, ..fine(desk) }, fine(phone)]);
    assert_eq!(incidents(&world), kept, "nothing of a call that is over");
}

#[test]
fn what_still_lasts_is_kept_when_the_server_stops() {
    let mut world = World::new();
    let [desk, phone] = call(&mut world);
    look(&mut world, &[PeerLink { lost_sent: 200, ..fine(desk) }, fine(phone)]);
    world.now = world.now.after(LOOK);
    world.input(Input::Stop);
    assert_eq!(incidents(&world), [(IncidentKind::LossSent, Side::Practitioner, 10, scope().consultation)]);
}

#[test]
fn nothing_is_noted_before_the_admission() {
    let mut world = World::new();
    let (patient, practitioner) = (world.patient_joins(), world.practitioner_joins());
    let peers = [world.connects(practitioner), world.connects(patient)];
    let bad = peers.map(|peer| PeerLink { lost_sent: 500, is_by_tcp: true, ..fine(peer) });
    look(&mut world, &bad);
    world.input(Input::Media(MediaEvent::Lost { peer: peers[1] }));
    look(&mut world, &bad);
    world.input(Input::ConsultationEnded { consultation: scope().consultation });
    assert_eq!(incidents(&world), []);
}

#[test]
fn a_peer_marks_its_own_consultation_only_and_one_kind_once_at_a_time() {
    let mut world = World::new();
    call(&mut world);
    let other = colloque_protocol::ticket::RoomScope {
        room: RoomId::from_parts(world.now, [44; 10]),
        consultation: ConsultationId::from_parts(world.now, [55; 10]),
        appointment: colloque_ids::AppointmentId::from_parts(world.now, [66; 10]),
        admitted_at: Some(world.now),
        ..scope()
    };
    let mut claims = world.patient_claims();
    claims.scope = Scope::Room(other.clone());
    let connection = world.join(claims);
    let stranger = world.connects(connection);
    for _ in 0..500 {
        look(&mut world, &[PeerLink { lost_sent: 999, ..fine(stranger) }]);
    }
    world.input(Input::Lost { connection, cause: DisconnectCause::Left });
    assert_eq!(incidents(&world), [(IncidentKind::LossSent, Side::Patient, 4_990, other.consultation)]);
}

fn freezes(frozen: bool) -> ClientMessage {
    ClientMessage::MediaState(MediaState { camera: true, frozen, ..MediaState::default() })
}

#[test]
fn a_picture_that_a_person_saw_stand_still_is_an_incident_of_their_own_side() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let peers = [practitioner, patient].map(|connection| world.connects(connection));
    world.say(patient, freezes(true));
    // Said again, it goes on; how the links go has no part in it.
    look(&mut world, &peers.map(fine));
    world.say(patient, freezes(true));
    world.say(practitioner, freezes(false));
    look(&mut world, &peers.map(fine));
    assert_eq!(incidents(&world), []);
    world.say(patient, freezes(false));
    world.say(patient, freezes(false));
    assert_eq!(incidents(&world), [(IncidentKind::Frozen, Side::Patient, 20, scope().consultation)]);
}

#[test]
fn the_other_party_is_not_told_of_a_freeze() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.connects(patient);
    world.say(patient, freezes(false));
    let told = |world: &World| world.inbox.get(&practitioner).map_or(0, Vec::len);
    let before = told(&world);
    assert!(before > 0);
    world.say(patient, freezes(true));
    world.say(patient, freezes(false));
    assert_eq!(told(&world), before);
    world.say(
        patient,
        ClientMessage::MediaState(MediaState { camera: true, shown_side_px: Some(360), ..MediaState::default() }),
    );
    assert_eq!(told(&world), before + 1, "what is told arrives");
}

#[test]
fn a_browser_that_freezes_again_and_again_is_noted_fifty_times() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.connects(patient);
    for turn in 0..200 {
        world.say(patient, freezes(turn % 2 == 0));
        world.now = world.now.after(Duration::from_secs(2));
    }
    assert_eq!(incidents(&world).len(), 50);
}

#[test]
fn a_freeze_ends_with_whoever_could_say_so_and_with_the_call() {
    const LOST: DisconnectCause = DisconnectCause::SocketClosed;
    type Ending = fn(&mut World, colloque_ids::ConnectionId, PeerId);
    let endings: [(&str, Ending); 4] = [
        ("lost", |world, connection, _| world.input(Input::Lost { connection, cause: LOST })),
        ("left", |world, connection, _| world.say(connection, ClientMessage::Leave)),
        ("ended", |world, _, _| world.input(Input::ConsultationEnded { consultation: scope().consultation })),
        ("cut", |world, _, peer| world.input(Input::Media(MediaEvent::Lost { peer }))),
    ];
    for (name, end) in endings {
        let mut world = World::new();
        let (practitioner, patient) = world.consultation();
        world.connects(patient);
        let desk = world.connects(practitioner);
        world.say(practitioner, freezes(true));
        world.now = world.now.after(Duration::from_secs(4));
        end(&mut world, practitioner, desk);
        let frozen = (IncidentKind::Frozen, Side::Practitioner, 4, scope().consultation);
        assert_eq!(incidents(&world), [frozen], "{name}");
    }
}

#[test]
fn a_freeze_before_the_admission_or_between_two_messages_is_none() {
    let mut world = World::new();
    let (patient, practitioner) = (world.patient_joins(), world.practitioner_joins());
    world.connects(practitioner);
    world.say(patient, freezes(true));
    world.now = world.now.after(LOOK);
    world.say(patient, freezes(false));
    assert_eq!(incidents(&world), []);

    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.connects(patient);
    for turn in 0..200 {
        world.say(patient, freezes(turn % 2 == 0));
        world.now = world.now.after(Duration::from_millis(100));
    }
    assert_eq!(incidents(&world), []);
}
