//! The envelope: what it hides, what it leaves readable, and that nothing of it can be changed.

use colloque_e2ee::frame::{
    BaseKey, Codec, Epoch, KeyId, LeafIndex, MAX_OVERHEAD_BYTES, OpenFrameError, Opener, Opening, Sealer, TrackKind,
    clear_prefix_bytes,
};
use colloque_ids::Timestamp;
use proptest::prelude::*;

pub const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub fn base_key(number: u8) -> BaseKey {
    BaseKey::from_bytes(&[number; 32])
}

pub fn leaf(index: u32) -> LeafIndex {
    LeafIndex::new(index).unwrap()
}

/// One member who sends, leaf 0, and one who receives.
pub fn pair(epoch: Epoch) -> (Sealer, Opener) {
    let (mut sealer, mut opener) = (Sealer::default(), Opener::default());
    sealer.switch(epoch, leaf(0), &base_key(1));
    opener.install(epoch, base_key(1), &[leaf(0), leaf(1)], NOW);
    (sealer, opener)
}

pub const CAMERA: Opening = Opening { from: LeafIndex::FIRST, track: TrackKind::Camera };

fn camera_frame() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..600)
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(frame in camera_frame(), epoch in 0_u64..40, is_vp8: bool) {
        let (mut sealer, mut opener) = pair(Epoch(epoch));
        let codec = if is_vp8 { Codec::Vp8 } else { Codec::Vp9 };
        let sealed = sealer.seal(TrackKind::Camera, codec, &frame).unwrap();
        prop_assert!(sealed.len() <= frame.len() + MAX_OVERHEAD_BYTES);
        prop_assert_eq!(opener.open(CAMERA, &sealed), Ok(frame));
    }

    #[test]
    fn any_flipped_bit_is_refused(frame in camera_frame(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (mut sealer, mut opener) = pair(Epoch(3));
        let mut sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &frame).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert!(opener.open(CAMERA, &sealed).is_err());
        // What was refused has used up nothing.
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(opener.open(CAMERA, &sealed), Ok(frame));
    }

    #[test]
    fn a_cut_or_lengthened_frame_is_refused(frame in camera_frame(), cut in 1_usize..40, more in any::<u8>()) {
        let (mut sealer, mut opener) = pair(Epoch(3));
        let mut sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &frame).unwrap();
        prop_assert!(opener.open(CAMERA, &sealed[..sealed.len().saturating_sub(cut)]).is_err());
        sealed.push(more);
        prop_assert!(opener.open(CAMERA, &sealed).is_err());
    }

    #[test]
    fn whatever_arrives_is_refused_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_, mut opener) = pair(Epoch(3));
        prop_assert!(opener.open(CAMERA, &bytes).is_err());
        prop_assert!(opener.open_redundant_voice(leaf(0), &bytes).is_err());
    }
}

#[test]
fn a_server_reads_whether_a_picture_is_a_keyframe_and_nothing_else() {
    let (mut sealer, _) = pair(Epoch(0));
    let secret = [0xAB; 64];
    let keyframe = [&[0x10, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xe0, 1][..], &secret].concat();
    let delta = [&[0x11][..], &secret].concat();
    for (frame, readable) in [(&keyframe, 10), (&delta, 1)] {
        let sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, frame).unwrap();
        assert_eq!(sealed[..readable], frame[..readable]);
        assert_eq!(*sealed.last().unwrap(), u8::try_from(readable).unwrap());
        assert!(!sealed.windows(4).any(|window| window == [0xAB; 4]), "a secret byte is readable");
    }
    assert_eq!(clear_prefix_bytes(Codec::Vp9, &keyframe), 0);
    assert_eq!(clear_prefix_bytes(Codec::Opus, &keyframe), 0);
    assert_eq!(clear_prefix_bytes(Codec::Vp8, &[]), 0);
    assert_eq!(clear_prefix_bytes(Codec::Vp8, &[0x10]), 1);
}

#[test]
fn a_prefix_cannot_be_cut_shorter_or_longer() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &[0x11; 80]).unwrap();
    for claimed in 0..=u8::MAX {
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() = claimed;
        assert_eq!(opener.open(CAMERA, &changed).is_ok(), claimed == 1, "{claimed}");
    }
}

#[test]
fn a_frame_is_opened_once() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 80]).unwrap();
    assert!(opener.open(CAMERA, &sealed).is_ok());
    assert_eq!(opener.open(CAMERA, &sealed), Err(OpenFrameError::Replayed));
    assert_eq!(opener.opened(), 1);
}

#[test]
fn a_frame_on_another_track_is_refused() {
    let (mut sealer, mut opener) = pair(Epoch(0));
    let sealed = sealer.seal(TrackKind::Camera, Codec::Vp8, &[1; 80]).unwrap();
    let others = [
        Opening { from: leaf(1), track: TrackKind::Camera },
        Opening { from: leaf(0), track: TrackKind::Screen },
        Opening { from: leaf(0), track: TrackKind::Voice },
    ];
    for other in others {
        assert_eq!(opener.open(other, &sealed), Err(OpenFrameError::OtherTrack), "{other:?}");
    }
    assert!(opener.open(CAMERA, &sealed).is_ok());
}

#[test]
fn no_number_is_used_twice_whatever_the_layers_and_epochs_do() {
    let mut sealer = Sealer::default();
    let mut used = std::collections::HashSet::new();
    let mut state = 7_u64;
    let mut draw = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut epoch = 0;
    for _ in 0..200_000 {
        if draw(50) == 0 {
            // The same epoch again as often as another one: it must not begin anew.
            epoch += draw(2);
        }
        sealer.switch(Epoch(epoch), leaf(2), &base_key(u8::try_from(epoch % 251).unwrap()));
        let track = [TrackKind::Voice, TrackKind::Camera, TrackKind::Screen][usize::try_from(draw(3)).unwrap()];
        let sealed = sealer.seal(track, Codec::Vp9, &[0]).unwrap();
        let (header, _) = colloque_e2ee::frame::FrameHeader::parse(&sealed).unwrap();
        assert!(used.insert((epoch, header.key_id, header.counter)), "epoch {epoch}, {header:?}");
    }
}

#[test]
fn the_number_of_a_key_says_track_member_and_epoch() {
    for track in TrackKind::ALL {
        for index in 0..8 {
            for epoch in 0..40 {
                let key_id = KeyId::new(track, leaf(index), Epoch(epoch));
                assert_eq!(KeyId::from_number(key_id.get()), Some(key_id));
                assert_eq!((key_id.track(), key_id.leaf()), (track, leaf(index)));
                assert!(
                    key_id.is_of(Epoch(epoch)) && key_id.is_of(Epoch(epoch + 16)) && !key_id.is_of(Epoch(epoch + 1))
                );
            }
        }
    }
    assert_eq!(KeyId::from_number(3 << 7), None);
    assert_eq!(KeyId::from_number(u64::MAX), None);
    assert_eq!(LeafIndex::new(8), None);
}
