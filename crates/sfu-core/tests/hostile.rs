//! What the network throws at the media plane: silence is the answer, and nobody else's call is disturbed.

use std::net::SocketAddr;
use std::time::Duration;

use colloque_load::client::MediaClient;
use colloque_load::memory::{DELTA, KEYFRAME, World, peer, room};
use colloque_sfu_core::{Path, TICK, sdp, stun};
use proptest::prelude::*;

fn pair() -> World {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    world
}

fn stranger() -> Path {
    Path::from(SocketAddr::from(([203, 0, 113, 66], 6_666)))
}

#[test]
fn strangers_are_not_answered_before_they_prove_a_password() {
    let mut world = pair();
    let ufrag = world.seats[0].client.remote().unwrap().ufrag.clone();
    let wrong = stun::integrity_key(b"a guessed password");
    let mut attempts = vec![
        stun::write_binding_request([1; 12], ufrag.as_bytes(), b"c0000000", true, &wrong),
        stun::write_binding_request([1; 12], b"nobody00", b"c0000000", true, &wrong),
        vec![0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0],
        vec![0x80, 96, 0, 1, 0, 0, 0, 0, 0x10, 0, 0, 1, 1, 2, 3],
        vec![0x81, 201, 0, 1, 0, 0, 0, 1],
        vec![],
        vec![0xff; 1500],
    ];
    for attempt in &mut attempts {
        world.core.handle_datagram(world.now, stranger(), attempt, &mut world.arena);
        assert!(world.arena.transmits().is_empty());
    }
    assert_eq!(world.core.room_of_address(stranger()), None);
}

#[test]
fn a_replayed_packet_is_forwarded_once() {
    let mut world = pair();
    let client = &world.seats[0].client;
    let packet = client.sealed(client.ssrcs[0], 111, false, 9, 0, b"voice");
    for _ in 0..100 {
        world.send(0, packet.clone());
    }
    assert_eq!(world.seats[1].media.len(), 1);
}

#[test]
fn a_captured_packet_from_another_address_is_ignored() {
    let mut world = pair();
    let client = &world.seats[0].client;
    let mut packet = client.sealed(client.ssrcs[0], 111, false, 9, 0, b"voice");
    world.core.handle_datagram(world.now, stranger(), &mut packet, &mut world.arena);
    world.deliver();
    assert!(world.seats[1].media.is_empty());
}

#[test]
fn a_flood_of_streams_is_bounded_and_does_not_silence_the_real_ones() {
    let mut world = pair();
    world.publish(0, 0, 1, 0, b"voice");
    for ssrc in 0..2_000u32 {
        let client = &world.seats[0].client;
        let packet = client.sealed(0x7000_0000 + ssrc, 111, false, 1, 0, b"noise");
        world.send(0, packet);
    }
    // The flood spent its sender's own share for this instant.
    world.advance(TICK);
    world.publish(0, 0, 2, 960, b"voice");
    assert_eq!(world.seats[1].media.len(), 2);
}

#[test]
fn a_hostile_loss_report_costs_a_bounded_answer() {
    let mut world = pair();
    for index in 0..300 {
        world.publish(0, 1, index, 0, if index == 0 { KEYFRAME } else { DELTA });
    }
    let before = world.seats[1].datagrams;
    let ssrc = world.seats[1].media[0].0.ssrc.to_be_bytes();
    let mut nack = vec![0x81, 205, 0, 0, 0, 0, 0, 1];
    nack.extend_from_slice(&ssrc);
    for first in (0..280u16).map(|entry| entry.wrapping_mul(17)) {
        nack.extend_from_slice(&first.to_be_bytes());
        nack.extend_from_slice(&[0xff, 0xff]);
    }
    let words = (nack.len() / 4 - 1) as u16;
    nack[2..4].copy_from_slice(&words.to_be_bytes());
    for _ in 0..50 {
        world.report(1, &nack);
    }
    assert!(world.seats[1].datagrams - before <= 256, "each kept packet is repeated once at most in one instant");
}

#[test]
fn other_calls_go_on_under_a_flood() {
    let mut world = pair();
    let mut bytes = [0u8; 900];
    for round in 0..2_000u32 {
        bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (round as usize * 31 + at * 7) as u8);
        world.core.handle_datagram(world.now, stranger(), &mut bytes, &mut world.arena);
        let mut from_known = bytes;
        let path = world.seats[1].path;
        world.core.handle_datagram(world.now, path, &mut from_known, &mut world.arena);
        world.arena.clear();
    }
    world.publish(0, 0, 1, 0, b"voice");
    assert_eq!(world.seats[1].media.len(), 1);
}

#[test]
fn a_handshake_that_goes_wrong_costs_its_own_peer_only() {
    let mut world = pair();
    let third = world.seat(2, 3).unwrap();
    world.seats[third].client.check();
    let check = world.seats[third].client.poll_transmit().unwrap();
    world.send(third, check);
    for kind in [20u8, 21, 22, 23, 25] {
        for length in [0usize, 1, 12, 40, 1_400] {
            let mut record = vec![kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1];
            record.extend_from_slice(&(length as u16).to_be_bytes());
            record.resize(13 + length, 0xa5);
            world.send(third, record);
        }
    }
    world.advance(Duration::from_secs(1));
    world.publish(0, 0, 1, 0, b"voice");
    assert_eq!(world.seats[1].media.len(), 1);
}

#[test]
fn hostile_offers_are_refused_by_name() {
    use sdp::ParseOfferError as Error;
    let mut world = World::default();
    let offer = MediaClient::new(1, true, world.now).offer(3);
    let mut refused = |offer: &str| match world.core.connect_peer(world.now, room(1), peer(1), offer) {
        Err(colloque_sfu_core::ConnectPeerError::Offer(error)) => error,
        other => panic!("not refused as an offer: {other:?}"),
    };
    assert_eq!(refused(&"a".repeat(sdp::MAX_OFFER_BYTES + 1)), Error::TooLong);
    assert_eq!(refused(&format!("v=0\r\n{}", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n".repeat(33))), Error::TooManyLines);
    assert_eq!(refused(""), Error::NotSdp);
    assert_eq!(refused("no description"), Error::NotSdp);
    assert_eq!(refused(&offer.replace("a=ice-ufrag:", "a=x:")), Error::NoIceCredentials);
    assert_eq!(refused(&offer.replace("a=ice-pwd:", "a=x:")), Error::NoIceCredentials);
    assert_eq!(
        refused(&offer.replace("a=ice-ufrag:c", "a=ice-ufrag:\u{e9}\u{e9}\u{e9}\u{e9}")),
        Error::NoIceCredentials
    );
    assert_eq!(refused(&offer.replace("sha-256", "sha-1")), Error::NoFingerprint);
    assert_eq!(refused(&offer.replace("a=setup:active", "a=setup:passive")), Error::NotActive);
    assert_eq!(refused(&offer.replace("a=rtcp-mux", "a=x")), Error::NoMedia);
    assert_eq!(refused(&offer.replace("a=mid:1", "a=mid:0")), Error::RepeatedMid);
    assert_eq!(world.core.peer_count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn damaged_offers_are_answered_or_refused(at in 0usize..3_000, bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        let mut world = World::default();
        let mut offer = MediaClient::new(1, true, world.now).offer(3).into_bytes();
        let at = at % offer.len();
        let end = (at + bytes.len()).min(offer.len());
        offer.splice(at..end, bytes);
        let _ = world.core.connect_peer(world.now, room(1), peer(1), &String::from_utf8_lossy(&offer));
    }

    #[test]
    fn damaged_datagrams_of_a_known_peer_do_no_harm(
        datagrams in proptest::collection::vec((0u8..200, proptest::collection::vec(any::<u8>(), 0..200)), 1..60),
    ) {
        let mut world = pair();
        for (first, mut datagram) in datagrams {
            if let Some(byte) = datagram.first_mut() {
                *byte = first;
            }
            // DTLS of a known peer may end its own session, never another's.
            if !(20..64).contains(&first) {
                world.send(0, datagram);
            }
        }
        world.publish(0, 0, 1, 0, b"voice");
        prop_assert_eq!(world.seats[1].media.len(), 1);
    }
}
