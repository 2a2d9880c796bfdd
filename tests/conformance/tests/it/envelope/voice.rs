//! Padding of voices.

use colloque_e2ee::frame::{pad_voice, unpad_voice};
use serde::{Deserialize, Serialize};

use super::cases::ramp;
use crate::hex::Hex;
use crate::own_vectors::{assert_published, read};

#[derive(Serialize, Deserialize)]
struct Padding {
    padded: Vec<Padded>,
    taken_off: Vec<Padded>,
    refused: Vec<Hex>,
}

#[derive(Serialize, Deserialize)]
struct Padded {
    frame: Hex,
    padded: Hex,
}

/// Around each length that voices are rounded up to: the longest frame that still fits, and the first that does not.
const LENGTHS: [usize; 26] = [
    0, 1, 22, 23, 24, 63, 64, 95, 96, 127, 128, 159, 160, 191, 192, 255, 256, 383, 384, 511, 512, 767, 768, 1_023,
    1_024, 1_275,
];

fn compute() -> Padding {
    let padded = |frame: Vec<u8>| Padded { padded: pad_voice(&frame).into(), frame: frame.into() };
    let ends_like_padding = [vec![0x80], vec![1, 2, 0x80], vec![1, 2, 0, 0], vec![0; 23], vec![0x80; 23]];
    // What no sender of ours makes and a receiver takes nevertheless: lengths of its own choice.
    let others = [vec![0x80], vec![1, 0x80], vec![1, 0x80, 0], vec![0x80, 0x80], [ramp(25), vec![0x80]].concat()];
    Padding {
        padded: LENGTHS.iter().map(|&length| padded(ramp(length))).chain(ends_like_padding.map(padded)).collect(),
        taken_off: others
            .into_iter()
            .map(|padded| Padded { frame: unpad_voice(padded.clone()).unwrap().into(), padded: padded.into() })
            .collect(),
        refused: [vec![], vec![0], vec![0; 24], vec![1, 2, 3], vec![0x80, 1], vec![0x80, 0, 0, 1, 0], vec![0x40; 24]]
            .map(Hex::from)
            .to_vec(),
    }
}

#[test]
fn padding_is_as_published() {
    assert_published("envelope/padding", &compute());
}

#[test]
fn every_published_padding_is_taken_off_or_refused() {
    let published: Padding = read("envelope/padding");
    for case in published.padded.iter().chain(&published.taken_off) {
        assert_eq!(unpad_voice(case.padded.to_vec()).as_deref(), Ok(&*case.frame));
    }
    for padded in &published.refused {
        assert!(unpad_voice(padded.to_vec()).is_err(), "{padded:?}");
    }
    assert_eq!((published.padded.len(), published.taken_off.len(), published.refused.len()), (31, 5, 7));
}
