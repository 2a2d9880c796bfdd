use std::time::Duration;

use colloque_participant::speech::{FRAME_SAMPLES, Speech};

fn loudness(samples: &[i16]) -> f64 {
    (samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

#[test]
fn the_same_seed_says_the_same_and_another_one_something_else() {
    let said = |seed| Speech::synthesize(seed, Duration::from_secs(2)).samples().to_vec();
    assert_eq!(said(3), said(3));
    assert_ne!(said(3), said(4));
}

#[test]
fn speech_has_syllables_and_pauses() {
    let speech = Speech::synthesize(3, Duration::from_secs(6));
    let frames: Vec<f64> = speech.samples().chunks(FRAME_SAMPLES).map(loudness).collect();
    assert_eq!(frames.len(), 300);
    let loud = frames.iter().filter(|frame| **frame > 500.0).count();
    let silent = frames.iter().filter(|frame| **frame < 20.0).count();
    assert!((120..270).contains(&loud), "{loud}");
    assert!((15..120).contains(&silent), "{silent}");
}

#[test]
fn what_is_over_is_said_again() {
    let speech = Speech::synthesize(3, Duration::from_secs(1));
    assert_eq!(speech.frame(7), speech.frame(57));
    assert_ne!(speech.frame(7), speech.frame(8));
}
