//! The two spoken words: published vectors of commitments, numbers and results.
//!
//! Committed in `tests/vectors/words`, described in the README beside.

use colloque_e2ee::conformance::{Numbers, is_settled, spoken_code, word_list};
use colloque_e2ee::frame::{Epoch, LeafIndex};
use serde::{Deserialize, Serialize};

use crate::hex::Hex;
use crate::own_vectors::{assert_published, read};

/// The numbers of one member.
#[derive(Serialize, Deserialize)]
struct Chain {
    first: Hex,
    commitment: Hex,
    numbers: Vec<Number>,
    refused: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
struct Number {
    epoch: u64,
    number: Hex,
}

#[derive(Serialize, Deserialize)]
struct Refused {
    name: String,
    epoch: u64,
    number: Hex,
}

/// What people compare in one epoch.
#[derive(Serialize, Deserialize)]
struct Code {
    authenticator: Hex,
    members: Vec<Member>,
    bits: u32,
    words: [String; 2],
    pictograms: [u8; 4],
}

#[derive(Serialize, Deserialize)]
struct Member {
    leaf: u32,
    number: Hex,
}

fn first(seed: u8) -> [u8; 32] {
    std::array::from_fn(|at| seed.wrapping_mul(29).wrapping_add(at as u8))
}

fn array(hex: &Hex) -> [u8; 32] {
    (**hex).try_into().unwrap()
}

fn chain(seed: u8) -> Chain {
    let numbers = Numbers::new(first(seed));
    let of = |epoch| numbers.of(Epoch(epoch)).unwrap();
    let mut flipped = of(7);
    flipped[31] ^= 1;
    let stranger = Numbers::new(first(seed + 100)).of(Epoch(7)).unwrap();
    let refused = [
        ("the number of the epoch after", 6, of(7)),
        ("the number of the epoch before", 8, of(7)),
        ("the commitment itself, for a later epoch", 1, numbers.commitment()),
        ("a flipped bit", 7, flipped),
        ("a number of somebody else", 7, stranger),
        ("the first number, for which there is no epoch", 4_096, first(seed)),
        ("an epoch past the end", 4_097, of(1)),
        ("an epoch far past the end", 9_007_199_254_740_991, of(1)),
    ];
    Chain {
        first: first(seed).into(),
        commitment: numbers.commitment().into(),
        numbers: [0, 1, 2, 7, 8, 255, 256, 4_094, 4_095].map(|epoch| Number { epoch, number: of(epoch).into() }).into(),
        refused: refused
            .map(|(name, epoch, number)| Refused { name: name.to_owned(), epoch, number: number.into() })
            .into(),
    }
}

fn code(authenticator: Vec<u8>, epoch: u64, leaves: &[u32]) -> Code {
    let numbers: Vec<_> = leaves
        .iter()
        .map(|&leaf| {
            let number = Numbers::new(first(u8::try_from(leaf).unwrap())).of(Epoch(epoch)).unwrap();
            (LeafIndex::new(leaf).unwrap(), number)
        })
        .collect();
    let code = spoken_code(&authenticator, &numbers);
    let [first, second] = code.words();
    let at = |word| u32::try_from(word_list().iter().position(|listed| *listed == word).unwrap()).unwrap();
    Code {
        authenticator: authenticator.into(),
        members: numbers.into_iter().map(|(leaf, number)| Member { leaf: leaf.get(), number: number.into() }).collect(),
        bits: at(first) << 10 | at(second),
        words: [first, second].map(str::to_owned),
        pictograms: code.pictograms(),
    }
}

fn codes() -> Vec<Code> {
    let authenticator = |seed: u8| (0..48).map(|at| seed.wrapping_add(at)).collect::<Vec<u8>>();
    vec![
        code(authenticator(1), 1, &[0, 1]),
        code(authenticator(2), 1, &[0, 1]),
        code(authenticator(1), 2, &[0, 1]),
        code(authenticator(1), 1, &[0, 2]),
        code(authenticator(3), 5, &[0, 1, 2]),
        code(authenticator(4), 9, &[1, 4, 7]),
        code(authenticator(5), 4_095, &[0, 1, 2, 3, 4, 5, 6, 7]),
        code(vec![], 1, &[0, 1]),
        code(authenticator(6)[..32].to_vec(), 1, &[0, 1]),
    ]
}

#[test]
fn the_list_of_words_is_as_published() {
    assert_published("words/list", &word_list());
}

#[test]
fn chains_are_as_published() {
    assert_published("words/chains", &[chain(1), chain(2)]);
}

#[test]
fn codes_are_as_published() {
    assert_published("words/codes", &codes());
}

#[test]
fn every_published_number_fits_its_commitment_and_every_other_is_refused() {
    let chains: Vec<Chain> = read("words/chains");
    for chain in &chains {
        let commitment = array(&chain.commitment);
        assert_eq!(Numbers::new(array(&chain.first)).commitment(), commitment);
        for case in &chain.numbers {
            assert!(is_settled(commitment, Epoch(case.epoch), array(&case.number)), "{}", case.epoch);
        }
        for case in &chain.refused {
            assert!(!is_settled(commitment, Epoch(case.epoch), array(&case.number)), "{}", case.name);
        }
        assert_eq!(Numbers::new(array(&chain.first)).of(Epoch(4_096)), None);
        assert_eq!((chain.numbers.len(), chain.refused.len()), (9, 8));
    }
    assert_eq!(chains.len(), 2);
}

#[test]
fn every_published_code_is_spoken() {
    let codes: Vec<Code> = read("words/codes");
    for case in &codes {
        let numbers: Vec<_> =
            case.members.iter().map(|member| (LeafIndex::new(member.leaf).unwrap(), array(&member.number))).collect();
        let code = spoken_code(&case.authenticator, &numbers);
        assert_eq!(code.words(), case.words.each_ref().map(String::as_str));
        assert_eq!(code.pictograms(), case.pictograms);
        let [first, second, third, fourth] = case.pictograms.map(u32::from);
        assert_eq!(first << 15 | second << 10 | third << 5 | fourth, case.bits);
    }
    assert_eq!(codes.len(), 9);
}
