//! A voice that repeats itself: what is lost on the way in arrives with the next packet, and nobody is sent a format that it does
//! not read.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use colloque_load::client::{MediaClient, OPUS, RED};
use colloque_load::memory::World;
use colloque_sfu_core::TICK;
use colloque_sfu_core::red::Redundant;
use colloque_sfu_core::rtcp::{Feedback, read_compound};

/// A client whose voice repeats itself, and one that knows nothing of it.
fn pair() -> World {
    let mut world = World::default();
    world.join_as(1, 1, MediaClient::with_redundancy);
    world.join(1, 2);
    world
}

fn word(index: u64) -> Vec<u8> {
    format!("word {index}").into_bytes()
}

/// Says one word with those before it.
fn say(world: &mut World, index: u64, repeats: usize) {
    let before: Vec<Vec<u8>> = (1..=3).map(|back| word(index - back)).collect();
    let mut repeated = [None; 3];
    for back in 0..repeats {
        repeated[back] = Redundant::repeatable(960 * (back as u32 + 1), &before[back]);
    }
    let primary = word(index);
    let redundant = Redundant { primary: &primary, repeated };
    let mut payload = vec![0; redundant.bytes()];
    redundant.write(OPUS, &mut payload);
    send(world, RED, index, &payload);
}

fn send(world: &mut World, payload_type: u8, index: u64, payload: &[u8]) {
    let client = &world.seats[0].client;
    let packet = client.sealed(client.ssrcs[0], payload_type, false, index, index as u32 * 960, payload);
    world.send(0, packet);
}

/// Sequence numbers and timestamps from the first on, and the words.
fn heard(world: &World, seat: usize) -> Vec<(u16, u32, Vec<u8>)> {
    let media = &world.seats[seat].media;
    let Some((first, _)) = media.first() else { return Vec::new() };
    let place = |header: &colloque_sfu_core::rtp::RtpHeader| {
        (header.sequence.wrapping_sub(first.sequence), header.timestamp.wrapping_sub(first.timestamp))
    };
    let all = media.iter().map(|(header, payload)| {
        assert_eq!(header.payload_type, OPUS);
        let (sequence, timestamp) = place(header);
        (sequence, timestamp, payload.clone())
    });
    all.collect()
}

#[test]
fn what_is_lost_on_the_way_in_arrives_in_order_with_what_repeats_it() {
    let mut world = pair();
    assert!(world.seats[0].client.has_redundancy());
    for index in (100..120).filter(|index| ![105, 110, 111].contains(index)) {
        say(&mut world, index, 2);
    }
    // The first packet brings what was said before it as well.
    let expected: Vec<_> =
        (98..120u64).map(|index| ((index - 98) as u16, (index - 98) as u32 * 960, word(index))).collect();
    assert_eq!(heard(&world, 1), expected);
}

#[test]
fn a_packet_that_comes_after_its_repetition_is_not_sent_twice() {
    let mut world = pair();
    for index in [100, 102, 101, 103] {
        say(&mut world, index, 1);
    }
    let words: Vec<_> = heard(&world, 1).into_iter().map(|(_, _, word)| word).collect();
    assert_eq!(words, (99..104).map(word).collect::<Vec<_>>());
}

#[test]
fn what_was_repaired_is_told_as_lost_so_that_the_encoder_repeats_more() {
    let mut world = pair();
    for index in (100..200u64).filter(|index| index % 4 != 2) {
        say(&mut world, index, 1);
        world.advance(TICK);
    }
    let mut told = 0;
    for plain in &world.seats[0].reports {
        read_compound(plain, |feedback| {
            if let Feedback::Reception { fraction_lost, .. } = feedback {
                told = fraction_lost;
            }
        });
    }
    assert!((50..=75).contains(&told), "{told}");
}

#[test]
fn repetitions_are_charged_like_packets() {
    let mut world = pair();
    // Ten times the packets a second that a publisher may send, in a quarter as many datagrams.
    for number in 0..5_000u64 {
        say(&mut world, 100 + 4 * number, 3);
        world.now += Duration::from_micros(400);
        world.deliver();
    }
    let heard = world.seats[1].media.len();
    assert!((1_000..4_500).contains(&heard), "{heard}");
}

#[test]
fn what_is_overtaken_is_not_told_as_lost() {
    let mut world = pair();
    for pair in 0..60u64 {
        say(&mut world, 101 + 2 * pair, 1);
        say(&mut world, 100 + 2 * pair, 1);
        world.advance(2 * TICK);
    }
    for plain in &world.seats[0].reports {
        read_compound(plain, |feedback| {
            if let Feedback::Reception { fraction_lost, .. } = feedback {
                assert!(fraction_lost <= 128 / 8, "{fraction_lost}");
            }
        });
    }
}

#[test]
fn what_is_malformed_or_was_not_agreed_on_is_not_sent_on() {
    let mut world = pair();
    say(&mut world, 100, 0);
    send(&mut world, RED, 101, &[0x80 | OPUS, 0xff, 0xff, 0xff, OPUS, 1]);
    send(&mut world, RED, 102, &[0x80 | 96, 0x0f, 0, 1, OPUS, 1, 2]);
    send(&mut world, RED, 103, &[]);
    assert_eq!(heard(&world, 1).len(), 1);
    let client = &world.seats[1].client;
    let packet = client.sealed(client.ssrcs[0], RED, false, 1, 0, &[OPUS, 1]);
    world.send(1, packet);
    assert!(world.seats[0].media.is_empty(), "the second never offered it");
}
