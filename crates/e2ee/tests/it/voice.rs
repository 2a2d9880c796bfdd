//! Voices: their lengths, and packets that carry earlier frames with them.

use colloque_e2ee::frame::{
    Codec, Epoch, LeafIndex, OpenFrameError, Opening, RedundantError, SealFrameError, Sealer, TrackKind, pad_voice,
    unpad_voice,
};
use proptest::prelude::*;

use crate::frames::{leaf, pair};

const VOICE: Opening = Opening { from: LeafIndex::FIRST, track: TrackKind::Voice };

/// A packet of RFC 2198: earlier frames, oldest first, and the newest.
fn packet(earlier: &[&[u8]], newest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (age, block) in (1..=earlier.len()).rev().zip(earlier) {
        let (offset, length) = (u16::try_from(age * 960).unwrap(), u16::try_from(block.len()).unwrap());
        let low = u8::try_from(offset & 0x3f).unwrap() << 2 | u8::try_from(length >> 8).unwrap();
        bytes.extend_from_slice(&[0x80 | 111, u8::try_from(offset >> 6).unwrap(), low, length.to_be_bytes()[1]]);
    }
    bytes.push(111);
    [bytes, earlier.concat(), newest.to_vec()].concat()
}

proptest! {
    #[test]
    fn a_padded_voice_is_given_back(frame in prop::collection::vec(any::<u8>(), 0..1_500)) {
        prop_assert_eq!(unpad_voice(pad_voice(&frame)), Ok(frame));
    }

    #[test]
    fn lengths_tell_little(length in 0_usize..140) {
        let sealed = pair(Epoch(0)).0.seal(TrackKind::Voice, Codec::Opus, &vec![7; length]).unwrap();
        prop_assert!([24, 64, 96, 128, 160].contains(&(sealed.len() - 2 - 16)), "{}", sealed.len());
    }
}

#[test]
fn what_is_not_padded_is_refused() {
    for bytes in [&[][..], &[0; 24], &[1, 2, 3], &[0x80, 1]] {
        assert!(unpad_voice(bytes.to_vec()).is_err(), "{bytes:?}");
    }
}

#[test]
fn each_block_is_sealed_by_itself() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let sent = packet(&[b"first"], b"second");
    let sealed = sealer.seal_redundant_voice(&sent).unwrap();
    assert_eq!(opener.open_redundant_voice(leaf(0), &sealed), Ok(sent));
    assert_eq!((sealer.sealed(), opener.opened()), (1, 1));
}

#[test]
fn a_server_may_take_packets_apart_and_put_others_together() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let frames: Vec<_> = [b"one", b"two", b"six"]
        .into_iter()
        .map(|frame| sealer.seal(TrackKind::Voice, Codec::Opus, frame).unwrap())
        .collect();
    assert_eq!(opener.open(VOICE, &frames[0]), Ok(b"one".to_vec()));
    // The second was lost; the third comes with both. The first is known and is left out.
    let repeated = packet(&[&frames[0], &frames[1]], &frames[2]);
    let mut expected = packet(&[b"two"], b"six");
    expected[1..3].copy_from_slice(&repeated[5..7]);
    expected[2] &= 0xfc;
    assert_eq!(opener.open_redundant_voice(leaf(0), &repeated), Ok(expected));
}

#[test]
fn a_packet_whose_newest_frame_is_known_opens_nothing() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let frames: Vec<_> =
        [b"one", b"two"].into_iter().map(|frame| sealer.seal(TrackKind::Voice, Codec::Opus, frame).unwrap()).collect();
    assert!(opener.open(VOICE, &frames[1]).is_ok());
    let late = packet(&[&frames[0]], &frames[1]);
    assert_eq!(opener.open_redundant_voice(leaf(0), &late), Err(RedundantError::Open(OpenFrameError::Replayed)));
    assert_eq!(opener.open(VOICE, &frames[0]), Ok(b"one".to_vec()));
}

#[test]
fn malformed_packets_are_refused() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let endless = vec![0xff; 400];
    for bytes in [&[][..], &[0x80 | 111], &[0x80 | 111, 0, 0, 9, 111, 1], &endless] {
        assert_eq!(sealer.seal_redundant_voice(bytes), Err(RedundantError::Malformed), "{bytes:?}");
        assert_eq!(opener.open_redundant_voice(leaf(0), bytes), Err(RedundantError::Malformed), "{bytes:?}");
    }
    let mut silent = Sealer::default();
    assert_eq!(silent.seal_redundant_voice(&packet(&[], b"x")), Err(RedundantError::Seal(SealFrameError::NoKey)));
}
