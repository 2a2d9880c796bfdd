//! What all of them share: the names of things in the files, and bytes to seal.

use colloque_e2ee::frame::{
    BaseKey, Codec, FrameKey, FrameSuite, KeyId, LeafIndex, OpenFrameError, Opener, TrackKind, conformance,
};
use colloque_e2ee::frame::{Epoch, Sealer};
use serde::{Deserialize, Serialize};

use crate::hex::Hex;

/// How a track is coded, as the files say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    Opus,
    Vp8,
    Vp9,
}

impl Coding {
    pub const fn codec(self) -> Codec {
        match self {
            Self::Opus => Codec::Opus,
            Self::Vp8 => Codec::Vp8,
            Self::Vp9 => Codec::Vp9,
        }
    }
}

/// Why a frame is refused, as the files say it: the first of the checks, in the order in which the protocol lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    Envelope,
    Header,
    KeyId,
    Track,
    UnknownKey,
    Replayed,
    Tag,
    Padding,
}

impl From<OpenFrameError> for Because {
    fn from(error: OpenFrameError) -> Self {
        match error {
            OpenFrameError::NoEnvelope => Self::Envelope,
            OpenFrameError::Header(_) => Self::Header,
            OpenFrameError::ImpossibleKey => Self::KeyId,
            OpenFrameError::OtherTrack => Self::Track,
            OpenFrameError::UnknownKey => Self::UnknownKey,
            OpenFrameError::Replayed => Self::Replayed,
            OpenFrameError::WrongTag => Self::Tag,
            OpenFrameError::WrongPadding => Self::Padding,
        }
    }
}

pub const CALLS: u16 = 5;
pub const AES_128: u16 = 4;

pub fn suite(number: u16) -> FrameSuite {
    match number {
        AES_128 => FrameSuite::Aes128Gcm,
        CALLS => FrameSuite::Aes256Gcm,
        other => panic!("suite {other} is nobody's"),
    }
}

pub fn track(number: u8) -> TrackKind {
    TrackKind::from_number(number).unwrap()
}

pub fn leaf(index: u32) -> LeafIndex {
    LeafIndex::new(index).unwrap()
}

/// What MLS exports, a different one for each number.
pub fn base_key(number: u8) -> Hex {
    (0..32).map(|at| number.wrapping_mul(16).wrapping_add(at)).collect::<Vec<_>>().into()
}

/// Bytes that go up.
pub fn ramp(length: usize) -> Vec<u8> {
    (0..length).map(|at| at as u8).collect()
}

/// A keyframe of 320 by 240 pixels, of at least ten bytes: RFC 6386 section 9.1.
pub fn vp8_keyframe(length: usize) -> Vec<u8> {
    let mut frame = vec![0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
    frame.extend(ramp(length - frame.len()));
    frame
}

/// Any other frame.
pub fn vp8_delta(length: usize) -> Vec<u8> {
    let mut frame = ramp(length);
    frame[0] = 0x31;
    frame
}

/// One track of one member in one epoch.
pub struct Sender {
    pub key: FrameKey,
    pub key_id: KeyId,
}

impl Sender {
    pub fn new(number: u16, base_key: &[u8], kind: TrackKind, from: LeafIndex, epoch: u64) -> Self {
        let key_id = KeyId::new(kind, from, Epoch(epoch));
        Self { key: FrameKey::derive(suite(number), &BaseKey::from_bytes(base_key), key_id.get()), key_id }
    }

    /// Seals under any counter, as a call does under those that it has reached.
    pub fn seal(&self, counter: u64, prefix_bytes: usize, frame: &[u8]) -> Vec<u8> {
        conformance::seal(&self.key, self.key_id, counter, prefix_bytes, frame).unwrap()
    }
}

/// What a member of a call seals with, its counters at 0.
pub fn sealer(base_key: &[u8], from: LeafIndex, epoch: u64) -> Sealer {
    let mut sealer = Sealer::default();
    sealer.switch(Epoch(epoch), from, &BaseKey::from_bytes(base_key));
    sealer
}

/// What a member of a call opens with.
pub fn opener(base_key: &[u8], epoch: u64, members: &[u32]) -> Opener {
    let mut opener = Opener::default();
    let members: Vec<_> = members.iter().map(|&index| leaf(index)).collect();
    opener.install(Epoch(epoch), BaseKey::from_bytes(base_key), &members, NOW);
    opener
}

pub const EVERYBODY: [u32; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

const NOW: colloque_ids::Timestamp = colloque_ids::Timestamp::from_millis(1_800_000_000_000);
