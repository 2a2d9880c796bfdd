//! Rooms of more than two: who is heard and seen where, and which layer of a camera each subscriber gets.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use colloque_load::layered;
use colloque_load::memory::{World, peer, room};
use colloque_sfu_core::Event;
use colloque_sfu_core::rtcp::{Feedback, read_compound};
use colloque_sfu_core::sdp::Mid;

/// Where the streams of the places stand among those that an answer announces: one for a voice, two for a picture.
const MICROPHONES: [usize; 3] = [0, 5, 8];
const CAMERAS: [usize; 3] = [1, 6, 9];
const SCREEN: usize = 3;
/// Pause between two pictures.
const FRAME: Duration = Duration::from_millis(33);
/// Each layer's timestamps begin somewhere else, and its pictures' numbers too.
const FIRST_TIMESTAMPS: [u32; 3] = [4_000_000_000, 7, 1 << 31];
const FIRST_PICTURES: [u16; 3] = [0x7ff0, 100, 9_000];

/// A room whose people send three layers each, and answer keyframe requests.
struct Stage {
    world: World,
    frames: u32,
    sends: Vec<[bool; 3]>,
    wants_keyframe: Vec<[bool; 3]>,
    keyframes: usize,
}

impl Stage {
    fn new(people: usize) -> Self {
        let mut world = World::default();
        for person in 0..people {
            world.join_with(1, person as u128, |client| client, |client| layered::offer(client, people - 1, true));
        }
        Self { world, frames: 0, sends: vec![[true; 3]; people], wants_keyframe: vec![[true; 3]; people], keyframes: 0 }
    }

    fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds / FRAME.as_secs_f64()) as u32 {
            self.frame();
            self.world.advance(FRAME);
            self.take_reports();
        }
    }

    fn frame(&mut self) {
        for person in 0..self.sends.len() {
            let voice =
                layered::sealed_voice(&self.world.seats[person].client, self.frames.into(), &[person as u8; 40]);
            self.world.send(person, voice);
            for layer in 0..3 {
                if self.sends[person][layer] {
                    self.picture(person, layer);
                }
            }
        }
        self.frames += 1;
    }

    fn picture(&mut self, person: usize, layer: usize) {
        let is_keyframe = std::mem::take(&mut self.wants_keyframe[person][layer]);
        self.keyframes += usize::from(is_keyframe);
        let number = (FIRST_PICTURES[layer].wrapping_add(self.frames as u16) & 0x7fff) | 0x8000;
        let mut payload = vec![0x90, 0x80, (number >> 8) as u8, number as u8, if is_keyframe { 0x50 } else { 0x51 }];
        payload.extend([person as u8, layer as u8]);
        payload.resize([600, 1_000, 1_100][layer], 0);
        let timestamp = FIRST_TIMESTAMPS[layer].wrapping_add(self.frames * 2_970);
        let client = &self.world.seats[person].client;
        let index = u64::from(self.frames) + 500 * layer as u64;
        let packet = layered::sealed(client, layer, index, timestamp, None, &payload);
        self.world.send(person, packet);
    }

    /// Sender reports of all layers, one clock behind them.
    fn tie_clocks(&mut self) {
        for person in 0..self.sends.len() {
            for (layer, first) in FIRST_TIMESTAMPS.iter().enumerate() {
                let ntp = u64::from(self.frames) * 33 * (1 << 32) / 1_000;
                let timestamp = first.wrapping_add(self.frames * 2_970);
                let ssrc = layered::ssrc_of(&self.world.seats[person].client, layer, false);
                let mut report = vec![0x80, 200, 0, 6];
                report.extend(ssrc.to_be_bytes());
                report.extend(ntp.to_be_bytes());
                report.extend(timestamp.to_be_bytes());
                report.extend([0; 8]);
                self.world.report(person, &report);
            }
        }
    }

    fn take_reports(&mut self) {
        for person in 0..self.sends.len() {
            let reports = std::mem::take(&mut self.world.seats[person].reports);
            for report in reports {
                read_compound(&report, |feedback| {
                    if let Feedback::KeyframeRequest { ssrc } = feedback {
                        let client = &self.world.seats[person].client;
                        for layer in 0..3 {
                            self.wants_keyframe[person][layer] |= layered::ssrc_of(client, layer, false) == ssrc;
                        }
                    }
                });
            }
        }
        while let Some(event) = (!self.world.events.is_empty()).then(|| self.world.events.remove(0)) {
            if let Event::LayersWanted { peer: of, is_sent, .. } = event {
                let person = self.world.seats.iter().position(|seat| seat.peer == of).unwrap();
                for (layer, is_sent) in is_sent.into_iter().enumerate() {
                    self.wants_keyframe[person][layer] |= is_sent && !self.sends[person][layer];
                }
                self.sends[person] = is_sent;
            }
        }
    }

    /// Pictures that reached a person on the line of a place since the last look: sequence, timestamp, number, publisher, layer.
    fn seen(&mut self, person: usize, place: usize) -> Vec<(u16, u32, u16, u8, u8)> {
        let seat = &mut self.world.seats[person];
        let ssrc = seat.client.remote().unwrap().ssrcs[CAMERAS[place]];
        let media = seat.media.iter().filter(|(header, _)| header.ssrc == ssrc);
        let seen = media.map(|(header, payload)| {
            let number = u16::from_be_bytes([payload[2], payload[3]]) & 0x7fff;
            (header.sequence, header.timestamp, number, payload[5], payload[6])
        });
        seen.collect()
    }

    fn forget(&mut self) {
        self.world.seats.iter_mut().for_each(|seat| seat.media.clear());
    }

    fn show(&mut self, person: usize, place: usize, height: u16) {
        let mid = if place == 0 { "1".to_owned() } else { (2 + place * 2).to_string() };
        let mid = Mid::parse(mid.as_bytes()).unwrap();
        self.world.core.show_picture(room(1), peer(person as u128), mid, height);
    }

    /// The layer of the newest picture.
    fn layer(&mut self, person: usize, place: usize) -> Option<u8> {
        self.seen(person, place).last().map(|(.., layer)| *layer)
    }

    /// A client says what it can receive.
    fn limit(&mut self, person: usize, kbps: u32) {
        let [_, high, middle, low] = (kbps & 0x3_ffff).to_be_bytes();
        let remb = [0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 0, (10 << 2) | high, middle, low];
        self.world.report(person, &remb);
    }
}

fn speakers(stage: &Stage, person: usize, place: usize) -> Vec<u8> {
    let seat = &stage.world.seats[person];
    let ssrc = seat.client.remote().unwrap().ssrcs[MICROPHONES[place]];
    let mut speakers: Vec<u8> =
        seat.media.iter().filter(|(header, _)| header.ssrc == ssrc).map(|(_, payload)| payload[0]).collect();
    speakers.dedup();
    speakers
}

#[test]
fn the_answer_takes_every_layer_and_shows_each_person_apart() {
    let mut world = World::default();
    let mut text = String::new();
    let client = colloque_load::client::MediaClient::new(9, true, world.now);
    let offer = layered::offer(&client, 3, true);
    text.push_str(&world.core.connect_peer(world.now, room(1), peer(1), &offer).unwrap());
    assert!(text.contains("a=rid:q recv\r\na=rid:h recv\r\na=rid:f recv\r\na=simulcast:recv q;h;f\r\n"), "{text}");
    assert!(text.contains("a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"));
    assert!(text.contains("a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"));
    for msid in ["participant microphone", "participant camera", "participant-2 camera-2", "participant-3 microphone-3"]
    {
        assert!(text.contains(&format!("a=msid:{msid}\r\n")), "{msid} in {text}");
    }
    assert_eq!(text.matches("a=sendonly").count(), 4, "nothing is published on the lines of the others");
    rtc_sdp::SessionDescription::unmarshal(&mut std::io::Cursor::new(text.as_bytes())).unwrap();
}

#[test]
fn three_people_hear_and_see_the_two_others_with_each_voice_beside_its_face() {
    let mut stage = Stage::new(3);
    stage.run(1.0);
    for person in 0..3 {
        let mut others = Vec::new();
        for place in 0..2 {
            let speakers = speakers(&stage, person, place);
            let seen = stage.seen(person, place);
            assert_eq!(speakers.len(), 1, "one voice on one line");
            assert!(seen.len() > 20 && seen.iter().all(|(.., publisher, _)| *publisher == speakers[0]));
            others.push(speakers[0]);
        }
        others.sort_unstable();
        let expected: Vec<u8> = (0..3).filter(|other| *other != person as u8).collect();
        assert_eq!(others, expected);
    }
}

#[test]
fn who_stays_keeps_the_place_when_another_leaves_or_comes() {
    let mut stage = Stage::new(3);
    stage.run(0.5);
    let before = [speakers(&stage, 0, 0)[0], speakers(&stage, 0, 1)[0]];
    let leaver = usize::from(before[0]);
    stage.world.core.disconnect_peer(room(1), peer(leaver as u128), &mut stage.world.arena);
    stage.world.deliver();
    stage.forget();
    stage.run(0.5);
    assert_eq!(speakers(&stage, 0, 0), [0; 0]);
    assert_eq!(speakers(&stage, 0, 1), [before[1]]);
    let newcomer = stage.world.join_with(1, 77, |client| client, |client| layered::offer(client, 2, true));
    stage.sends.push([true; 3]);
    stage.wants_keyframe.push([true; 3]);
    stage.forget();
    stage.run(0.5);
    assert_eq!(speakers(&stage, 0, 0), [newcomer as u8]);
    assert_eq!(speakers(&stage, 0, 1), [before[1]]);
}

#[test]
fn a_change_of_layers_leaves_no_trace_in_the_numbers() {
    let mut stage = Stage::new(3);
    stage.run(0.2);
    stage.tie_clocks();
    stage.run(3.0);
    assert_eq!(stage.layer(0, 0), Some(2), "a free link carries the best");
    stage.show(0, 0, 160);
    stage.run(2.0);
    assert_eq!(stage.layer(0, 0), Some(0), "a small picture wants the poorest");
    stage.tie_clocks();
    stage.show(0, 0, 360);
    stage.run(6.0);
    assert_eq!(stage.layer(0, 0), Some(1));
    let seen = stage.seen(0, 0);
    let layers: Vec<u8> = seen.iter().fold(Vec::new(), |mut layers, (.., layer)| {
        if layers.last() != Some(layer) {
            layers.push(*layer);
        }
        layers
    });
    assert_eq!(layers, [0, 2, 0, 1]);
    for pair in seen.windows(2) {
        let ((sequence, timestamp, number, ..), (next, later, following, ..)) = (pair[0], pair[1]);
        assert_eq!(next, sequence.wrapping_add(1));
        assert_eq!(following, (number + 1) & 0x7fff);
        let step = later.wrapping_sub(timestamp);
        // The keyframe of a better layer may show the instant that was shown already.
        assert!((1..=2_970 * 2).contains(&step), "{step}");
    }
    let whole = seen.last().unwrap().1.wrapping_sub(seen[0].1);
    assert!((whole + 3) % 2_970 <= 6, "three changes keep the publisher's clock: {whole}");
    assert!(stage.keyframes <= 9 + 8, "only the layers that are chosen are asked: {}", stage.keyframes);
}

#[test]
fn layers_that_nobody_is_shown_are_paused_at_their_sender_and_come_back() {
    let mut stage = Stage::new(3);
    for person in 0..3 {
        for place in 0..2 {
            stage.show(person, place, 160);
        }
    }
    stage.run(5.0);
    assert_eq!(stage.sends, [[true, false, false]; 3]);
    let publisher = usize::from(speakers(&stage, 0, 0)[0]);
    stage.show(0, 0, 720);
    stage.run(2.0);
    assert_eq!(stage.sends[publisher], [true, false, true]);
    assert_eq!(stage.layer(0, 0), Some(2));
    stage.show(0, 0, 0);
    stage.run(1.0);
    stage.forget();
    stage.run(1.0);
    assert_eq!(stage.seen(0, 0), [], "nobody looks");
    assert!(!speakers(&stage, 0, 0).is_empty(), "the voice goes on");
    stage.show(0, 0, 160);
    stage.run(5.0);
    assert_eq!(stage.layer(0, 0), Some(0));
}

#[test]
fn a_link_is_shared_among_the_pictures_and_the_voices_come_first() {
    let mut stage = Stage::new(3);
    stage.run(1.0);
    // Two voices and two poorest pictures of 145 kbit/s each, and nothing more.
    stage.limit(0, 450);
    stage.run(5.0);
    assert_eq!((stage.layer(0, 0), stage.layer(0, 1)), (Some(0), Some(0)));
    assert_eq!(stage.layer(1, 0), Some(2), "the others see as before");
    // The smaller picture gives way.
    stage.show(0, 1, 300);
    stage.limit(0, 300);
    stage.run(2.0);
    stage.forget();
    stage.run(1.0);
    assert_eq!((stage.layer(0, 0), stage.layer(0, 1)), (Some(0), None));
    assert!(!speakers(&stage, 0, 1).is_empty());
    // The largest stays even then, and comes back to its best.
    stage.limit(0, 20_000);
    stage.run(10.0);
    assert_eq!((stage.layer(0, 0), stage.layer(0, 1)), (Some(2), Some(1)));
}

#[test]
fn a_layer_that_stops_coming_is_left() {
    let mut stage = Stage::new(3);
    stage.run(2.0);
    let publisher = usize::from(speakers(&stage, 0, 0)[0]);
    assert_eq!(stage.layer(0, 0), Some(2));
    stage.sends[publisher][2] = false;
    stage.run(2.5);
    stage.forget();
    stage.run(0.5);
    assert_eq!(stage.layer(0, 0), Some(1));
}

#[test]
fn a_lost_packet_of_a_layer_is_repaired_by_the_stream_of_that_layer() {
    let mut stage = Stage::new(3);
    stage.run(2.0);
    let publisher = usize::from(speakers(&stage, 0, 0)[0]);
    let (index, timestamp) = (u64::from(stage.frames) + 1_000, FIRST_TIMESTAMPS[2] + stage.frames * 2_970);
    stage.frames += 1;
    stage.forget();
    stage.run(0.1);
    let before = stage.seen(0, 0);
    assert!(before.iter().all(|(.., layer)| *layer == 2));
    let lost = [0x90, 0x80, 0x80, 1, 0x51, publisher as u8, 2];
    let client = &stage.world.seats[publisher].client;
    let repaired = layered::sealed(client, 2, 1, timestamp, Some(index as u16), &lost);
    stage.world.send(publisher, repaired);
    let after = stage.seen(0, 0);
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after.last().unwrap().0, before[0].0.wrapping_sub(1), "it takes its place before the others");
    let stranger = layered::sealed(client_of(&stage, publisher), 0, 1, timestamp, Some(index as u16), &lost);
    stage.world.send(publisher, stranger);
    assert_eq!(stage.seen(0, 0).len(), after.len(), "the stream of another layer repairs nothing here");
}

fn client_of(stage: &Stage, person: usize) -> &colloque_load::client::MediaClient {
    &stage.world.seats[person].client
}

#[test]
fn the_screen_that_was_shared_last_is_shown() {
    let mut stage = Stage::new(3);
    stage.run(0.5);
    for sharer in [1usize, 2, 1] {
        // Long enough for the last one to count as over.
        stage.world.advance(Duration::from_secs(3));
        stage.forget();
        for packet in 0..3u64 {
            let index = u64::from(stage.frames) + packet;
            stage.world.publish(sharer, 2, index, 0, &[0x10, 0x50, 0x9d, 1, 0x2a, sharer as u8]);
        }
        stage.frames += 10;
        let seat = &stage.world.seats[0];
        let ssrc = seat.client.remote().unwrap().ssrcs[SCREEN];
        let shown: Vec<u8> =
            seat.media.iter().filter(|(header, _)| header.ssrc == ssrc).map(|(_, payload)| payload[5]).collect();
        assert_eq!(shown, [sharer as u8; 3]);
    }
}

#[test]
fn a_room_takes_eight_and_each_hears_the_seven_others() {
    let mut world = World::default();
    for person in 0..8 {
        world.join_with(1, person, |client| client, |client| layered::offer(client, 7, false));
    }
    for person in 0..8 {
        for index in 0..3 {
            let voice = layered::sealed_voice(&world.seats[person].client, index, &[person as u8; 40]);
            world.send(person, voice);
        }
    }
    for person in 0..8 {
        let mut heard: Vec<(u32, u8)> =
            world.seats[person].media.iter().map(|(header, payload)| (header.ssrc, payload[0])).collect();
        assert_eq!(heard.len(), 21);
        heard.sort_unstable();
        heard.dedup();
        assert_eq!(heard.len(), 7, "seven voices on seven lines");
    }
    let ninth = colloque_load::client::MediaClient::new(9, true, world.now);
    let refused = world.core.connect_peer(world.now, room(1), peer(9), &ninth.offer(3));
    assert_eq!(refused, Err(colloque_sfu_core::ConnectPeerError::RoomFull));
}

#[test]
fn a_long_silence_is_not_sent_on_and_leaves_no_gap() {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    let mut index = 0;
    let mut say = |world: &mut World, payload: &[u8], times: usize| {
        for _ in 0..times {
            let voice = layered::sealed_voice(&world.seats[0].client, index, payload);
            world.send(0, voice);
            index += 1;
        }
    };
    say(&mut world, &[7; 60], 5);
    say(&mut world, &[8, 1], 20);
    say(&mut world, &[9; 60], 5);
    say(&mut world, &[8], 7);
    let heard: Vec<u8> = world.seats[1].media.iter().map(|(_, payload)| payload[0]).collect();
    assert_eq!(heard, [[7; 5].as_slice(), &[8; 6], &[9; 5], &[8; 6]].concat());
    let sequences: Vec<u16> = world.seats[1].media.iter().map(|(header, _)| header.sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "{sequences:?}");
    let timestamps: Vec<u32> = world.seats[1].media.iter().map(|(header, _)| header.timestamp).collect();
    assert_eq!(timestamps[11].wrapping_sub(timestamps[10]), 960 * 15, "the pause is in the timestamps");
}

#[test]
fn what_comes_late_from_before_a_silence_uses_no_number_twice() {
    let mut world = World::default();
    world.join(1, 1);
    world.join(1, 2);
    let order = (0..5).chain(6..20).chain([5]).chain(20..22);
    for index in order {
        let payload: &[u8] = if (8..20).contains(&index) { &[8] } else { &[7; 60] };
        let voice = layered::sealed_voice(&world.seats[0].client, index, payload);
        world.send(0, voice);
    }
    let mut sequences: Vec<u16> = world.seats[1].media.iter().map(|(header, _)| header.sequence).collect();
    let count = sequences.len();
    sequences.sort_unstable();
    sequences.dedup();
    assert_eq!(sequences.len(), count);
    assert_eq!(count, 5 + 2 + 6 + 2);
}
