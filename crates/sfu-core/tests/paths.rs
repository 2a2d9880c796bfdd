//! Addresses: media goes where its receiver proved to be, follows it when it moves, and nobody takes another's place.

use std::net::SocketAddr;
use std::time::Duration;

use colloque_load::memory::{World, peer, room};
use colloque_sfu_core::{Event, PEER_LOST_AFTER, Path, TICK};

/// Bytes that a stranger may get for each byte that was sent in its name.
const MOST_UNPROVEN: usize = 4;

fn pair() -> World {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    world
}

fn elsewhere(port: u16) -> Path {
    Path::from(SocketAddr::from(([203, 0, 113, 66], port)))
}

fn take_check(world: &mut World, seat: usize) -> Vec<u8> {
    world.seats[seat].client.check();
    world.seats[seat].client.poll_transmit().expect("a check was queued")
}

/// Gives a datagram to the media plane and keeps what it sends to `watched`, which no client receives.
fn send_from(world: &mut World, watched: Path, mut datagram: Vec<u8>) -> Vec<Vec<u8>> {
    world.core.handle_datagram(world.now, watched, &mut datagram, &mut world.arena);
    take_sent(world, watched)
}

fn take_sent(world: &mut World, watched: Path) -> Vec<Vec<u8>> {
    let to_watched = world.arena.transmits().iter().filter(|transmit| transmit.to == watched);
    let sent = to_watched.map(|transmit| world.arena.bytes(transmit).to_vec()).collect();
    world.deliver();
    sent
}

/// Moves the clock and gives what the media plane sends to `watched` meanwhile.
fn watch(world: &mut World, watched: Path, how_long: Duration) -> Vec<Vec<u8>> {
    let until = world.now + how_long;
    let mut sent = Vec::new();
    while world.now < until {
        world.now += TICK;
        world.core.handle_timeout(world.now, &mut world.arena);
        sent.extend(take_sent(world, watched));
    }
    sent
}

fn is_stun(datagram: &[u8]) -> bool {
    datagram[0] < 4
}

fn is_challenge(datagram: &[u8]) -> bool {
    datagram[..2] == [0, 1]
}

fn total(datagrams: &[Vec<u8>]) -> usize {
    datagrams.iter().map(Vec::len).sum()
}

#[test]
fn a_check_with_a_strangers_source_leads_no_media_there() {
    let mut world = pair();
    let victim = elsewhere(1);
    let check = take_check(&mut world, 0);
    let check_bytes = check.len();
    let mut sent = send_from(&mut world, victim, check);
    assert!(sent.iter().filter(|datagram| is_challenge(datagram)).all(|challenge| challenge.len() <= check_bytes));
    for index in 0..100 {
        world.publish(1, 0, index, index as u32 * 960, b"voice");
        sent.extend(watch(&mut world, victim, TICK));
    }
    assert_eq!(world.seats[0].media.len(), 100, "the call goes on where it was");
    assert!(sent.iter().all(|datagram| is_stun(datagram)));
    assert!(total(&sent) <= MOST_UNPROVEN * check_bytes, "{} bytes for {check_bytes}", total(&sent));
}

#[test]
fn a_client_that_moves_is_followed_one_round_trip_later() {
    let mut world = pair();
    let old = world.seats[0].path;
    world.seats[0].path = elsewhere(1);
    let check = take_check(&mut world, 0);
    world.send(0, check);
    world.publish(1, 0, 1, 0, b"on the way");
    assert!(world.seats[0].media.is_empty(), "until it answered, media goes to the old address");
    let answer = world.seats[0].client.poll_transmit().expect("the client answers the challenge");
    assert!(world.seats[0].client.poll_transmit().is_none());
    world.send(0, answer);
    world.publish(1, 0, 2, 960, b"arrived");
    assert_eq!(world.seats[0].media.len(), 1);
    world.publish(0, 0, 1, 0, b"the other way");
    assert_eq!(world.seats[1].media.len(), 1);
    assert_eq!(world.core.room_of_address(old), Some(room(1)), "the old address stays a standby path");
}

#[test]
fn a_lost_challenge_is_repeated() {
    let mut world = pair();
    world.seats[0].path = elsewhere(1);
    world.loses = |_, datagram| is_challenge(datagram);
    let check = take_check(&mut world, 0);
    world.send(0, check);
    assert!(world.seats[0].client.poll_transmit().is_none());
    world.loses = |_, _| false;
    world.advance(Duration::from_millis(100));
    world.exchange();
    world.publish(1, 0, 1, 0, b"arrived");
    assert_eq!(world.seats[0].media.len(), 1);
}

#[test]
fn a_captured_answer_proves_nothing_from_elsewhere_or_a_second_time() {
    let mut world = pair();
    let old = world.seats[0].path;
    world.seats[0].path = elsewhere(1);
    let check = take_check(&mut world, 0);
    world.send(0, check);
    let answer = world.seats[0].client.poll_transmit().expect("the client answers the challenge");
    let victim = elsewhere(2);
    let check = take_check(&mut world, 0);
    send_from(&mut world, victim, check);
    assert!(send_from(&mut world, victim, answer.clone()).is_empty());
    send_from(&mut world, old, answer);
    world.seats[0].path = old;
    world.publish(1, 0, 1, 0, b"voice");
    assert_eq!(world.seats[0].media.len(), 1);
}

#[test]
fn a_handshake_from_a_strangers_address_is_worth_little() {
    let mut world = World::default();
    let seat = world.seat(1, 1).unwrap();
    let victim = elsewhere(1);
    let (mut received, mut sent) = (0, Vec::new());
    for _ in 0..3 {
        let check = take_check(&mut world, seat);
        received += check.len();
        sent.extend(send_from(&mut world, victim, check));
    }
    // The client lies about its address: it knows that its check is answered but not what the challenge is.
    let response = sent.iter().find(|datagram| !is_challenge(datagram)).expect("the check is answered");
    world.seats[seat].client.handle_datagram(world.now, &mut response.clone());
    let hello = world.seats[seat].client.poll_transmit().expect("the handshake begins");
    received += hello.len();
    sent.extend(send_from(&mut world, victim, hello));
    sent.extend(watch(&mut world, victim, Duration::from_secs(25)));
    assert!(sent.iter().any(|datagram| !is_stun(datagram)), "a handshake is answered before any proof");
    assert!(total(&sent) <= MOST_UNPROVEN * received, "{} bytes for {received}", total(&sent));
}

#[test]
fn a_handshake_proves_the_address_that_it_went_to_and_no_other() {
    let mut world = World::default();
    world.join(1, 1);
    let seat = world.seat(1, 2).unwrap();
    world.loses = |_, datagram| is_challenge(datagram);
    let (check, lie) = (take_check(&mut world, seat), take_check(&mut world, seat));
    world.send(seat, check);
    let hello = world.seats[seat].client.poll_transmit().expect("the handshake begins");
    world.send(seat, hello);
    // A client goes on checking: without these bytes the last flight, which comes from elsewhere here, pays for no answer.
    let check = take_check(&mut world, seat);
    world.send(seat, check);
    let victim = elsewhere(1);
    let mut sent = send_from(&mut world, victim, lie);
    while let Some(datagram) = world.seats[seat].client.poll_transmit() {
        sent.extend(send_from(&mut world, victim, datagram));
    }
    assert!(world.events.contains(&Event::PeerConnected { room: room(1), peer: peer(2) }));
    for index in 0..10 {
        world.publish(0, 0, index, 0, b"voice");
    }
    sent.extend(watch(&mut world, victim, Duration::from_secs(2)));
    assert_eq!(world.seats[seat].media.len(), 10);
    assert!(sent.iter().all(|datagram| is_stun(datagram)));
}

#[test]
fn a_client_that_answers_no_challenge_still_joins() {
    let mut world = World::default();
    let seat = world.seat(1, 1).unwrap();
    world.loses = |_, datagram| is_challenge(datagram);
    world.seats[seat].client.check();
    world.exchange();
    assert!(world.seats[seat].client.is_connected());
}

#[test]
fn a_check_does_not_take_the_address_of_a_peer_that_is_there() {
    let mut world = pair();
    let stranger = world.join(2, 3);
    let (taken, own) = (world.seats[0].path, world.seats[stranger].path);
    let check = take_check(&mut world, stranger);
    assert!(send_from(&mut world, taken, check).is_empty(), "it is not answered");
    assert_eq!(world.core.room_of_address(taken), Some(room(1)));
    world.publish(0, 0, 1, 0, b"voice");
    assert_eq!(world.seats[1].media.len(), 1);
    // Pushing the address out of its own list does not help either.
    for port in 1..=20 {
        let check = take_check(&mut world, stranger);
        send_from(&mut world, elsewhere(port), check);
    }
    assert_eq!(world.core.room_of_address(taken), Some(room(1)));
    assert_eq!(world.core.room_of_address(own), Some(room(2)));
    world.publish(0, 0, 2, 960, b"voice");
    assert_eq!(world.seats[1].media.len(), 2);
}

#[test]
fn an_address_passes_on_when_its_peer_fell_silent_or_never_proved_it() {
    let mut world = pair();
    let third = world.join(2, 3);
    let claimed = elsewhere(1);
    let check = take_check(&mut world, 0);
    send_from(&mut world, claimed, check);
    assert_eq!(world.core.room_of_address(claimed), Some(room(1)));
    let check = take_check(&mut world, third);
    send_from(&mut world, claimed, check);
    assert_eq!(world.core.room_of_address(claimed), Some(room(2)), "a mere claim keeps nobody out");

    let old = world.seats[0].path;
    world.advance(PEER_LOST_AFTER);
    let check = take_check(&mut world, third);
    send_from(&mut world, old, check);
    assert_eq!(world.core.room_of_address(old), Some(room(2)));
}
