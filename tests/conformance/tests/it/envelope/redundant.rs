//! Voices that carry earlier frames with them, sealed block by block.

use colloque_e2ee::frame::{Codec, RedundantError, TrackKind};
use serde::{Deserialize, Serialize};

use super::cases::{Because, EVERYBODY, base_key, leaf, opener, ramp, sealer};
use crate::hex::Hex;
use crate::own_vectors::{assert_published, read};

#[derive(Serialize, Deserialize)]
struct Redundant {
    sealed: Vec<Sealed>,
    not_sealed: Vec<NotSealed>,
    arrivals: Vec<Arrivals>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    name: String,
    base_key: Hex,
    leaf: u32,
    epoch: u64,
    counter: u64,
    payload: Hex,
    sealed: Hex,
    opened: Hex,
}

#[derive(Serialize, Deserialize)]
struct NotSealed {
    name: String,
    payload: Hex,
}

/// What one receiver gets of one sender, in order.
#[derive(Serialize, Deserialize)]
struct Arrivals {
    name: String,
    base_key: Hex,
    epoch: u64,
    from_leaf: u32,
    packets: Vec<Packet>,
}

#[derive(Serialize, Deserialize)]
struct Packet {
    sealed: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<NotOpened>,
}

/// Why a packet is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum NotOpened {
    /// Not the form of RFC 2198.
    Malformed,
    #[serde(untagged)]
    Newest(Because),
}

const LEAF: u32 = 1;
const EPOCH: u64 = 3;

/// An earlier frame: payload type, how much earlier in units of the timestamp, bytes.
type Earlier<'a> = (u8, u16, &'a [u8]);

/// A packet of RFC 2198.
fn packet(earlier: &[Earlier<'_>], payload_type: u8, newest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (payload_type, offset, block) in earlier {
        let length = u16::try_from(block.len()).unwrap();
        assert!(*offset < 1 << 14 && length < 1 << 10);
        let header = 1 << 31 | u32::from(*payload_type) << 24 | u32::from(*offset) << 10 | u32::from(length);
        bytes.extend(header.to_be_bytes());
    }
    bytes.push(payload_type);
    bytes.extend(earlier.iter().flat_map(|(_, _, block)| *block));
    bytes.extend(newest);
    bytes
}

/// A packet that a receiver gets back as it was.
fn sealed(name: &str, counter: u64, payload: Vec<u8>) -> Sealed {
    sealed_without(name, counter, payload.clone(), payload)
}

/// A packet of which a receiver gets `opened`.
fn sealed_without(name: &str, counter: u64, payload: Vec<u8>, opened: Vec<u8>) -> Sealed {
    let mut sealer = sealer(&base_key(1), leaf(LEAF), EPOCH);
    for _ in 0..counter {
        sealer.seal(TrackKind::Voice, Codec::Opus, &[]).unwrap();
    }
    let sealed = sealer.seal_redundant_voice(&payload).unwrap().into();
    Sealed {
        name: name.to_owned(),
        base_key: base_key(1),
        leaf: LEAF,
        epoch: EPOCH,
        counter,
        payload: payload.into(),
        sealed,
        opened: opened.into(),
    }
}

fn all_sealed() -> Vec<Sealed> {
    let long = ramp(800);
    let eight: Vec<Earlier<'_>> = (1..8).rev().map(|age| (111, age * 960, &b"frame"[..])).collect();
    vec![
        sealed("the newest alone", 0, packet(&[], 111, b"newest")),
        sealed("one earlier", 0, packet(&[(111, 960, b"earlier")], 111, b"newest")),
        sealed(
            "two earlier, counters past 7",
            6,
            packet(&[(111, 1_920, b"first"), (111, 960, b"second")], 111, b"third"),
        ),
        sealed("eight blocks", 250, packet(&eight, 111, b"newest")),
        sealed_without(
            "an earlier one that is empty is left out",
            3,
            packet(&[(111, 1_920, b""), (111, 960, b"b")], 111, b"c"),
            packet(&[(111, 960, b"b")], 111, b"c"),
        ),
        sealed("an empty newest", 0, packet(&[(111, 960, b"a")], 111, b"")),
        sealed("long frames fit", 0, packet(&[(111, 960, &long[..767])], 111, &long)),
        sealed_without(
            "an earlier one that grows too long is left out",
            0,
            packet(&[(111, 1_920, &long[..768]), (111, 960, b"b")], 111, &long),
            packet(&[(111, 960, b"b")], 111, &long),
        ),
        sealed("two payload types, the largest offset", 0, packet(&[(0, 16_383, b"a"), (127, 0, b"b")], 63, b"c")),
    ]
}

fn not_sealed() -> Vec<NotSealed> {
    let nine: Vec<Earlier<'_>> = (1..9).rev().map(|age| (111, age * 960, &b"frame"[..])).collect();
    let cases: [(&str, Vec<u8>); 5] = [
        ("nothing", vec![]),
        ("a header cut short", vec![0x80 | 111, 0, 0]),
        ("no last header", vec![0x80 | 111, 0, 0, 0]),
        ("a block longer than the packet", vec![0x80 | 111, 0, 0, 9, 111, 1]),
        ("nine blocks", packet(&nine, 111, b"newest")),
    ];
    cases.map(|(name, payload)| NotSealed { name: name.to_owned(), payload: payload.into() }).into()
}

/// Frames of one voice, sealed alone, as a media server has them after it took packets apart.
fn alone(count: u8) -> Vec<Vec<u8>> {
    let mut sealer = sealer(&base_key(1), leaf(LEAF), EPOCH);
    (0..count).map(|number| sealer.seal(TrackKind::Voice, Codec::Opus, &[b'a' + number; 3]).unwrap()).collect()
}

fn all_arrivals() -> Vec<Arrivals> {
    let frames = alone(9);
    let one = |at: usize| packet(&[], 111, &frames[at]);
    let changed = |at: usize| {
        let mut frame = frames[at].clone();
        frame[5] ^= 1;
        frame
    };
    let nine: Vec<Earlier<'_>> = (0..8).map(|at| (111, 960, &frames[at][..])).collect();
    let cases: [(&str, Vec<Vec<u8>>); 8] = [
        ("a sender's own packet", vec![packet(&[(111, 960, &frames[0])], 111, &frames[1])]),
        (
            "what was opened before is left out",
            vec![one(0), packet(&[(111, 1_920, &frames[0]), (111, 960, &frames[1])], 111, &frames[2])],
        ),
        (
            "an earlier one that was changed is left out",
            vec![packet(&[(111, 1_920, &changed(0)), (111, 960, &frames[1])], 111, &frames[2])],
        ),
        ("an earlier one that is empty is left out", vec![packet(&[(111, 960, b"")], 111, &frames[1])]),
        (
            "without its newest nothing is opened",
            vec![packet(&[(111, 960, &frames[0])], 111, &changed(1)), one(0), one(1)],
        ),
        ("the newest comes twice", vec![one(1), packet(&[(111, 960, &frames[0])], 111, &frames[1]), one(0)]),
        ("the same frame twice in one packet", vec![packet(&[(111, 960, &frames[1])], 111, &frames[1])]),
        (
            "not the form of RFC 2198",
            vec![vec![], vec![0x80 | 111, 0, 0, 9, 111, 1], packet(&nine, 111, &frames[8]), one(8)],
        ),
    ];
    cases
        .into_iter()
        .map(|(name, packets)| {
            let mut opener = opener(&base_key(1), EPOCH, &EVERYBODY);
            let open = |sealed: Vec<u8>| {
                let opened = opener.open_redundant_voice(leaf(LEAF), &sealed);
                let because = opened.as_ref().err().map(|&error| not_opened(error));
                Packet { sealed: sealed.into(), payload: opened.ok().map(Hex::from), because }
            };
            let packets = packets.into_iter().map(open).collect();
            Arrivals { name: name.to_owned(), base_key: base_key(1), epoch: EPOCH, from_leaf: LEAF, packets }
        })
        .collect()
}

fn not_opened(error: RedundantError) -> NotOpened {
    match error {
        RedundantError::Malformed => NotOpened::Malformed,
        RedundantError::Open(error) => NotOpened::Newest(error.into()),
        RedundantError::Seal(error) => panic!("{error}"),
    }
}

#[test]
fn redundant_voices_are_as_published() {
    let computed = Redundant { sealed: all_sealed(), not_sealed: not_sealed(), arrivals: all_arrivals() };
    assert_published("envelope/redundant", &computed);
}

#[test]
fn every_published_redundant_voice_is_sealed_opened_or_refused() {
    let published: Redundant = read("envelope/redundant");
    for case in &published.sealed {
        let mut opener = opener(&case.base_key, case.epoch, &EVERYBODY);
        let opened = opener.open_redundant_voice(leaf(case.leaf), &case.sealed).unwrap();
        assert_eq!(opened, &*case.opened, "{}", case.name);
    }
    for case in &published.not_sealed {
        let sealed = sealer(&base_key(1), leaf(LEAF), EPOCH).seal_redundant_voice(&case.payload);
        assert_eq!(sealed, Err(RedundantError::Malformed), "{}", case.name);
    }
    for case in &published.arrivals {
        let mut opener = opener(&case.base_key, case.epoch, &EVERYBODY);
        for packet in &case.packets {
            let opened = opener.open_redundant_voice(leaf(case.from_leaf), &packet.sealed);
            let expected = match (&packet.payload, packet.because) {
                (Some(payload), None) => Ok(payload.to_vec()),
                (None, Some(because)) => Err(because),
                _ => panic!("{}: opened or refused, not both", case.name),
            };
            assert_eq!(opened.map_err(not_opened), expected, "{}", case.name);
        }
    }
    assert_eq!((published.sealed.len(), published.not_sealed.len(), published.arrivals.len()), (9, 5, 8));
}
