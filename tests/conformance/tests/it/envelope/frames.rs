//! Sealed frames at every border: of the prefix, of the key's number, of the counter.

use colloque_e2ee::frame::{KeyId, Opening, clear_prefix_bytes, conformance, pad_voice, unpad_voice};
use serde::{Deserialize, Serialize};

use super::cases::{
    AES_128, CALLS, Coding, EVERYBODY, Sender, base_key, leaf, opener, ramp, sealer, track, vp8_delta, vp8_keyframe,
};
use crate::hex::Hex;
use crate::own_vectors::{assert_published, read};

#[derive(Serialize, Deserialize)]
struct Frame {
    name: String,
    suite: u16,
    base_key: Hex,
    track: u8,
    leaf: u32,
    epoch: u64,
    counter: u64,
    codec: Coding,
    frame: Hex,
    key_id: u64,
    prefix_bytes: usize,
    plaintext: Hex,
    nonce: Hex,
    aad: Hex,
    sealed: Hex,
}

/// What a frame is sealed from.
struct Source {
    name: String,
    suite: u16,
    place: (u8, u32, u64),
    counter: u64,
    codec: Coding,
    frame: Vec<u8>,
}

const VOICE: u8 = 0;
const CAMERA: u8 = 1;
const SCREEN: u8 = 2;

/// Where a counter's length on the wire changes, up to the last one that a key may have.
const COUNTERS: [u64; 17] = [
    0,
    1,
    7,
    8,
    255,
    256,
    65_535,
    65_536,
    (1 << 24) - 1,
    1 << 24,
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    (1 << 40) - 1,
    1 << 40,
    (1 << 48) - 2,
    (1 << 48) - 1,
];

/// Track, leaf and epoch at which the name of the key is 0, 7, 8, 15, 16, 127, 128, 255, 256, 383, and of epochs past 16.
const PLACES: [(u8, u32, u64); 14] = [
    (VOICE, 0, 0),
    (VOICE, 0, 7),
    (VOICE, 0, 8),
    (VOICE, 0, 15),
    (VOICE, 1, 0),
    (VOICE, 7, 15),
    (CAMERA, 0, 0),
    (CAMERA, 7, 15),
    (SCREEN, 0, 0),
    (SCREEN, 7, 15),
    (VOICE, 0, 16),
    (CAMERA, 1, 23),
    (SCREEN, 5, 255),
    (CAMERA, 3, (1 << 32) + 3),
];

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut add = |name: String, suite, place, counter, codec, frame: Vec<u8>| {
        sources.push(Source { name, suite, place, counter, codec, frame });
    };
    for (name, codec, frame) in [
        ("keyframe, 10 bytes readable", Coding::Vp8, vp8_keyframe(40)),
        ("keyframe of 10 bytes, all of them readable", Coding::Vp8, vp8_keyframe(10)),
        ("keyframe cut to 4 bytes, all of them readable", Coding::Vp8, vp8_keyframe(10)[..4].to_vec()),
        ("other frame, 1 byte readable", Coding::Vp8, vp8_delta(40)),
        ("other frame of 1 byte", Coding::Vp8, vp8_delta(1)),
        ("empty frame", Coding::Vp8, vec![]),
        ("VP9, nothing readable", Coding::Vp9, ramp(40)),
        ("VP9 of 1 byte", Coding::Vp9, ramp(1)),
    ] {
        for kind in [CAMERA, SCREEN] {
            let shown = if kind == CAMERA { "camera" } else { "screen" };
            add(format!("{shown}: {name}"), CALLS, (kind, 1, 3), 2, codec, frame.clone());
        }
    }
    add("camera: 1,200 bytes".to_owned(), CALLS, (CAMERA, 0, 1), 9, Coding::Vp8, vp8_delta(1_200));
    for length in [0, 3, 23, 24, 69, 138] {
        add(format!("voice of {length} bytes"), CALLS, (VOICE, 1, 3), 2, Coding::Opus, ramp(length));
    }
    for place @ (kind, ..) in PLACES {
        let key_id = key_id(place).get();
        let (codec, frame) = if kind == VOICE { (Coding::Opus, ramp(30)) } else { (Coding::Vp8, vp8_delta(30)) };
        add(format!("key {key_id} of epoch {}", place.2), CALLS, place, 5, codec, frame);
    }
    for counter in COUNTERS {
        let name = format!("counter {counter}");
        add(format!("{name}, voice"), CALLS, (VOICE, 0, 4), counter, Coding::Opus, ramp(20));
        add(format!("{name}, camera"), CALLS, (CAMERA, 2, 9), counter, Coding::Vp8, vp8_keyframe(26));
    }
    for (place, counter, codec, frame) in [
        ((VOICE, 0, 7), 0, Coding::Opus, ramp(20)),
        ((VOICE, 0, 8), 7, Coding::Opus, ramp(20)),
        ((CAMERA, 7, 15), 8, Coding::Vp8, vp8_delta(20)),
        ((CAMERA, 1, 3), 255, Coding::Vp9, ramp(20)),
        ((SCREEN, 0, 0), 256, Coding::Vp8, vp8_keyframe(20)),
        ((SCREEN, 7, 15), 1 << 32, Coding::Vp8, vp8_keyframe(10)),
    ] {
        let name = format!("AES-128, key {}, counter {counter}", key_id(place).get());
        add(name, AES_128, place, counter, codec, frame);
    }
    sources
}

fn key_id((kind, from, epoch): (u8, u32, u64)) -> KeyId {
    KeyId::new(track(kind), leaf(from), colloque_e2ee::frame::Epoch(epoch))
}

fn compute(source: Source) -> Frame {
    let (kind, from, epoch) = source.place;
    let base_key = base_key(if source.suite == CALLS { 1 } else { 3 });
    let sender = Sender::new(source.suite, &base_key, track(kind), leaf(from), epoch);
    let prefix_bytes = if kind == VOICE { 0 } else { clear_prefix_bytes(source.codec.codec(), &source.frame) };
    let padded = if kind == VOICE { pad_voice(&source.frame) } else { source.frame.clone() };
    Frame {
        name: source.name,
        suite: source.suite,
        track: kind,
        leaf: from,
        epoch,
        counter: source.counter,
        codec: source.codec,
        key_id: sender.key_id.get(),
        prefix_bytes,
        plaintext: padded[prefix_bytes..].into(),
        nonce: conformance::nonce(&sender.key, source.counter).into(),
        aad: conformance::aad(&sender.key, source.counter, track(kind), &padded[..prefix_bytes]).into(),
        sealed: sender.seal(source.counter, prefix_bytes, &padded).into(),
        frame: source.frame.into(),
        base_key,
    }
}

impl Frame {
    fn is_of_a_call(&self) -> bool {
        self.suite == CALLS
    }

    fn opening(&self) -> Opening {
        Opening { from: leaf(self.leaf), track: track(self.track) }
    }
}

#[test]
fn frames_are_as_published() {
    assert_published("envelope/frames", &sources().into_iter().map(compute).collect::<Vec<_>>());
}

#[test]
fn every_published_frame_of_a_call_is_opened_once() {
    let frames: Vec<Frame> = read("envelope/frames");
    for frame in frames.iter().filter(|frame| frame.is_of_a_call()) {
        let mut opener = opener(&frame.base_key, frame.epoch, &EVERYBODY);
        assert_eq!(opener.open(frame.opening(), &frame.sealed).as_deref(), Ok(&*frame.frame), "{}", frame.name);
        assert!(opener.open(frame.opening(), &frame.sealed).is_err(), "{}", frame.name);
    }
    assert_eq!((frames.len(), frames.iter().filter(|frame| frame.is_of_a_call()).count()), (77, 71));
}

/// What a call seals by itself, counting from 0, and not only what its parts do under a counter that a test chooses.
#[test]
fn a_call_seals_the_published_bytes_once_it_has_counted_so_far() {
    let frames: Vec<Frame> = read("envelope/frames");
    let mut sealed = 0;
    for frame in frames.iter().filter(|frame| frame.is_of_a_call() && frame.counter <= 65_536) {
        let mut sealer = sealer(&frame.base_key, leaf(frame.leaf), frame.epoch);
        for _ in 0..frame.counter {
            sealer.seal(track(frame.track), frame.codec.codec(), &[]).unwrap();
        }
        let bytes = sealer.seal(track(frame.track), frame.codec.codec(), &frame.frame).unwrap();
        assert_eq!(bytes, &*frame.sealed, "{}", frame.name);
        sealed += 1;
    }
    assert_eq!(sealed, 53);
}

#[test]
fn every_published_frame_of_the_other_suite_is_opened() {
    let frames: Vec<Frame> = read("envelope/frames");
    for frame in frames.iter().filter(|frame| !frame.is_of_a_call()) {
        let sender = Sender::new(frame.suite, &frame.base_key, track(frame.track), leaf(frame.leaf), frame.epoch);
        let opened = conformance::open(&sender.key, &frame.sealed).unwrap();
        let opened = if frame.track == VOICE { unpad_voice(opened).unwrap() } else { opened };
        assert_eq!(opened, &*frame.frame, "{}", frame.name);
        // A call knows the one suite that it is made with.
        let mut opener = opener(&frame.base_key, frame.epoch, &EVERYBODY);
        assert!(opener.open(frame.opening(), &frame.sealed).is_err(), "{}", frame.name);
    }
}

#[test]
fn no_published_frame_opens_with_any_bit_of_it_changed() {
    let frames: Vec<Frame> = read("envelope/frames");
    for frame in frames.iter().filter(|frame| frame.is_of_a_call() && frame.sealed.len() < 100) {
        let mut opener = opener(&frame.base_key, frame.epoch, &EVERYBODY);
        let mut sealed = frame.sealed.to_vec();
        for bit in 0..sealed.len() * 8 {
            sealed[bit / 8] ^= 1 << (bit % 8);
            assert!(opener.open(frame.opening(), &sealed).is_err(), "{}, bit {bit}", frame.name);
            sealed[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// The envelope taken off, what remains is a frame of RFC 9605 for others too.
#[test]
fn the_crate_sframe_opens_every_published_frame() {
    use sframe::CipherSuite;
    let frames: Vec<Frame> = read("envelope/frames");
    for frame in &frames {
        let suite = if frame.is_of_a_call() { CipherSuite::AesGcm256Sha512 } else { CipherSuite::AesGcm128Sha256 };
        let key = sframe::key::DecryptionKey::derive_from(suite, frame.key_id, &*frame.base_key).unwrap();
        let (&prefix_bytes, rest) = frame.sealed.split_last().unwrap();
        let (prefix, sealed) = rest.split_at(prefix_bytes.into());
        let metadata = [&[frame.track, prefix_bytes], prefix].concat();
        let opened = sframe::frame::EncryptedFrame::try_with_meta_data(sealed, &metadata).unwrap().decrypt(&key);
        assert_eq!(opened.unwrap().payload(), &*frame.plaintext, "{}", frame.name);
    }
}
