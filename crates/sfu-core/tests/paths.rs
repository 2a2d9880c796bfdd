//! Addresses: media goes where its receiver proved to be, follows it when it moves, and nobody takes another's place.

use std::net::SocketAddr;
use std::time::Duration;

use colloque_load::memory::{World, peer, room};
use colloque_sfu_core::{Event, PEER_LOST_AFTER, Path, TICK};

/// A voice's packet that pays for a challenge.
const VOICE: [u8; 80] = [7; 80];

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
    assert!(total(&sent) <= check_bytes, "{} bytes for {check_bytes}", total(&sent));
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
fn a_client_that_moves_is_followed_by_its_voice_before_its_next_check() {
    let mut world = pair();
    world.publish(0, 0, 1, 0, b"before");
    let old = world.seats[0].path;
    world.seats[0].path = elsewhere(1);
    world.publish(0, 0, 2, 960, &VOICE);
    assert_eq!(world.seats[1].media.len(), 2, "nothing of it is lost");
    world.publish(1, 0, 1, 0, b"on the way");
    assert!(world.seats[0].media.is_empty(), "until it answered, media goes to the old address");
    world.exchange();
    world.publish(1, 0, 2, 960, b"arrived");
    assert_eq!(world.seats[0].media.len(), 1);
    assert_eq!(world.core.room_of_address(old), Some(room(1)), "the old address stays a standby path");
}

#[test]
fn media_that_are_repeated_altered_or_of_nobody_move_nobody() {
    let mut world = pair();
    let client = &world.seats[0].client;
    let sealed = |ssrc, index| client.sealed(ssrc, colloque_load::client::OPUS, true, index, 0, &VOICE);
    let (first, second, unknown) =
        (sealed(client.ssrcs[0], 1), sealed(client.ssrcs[0], 2), sealed(client.ssrcs[0] ^ 0x8000_0000, 3));
    world.send(0, first.clone());
    let mut altered = second.clone();
    *altered.last_mut().expect("it has bytes") ^= 1;
    for packet in [first, altered, unknown] {
        assert!(send_from(&mut world, elsewhere(1), packet).is_empty());
        assert_eq!(world.core.room_of_address(elsewhere(1)), None);
    }
    let sent = send_from(&mut world, elsewhere(1), second.clone());
    assert!(sent.len() == 1 && is_challenge(&sent[0]), "the real one is asked for a sign");
    assert!(total(&sent) <= second.len());
}

#[test]
fn a_flood_of_media_from_nowhere_is_tried_within_bounds() {
    let mut world = pair();
    world.publish(0, 0, 1, 0, b"before");
    let client = &world.seats[0].client;
    let real = client.sealed(client.ssrcs[0], colloque_load::client::OPUS, true, 2, 0, &VOICE);
    let mut forged = real.clone();
    *forged.last_mut().expect("it has bytes") ^= 1;
    for port in 2..100 {
        assert!(send_from(&mut world, elsewhere(port), forged.clone()).is_empty());
    }
    assert!(send_from(&mut world, elsewhere(1), real.clone()).is_empty(), "no more is tried in this tick");
    world.advance(TICK);
    assert_eq!(send_from(&mut world, elsewhere(1), real).len(), 1);
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
    assert!(world.seats[0].client.poll_transmit().is_none(), "what came from there paid for one");
    let check = take_check(&mut world, 0);
    world.send(0, check);
    world.exchange();
    world.publish(1, 0, 1, 0, b"arrived");
    assert_eq!(world.seats[0].media.len(), 1);
}

#[test]
fn a_voice_in_small_packets_pays_for_the_challenge_together() {
    let mut world = pair();
    world.publish(0, 0, 1, 0, b"before");
    world.seats[0].path = elsewhere(1);
    for index in 2..8 {
        world.publish(0, 0, index, 960, b".");
        world.advance(TICK);
    }
    world.exchange();
    world.publish(1, 0, 2, 960, b"arrived");
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
    assert!(sent.iter().all(|datagram| is_stun(datagram)), "a handshake waits for the proof");
    assert!(total(&sent) <= received, "{} bytes for {received}", total(&sent));
}

#[test]
fn a_handshake_proves_the_address_that_it_went_to_and_no_other() {
    let mut world = World::default();
    world.join(1, 1);
    let seat = world.seat(1, 2).unwrap();
    world.loses = |_, datagram| is_challenge(datagram);
    let lie = take_check(&mut world, seat);
    // So many checks pay for the flights that go there without another proof.
    (0..60).for_each(|_| world.seats[seat].client.check());
    for _ in 0..60 {
        let check = world.seats[seat].client.poll_transmit().expect("it was queued");
        world.send(seat, check);
    }
    let hello = world.seats[seat].client.poll_transmit().expect("the handshake begins");
    world.send(seat, hello);
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
fn who_answers_no_challenge_gets_no_more_than_came_from_there() {
    let mut world = World::default();
    let seat = world.seat(1, 1).unwrap();
    world.loses = |_, datagram| is_challenge(datagram);
    world.seats[seat].client.check();
    world.exchange();
    world.seats[seat].client.check();
    world.exchange();
    assert!(!world.seats[seat].client.is_connected(), "the first flight is longer than two checks and a hello");
    // It repeats itself until the challenge arrives.
    world.loses = |_, _| false;
    for _ in 0..20 {
        world.advance(Duration::from_millis(100));
        let now = world.now;
        world.seats[seat].client.handle_timeout(now);
        world.exchange();
    }
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

/// Somebody with a proven connection by TCP who chose UDP, and whose voice is heard; gives both paths.
fn with_a_connection_beside(world: &mut World) -> (Path, Path) {
    let udp = world.seats[0].path;
    let tcp = Path::tcp(SocketAddr::from(([198, 51, 100, 1], 40_000)), 1);
    for path in [tcp, udp] {
        world.seats[0].path = path;
        world.seats[0].client.check();
        world.exchange();
    }
    talk(world, 1_000);
    (udp, tcp)
}

/// The first one talks for this many milliseconds.
fn talk(world: &mut World, milliseconds: u64) {
    for index in 0..milliseconds / 20 {
        let number = world.seats[1].media.len() as u64 + 1;
        world.publish(0, 0, number, (index * 960) as u32, b"voice");
        world.advance(Duration::from_millis(20));
        world.exchange();
    }
}

/// The second one talks until the first hears it, ten seconds at most; gives the milliseconds that it took.
fn unheard_for(world: &mut World, from: u64) -> u64 {
    let before = world.seats[0].media.len();
    for index in 0..500 {
        world.publish(1, 0, from + index, (index * 960) as u32, b"voice");
        if world.seats[0].media.len() > before {
            return index * 20;
        }
        world.advance(Duration::from_millis(20));
        world.exchange();
    }
    u64::MAX
}

#[test]
fn where_udp_dies_tcp_carries_within_a_second_and_gives_way_when_udp_is_back() {
    let mut world = pair();
    let (udp, tcp) = with_a_connection_beside(&mut world);
    assert_eq!(unheard_for(&mut world, 1), 0);
    // What goes to another path than the seat's is lost, and nothing comes from there.
    world.seats[0].path = tcp;
    let dead_for = unheard_for(&mut world, 1_000);
    assert!((200..=900).contains(&dead_for), "{dead_for} ms");
    assert_eq!(unheard_for(&mut world, 2_000), 0, "and it stays there");
    world.seats[0].path = udp;
    let back_after = unheard_for(&mut world, 3_000);
    assert!(back_after <= 1_500, "then TCP dies in its turn, while UDP is asked once a second: {back_after} ms");
}

#[test]
fn a_restart_whose_answer_is_lost_leaves_the_call_as_it_was() {
    let mut world = pair();
    let offer = world.seats[0].client.offer(3).replace("a=ice-ufrag:c0000000", "a=ice-ufrag:fresh000");
    for _ in 0..3 {
        world.core.restart_ice(room(1), peer(1), &offer).unwrap();
        world.core.restart_ice(room(1), peer(1), &offer.replace("fresh000", "fresh001")).unwrap();
        let check = take_check(&mut world, 0);
        let own = world.seats[0].path;
        let answered = send_from(&mut world, own, check);
        assert!(answered.iter().any(|datagram| datagram[..2] == [1, 1]), "checks of before are answered");
        talk(&mut world, 200);
        let next = world.seats[0].media.len() as u64 + 1;
        assert_eq!(unheard_for(&mut world, next), 0);
    }
    assert_eq!(world.events.len(), 2, "nobody is lost");
}

#[test]
fn nothing_is_sent_any_more_where_nobody_is_heard_whatever_comes_from_elsewhere() {
    let mut world = pair();
    let left = world.seats[0].path;
    let (mut index, began_at) = (0, world.now);
    let mut sent_after = Duration::ZERO;
    while world.now < began_at + Duration::from_secs(60) {
        // Whoever was there checks on from another address.
        if index % 50 == 0 {
            let check = take_check(&mut world, 0);
            send_from(&mut world, elsewhere(9), check);
        }
        world.publish(1, 0, index, index as u32 * 960, b"voice");
        index += 1;
        world.now += TICK;
        world.core.handle_timeout(world.now, &mut world.arena);
        let sent = world.arena.transmits().iter().filter(|transmit| transmit.to == left);
        if sent.map(|transmit| world.arena.bytes(transmit)).any(|datagram| !is_stun(datagram)) {
            sent_after = world.now - began_at;
        }
        // What goes to the address that was left is never answered.
        world.seats[0].path = elsewhere(10);
        world.deliver();
        world.seats[0].path = left;
    }
    assert!(sent_after < Duration::from_secs(32), "{sent_after:?}");
    assert!(sent_after > Duration::from_secs(5), "{sent_after:?}");
}

#[test]
fn a_call_in_which_nobody_speaks_goes_on() {
    let mut world = pair();
    for _ in 0..45 {
        for seat in 0..2 {
            world.seats[seat].client.check();
        }
        world.exchange();
        world.advance(Duration::from_secs(2));
    }
    world.publish(1, 0, 1, 960, b"voice");
    assert_eq!(world.seats[0].media.len(), 1);
}
