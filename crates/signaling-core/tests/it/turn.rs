//! Who is let through the TURN server, and for how long.

use std::time::Duration;

use colloque_ids::ConnectionId;
use colloque_protocol::Role;
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::signaling::{ClientMessage, JoinRefusal, RoomState, ServerMessage};
use colloque_signaling_core::{Input, Limits, Signaling, TurnServer};

use crate::world::{World, at, practitioner};

const LIFETIME: Duration = Duration::from_secs(1_800);
const SECRET: &[u8] = b"a secret that two servers share!";

fn world() -> World {
    let server = TurnServer::new(vec!["turns:turn.exemple.fr:443?transport=tcp".to_owned()], SECRET, LIFETIME);
    let mut world = World::new();
    world.signaling = Signaling::new(Limits::default(), 7, at(-1_000)).with_turn(Some(server));
    world
}

/// Everything that a connection was told about the TURN server, oldest first.
fn told(world: &World, connection: ConnectionId) -> Vec<String> {
    let states = world.inbox.get(&connection).into_iter().flatten().filter_map(|message| match message {
        ServerMessage::Joined { state, .. } | ServerMessage::Room { state } => Some(state),
        _ => None,
    });
    states.filter_map(|RoomState { ice_servers, .. }| ice_servers.clone()).collect()
}

/// Name, without its password, and when it ends.
fn name(told: &str) -> (String, i64) {
    let list: serde_json::Value = serde_json::from_str(told).expect("a list in JSON");
    let name = list[0]["username"].as_str().expect("a name");
    let (ends_at, _) = name.split_once(':').expect("an end, then a number");
    (name.to_owned(), ends_at.parse().expect("seconds"))
}

#[test]
fn each_person_gets_passes_of_their_own_that_name_nobody() {
    let mut world = world();
    let (patient, practitioner) = (world.patient_joins(), world.practitioner_joins());
    let passes = [patient, practitioner].map(|connection| name(&told(&world, connection)[0]));
    assert_ne!(passes[0].0, passes[1].0);
    for (name, ends_at) in &passes {
        assert_eq!(*ends_at, world.now.after(LIFETIME).as_millis() / 1_000);
        let (_, distinction) = name.split_once(':').expect("an end, then a number");
        assert!(distinction.len() == 16 && distinction.bytes().all(|letter| letter.is_ascii_hexdigit()), "{name}");
    }
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    let again = world.patient_joins();
    let distinction = |name: &str| name.split_once(':').map(|(_, distinction)| distinction.to_owned());
    let of_again = name(&told(&world, again)[0]).0;
    assert_eq!(distinction(&of_again), distinction(&passes[0].0), "who comes back has no further quota");
}

#[test]
fn who_is_not_in_a_room_gets_none() {
    let mut world = world();
    let stranger = world.open();
    world.input(Input::JoinRefused { connection: stranger, refusal: JoinRefusal::TicketInvalid });
    let claims = world.desk_claims(practitioner(), Role::Practitioner);
    let desk = world.join(claims);
    for message in [stranger, desk].into_iter().flat_map(|connection| &world.inbox[&connection]) {
        assert!(!serde_json::to_string(message).unwrap().contains("turn"), "{message:?}");
    }
    assert!(told(&World::new(), stranger).is_empty());
}

#[test]
fn a_pass_is_renewed_while_half_of_it_is_left_and_only_then() {
    let mut world = world();
    let patient = world.patient_joins();
    world.pass(LIFETIME / 2 - Duration::from_secs(2), &[patient]);
    assert_eq!(told(&world, patient).len(), 1, "an unchanged room is not told again");
    world.pass(Duration::from_secs(3), &[patient]);
    let passes = told(&world, patient);
    assert_eq!(passes.len(), 2);
    assert!(name(&passes[1]).1 > name(&passes[0]).1);
    for _ in 0..8 {
        world.pass(LIFETIME / 8, &[patient]);
        let last = name(told(&world, patient).last().expect("it was told")).1 * 1_000;
        let left = last - world.now.as_millis();
        assert!(left + 2_000 >= i64::try_from(LIFETIME.as_millis() / 2).unwrap_or(i64::MAX), "{left} ms left");
    }
}

#[test]
fn without_a_turn_server_nobody_hears_of_one() {
    let mut world = World::new();
    let patient = world.patient_joins();
    world.say(patient, ClientMessage::Ping { sequence: 1 });
    assert!(told(&world, patient).is_empty());
}
