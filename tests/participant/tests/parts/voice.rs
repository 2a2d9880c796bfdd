use std::time::{Duration, Instant};

use bytes::Bytes;

use colloque_participant::score::{Score, score};
use colloque_participant::speech::Speech;
use colloque_participant::voice::{Ear, Mouth, Spoken, VoiceStatistics};

/// Speaks for six seconds, lets `harm` do to the packets what it likes, and gives what the other side heard of it.
fn heard(harm: impl Fn(&mut Vec<Spoken>)) -> (VoiceStatistics, Score) {
    let said = Speech::synthesize(11, Duration::from_secs(10));
    let mut mouth = Mouth::new().unwrap();
    let mut packets: Vec<Spoken> = (0..300).map(|number| mouth.speak(said.frame(number)).unwrap()).collect();
    harm(&mut packets);
    let mut ear = Ear::new().unwrap();
    let begins_at = Instant::now();
    let now = |number: usize| begins_at + Duration::from_millis(20) * number as u32;
    for (number, packet) in packets.iter().enumerate() {
        ear.put(packet.timestamp, &packet.plain, false, now(number));
        ear.play(now(number));
    }
    ear.play(now(packets.len()));
    let score = score(&said, ear.heard()).unwrap();
    println!("PART {score:?}");
    (ear.statistics(), score)
}

#[test]
fn a_whole_voice_is_heard_as_it_was_said() {
    let (statistics, score) = heard(|_| {});
    assert_eq!((statistics.concealed, statistics.late), (0, 0), "{statistics:?}");
    assert!(score.segmental_snr_db > GOOD_DB && score.foreign_share < 0.05, "{score:?}");
}

#[test]
fn packets_whose_sound_is_exchanged_are_a_broken_voice() {
    let (statistics, score) = heard(|packets| {
        for pair in packets.chunks_exact_mut(2) {
            let (first, second) = pair.split_at_mut(1);
            std::mem::swap(&mut first[0].plain, &mut second[0].plain);
        }
    });
    assert_eq!(statistics.concealed, 0, "no number shows it: only the sound does");
    assert!(score.segmental_snr_db < BAD_DB && score.foreign_share > 0.3, "{score:?}");
}

#[test]
fn packets_that_are_lost_are_concealed_and_heard() {
    let (statistics, score) = heard(|packets| {
        let mut number = 0;
        packets.retain(|_| {
            number += 1;
            number % 4 != 0
        });
    });
    assert!((0.2..0.3).contains(&statistics.concealed_share()), "{statistics:?}");
    assert!(score.segmental_snr_db < GOOD_DB - 2.0, "{score:?}");
}

#[test]
fn another_voice_is_not_taken_for_the_one_that_spoke() {
    let other = Speech::synthesize(12, Duration::from_secs(10));
    let mut mouth = Mouth::new().unwrap();
    let others: Vec<Bytes> = (0..300).map(|number| mouth.speak(other.frame(number)).unwrap().plain).collect();
    let (_, score) = heard(|packets| {
        for (packet, other) in packets.iter_mut().zip(&others) {
            packet.plain = other.clone();
        }
    });
    assert!(score.segmental_snr_db < BAD_DB, "{score:?}");
}

/// What a whole voice reaches through the codec, and what a broken one stays below, in decibels.
const GOOD_DB: f64 = 8.0;
const BAD_DB: f64 = 2.0;
