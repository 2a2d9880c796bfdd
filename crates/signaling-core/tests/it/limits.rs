use std::net::IpAddr;
use std::time::Duration;

use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{ActionRefusal, ClientMessage, JoinRefusal, OfferRefusal, ServerMessage};
use colloque_signaling_core::limits::{
    EXCESS_MESSAGES, JOIN_LIMIT, MESSAGE_BURST, OFFER_BURST, OFFER_PAUSE, REFUSAL_BURST,
};
use colloque_signaling_core::{Input, Limits, Output};

use crate::world::World;

#[test]
fn a_connection_that_never_joins_is_closed() {
    let mut world = World::new();
    let connection = world.open();
    world.pass(JOIN_LIMIT, &[]);
    assert!(world.closed.contains(&connection));
    assert_eq!(world.signaling.connections(), 0);
}

#[test]
fn one_address_cannot_occupy_every_place() {
    let mut world = World::with_limits(Limits { unjoined_per_address: 3, ..Limits::default() });
    let hostile: IpAddr = "203.0.113.9".parse().unwrap();
    let connections: Vec<_> = (0..5).map(|_| world.open_from(hostile)).collect();
    assert_eq!(world.refusal(connections[2]), None);
    assert_eq!(world.refusal(connections[3]), Some(JoinRefusal::ServerFull));
    assert_eq!(world.refusal(connections[4]), Some(JoinRefusal::ServerFull));
    let patient = world.patient_joins();
    assert_eq!(world.refusal(patient), None, "another address is not disturbed");
}

#[test]
fn rooms_connections_and_tickets_are_bounded() {
    let mut world = World::with_limits(Limits { rooms: 0, ..Limits::default() });
    let patient = world.patient_joins();
    assert_eq!(world.refusal(patient), Some(JoinRefusal::ServerFull));

    let mut world = World::with_limits(Limits { connections: 1, ..Limits::default() });
    world.patient_joins();
    let practitioner = world.practitioner_joins();
    assert_eq!(world.refusal(practitioner), Some(JoinRefusal::ServerFull));

    let mut world = World::with_limits(Limits { used_tickets: 1, ..Limits::default() });
    world.patient_joins();
    let practitioner = world.practitioner_joins();
    assert_eq!(world.refusal(practitioner), Some(JoinRefusal::ServerFull));
}

#[test]
fn used_tickets_are_forgotten_with_their_minute() {
    let mut world = World::with_limits(Limits { used_tickets: 1, ..Limits::default() });
    let patient = world.patient_joins();
    world.pass(Duration::from_secs(61), &[patient]);
    let practitioner = world.practitioner_joins();
    assert_eq!(world.refusal(practitioner), None);
}

#[test]
fn one_person_cannot_hold_many_connections() {
    let mut world = World::with_limits(Limits { connections_per_person: 2, ..Limits::default() });
    let desks: Vec<_> = (0..3)
        .map(|_| {
            let claims = world.desk_claims(crate::world::practitioner(), colloque_protocol::Role::Practitioner);
            world.join(claims)
        })
        .collect();
    assert_eq!(world.refusal(desks[1]), None);
    assert_eq!(world.refusal(desks[2]), Some(JoinRefusal::ServerFull));
}

#[test]
fn a_flood_is_warned_then_cut_and_the_other_party_is_not_disturbed() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    for _ in 0..MESSAGE_BURST {
        world.say(patient, ClientMessage::Ping { sequence: 1 });
    }
    world.say(patient, ClientMessage::Ping { sequence: 1 });
    assert_eq!(world.last(patient), Some(&ServerMessage::NotDone { code: ActionRefusal::TooMany }));
    for _ in 0..=EXCESS_MESSAGES {
        world.say(patient, ClientMessage::Ping { sequence: 1 });
    }
    assert!(world.closed.contains(&patient));
    assert!(world.facts().contains(&ConnectionFact::Disconnected { cause: DisconnectCause::Misbehaved }));
    assert!(!world.closed.contains(&practitioner));
}

#[test]
fn offers_in_a_row_are_paced_and_the_other_party_is_not_disturbed() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let offer = |generation| ClientMessage::Offer { generation, ice_restart: false, sdp: String::new() };
    for generation in 1..=OFFER_BURST {
        world.say(patient, offer(generation));
        assert!(matches!(world.outputs.last(), Some(Output::ConnectMedia { .. })), "offer {generation}");
    }
    world.say(patient, offer(99));
    let refused = ServerMessage::OfferRefused { generation: 99, code: OfferRefusal::Unavailable };
    assert_eq!(world.last(patient), Some(&refused));
    world.say(practitioner, offer(1));
    assert!(matches!(world.outputs.last(), Some(Output::ConnectMedia { .. })));
    world.pass(OFFER_PAUSE, &[practitioner, patient]);
    world.say(patient, offer(100));
    assert!(matches!(world.outputs.last(), Some(Output::ConnectMedia { .. })));
    world.say(patient, offer(101));
    let refused = ServerMessage::OfferRefused { generation: 101, code: OfferRefusal::Unavailable };
    assert_eq!(world.last(patient), Some(&refused));
}

#[test]
fn a_message_before_the_join_or_a_second_join_closes_the_connection() {
    let mut world = World::new();
    let connection = world.open();
    world.say(connection, ClientMessage::Admit);
    assert!(world.closed.contains(&connection));

    let patient = world.patient_joins();
    let key = colloque_protocol::key::BrowserKey::from_raw(&{
        let mut raw = [0; 65];
        raw[0] = 4;
        raw
    })
    .unwrap();
    let join = ClientMessage::Join { version: 1, ticket: String::new(), key, proof: String::new(), take_over: false };
    world.say(patient, join);
    assert!(world.closed.contains(&patient));
}

#[test]
fn a_storm_of_bad_tickets_does_not_fill_the_journal() {
    let mut world = World::new();
    for _ in 0..500 {
        let connection = world.open();
        world.input(Input::JoinRefused { connection, refusal: JoinRefusal::TicketInvalid });
        assert_eq!(world.refusal(connection), Some(JoinRefusal::TicketInvalid));
    }
    let refused = ConnectionFact::JoinRefused { refusal: JoinRefusal::TicketInvalid };
    let journaled = world.facts().into_iter().filter(|fact| *fact == refused).count();
    assert_eq!(journaled, usize::try_from(REFUSAL_BURST).unwrap());
}
