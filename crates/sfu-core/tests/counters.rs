//! What is counted, by the event that each count stands for.

use std::net::SocketAddr;
use std::time::Duration;

use colloque_load::client::MediaClient;
use colloque_load::memory::{DELTA, KEYFRAME, World, room};
use colloque_sfu_core::{CheckRefusal, Counters, DatagramKind, DropReason, Path, Population, TICK, stun};

fn pair() -> World {
    let mut world = World::default();
    world.join_as(1, 1, MediaClient::with_numbers);
    world.join_as(1, 2, MediaClient::with_numbers);
    world
}

fn stranger() -> Path {
    Path::from(SocketAddr::from(([203, 0, 113, 66], 6_666)))
}

/// What one datagram adds to the counters.
fn added(world: &mut World, from: Path, mut datagram: Vec<u8>) -> (Counters, Counters) {
    let before = *world.core.counters();
    world.core.handle_datagram(world.now, from, &mut datagram, &mut world.arena);
    world.deliver();
    (before, *world.core.counters())
}

#[track_caller]
fn dropped_once(world: &mut World, from: Path, datagram: Vec<u8>, reason: DropReason) {
    let bytes = datagram.len() as u64;
    let (before, after) = added(world, from, datagram);
    for counted in DropReason::ALL {
        assert_eq!(after.dropped(counted) - before.dropped(counted), u64::from(counted == reason), "{counted:?}");
    }
    assert_eq!(after.received_bytes - before.received_bytes, bytes);
    assert_eq!(after.forwarded, before.forwarded);
}

#[track_caller]
fn check_refused_once(world: &mut World, from: Path, check: Vec<u8>, reason: CheckRefusal) {
    let (before, after) = added(world, from, check);
    for counted in CheckRefusal::ALL {
        let expected = u64::from(counted == reason);
        assert_eq!(after.checks_refused(counted) - before.checks_refused(counted), expected, "{counted:?}");
    }
}

#[test]
fn whatever_is_dropped_is_counted_once_under_its_reason() {
    let mut world = pair();
    let from = world.seats[0].path;
    let (voice, picture) = (world.seats[0].client.ssrcs[0], world.seats[0].client.ssrcs[1]);
    let sealed = |world: &World, ssrc, payload_type, index, payload: &[u8]| {
        world.seats[0].client.sealed(ssrc, payload_type, true, index, 0, payload)
    };
    let packet = sealed(&world, voice, 111, 1, b"voice");
    world.send(0, packet.clone());
    dropped_once(&mut world, from, packet.clone(), DropReason::NotOpened);
    // It may be of somebody whose address changed: their keys are asked, and say that it was taken before.
    dropped_once(&mut world, stranger(), packet, DropReason::NotOpened);
    let unknown = sealed(&world, 0xdead, 111, 1, b"voice");
    dropped_once(&mut world, stranger(), unknown, DropReason::UnknownAddress);
    dropped_once(&mut world, stranger(), vec![0x16, 0xfe, 0xfd, 0, 0], DropReason::UnknownAddress);
    dropped_once(&mut world, stranger(), vec![0x81, 201, 0, 1, 0, 0, 0, 1], DropReason::UnknownAddress);
    dropped_once(&mut world, from, vec![0xff; 40], DropReason::NoProtocol);
    dropped_once(&mut world, from, vec![0x80, 96, 0], DropReason::Malformed);
    dropped_once(&mut world, from, vec![0x81, 201, 0, 1, 0, 0, 0, 1], DropReason::NotOpened);
    let other_type = sealed(&world, picture, 35, 5, DELTA);
    dropped_once(&mut world, from, other_type, DropReason::WrongStream);
    world.core.gate_room(room(1), false);
    let early = sealed(&world, voice, 111, 2, b"voice");
    dropped_once(&mut world, from, early, DropReason::RoomClosed);
    world.core.gate_room(room(1), true);

    let before = *world.core.counters();
    for index in 3..2_000 {
        let packet = sealed(&world, voice, 111, index, b"voice");
        world.send(0, packet);
    }
    assert!(world.core.counters().dropped(DropReason::OverMediaBudget) > 100);
    assert_eq!(before.dropped(DropReason::OverMediaBudget), 0);
    for _ in 0..400 {
        world.report(1, &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    }
    assert!(world.core.counters().dropped(DropReason::OverReportBudget) > 100);
}

#[test]
fn refused_checks_are_told_apart() {
    let mut world = pair();
    let ufrag = world.seats[0].client.remote().unwrap().ufrag.clone();
    let wrong = stun::integrity_key(b"a guessed password");
    let forged = stun::write_binding_request([1; 12], ufrag.as_bytes(), b"c0000000", true, &wrong);
    check_refused_once(&mut world, stranger(), forged, CheckRefusal::Forged);
    let nobody = stun::write_binding_request([1; 12], b"nobody00", b"c0000000", true, &wrong);
    check_refused_once(&mut world, stranger(), nobody, CheckRefusal::UnknownName);
    check_refused_once(&mut world, stranger(), vec![0, 1, 0, 0], CheckRefusal::UnknownName);
    world.seats[0].client.check();
    let check = world.seats[0].client.poll_transmit().unwrap();
    let taken = world.seats[1].path;
    check_refused_once(&mut world, taken, check, CheckRefusal::AddressTaken);
}

#[test]
fn people_and_handshakes_are_counted_as_they_come_and_go() {
    let mut world = pair();
    world.seat(2, 3).unwrap();
    let counters = *world.core.counters();
    assert_eq!((counters.handshakes_completed, counters.handshakes_failed), (2, 0));
    assert!(counters.received(DatagramKind::Dtls) >= 4 && counters.received(DatagramKind::Stun) >= 2);
    let expected =
        Population { rooms_open: 2, rooms_closed: 0, peers_connecting: 1, peers_connected: 2, ..seen(&world) };
    assert_eq!((seen(&world), seen(&world).peers_lost), (expected, 0));
    world.core.gate_room(room(2), false);
    assert_eq!((seen(&world).rooms_open, seen(&world).rooms_closed), (1, 1));
    world.advance(Duration::from_secs(7));
    assert_eq!((seen(&world).peers_connected, seen(&world).peers_lost), (0, 2));
    world.advance(Duration::from_secs(40));
    assert_eq!(seen(&world), Population::default());
}

fn seen(world: &World) -> Population {
    world.core.population()
}

#[test]
fn a_handshake_with_another_certificate_counts_as_failed() {
    let mut world = World::default();
    let seat = world.seat(1, 1).unwrap();
    world.seats[seat].client.check();
    while let Some(datagram) = world.seats[seat].client.poll_transmit() {
        // A hello whose length field lies ends the handshake.
        let is_hello = datagram.first() == Some(&22);
        let mut datagram = datagram;
        if is_hello {
            datagram[14..17].fill(0xff);
        }
        world.send(seat, datagram);
    }
    world.advance(Duration::from_secs(25));
    let counters = world.core.counters();
    assert_eq!((counters.handshakes_completed, counters.handshakes_failed), (0, 1));
}

#[test]
fn losses_repairs_and_keyframes_are_counted_on_both_ways() {
    let mut world = pair();
    for index in (0..40).filter(|index| index % 5 != 3) {
        world.publish(0, 1, index, 0, if index == 0 { KEYFRAME } else { DELTA });
    }
    world.advance(TICK * 3);
    let counters = *world.core.counters();
    assert_eq!((counters.keyframes, counters.forwarded + counters.paced), (1, 32));
    assert!(counters.packets_requested >= 8, "{}", counters.packets_requested);

    let (header, _) = world.seats[1].media[1];
    let ssrc = header.ssrc.to_be_bytes();
    let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
    nack.extend_from_slice(&ssrc);
    nack.extend_from_slice(&header.sequence.to_be_bytes());
    nack.extend_from_slice(&[0, 1]);
    let mut pli = vec![0x81, 206, 0, 2, 0, 0, 0, 1];
    pli.extend_from_slice(&ssrc);
    world.report(1, &nack);
    // The picture before may still fill the link: what is repeated waits for it.
    world.advance(TICK * 10);
    let counters = *world.core.counters();
    assert_eq!((counters.nacks_received, counters.packets_missed, counters.retransmitted), (1, 2, 2));
    world.report(1, &pli);
    world.report(1, &pli);
    let after = *world.core.counters();
    let requests = (after.keyframe_requests_received, after.keyframe_requests_merged);
    assert_eq!((requests, after.keyframe_requests_sent - counters.keyframe_requests_sent), ((2, 1), 1));
}

#[test]
fn links_are_observed_once_a_second_for_each_connected_peer() {
    let mut world = pair();
    for second in 0..5u64 {
        for index in 0..50 {
            if index % 4 != 1 {
                world.publish(0, 0, second * 50 + index, 0, &[1; 80]);
            }
            world.advance(TICK);
        }
        for seat in 0..2 {
            world.seats[seat].client.check();
        }
        world.exchange();
    }
    let counters = *world.core.counters();
    assert_eq!((counters.estimates.count(), counters.downlink_loss.count()), (10, 10));
    let quarter_lost: u64 =
        counters.uplink_loss.buckets().filter(|(bound, _)| *bound == Some(3_000)).map(|(_, n)| n).sum();
    let lost_sent: Vec<f64> = world.core.links().iter().map(|link| link.lost_sent).collect();
    assert!((0.1..0.27).contains(&lost_sent[0]) && lost_sent[1] == 0.0, "{lost_sent:?}");
    assert!(quarter_lost >= 3, "{:?}", counters.uplink_loss);
}
