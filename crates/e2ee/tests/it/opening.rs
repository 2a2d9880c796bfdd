//! Epochs come and go: what is still opened, what waits, what is not opened any more.

use std::time::Duration;

use colloque_e2ee::frame::{
    Codec, Epoch, HOLD_FOR, HoldBuffer, MAX_HELD_BYTES, MAX_HELD_FRAMES, OpenFrameError, Opener, REPLAY_WINDOW,
    RETAIN_FOR, ReplayWindow, SealFrameError, Sealer, TrackKind,
};
use proptest::prelude::*;

use crate::frames::{CAMERA, NOW, base_key, leaf, pair};

#[test]
fn nothing_is_sealed_without_a_key() {
    let mut sealer = Sealer::default();
    assert_eq!(sealer.seal(TrackKind::Voice, Codec::Opus, b"voice"), Err(SealFrameError::NoKey));
    sealer.switch(Epoch(1), leaf(0), &base_key(1));
    assert!(sealer.seal(TrackKind::Voice, Codec::Opus, b"voice").is_ok());
    sealer.stop();
    assert_eq!(sealer.seal(TrackKind::Voice, Codec::Opus, b"voice"), Err(SealFrameError::NoKey));
    assert_eq!(sealer.sealed(), 1);
}

#[test]
fn frames_of_the_epoch_before_are_opened_for_a_while() {
    let (mut sealer, mut opener) = pair(Epoch(1));
    let mut seal = || sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 50]).unwrap();
    opener.install(Epoch(2), base_key(2), &[leaf(0), leaf(1)], NOW);
    assert!(opener.open(CAMERA, &seal()).is_ok());
    opener.expire(NOW.after(RETAIN_FOR - Duration::from_millis(1)));
    assert!(opener.open(CAMERA, &seal()).is_ok());
    opener.expire(NOW.after(RETAIN_FOR));
    assert_eq!(opener.open(CAMERA, &seal()), Err(OpenFrameError::UnknownKey));
}

#[test]
fn a_removed_member_is_not_opened_any_more_whatever_they_seal_with() {
    let (mut sealer, mut opener) = pair(Epoch(1));
    opener.install(Epoch(2), base_key(2), &[leaf(1)], NOW);
    let old = sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 50]).unwrap();
    assert_eq!(opener.open(CAMERA, &old), Err(OpenFrameError::UnknownKey));
    sealer.switch(Epoch(2), leaf(0), &base_key(2));
    let stolen = sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 50]).unwrap();
    assert_eq!(opener.open(CAMERA, &stolen), Err(OpenFrameError::UnknownKey));
}

#[test]
fn an_epoch_sixteen_later_is_not_taken_for_the_first() {
    let (mut sealer, mut opener) = pair(Epoch(1));
    let old = sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 50]).unwrap();
    opener.install(Epoch(17), base_key(9), &[leaf(0), leaf(1)], NOW);
    assert_eq!(opener.open(CAMERA, &old), Err(OpenFrameError::WrongTag));
    sealer.switch(Epoch(17), leaf(0), &base_key(9));
    let new = sealer.seal(TrackKind::Camera, Codec::Vp8, &[2; 50]).unwrap();
    assert_eq!(opener.open(CAMERA, &new), Ok(vec![2; 50]));
}

#[test]
fn a_storm_of_epochs_keeps_eight() {
    let mut opener = Opener::default();
    for epoch in 0..100 {
        opener.install(Epoch(epoch), base_key(1), &[leaf(0)], NOW);
    }
    let mut sealer = Sealer::default();
    let mut opened = 0;
    for epoch in 0..100 {
        sealer.switch(Epoch(epoch), leaf(0), &base_key(1));
        let sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &[u8::try_from(epoch).unwrap(); 9]).unwrap();
        opened += u32::from(opener.open(CAMERA, &sealed).is_ok());
    }
    // The same base key in each epoch: what an early one sealed opens under the kept one whose number ends alike.
    assert!(opened <= 8 * 7, "{opened}");
    opener.forget();
    let sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 9]).unwrap();
    assert_eq!(opener.open(CAMERA, &sealed), Err(OpenFrameError::UnknownKey));
}

proptest! {
    #[test]
    fn the_window_lets_each_counter_through_once(counters in prop::collection::vec(0_u64..3_000, 1..400)) {
        let mut window = ReplayWindow::default();
        let mut seen = std::collections::HashSet::new();
        let mut highest = 0;
        for counter in counters {
            let is_within = counter + REPLAY_WINDOW > highest || seen.is_empty();
            prop_assert_eq!(window.is_fresh(counter), is_within && !seen.contains(&counter), "{}", counter);
            if window.is_fresh(counter) {
                window.note(counter);
                seen.insert(counter);
                highest = highest.max(counter);
            }
        }
    }
}

#[test]
fn held_frames_are_bounded_in_time_number_and_bytes() {
    let mut held = HoldBuffer::default();
    for number in 0..1_000 {
        held.hold(number, 100, NOW);
    }
    assert_eq!(held.len(), MAX_HELD_FRAMES);
    assert_eq!(held.release(NOW).collect::<Vec<_>>(), (800..1_000).collect::<Vec<_>>());
    assert!(held.is_empty());
    for number in 0..9 {
        held.hold(number, MAX_HELD_BYTES / 4, NOW);
    }
    assert_eq!(held.len(), 4);
    held.hold(9, 1, NOW.after(HOLD_FOR));
    assert_eq!(held.release(NOW.after(HOLD_FOR)).collect::<Vec<_>>(), [9]);
}
