//! The suite of calls, 0x004E, against others' X-Wing.
//!
//! draft-ietf-mls-pq-ciphersuites takes its key encapsulation from draft-ietf-hpke-pq, which derives a key pair from
//! `SHAKE256.LabeledDerive(ikm, "DeriveKeyPair", "", 32)`. So does this project, by the crate `hpke`, and so does hpke-rs from 0.8 on.
//! OpenMLS's own providers stand on hpke-rs 0.7, which hashes `ikm` alone, as draft-connolly-cfrg-xwing-kem has it: path secrets of
//! one side give the other side other keys. No call meets them, for both ends of a call are this project's.

use colloque_e2ee::conformance;
use openmls::prelude::Ciphersuite;
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::OpenMlsProvider;
use openmls_traits::crypto::OpenMlsCrypto;
use serde::Deserialize;

use crate::hex::Hex;
use crate::libcrux::Libcrux;
use crate::member::{Change, Member};
use crate::openmls_member::{ours, over};
use crate::scenario::{Done, SCENARIO, SEATINGS, play, seatings};
use crate::vectors::read;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;

/// MLKEM768-X25519, as draft-ietf-hpke-pq numbers it.
const X_WING: u16 = 0x647a;

#[derive(Deserialize)]
struct Case {
    kem_id: u16,
    #[serde(rename = "ikmR")]
    ikm: Hex,
    #[serde(rename = "skRm")]
    private: Hex,
    #[serde(rename = "pkRm")]
    public: Hex,
}

fn derive(crypto: &impl OpenMlsCrypto, ikm: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let pair = crypto.derive_hpke_keypair(SUITE.hpke_config(), ikm).unwrap();
    (pair.private.to_vec(), pair.public)
}

/// What the draft hashes for a key pair: OpenMLS's own providers hash `ikm` alone.
fn labeled(ikm: &[u8]) -> Vec<u8> {
    let label = b"DeriveKeyPair";
    let length = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    [ikm, b"HPKE-v1", b"KEM", &X_WING.to_be_bytes(), &length(label.len()), label, &length(32)].concat()
}

#[test]
fn keys_are_derived_as_the_newer_draft_publishes_them() {
    let ours = conformance::provider([1; 32]);
    let (newer, older) = (Libcrux::default(), OpenMlsRustCrypto::default());
    let cases: Vec<Case> = read("hpke-pq");
    let mut checked = 0;
    for case in cases.iter().filter(|case| case.kem_id == X_WING) {
        let published = (case.private.to_vec(), case.public.to_vec());
        assert_eq!(derive(ours.crypto(), &case.ikm), published);
        assert_eq!(derive(newer.crypto(), &case.ikm), published);
        assert_ne!(derive(older.crypto(), &case.ikm), published);
        assert_eq!(derive(older.crypto(), &labeled(&case.ikm)), published);
        checked += 1;
    }
    assert_eq!((cases.len(), checked), (13, 2));
}

#[test]
fn each_opens_what_the_others_seal() {
    let ours = conformance::provider([1; 32]);
    let (newer, older) = (Libcrux::default(), OpenMlsRustCrypto::default());
    assert_opens(ours.crypto(), newer.crypto());
    assert_opens(newer.crypto(), ours.crypto());
    assert_opens(ours.crypto(), older.crypto());
    assert_opens(older.crypto(), ours.crypto());
}

/// The keys are the receiver's own.
fn assert_opens(sender: &impl OpenMlsCrypto, receiver: &impl OpenMlsCrypto) {
    let config = || SUITE.hpke_config();
    for number in 0..8 {
        let (private, public) = derive(receiver, &[number; 48]);
        let content = vec![number; usize::from(number) * 100];
        let mut sealed = sender.hpke_seal(config(), &public, b"info", b"aad", &content).unwrap();
        assert_eq!(receiver.hpke_open(config(), &sealed, &private, b"info", b"aad").unwrap(), content);
        assert!(receiver.hpke_open(config(), &sealed, &private, b"info", b"").is_err());

        let mut changed = sealed.kem_output.as_slice().to_vec();
        changed[usize::from(number) * 150] ^= 1;
        sealed.kem_output = changed.into();
        assert!(receiver.hpke_open(config(), &sealed, &private, b"info", b"aad").is_err());

        let (kem_output, secret) =
            sender.hpke_setup_sender_and_export(config(), &public, b"info", b"context", 48).unwrap();
        let received =
            receiver.hpke_setup_receiver_and_export(config(), &kem_output, &private, b"info", b"context", 48).unwrap();
        assert_eq!(*received, *secret);
    }
}

#[test]
fn groups_over_two_implementations_of_the_newer_draft_share_every_epoch() {
    let other = |seed| over(Libcrux::default(), SUITE, seed);
    let played: Vec<Done> = seatings(|seed| ours(SUITE, seed), other).map(play).collect();
    assert_eq!(played, [SCENARIO; SEATINGS]);
}

/// Holds until OpenMLS's own providers derive keys by the newer draft. Then this test fails, and they belong into the one above.
#[test]
fn over_openmls_own_cryptography_a_group_agrees_until_a_member_needs_the_others_keys() {
    for we_begin in [true, false] {
        let pair = || {
            let (us, them) = (ours(SUITE, 1), over(OpenMlsRustCrypto::default(), SUITE, 2));
            if we_begin { (us, them) } else { (them, us) }
        };

        // Who lets somebody in with new keys tells them in the welcome what the tree's keys come from.
        let (mut first, mut second) = pair();
        first.create();
        let welcome = first.commit(&Change { add: vec![second.offer()], ..Change::default() }).welcome.unwrap();
        assert_eq!(second.join(&welcome), Err("PublicTreeError(PublicKeyMismatch)".to_owned()));

        for is_by_first in [true, false] {
            let (mut first, mut second) = pair();
            first.create();
            let change = Change { add: vec![second.offer()], keeps_keys: true, ..Change::default() };
            let welcome = first.commit(&change).welcome.unwrap();
            first.apply();
            second.join(&welcome).unwrap();
            assert_eq!(first.shared(), second.shared());
            assert_hears(&mut first, &mut second);
            assert_hears(&mut second, &mut first);

            let (by, other) = if is_by_first { (&mut first, &mut second) } else { (&mut second, &mut first) };
            let commit = by.commit(&Change::default()).commit;
            assert_eq!(other.follow(&commit), Err("InvalidCommit(UpdatePathError(PathMismatch))".to_owned()));
        }
    }
}

fn assert_hears(from: &mut Box<dyn Member>, to: &mut Box<dyn Member>) {
    let message = from.seal(b"content");
    assert_eq!(to.open(&message), Ok(b"content".to_vec()));
}
