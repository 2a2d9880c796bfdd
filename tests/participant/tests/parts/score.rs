use std::time::Duration;

use colloque_participant::score::score;
use colloque_participant::speech::Speech;

#[test]
fn sound_is_found_wherever_it_begins() {
    let said = Speech::synthesize(5, Duration::from_secs(8));
    for begin in [0, 1, 12_345, 300_001] {
        let heard: Vec<i16> = (0..4 * 48_000).map(|at| said.samples()[(begin + at) % said.samples().len()]).collect();
        let score = score(&said, &heard).unwrap();
        assert_eq!((score.segmental_snr_db, score.foreign_share), (35.0, 0.0), "{begin}: {score:?}");
    }
}

#[test]
fn somebody_elses_speech_is_foreign() {
    let said = Speech::synthesize(5, Duration::from_secs(8));
    let other = Speech::synthesize(6, Duration::from_secs(8));
    let score = score(&said, other.samples()).unwrap();
    assert!(score.segmental_snr_db < 0.0 && score.foreign_share > 0.5, "{score:?}");
}

#[test]
fn less_than_a_second_is_not_compared() {
    let said = Speech::synthesize(5, Duration::from_secs(8));
    assert_eq!(score(&said, &said.samples()[..40_000]), None);
}
