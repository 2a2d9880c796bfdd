//! Frames that no receiver may open.

use colloque_e2ee::frame::{BaseKey, FrameHeader, FrameKey, LeafIndex, Opening, TrackKind};
use serde::{Deserialize, Serialize};

use super::cases::{
    Because, CALLS, EVERYBODY, Sender, base_key, leaf, opener, ramp, suite, track, vp8_delta, vp8_keyframe,
};
use crate::hex::Hex;
use crate::own_vectors::{assert_published, read};

#[derive(Serialize, Deserialize)]
struct Refused {
    name: String,
    because: Because,
    base_key: Hex,
    epoch: u64,
    members: Vec<u32>,
    from_leaf: u32,
    on_track: u8,
    sealed: Hex,
}

const FROM: u32 = 2;
const EPOCH: u64 = 5;
const COUNTER: u64 = 256;

/// Where the regions of [`picture`] begin.
const HEADER: usize = 10;
const KEY_ID: usize = 11;
const COUNTED: usize = 12;
const CIPHERTEXT: usize = 14;
const TAG: usize = 34;
const PREFIX_BYTES: usize = 50;

struct Cases(Vec<Refused>);

impl Cases {
    fn add(&mut self, name: &str, because: Because, sealed: Vec<u8>) {
        self.add_for(name, because, (FROM, TrackKind::Camera), sealed);
    }

    /// A frame that comes on the track of a certain member.
    fn add_for(&mut self, name: &str, because: Because, (from, kind): (u32, TrackKind), sealed: Vec<u8>) {
        self.0.push(Refused {
            name: name.to_owned(),
            because,
            base_key: base_key(1),
            epoch: EPOCH,
            members: EVERYBODY.to_vec(),
            from_leaf: from,
            on_track: kind as u8,
            sealed: sealed.into(),
        });
    }
}

fn sender(kind: TrackKind) -> Sender {
    Sender::new(CALLS, &base_key(1), kind, leaf(FROM), EPOCH)
}

/// A keyframe that every receiver opens as it is.
fn picture() -> Vec<u8> {
    sender(TrackKind::Camera).seal(COUNTER, 10, &vp8_keyframe(30))
}

fn flipped(byte: usize, bit: u8) -> Vec<u8> {
    let mut bytes = picture();
    bytes[byte] ^= 1 << bit;
    bytes
}

/// A frame sealed with a header and with metadata of the test's choice.
fn forged(header: &[u8], key_id: u64, counter: u64, metadata: &[u8], (prefix, secret): (&[u8], &[u8])) -> Vec<u8> {
    let key = FrameKey::derive(suite(CALLS), &BaseKey::from_bytes(&base_key(1)), key_id);
    let mut ciphertext = secret.to_vec();
    let tag = key.seal_in_place(counter, metadata, &mut ciphertext).unwrap();
    [prefix, header, &ciphertext, &tag, &[u8::try_from(prefix.len()).unwrap()]].concat()
}

fn header(key_id: u64, counter: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    FrameHeader { key_id, counter }.write(&mut bytes);
    bytes
}

fn flipped_bits(cases: &mut Cases) {
    for (name, because, byte, bit) in [
        ("flipped bit: prefix, first byte", Because::Tag, 0, 0),
        ("flipped bit: prefix, last byte", Because::Tag, HEADER - 1, 7),
        ("flipped bit: header, length of the counter, one byte less", Because::Header, HEADER, 0),
        ("flipped bit: header, length of the counter, two bytes more", Because::Tag, HEADER, 1),
        ("flipped bit: header, the counter inside it", Because::Tag, HEADER, 3),
        ("flipped bit: header, length of the key's number", Because::Header, HEADER, 4),
        ("flipped bit: header, the key's number inside it", Because::Track, HEADER, 7),
        ("flipped bit: key's number, epoch", Because::UnknownKey, KEY_ID, 0),
        ("flipped bit: key's number, leaf", Because::Track, KEY_ID, 4),
        ("flipped bit: key's number, track", Because::Track, KEY_ID, 7),
        ("flipped bit: counter, first byte", Because::Tag, COUNTED, 7),
        ("flipped bit: counter, last byte", Because::Tag, COUNTED + 1, 0),
        ("flipped bit: ciphertext, first byte", Because::Tag, CIPHERTEXT, 7),
        ("flipped bit: ciphertext, last byte", Because::Tag, TAG - 1, 0),
        ("flipped bit: tag, first byte", Because::Tag, TAG, 0),
        ("flipped bit: tag, last byte", Because::Tag, PREFIX_BYTES - 1, 7),
        ("flipped bit: length of the prefix, too long", Because::Envelope, PREFIX_BYTES, 0),
        ("flipped bit: length of the prefix, 2 instead of 10", Because::Track, PREFIX_BYTES, 3),
    ] {
        cases.add(name, because, flipped(byte, bit));
    }
}

fn changed_prefixes(cases: &mut Cases) {
    let claims = |mut sealed: Vec<u8>, claimed: u8| {
        *sealed.last_mut().unwrap() = claimed;
        sealed
    };
    let delta = sender(TrackKind::Camera).seal(COUNTER, 1, &vp8_delta(30));
    let bare = sender(TrackKind::Camera).seal(COUNTER, 0, &ramp(30));
    cases.add("prefix: 0 instead of 10", Because::Track, claims(picture(), 0));
    cases.add("prefix: 9 instead of 10", Because::Track, claims(picture(), 9));
    cases.add("prefix: 11 instead of 10", Because::Envelope, claims(picture(), 11));
    cases.add("prefix: 255 instead of 10", Because::Envelope, claims(picture(), 255));
    cases.add("prefix: 0 instead of 1", Because::Track, claims(delta.clone(), 0));
    cases.add("prefix: 2 instead of 1", Because::KeyId, claims(delta, 2));
    cases.add("prefix: 1 instead of 0", Because::KeyId, claims(bare, 1));
    let longer_than_frame = [&[0_u8; 9][..], &[0; 16], &[10]].concat();
    cases.add("prefix: longer than the frame", Because::Envelope, longer_than_frame);
    // One byte taken out of the prefix, and its length with it.
    let mut shorter = claims(picture(), 9);
    shorter.remove(HEADER - 1);
    cases.add("prefix: its last byte taken out", Because::Tag, shorter);
    let mut without = claims(picture(), 0);
    without.drain(..HEADER);
    cases.add("prefix: taken away", Because::Tag, without);
    // Where the readable part ends is authenticated, and not only what is in it.
    let key_id = sender(TrackKind::Camera).key_id.get();
    let frame = vp8_delta(30);
    let mut metadata = vec![TrackKind::Camera as u8, 0];
    metadata.push(frame[0]);
    let sealed = forged(&header(key_id, COUNTER), key_id, COUNTER, &metadata, frame.split_at(1));
    cases.add("prefix: sealed as if it had another length", Because::Tag, sealed);
    let sealed = forged(&header(key_id, COUNTER), key_id, COUNTER, &[], frame.split_at(1));
    cases.add("prefix: sealed without metadata", Because::Tag, sealed);
}

fn other_tracks(cases: &mut Cases) {
    let voice = sender(TrackKind::Voice).seal(COUNTER, 0, &colloque_e2ee::frame::pad_voice(&ramp(20)));
    cases.add_for("track: a camera on the screen's", Because::Track, (FROM, TrackKind::Screen), picture());
    cases.add_for("track: a camera on the voice's", Because::Track, (FROM, TrackKind::Voice), picture());
    cases.add_for("track: a voice on the camera's", Because::Track, (FROM, TrackKind::Camera), voice);
    cases.add_for("track: another member's camera", Because::Track, (3, TrackKind::Camera), picture());
    for key_id in [3 << 7, (3 << 7) + 37, 511, 512 + 165, 65_536 + 165] {
        let sealed = forged(&header(key_id, 0), key_id, 0, &[3, 0], (&[], &ramp(20)));
        cases.add(&format!("track: none has key {key_id}"), Because::KeyId, sealed);
    }
    // Under the camera's key, for the screen.
    let key_id = sender(TrackKind::Camera).key_id.get();
    let sealed = forged(&header(key_id, 0), key_id, 0, &[TrackKind::Screen as u8, 0], (&[], &ramp(20)));
    cases.add("track: sealed as another one's", Because::Tag, sealed);
}

fn other_keys(cases: &mut Cases) {
    let of = |number: u8, epoch: u64| {
        Sender::new(CALLS, &base_key(number), TrackKind::Camera, leaf(FROM), epoch).seal(COUNTER, 0, &ramp(20))
    };
    cases.add("key: of an epoch that is not known", Because::UnknownKey, of(2, EPOCH + 1));
    cases.add("key: of an epoch whose last four bits are the same", Because::Tag, of(2, EPOCH + 16));
    cases.add("key: of another group", Because::Tag, of(3, EPOCH));
    let other_suite = Sender::new(super::cases::AES_128, &base_key(1), TrackKind::Camera, leaf(FROM), EPOCH);
    cases.add("key: of the suite with AES-128", Because::Tag, other_suite.seal(COUNTER, 0, &ramp(20)));
    cases.add("key: of one who is not in the epoch", Because::UnknownKey, of(1, EPOCH));
    if let Some(last) = cases.0.last_mut() {
        last.members = vec![0, 1];
    }
    // Parts of two frames of the same length.
    let (first, second) = (picture(), sender(TrackKind::Camera).seal(COUNTER + 1, 10, &vp8_keyframe(30)));
    for (name, until) in [("ciphertext and tag", CIPHERTEXT), ("tag", TAG)] {
        cases.add(&format!("key: {name} of another frame"), Because::Tag, [&first[..until], &second[until..]].concat());
    }
}

/// The same header in more bytes than it needs. What is authenticated is the shortest form: who writes a header anew before checking
/// the tag would open one frame in many forms.
fn longer_headers(cases: &mut Cases) {
    let early = Sender::new(CALLS, &base_key(1), TrackKind::Voice, LeafIndex::FIRST, EPOCH).key_id.get();
    let padded = colloque_e2ee::frame::pad_voice(&ramp(20));
    let voice = (LeafIndex::FIRST.get(), TrackKind::Voice);
    for (name, header, key_id, counter) in [
        ("header: key's number below 8 in a byte of its own", &[0x80_u8, 5][..], early, 0),
        ("header: counter below 8 in a byte of its own", &[0x58, 7], early, 7),
        ("header: counter with a zero before it", &[0x59, 0, 200], early, 200),
        ("header: key's number with a zero before it", &[0x90, 0, 5], early, 0),
        ("header: counter in eight bytes", &[0x5f, 0, 0, 0, 0, 0, 0, 1, 0], early, 256),
    ] {
        let sealed = forged(header, key_id, counter, &[0, 0], (&[], &padded));
        cases.add_for(name, Because::Header, voice, sealed);
    }
}

fn cut(cases: &mut Cases) {
    let whole = picture();
    cases.add("cut: nothing is there", Because::Envelope, vec![]);
    cases.add("cut: one byte", Because::Envelope, vec![0]);
    cases.add("cut: shorter than a tag", Because::Envelope, vec![0; 16]);
    cases.add("cut: tag and length of the prefix alone", Because::Header, vec![0; 17]);
    let within_header = [&[0x89_u8, 165, 1][..], &[0; 16], &[0]].concat();
    cases.add("cut: within the header", Because::Header, within_header);
    let without = |range: std::ops::Range<usize>| [&whole[..range.start], &whole[range.end..]].concat();
    cases.add("cut: first byte", Because::KeyId, without(0..1));
    cases.add("cut: last byte of the ciphertext", Because::Tag, without(TAG - 1..TAG));
    cases.add("cut: all of the ciphertext", Because::Tag, without(CIPHERTEXT..TAG));
    cases.add("cut: last byte of the tag", Because::Tag, without(PREFIX_BYTES - 1..PREFIX_BYTES));
    cases.add("cut: half of the tag", Because::Tag, without(PREFIX_BYTES - 8..PREFIX_BYTES));
    cases.add("cut: all of the tag", Because::Tag, without(TAG..PREFIX_BYTES));
    cases.add("cut: length of the prefix", Because::Envelope, whole[..PREFIX_BYTES].to_vec());
    cases.add("lengthened: a byte in front", Because::Track, [&[0][..], &whole].concat());
    cases.add("lengthened: a byte behind", Because::Track, [&whole[..], &[0]].concat());
}

fn unpadded_voices(cases: &mut Cases) {
    let voice = (FROM, TrackKind::Voice);
    for (name, plaintext) in [
        ("padding: none", ramp(24)),
        ("padding: zeros without a mark", vec![0; 24]),
        ("padding: nothing at all", vec![]),
        ("padding: something after the mark", [&ramp(10)[..], &[0x80, 0, 1]].concat()),
    ] {
        let sealed = sender(TrackKind::Voice).seal(COUNTER, 0, &plaintext);
        cases.add_for(name, Because::Padding, voice, sealed);
    }
}

fn compute() -> Vec<Refused> {
    let mut cases = Cases(Vec::new());
    flipped_bits(&mut cases);
    changed_prefixes(&mut cases);
    other_tracks(&mut cases);
    other_keys(&mut cases);
    longer_headers(&mut cases);
    cut(&mut cases);
    unpadded_voices(&mut cases);
    cases.0
}

#[test]
fn refused_frames_are_as_published() {
    assert_published("envelope/refused", &compute());
}

#[test]
fn every_published_forgery_is_refused_for_its_reason() {
    let published: Vec<Refused> = read("envelope/refused");
    let mut others = Vec::new();
    for case in &published {
        let opening = Opening { from: leaf(case.from_leaf), track: track(case.on_track) };
        let opened = opener(&case.base_key, case.epoch, &case.members).open(opening, &case.sealed);
        let because = opened.map_err(Because::from);
        if because != Err(case.because) {
            others.push((&case.name, because));
        }
    }
    assert_eq!(others, []);
    assert_eq!(published.len(), 70);
}

/// What the forgeries are made of is good: each is refused for what was changed.
#[test]
fn the_frame_that_most_forgeries_change_opens() {
    let opening = Opening { from: leaf(FROM), track: TrackKind::Camera };
    let mut opener = opener(&base_key(1), EPOCH, &EVERYBODY);
    assert_eq!(picture().len(), PREFIX_BYTES + 1);
    assert_eq!(opener.open(opening, &picture()), Ok(vp8_keyframe(30)));
    let key_id = sender(TrackKind::Camera).key_id.get();
    let frame = vp8_delta(30);
    let metadata = [TrackKind::Camera as u8, 1, frame[0]];
    let by_hand = forged(&header(key_id, 1), key_id, 1, &metadata, frame.split_at(1));
    assert_eq!(opener.open(opening, &by_hand), Ok(frame));
}
