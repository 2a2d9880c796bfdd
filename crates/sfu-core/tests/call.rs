//! Whole calls in memory: two clients with their own DTLS and SRTP, and the media plane between them.

use std::time::Duration;

use colloque_load::client::{MediaClient, OPUS, RTX, VP8};
use colloque_load::memory::{DELTA, KEYFRAME, World, peer, room};
use colloque_sfu_core::rtcp::{Feedback, read_compound};
use colloque_sfu_core::{
    ConnectPeerError, Event, KEYFRAME_REQUEST_INTERVAL, PEER_GONE_AFTER, PEER_LOST_AFTER, Path, TICK,
};

/// Keyframe requests and missing sequence numbers in everything that a client was told.
fn asked(world: &World, seat: usize) -> (usize, Vec<u16>) {
    let mut keyframes = 0;
    let mut missing_all = Vec::new();
    for report in &world.seats[seat].reports {
        read_compound(report, |feedback| match feedback {
            Feedback::KeyframeRequest { .. } => keyframes += 1,
            Feedback::Nack { missing, .. } => missing_all.extend(missing.sequences()),
            Feedback::SenderReport { .. }
            | Feedback::Reception { .. }
            | Feedback::Transport(_)
            | Feedback::Remb { .. } => {}
        });
    }
    (keyframes, missing_all)
}

fn pair() -> World {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    world
}

#[test]
fn sound_and_picture_reach_the_other_and_nobody_else() {
    let mut world = pair();
    let stranger = world.join(2, 3);
    for index in 0..50 {
        world.publish(0, 0, 100 + index, index as u32 * 960, b"voice of the doctor");
        world.publish(1, 1, 7 + index, index as u32 * 3_000, if index == 0 { KEYFRAME } else { DELTA });
    }
    let heard: Vec<_> = world.seats[1].media.iter().filter(|(header, _)| header.payload_type == OPUS).collect();
    assert_eq!(heard.len(), 50);
    assert!(heard.iter().all(|(_, payload)| payload == b"voice of the doctor"));
    let seen: Vec<_> = world.seats[0].media.iter().filter(|(header, _)| header.payload_type == VP8).collect();
    assert_eq!(seen.len(), 50);
    let announced = &world.seats[0].client.remote().unwrap().ssrcs;
    assert!(seen.iter().all(|(header, _)| announced.contains(&header.ssrc)));
    assert!(seen.windows(2).all(|pair| pair[1].0.sequence == pair[0].0.sequence.wrapping_add(1)));
    assert!(world.seats[stranger].media.is_empty());
}

#[test]
fn in_a_closed_room_peers_connect_and_nothing_passes() {
    let mut world = pair();
    world.core.gate_room(room(1), false);
    for index in 1..=20u64 {
        world.publish(0, 0, index, index as u32 * 960, b"sound");
        world.publish(0, 1, index, index as u32 * 3_000, if index == 1 { KEYFRAME } else { DELTA });
        world.advance(TICK);
    }
    assert!(world.seats.iter().all(|seat| seat.client.is_connected()));
    assert!(world.seats[1].media.is_empty());
    world.core.gate_room(room(1), true);
    for index in 21..=40u64 {
        world.publish(0, 0, index, index as u32 * 960, b"sound");
        world.publish(0, 1, index, index as u32 * 3_000, if index == 21 { KEYFRAME } else { DELTA });
    }
    let heard = |format| world.seats[1].media.iter().filter(|(header, _)| header.payload_type == format).count();
    assert_eq!((heard(OPUS), heard(VP8)), (20, 20));
    world.core.gate_room(room(1), false);
    let before = world.seats[1].media.len();
    world.publish(0, 0, 41, 41 * 960, b"sound");
    assert_eq!(world.seats[1].media.len(), before);
}

#[test]
fn a_room_that_was_closed_for_long_lets_media_pass_when_it_is_opened_again() {
    let mut world = pair();
    world.publish(0, 0, 1, 960, b"sound");
    world.core.gate_room(room(1), false);
    // Longer than half the sequence numbers there are.
    for index in 2..=40_000u64 {
        world.publish(0, 0, index, index as u32 * 960, b"sound");
        world.now += Duration::from_millis(20);
    }
    world.core.gate_room(room(1), true);
    let before = world.seats[1].media.len();
    for index in 40_001..=40_020u64 {
        world.publish(0, 0, index, index as u32 * 960, b"sound");
    }
    assert_eq!(world.seats[1].media.len() - before, 20);
}

#[test]
fn a_room_that_everybody_left_is_closed_when_it_is_made_anew() {
    let mut world = pair();
    world.core.close_room(room(1), &mut world.arena);
    let mut client = MediaClient::new(9, true, world.now);
    let answer = world.core.connect_peer(world.now, room(1), peer(9), &client.offer(3)).unwrap();
    assert!(client.accept(&answer));
    assert!(!world.core.is_open(room(1)));
}

#[test]
fn both_ends_are_reported_connected_once() {
    let world = pair();
    let connected = |number| Event::PeerConnected { room: room(1), peer: peer(number) };
    assert_eq!(world.events, [connected(1), connected(2)]);
}

#[test]
fn a_picture_begins_with_a_keyframe_that_was_asked_for() {
    let mut world = World::default();
    world.join(1, 1);
    world.publish(0, 1, 1, 0, KEYFRAME);
    world.publish(0, 1, 2, 3_000, DELTA);
    world.join(1, 2);
    assert_eq!(asked(&world, 0).0, 1, "joining asks for a keyframe at once");
    world.publish(0, 1, 3, 6_000, DELTA);
    assert!(world.seats[1].media.is_empty());
    world.publish(0, 1, 4, 9_000, KEYFRAME);
    world.publish(0, 1, 5, 12_000, DELTA);
    assert_eq!(world.seats[1].media.len(), 2);
}

#[test]
fn keyframe_requests_merge_and_are_throttled_for_each_source() {
    let mut world = pair();
    world.publish(0, 1, 1, 0, KEYFRAME);
    let ssrc = world.seats[1].media[0].0.ssrc.to_be_bytes();
    let before = asked(&world, 0).0;
    for _ in 0..40 {
        let mut pli = vec![0x81, 206, 0, 2, 0, 0, 0, 1];
        pli.extend_from_slice(&ssrc);
        world.report(1, &pli);
    }
    assert_eq!(asked(&world, 0).0, before + 1);
    world.advance(KEYFRAME_REQUEST_INTERVAL + TICK);
    assert_eq!(asked(&world, 0).0, before + 2, "an unanswered request is repeated");
    world.publish(0, 1, 2, 0, KEYFRAME);
    world.advance(2 * KEYFRAME_REQUEST_INTERVAL);
    assert_eq!(asked(&world, 0).0, before + 2, "an answered request is not");
}

#[test]
fn a_packet_lost_towards_the_subscriber_is_sent_again_as_rtx() {
    let mut world = pair();
    world.publish(0, 1, 1, 0, KEYFRAME);
    world.publish(0, 1, 2, 0, DELTA);
    let (header, payload) = world.seats[1].media[1].clone();
    let mut nack = vec![0x81, 205, 0, 3, 0, 0, 0, 1];
    nack.extend_from_slice(&header.ssrc.to_be_bytes());
    nack.extend_from_slice(&header.sequence.to_be_bytes());
    nack.extend_from_slice(&[0, 0]);
    for _ in 0..10 {
        world.report(1, &nack);
    }
    let repeated: Vec<_> = world.seats[1].media.iter().filter(|(header, _)| header.payload_type == RTX).collect();
    assert_eq!(repeated.len(), 1, "one loss reported ten times at once is repaired once");
    assert_eq!(repeated[0].1, [&header.sequence.to_be_bytes()[..], &payload].concat());
    assert_ne!(repeated[0].0.ssrc, header.ssrc);
}

#[test]
fn a_packet_lost_on_the_way_in_is_asked_for_and_its_retransmission_forwarded() {
    let mut world = pair();
    world.publish(0, 1, 65_535, 0, KEYFRAME);
    world.publish(0, 1, 65_538, 0, DELTA);
    world.advance(TICK);
    assert_eq!(asked(&world, 0).1, [0, 1]);
    let client = &world.seats[0].client;
    let wrapped = [&0u16.to_be_bytes()[..], b"\x10\x51lost"].concat();
    let repeated = client.sealed(client.rtx_ssrcs[1], RTX, false, 50, 0, &wrapped);
    world.send(0, repeated);
    let (first, _) = world.seats[1].media[0];
    let (last, payload) = world.seats[1].media.last().unwrap();
    assert_eq!(payload, b"\x10\x51lost");
    assert_eq!(last.sequence, first.sequence.wrapping_add(1));
    world.advance(Duration::from_secs(3));
    let (_, missing) = asked(&world, 0);
    assert_eq!(missing.iter().filter(|sequence| **sequence == 0).count(), 1);
    assert_eq!(missing.iter().filter(|sequence| **sequence == 1).count(), 10, "requests are limited");
}

#[test]
fn a_retransmission_cannot_replace_a_packet_that_was_forwarded() {
    let mut world = pair();
    world.publish(0, 1, 1, 0, KEYFRAME);
    world.publish(0, 1, 2, 0, DELTA);
    let client = &world.seats[0].client;
    let forged = [&2u16.to_be_bytes()[..], b"\x10\x51other words"].concat();
    let repeated = client.sealed(client.rtx_ssrcs[1], RTX, false, 50, 0, &forged);
    world.send(0, repeated);
    assert_eq!(world.seats[1].media.len(), 2);
}

#[test]
fn a_publisher_learns_what_its_voice_loses_on_the_whole_way() {
    let mut world = pair();
    let voice = world.seats[1].client.remote().unwrap().ssrcs[0];
    for index in 1..=150u64 {
        world.publish(0, 0, index, index as u32 * 960, b"sound");
        if index == 50 {
            // Of the last interval a quarter was lost: 64 in 256.
            let mut report = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
            report.extend_from_slice(&voice.to_be_bytes());
            report.extend_from_slice(&(64u32 << 24).to_be_bytes());
            report.extend_from_slice(&[0; 16]);
            world.report(1, &report);
        }
        world.advance(TICK);
    }
    let sent = world.seats[0].client.ssrcs[0];
    let mut told = Vec::new();
    for plain in &world.seats[0].reports {
        read_compound(plain, |feedback| {
            if let Feedback::Reception { ssrc, fraction_lost, .. } = feedback
                && ssrc == sent
            {
                told.push(fraction_lost);
            }
        });
    }
    assert_eq!(told.first(), Some(&0));
    assert_eq!(told.last(), Some(&64));
}

#[test]
fn clocks_of_voice_and_picture_are_tied_together_for_the_subscriber() {
    let mut world = pair();
    world.publish(0, 0, 1, 1_000, b"voice");
    world.publish(0, 1, 1, 2_000, KEYFRAME);
    for (line, timestamp) in [(0usize, 1_000u32), (1, 2_000)] {
        let mut report = vec![0x80, 200, 0, 6];
        report.extend_from_slice(&world.seats[0].client.ssrcs[line].to_be_bytes());
        report.extend_from_slice(&(77u64 << 32).to_be_bytes());
        report.extend_from_slice(&timestamp.to_be_bytes());
        report.extend_from_slice(&[0; 8]);
        world.report(0, &report);
    }
    world.advance(Duration::from_millis(1_100));
    let sent: Vec<u32> = world.seats[1].media.iter().map(|(header, _)| header.timestamp).collect();
    let mut clocks = Vec::new();
    for report in &world.seats[1].reports {
        read_compound(report, |feedback| {
            if let Feedback::SenderReport { ntp, timestamp, .. } = feedback {
                clocks.push((ntp, timestamp));
            }
        });
    }
    clocks.truncate(2);
    let [(voice_ntp, voice), (picture_ntp, picture)] = clocks[..] else { panic!("two clocks expected: {clocks:?}") };
    assert_eq!(voice_ntp, picture_ntp);
    let elapsed = (voice_ntp - (77 << 32)) as f64 / f64::from(1u32 << 16) / f64::from(1u32 << 16);
    assert!((f64::from(voice.wrapping_sub(sent[0])) / 48_000.0 - elapsed).abs() < 0.001);
    assert!((f64::from(picture.wrapping_sub(sent[1])) / 90_000.0 - elapsed).abs() < 0.001);
}

#[test]
fn a_publisher_that_comes_back_with_other_numbers_goes_on_in_the_same_stream() {
    let mut world = pair();
    world.publish(0, 1, 60_000, 5, KEYFRAME);
    world.publish(0, 1, 60_001, 3_005, DELTA);
    let back = world.seats.len();
    // The same peer, with a new certificate in its offer: a reloaded page.
    let mut client = MediaClient::new(9, true, world.now);
    let own = MediaClient::fingerprint();
    let other = own.replacen(&own[..2], if own.starts_with("00") { "11" } else { "00" }, 1);
    let stolen = client.offer(3).replace(own, &other);
    world.core.connect_peer(world.now, room(1), peer(1), &stolen).unwrap();
    let answer = world.core.connect_peer(world.now, room(1), peer(1), &client.offer(3)).unwrap();
    client.accept(&answer);
    client.check();
    let path = Path::from(std::net::SocketAddr::from(([203, 0, 113, 9], 999)));
    world.seats.push(colloque_load::memory::Seat {
        client,
        path,
        room: room(1),
        peer: peer(1),
        media: Vec::new(),
        reports: Vec::new(),
        datagrams: 0,
    });
    world.exchange();
    world.publish(back, 1, 17, 123, KEYFRAME);
    let headers: Vec<_> = world.seats[1].media.iter().map(|(header, _)| *header).collect();
    assert_eq!(headers.len(), 3);
    assert_eq!(headers[2].ssrc, headers[1].ssrc);
    assert_eq!(headers[2].sequence, headers[1].sequence.wrapping_add(1));
    assert!(headers[2].timestamp.wrapping_sub(headers[1].timestamp) < 90_000);
}

#[test]
fn a_client_whose_certificate_is_not_the_announced_one_is_refused() {
    let mut world = World::default();
    let mut client = MediaClient::new(1, true, world.now);
    let own = MediaClient::fingerprint();
    let other = own.replacen(&own[..2], if own.starts_with("00") { "11" } else { "00" }, 1);
    let offer = client.offer(3).replace(own, &other);
    let answer = world.core.connect_peer(world.now, room(1), peer(1), &offer).unwrap();
    client.accept(&answer);
    client.check();
    let path = Path::from(std::net::SocketAddr::from(([203, 0, 113, 9], 999)));
    world.seats.push(colloque_load::memory::Seat {
        client,
        path,
        room: room(1),
        peer: peer(1),
        media: Vec::new(),
        reports: Vec::new(),
        datagrams: 0,
    });
    world.exchange();
    assert_eq!(world.events, [Event::PeerGone { room: room(1), peer: peer(1) }]);
    assert_eq!(world.core.peer_count(), 0);
}

#[test]
fn a_silent_peer_is_lost_then_recovered_and_at_last_gone() {
    let mut world = pair();
    world.events.clear();
    world.advance(PEER_LOST_AFTER + Duration::from_secs(1));
    let lost = |number| Event::PeerLost { room: room(1), peer: peer(number) };
    assert!(world.events.contains(&lost(1)) && world.events.contains(&lost(2)));
    world.events.clear();
    world.seats[0].client.check();
    world.exchange();
    assert_eq!(world.events, [Event::PeerRecovered { room: room(1), peer: peer(1) }]);
    world.events.clear();
    for _ in 0..26 {
        world.advance(Duration::from_secs(1));
        world.seats[0].client.check();
        while let Some(datagram) = world.seats[0].client.poll_transmit() {
            world.send(0, datagram);
        }
    }
    assert_eq!(world.events, [Event::PeerGone { room: room(1), peer: peer(2) }]);
    assert_eq!(world.core.peer_count(), 1);
}

#[test]
fn a_peer_that_never_connects_is_removed() {
    let mut world = World::default();
    world.seat(1, 1).unwrap();
    world.advance(PEER_GONE_AFTER + Duration::from_secs(2));
    assert_eq!(world.events, [Event::PeerGone { room: room(1), peer: peer(1) }]);
    assert_eq!(world.core.next_timeout(), None, "an empty worker sleeps");
}

#[test]
fn an_ice_restart_keeps_the_keys_and_follows_the_new_path() {
    let mut world = pair();
    world.publish(0, 0, 1, 0, b"before");
    let offer = world.seats[0].client.offer(3).replace("a=ice-ufrag:c0000000", "a=ice-ufrag:fresh000");
    let answer = world.core.restart_ice(room(1), peer(1), &offer).unwrap();
    world.publish(0, 0, 2, 0, b"meanwhile");
    assert!(world.seats[0].client.accept(&answer));
    world.publish(0, 0, 3, 0, b"after");
    assert_eq!(world.seats[1].media.len(), 3);
    assert_eq!(world.events.len(), 2, "nobody is reported connected anew");
}

#[test]
fn an_ice_restart_of_a_removed_peer_is_refused() {
    let mut world = pair();
    let offer = world.seats[0].client.offer(3);
    world.core.disconnect_peer(room(1), peer(1), &mut world.arena);
    assert_eq!(world.core.restart_ice(room(1), peer(1), &offer), Err(ConnectPeerError::UnknownPeer));
    let own = MediaClient::fingerprint();
    let other = own.replacen(&own[..2], if own.starts_with("00") { "11" } else { "00" }, 1);
    let stolen = world.seats[1].client.offer(3).replace(own, &other);
    assert_eq!(world.core.restart_ice(room(1), peer(2), &stolen), Err(ConnectPeerError::NotContinuing));
}

#[test]
fn no_line_of_a_transport_changes_its_place_or_is_fed_twice() {
    let mut world = pair();
    let offer = world.seats[0].client.offer(3);
    let (session, lines) = offer.split_at(offer.find("m=audio").unwrap());
    let further = |media: &str, format: &str| {
        format!("m={media} 9 UDP/TLS/RTP/SAVPF {format}\r\na=mid:9\r\na=recvonly\r\na=rtcp-mux\r\n")
    };
    let voice = further("audio", "111") + "a=rtpmap:111 opus/48000/2\r\n";
    let picture = further("video", "96") + "a=rtpmap:96 VP8/90000\r\n";
    for moved in [format!("{session}{voice}{lines}"), format!("{session}{picture}{lines}")] {
        assert_eq!(world.core.restart_ice(room(1), peer(1), &moved), Err(ConnectPeerError::NotContinuing));
    }
    assert!(
        world.core.restart_ice(room(1), peer(1), &(offer + &voice)).is_ok(),
        "a further line at the end is a further place"
    );
}

#[test]
fn what_was_opened_once_is_not_taken_again_after_a_renegotiation() {
    let mut world = pair();
    let client = &world.seats[0].client;
    let said = client.sealed(client.ssrcs[0], OPUS, true, 7, 0, b"said once");
    let next = client.sealed(client.ssrcs[0], OPUS, true, 70_000, 960, b"after a rollover");
    world.send(0, said.clone());
    for index in [30_000, 60_000] {
        let between = client_at(&world, index);
        world.send(0, between);
    }
    let offer = world.seats[0].client.offer(3);
    for direction in ["recvonly", "sendrecv"] {
        let offer = offer.replacen("a=sendrecv", &format!("a={direction}"), 1);
        world.core.restart_ice(room(1), peer(1), &offer).unwrap();
    }
    world.send(0, said);
    assert_eq!(world.seats[1].media.len(), 3, "a recording is not played again");
    world.send(0, next);
    assert_eq!(world.seats[1].media.len(), 4, "and the stream goes on");
}

fn client_at(world: &World, index: u64) -> Vec<u8> {
    let client = &world.seats[0].client;
    client.sealed(client.ssrcs[0], OPUS, true, index, 480, b"much later")
}

#[test]
fn the_latest_validated_address_is_followed() {
    let mut world = pair();
    world.publish(1, 0, 1, 0, b"to the first address");
    assert_eq!(world.seats[0].media.len(), 1);
    world.seats[0].path = Path::from(std::net::SocketAddr::from(([203, 0, 113, 9], 999)));
    world.publish(1, 0, 2, 0, b"to an address that it left");
    assert_eq!(world.seats[0].media.len(), 1);
    world.seats[0].client.check();
    world.exchange();
    world.publish(1, 0, 3, 0, b"to the address that it moved to");
    assert_eq!(world.seats[0].media.len(), 2);
}

#[test]
fn a_full_room_refuses_the_ninth_and_keeps_the_eight() {
    let mut world = World::default();
    for number in 1..=8 {
        world.join(1, number);
    }
    assert!(matches!(world.seat(1, 9), Err(ConnectPeerError::RoomFull)));
    assert_eq!(world.core.peer_count(), 8);
}

#[test]
fn a_peer_that_comes_back_with_fewer_lines_is_sent_nothing_on_those_it_left() {
    let mut world = pair();
    world.publish(0, 1, 1, 0, KEYFRAME);
    let seen = world.seats[1].media.len();
    let fingerprint = MediaClient::fingerprint();
    let other = fingerprint.replace(|digit: char| digit.is_ascii_hexdigit(), "A");
    let offer = MediaClient::new(7, true, world.now).offer(1).replace(fingerprint, &other);
    world.core.connect_peer(world.now, room(1), peer(2), &offer).unwrap();
    world.publish(0, 1, 2, 3_000, DELTA);
    world.publish(0, 0, 1, 0, b"voice of the doctor");
    assert_eq!(world.seats[1].media.len(), seen);
    world.core.disconnect_peer(room(1), peer(1), &mut world.arena);
    assert_eq!(world.core.peer_count(), 1);
}

#[test]
fn a_disconnected_client_hears_good_bye_and_the_other_stays() {
    let mut world = pair();
    world.core.disconnect_peer(room(1), peer(1), &mut world.arena);
    world.deliver();
    assert!(world.seats[0].client.is_closed());
    assert!(!world.seats[1].client.is_closed());
    assert_eq!(world.core.peer_count(), 1);
    world.core.close_room(room(1), &mut world.arena);
    world.deliver();
    assert!(world.seats[1].client.is_closed());
    assert_eq!(world.core.peer_count(), 0);
}

#[test]
fn the_same_inputs_give_the_same_answer() {
    let answer = || {
        let mut world = World::default();
        let client = MediaClient::new(1, true, world.now);
        let answer = world.core.connect_peer(world.now, room(1), peer(1), &client.offer(3)).unwrap();
        answer.lines().filter(|line| !line.starts_with("a=fingerprint")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(answer(), answer());
}
