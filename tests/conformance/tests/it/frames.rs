//! SFrame frames of this project against those of the crate `sframe`, which does its cryptography by ring.

use colloque_e2ee::frame::{
    BaseKey, Codec, Epoch, FrameHeader, FrameKey, FrameSuite, KeyId, LeafIndex, Sealer, TrackKind,
};
use proptest::prelude::*;
use proptest::sample::Index;
use sframe::CipherSuite;
use sframe::frame::{EncryptedFrame, MediaFrame, SingleUseCounter};
use sframe::key::{DecryptionKey, EncryptionKey};

/// Everything that a sealed frame depends on.
#[derive(Debug, Clone)]
struct Sealing {
    suite: FrameSuite,
    base_key: Vec<u8>,
    key_id: u64,
    counter: u64,
    metadata: Vec<u8>,
    frame: Vec<u8>,
}

const TAG_BYTES: usize = 16;

impl Sealing {
    fn their_suite(&self) -> CipherSuite {
        match self.suite {
            FrameSuite::Aes128Gcm => CipherSuite::AesGcm128Sha256,
            FrameSuite::Aes256Gcm => CipherSuite::AesGcm256Sha512,
        }
    }

    /// Header, ciphertext and tag, as RFC 9605 section 4.2 has them.
    fn seal_by_us(&self) -> Vec<u8> {
        let mut sealed = Vec::new();
        FrameHeader { key_id: self.key_id, counter: self.counter }.write(&mut sealed);
        let header_bytes = sealed.len();
        sealed.extend_from_slice(&self.frame);
        let key = self.our_key(self.key_id);
        let tag = key.seal_in_place(self.counter, &self.metadata, &mut sealed[header_bytes..]).unwrap();
        sealed.extend_from_slice(&tag);
        sealed
    }

    fn seal_by_them(&self) -> Vec<u8> {
        let key = EncryptionKey::derive_from(self.their_suite(), self.key_id, &self.base_key).unwrap();
        let mut counter = SingleUseCounter::new(self.counter);
        let frame = MediaFrame::try_with_meta_data(&mut counter, &self.frame, &self.metadata).unwrap();
        frame.encrypt(&key).unwrap().sframe_cipher_text().to_vec()
    }

    /// Opens with the key and the counter that the header names.
    fn open_by_us(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (header, header_bytes) = FrameHeader::parse(sealed).ok()?;
        let (frame, tag) = sealed[header_bytes..].split_last_chunk::<TAG_BYTES>()?;
        let mut frame = frame.to_vec();
        self.our_key(header.key_id).open_in_place(header.counter, &self.metadata, &mut frame, tag).ok()?;
        Some(frame)
    }

    fn open_by_them(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let sealed = EncryptedFrame::try_with_meta_data(sealed, &self.metadata).ok()?;
        // Only a key of the number that the header names, whatever a changed header says.
        let key = DecryptionKey::derive_from(self.their_suite(), sealed.header().key_id(), &self.base_key).ok()?;
        sealed.decrypt(&key).ok().map(|frame| frame.payload().to_vec())
    }

    fn our_key(&self, key_id: u64) -> FrameKey {
        FrameKey::derive(self.suite, &BaseKey::from_bytes(&self.base_key), key_id)
    }
}

/// Numbers of every length that a header can write, and those at its borders.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        0_u64..20,
        any::<u64>(),
        (0_u32..64).prop_map(|bits| 1 << bits),
        (0_u32..64).prop_map(|bits| (1 << bits) - 1),
        Just(u64::MAX),
    ]
}

fn bytes(length: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), length)
}

fn sealing() -> impl Strategy<Value = Sealing> {
    let suite = prop_oneof![Just(FrameSuite::Aes128Gcm), Just(FrameSuite::Aes256Gcm)];
    let length = prop_oneof![Just(0..1_usize), Just(1..64), Just(64..1_500), Just(1_500..20_000)];
    let frame = length.prop_flat_map(bytes);
    (suite, bytes(16..=64), number(), number(), bytes(0..40), frame).prop_map(
        |(suite, base_key, key_id, counter, metadata, frame)| Sealing {
            suite,
            base_key,
            key_id,
            counter,
            metadata,
            frame,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn both_seal_alike_and_open_each_others_frames(sealing in sealing()) {
        let (ours, theirs) = (sealing.seal_by_us(), sealing.seal_by_them());
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(sealing.open_by_them(&ours), Some(sealing.frame.clone()));
        prop_assert_eq!(sealing.open_by_us(&theirs), Some(sealing.frame.clone()));
    }

    #[test]
    fn both_refuse_a_frame_with_a_changed_bit(sealing in sealing(), at in any::<Index>(), bit in 0_u8..8) {
        let mut sealed = sealing.seal_by_us();
        let at = at.index(sealed.len());
        sealed[at] ^= 1 << bit;
        prop_assert_eq!(sealing.open_by_us(&sealed), None);
        prop_assert_eq!(sealing.open_by_them(&sealed), None);
    }

    #[test]
    fn both_refuse_a_frame_whose_header_has_a_changed_bit(sealing in sealing(), at in any::<Index>(), bit in 0_u8..8) {
        let mut sealed = sealing.seal_by_us();
        let (_, header_bytes) = FrameHeader::parse(&sealed).unwrap();
        sealed[at.index(header_bytes)] ^= 1 << bit;
        prop_assert_eq!(sealing.open_by_us(&sealed), None);
        prop_assert_eq!(sealing.open_by_them(&sealed), None);
    }

    #[test]
    fn both_refuse_a_frame_with_other_metadata(
        sealing in sealing(),
        at in any::<Index>(),
        bit in 0_u8..8,
        more in any::<u8>(),
    ) {
        let sealed = sealing.seal_by_us();
        let mut changed = sealing.clone();
        if changed.metadata.is_empty() {
            changed.metadata.push(more);
        } else {
            let at = at.index(changed.metadata.len());
            changed.metadata[at] ^= 1 << bit;
        }
        let mut longer = sealing.clone();
        longer.metadata.push(more);
        for other in [changed, longer] {
            prop_assert_eq!(other.open_by_us(&sealed), None);
            prop_assert_eq!(other.open_by_them(&sealed), None);
        }
    }

    #[test]
    fn both_refuse_a_cut_or_lengthened_frame(sealing in sealing(), cut in 1_usize..40, more in any::<u8>()) {
        let mut sealed = sealing.seal_by_us();
        let cut = sealed[..sealed.len().saturating_sub(cut)].to_vec();
        sealed.push(more);
        for changed in [cut, sealed] {
            prop_assert_eq!(sealing.open_by_us(&changed), None);
            prop_assert_eq!(sealing.open_by_them(&changed), None);
        }
    }

    #[test]
    fn both_read_and_write_the_same_headers(key_id in number(), counter in number()) {
        let mut ours = Vec::new();
        FrameHeader { key_id, counter }.write(&mut ours);
        let theirs = Vec::from(&sframe::header::SframeHeader::new(key_id, counter));
        prop_assert_eq!(&ours, &theirs);
        let read = sframe::header::SframeHeader::deserialize(&ours).unwrap();
        prop_assert_eq!((read.key_id(), read.counter()), (key_id, counter));
        prop_assert_eq!(FrameHeader::parse(&theirs), Ok((FrameHeader { key_id, counter }, theirs.len())));
    }

    /// Around the frame lies the envelope: what stays readable before it, and how long that is behind it.
    #[test]
    fn what_a_call_sends_is_a_frame_of_theirs_in_an_envelope(
        base_key in bytes(32),
        epoch in any::<u64>(),
        leaf in 0_u32..8,
        frame in bytes(11..3_000),
    ) {
        let (epoch, leaf) = (Epoch(epoch), LeafIndex::new(leaf).unwrap());
        let mut sealer = Sealer::default();
        sealer.switch(epoch, leaf, &BaseKey::from_bytes(&base_key));
        for counter in 0..3 {
            let sent = sealer.seal(TrackKind::Camera, Codec::Vp8, &frame).unwrap();
            let (&prefix_bytes, sent) = sent.split_last().unwrap();
            let (prefix, sealed) = sent.split_at(prefix_bytes.into());
            let sealing = Sealing {
                suite: FrameSuite::Aes256Gcm,
                base_key: base_key.clone(),
                key_id: KeyId::new(TrackKind::Camera, leaf, epoch).get(),
                counter,
                metadata: [&[TrackKind::Camera as u8, prefix_bytes], prefix].concat(),
                frame: frame[prefix.len()..].to_vec(),
            };
            prop_assert_eq!(prefix, &frame[..prefix.len()]);
            prop_assert_eq!(sealed, sealing.seal_by_them());
            prop_assert_eq!(sealing.open_by_them(sealed), Some(sealing.frame.clone()));
        }
    }
}
