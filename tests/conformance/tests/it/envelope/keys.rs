//! Names of keys, keys, and what stays readable.

use colloque_e2ee::frame::{BaseKey, Epoch, KeyId, TrackKind, clear_prefix_bytes, conformance};
use serde::{Deserialize, Serialize};

use super::cases::{AES_128, CALLS, Coding, base_key, leaf, ramp, suite, track, vp8_delta, vp8_keyframe};
use crate::hex::Hex;
use crate::own_vectors::{assert_published, read};

#[derive(Serialize, Deserialize)]
struct KeyIds {
    named: Vec<Named>,
    impossible: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct Named {
    track: u8,
    leaf: u32,
    epoch: u64,
    key_id: u64,
}

#[derive(Serialize, Deserialize)]
struct Key {
    suite: u16,
    base_key: Hex,
    key_id: u64,
    key: Hex,
    salt: Hex,
}

#[derive(Serialize, Deserialize)]
struct Prefix {
    codec: Coding,
    frame: Hex,
    prefix_bytes: usize,
}

fn key_ids() -> KeyIds {
    let mut named = Vec::new();
    for kind in TrackKind::ALL {
        for index in [0, 1, 6, 7] {
            for epoch in [0, 7, 8, 15, 16, 255, 256, (1 << 32) + 3] {
                let key_id = KeyId::new(kind, leaf(index), Epoch(epoch)).get();
                named.push(Named { track: kind as u8, leaf: index, epoch, key_id });
            }
        }
    }
    KeyIds { named, impossible: vec![3 << 7, (3 << 7) + 5, 511, 512, 65_535, 65_536, (1 << 32) + 165] }
}

fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    for (number, from) in
        [(CALLS, base_key(1)), (CALLS, base_key(2)), (AES_128, base_key(1)), (AES_128, ramp(16).into())]
    {
        for key_id in [0, 7, 8, 127, 128, 255, 256, 383] {
            let named = KeyId::from_number(key_id).unwrap();
            let (key, salt) = conformance::secrets(suite(number), &BaseKey::from_bytes(&from), named);
            keys.push(Key { suite: number, base_key: from.clone(), key_id, key: key.into(), salt: salt.into() });
        }
    }
    keys
}

fn prefixes() -> Vec<Prefix> {
    let keyframe = vp8_keyframe(16);
    let lengths = [0, 1, 9, 10, 11, 16];
    let keyframes = lengths.map(|length| (Coding::Vp8, keyframe[..length].to_vec()));
    let others = [1, 2, 10, 16].map(|length| (Coding::Vp8, vp8_delta(length)));
    let rest =
        [(Coding::Vp9, ramp(16)), (Coding::Vp9, vp8_delta(16)), (Coding::Opus, ramp(16)), (Coding::Opus, vec![])];
    let all = keyframes.into_iter().chain(others).chain(rest);
    all.map(|(codec, frame)| {
        let prefix_bytes = clear_prefix_bytes(codec.codec(), &frame);
        Prefix { codec, frame: frame.into(), prefix_bytes }
    })
    .collect()
}

#[test]
fn names_of_keys_are_as_published() {
    assert_published("envelope/key-ids", &key_ids());
}

#[test]
fn keys_are_as_published() {
    assert_published("envelope/keys", &keys());
}

#[test]
fn readable_bytes_are_as_published() {
    assert_published("envelope/prefixes", &prefixes());
}

#[test]
fn every_published_name_of_a_key_says_whose_it_is() {
    let published: KeyIds = read("envelope/key-ids");
    for named in &published.named {
        let key_id = KeyId::from_number(named.key_id).unwrap();
        assert_eq!((key_id.track(), key_id.leaf()), (track(named.track), leaf(named.leaf)));
        assert!(key_id.is_of(Epoch(named.epoch)) && !key_id.is_of(Epoch(named.epoch + 1)));
    }
    for number in &published.impossible {
        assert_eq!(KeyId::from_number(*number), None, "{number}");
    }
    assert_eq!((published.named.len(), published.impossible.len()), (96, 7));
}
