//! What one client may cost the others: its packets, its repairs and its reports are bounded, and an honest load is not.

use std::time::Duration;

use colloque_load::client::{MediaClient, RTX};
use colloque_load::memory::{DELTA, KEYFRAME, World};
use colloque_sfu_core::rtcp::{Feedback, read_compound};
use colloque_sfu_core::{DEFAULT_PUBLISHER_CAP_BPS, Event, TICK};

fn pair() -> World {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    world
}

fn frame(bytes: usize) -> Vec<u8> {
    let mut frame = KEYFRAME.to_vec();
    frame.resize(bytes, 0);
    frame
}

/// Moves the clock by a fraction of a second, with the timers that fall due.
fn wait(world: &mut World, fraction: u32) {
    let until = world.now + Duration::from_secs(1) / fraction;
    if world.core.next_timeout().is_some_and(|due_at| due_at <= until) {
        world.core.handle_timeout(until, &mut world.arena);
    }
    world.now = until;
    world.deliver();
}

fn payload_bytes(world: &World, seat: usize, is_rtx: bool) -> usize {
    let media = world.seats[seat].media.iter();
    media.filter(|(header, _)| (header.payload_type == RTX) == is_rtx).map(|(_, payload)| payload.len()).sum()
}

/// A loss report on the stream `ssrc` that names `count` numbers from `first` on, in runs of 17.
fn nack(ssrc: u32, first: u16, count: u16) -> Vec<u8> {
    let mut nack = vec![0x81, 205, 0, 0, 0, 0, 0, 1];
    nack.extend_from_slice(&ssrc.to_be_bytes());
    for run in (0..count).step_by(17) {
        let following = (count - run - 1).min(16);
        nack.extend_from_slice(&first.wrapping_add(run).to_be_bytes());
        nack.extend_from_slice(&(((1u32 << following) - 1) as u16).to_be_bytes());
    }
    let words = (nack.len() / 4 - 1) as u16;
    nack[2..4].copy_from_slice(&words.to_be_bytes());
    nack
}

#[test]
fn a_publisher_far_above_its_cap_does_not_fill_the_other_partys_line() {
    let mut world = pair();
    let frame = frame(1_150);
    // 100 Mbit/s for two seconds.
    for index in 0..20_000u64 {
        world.publish(0, 1, index, index as u32 * 10, &frame);
        wait(&mut world, 10_000);
    }
    let arrived = payload_bytes(&world, 1, false) as u64;
    let cap_bytes = DEFAULT_PUBLISHER_CAP_BPS / 8;
    assert!(arrived > 3 * cap_bytes, "what is allowed goes on: {arrived}");
    assert!(arrived < 5 * cap_bytes + cap_bytes / 2, "twice the cap for two seconds and a burst: {arrived}");
}

#[test]
fn a_flood_of_small_packets_is_bounded_as_well() {
    let mut world = pair();
    for index in 0..30_000u64 {
        world.publish(0, 0, index, index as u32, b"x");
        wait(&mut world, 30_000);
    }
    let arrived = world.seats[1].media.len();
    assert!((1_000..2_500).contains(&arrived), "{arrived}");
}

#[test]
fn camera_screen_and_voice_at_the_cap_lose_nothing() {
    let mut world = pair();
    let frame = frame(1_150);
    let mut indices = [0u64; 3];
    let mut publish = |world: &mut World, line: usize, payload: &[u8]| {
        world.publish(0, line, indices[line], indices[line] as u32 * 960, payload);
        indices[line] += 1;
    };
    let mut sent = 0;
    // Frames leave in bursts, 30 a second; every second both pictures have a keyframe ten times as large.
    for tick in 0..300 {
        let packets = if tick % 30 == 0 { 20 } else { 4 };
        for line in [1, 2] {
            for _ in 0..packets {
                publish(&mut world, line, &frame);
                sent += 1;
            }
        }
        for _ in 0..2 {
            publish(&mut world, 0, b"twenty milliseconds of voice");
            sent += 1;
        }
        wait(&mut world, 30);
    }
    assert_eq!(world.seats[1].media.len(), sent);
}

#[test]
fn a_link_that_comes_back_with_a_second_of_media_at_once_loses_nothing() {
    let mut world = pair();
    wait(&mut world, 1);
    let frame = frame(1_150);
    for index in 0..250u64 {
        world.publish(0, 1, index, index as u32 * 300, &frame);
    }
    assert_eq!(world.seats[1].media.len(), 250);
}

#[test]
fn refused_packets_are_not_asked_for() {
    let mut world = pair();
    let frame = frame(1_150);
    for index in 0..5_000u64 {
        world.publish(0, 1, index, index as u32 * 10, &frame);
        wait(&mut world, 2_000);
    }
    wait(&mut world, 1);
    let asked = |world: &World| {
        let mut asked: Vec<u16> = Vec::new();
        for report in &world.seats[0].reports {
            read_compound(report, |feedback| {
                if let Feedback::Nack { missing, .. } = feedback {
                    asked.extend(missing.sequences());
                }
            });
        }
        asked
    };
    assert!(world.seats[1].media.len() < 4_000, "some were refused");
    assert!(asked(&world).is_empty(), "a publisher above its rate is not asked to send more");
    for index in [6_000, 6_002] {
        world.publish(0, 1, index, 0, DELTA);
    }
    world.advance(TICK);
    assert_eq!(asked(&world), [6_001], "a loss of the network is");
}

#[test]
fn loss_reports_double_a_stream_at_most() {
    let mut world = pair();
    let frame = frame(1_100);
    for index in 0..256u64 {
        world.publish(0, 1, index, index as u32 * 300, &frame);
        wait(&mut world, 250);
    }
    let (first, _) = world.seats[1].media[0];
    let published = payload_bytes(&world, 1, false);
    // Two seconds in which all that is kept is reported lost as often as it may be repeated.
    for _ in 0..100 {
        for part in 0..4 {
            world.report(1, &nack(first.ssrc, first.sequence.wrapping_add(part * 64), 64));
        }
        wait(&mut world, 50);
    }
    let repeated = payload_bytes(&world, 1, true);
    assert!(repeated > 32 * 1_024, "losses are repaired: {repeated}");
    assert!(repeated <= published, "{repeated} bytes repeated of {published}");
}

#[test]
fn a_third_of_the_packets_lost_is_repaired() {
    let mut world = pair();
    let frame = frame(1_100);
    let mut lost = 0;
    for index in 0..1_000u64 {
        world.publish(0, 1, index, index as u32 * 300, &frame);
        let (last, _) = *world.seats[1].media.iter().rfind(|(header, _)| header.payload_type != RTX).unwrap();
        if index % 3 == 0 {
            world.report(1, &nack(last.ssrc, last.sequence, 1));
            lost += 1;
        }
        wait(&mut world, 250);
    }
    let repaired = world.seats[1].media.iter().filter(|(header, _)| header.payload_type == RTX).count();
    assert_eq!(repaired, lost);
}

#[test]
fn noise_in_a_publishers_name_spends_nothing_of_its_budget() {
    let mut world = pair();
    for round in 0..10_000u32 {
        let mut noise = vec![0x80, 96, 0, 1];
        noise.resize(1_200, round as u8);
        noise[1] = if round % 2 == 0 { 96 } else { 201 };
        world.send(0, noise);
    }
    world.publish(0, 0, 1, 0, b"voice");
    assert_eq!(world.seats[1].media.len(), 1);
}

#[test]
fn a_flood_of_reports_is_not_read_and_ends_with_itself() {
    let mut world = pair();
    for index in 0..10u64 {
        world.publish(0, 1, index, index as u32 * 300, &frame(1_100));
    }
    let (first, _) = world.seats[1].media[0];
    for _ in 0..1_000 {
        world.report(1, &[0x80, 201, 0, 1, 0, 0, 0, 1]);
    }
    world.report(1, &nack(first.ssrc, first.sequence, 1));
    assert_eq!(payload_bytes(&world, 1, true), 0);
    wait(&mut world, 10);
    world.report(1, &nack(first.ssrc, first.sequence, 1));
    assert!(payload_bytes(&world, 1, true) > 0);
}

#[test]
fn a_link_is_not_judged_while_the_other_party_never_connects() {
    let mut world = World::default();
    world.join_as(1, 1, MediaClient::with_numbers);
    world.seat(1, 2).unwrap();
    for _ in 0..40 {
        world.advance(Duration::from_secs(1));
        world.seats[0].client.check();
        world.exchange();
    }
    let is_judged = |event: &Event| matches!(event, Event::LinkMeasured { .. });
    assert!(!world.events.iter().any(is_judged), "{:?}", world.events);
    assert_eq!(payload_bytes(&world, 0, true), 0, "nothing is probed for nobody");
}
