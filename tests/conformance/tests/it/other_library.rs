//! RFC 9420's first suite: OpenMLS over this project's cryptography in one group with mls-rs, and with OpenMLS over its own.

use openmls::prelude::Ciphersuite;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::member::{Change, Member};
use crate::mls_rs_member::theirs;
use crate::openmls_member::{ours, over};
use crate::scenario::{Done, SCENARIO, SEATINGS, play, seatings};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

#[test]
fn members_by_another_library_share_every_epoch_whoever_sits_where() {
    let played: Vec<Done> = seatings(|seed| ours(SUITE, seed), theirs).map(play).collect();
    assert_eq!(played, [SCENARIO; SEATINGS]);
}

#[test]
fn members_over_other_cryptography_share_every_epoch_whoever_sits_where() {
    let other = |seed| over(OpenMlsRustCrypto::default(), SUITE, seed);
    let played: Vec<Done> = seatings(|seed| ours(SUITE, seed), other).map(play).collect();
    assert_eq!(played, [SCENARIO; SEATINGS]);
}

#[test]
fn who_has_another_key_from_outside_neither_joins_nor_follows() {
    for we_begin in [true, false] {
        let by = |is_ours: bool, seed| if is_ours { ours(SUITE, seed) } else { theirs(seed) };
        let (mut first, mut second) = (by(we_begin, 1), by(!we_begin, 2));
        first.keep_external_key(b"link", &[1; 32]);
        second.keep_external_key(b"link", &[2; 32]);
        first.create();
        let change = Change { add: vec![second.offer()], external_keys: vec![b"link".to_vec()], ..Change::default() };
        let welcome = first.commit(&change).welcome.unwrap();
        assert!(second.join(&welcome).is_err());

        let (mut first, mut second) = (by(we_begin, 3), by(!we_begin, 4));
        first.keep_external_key(b"link", &[1; 32]);
        second.keep_external_key(b"link", &[2; 32]);
        let_in(&mut first, &mut second);
        let commit = first.commit(&Change { external_keys: vec![b"link".to_vec()], ..Change::default() }).commit;
        assert!(second.follow(&commit).is_err());
        // Both are still where they were.
        assert_eq!(first.shared(), second.shared());
        let message = first.seal(b"content");
        assert_eq!(second.open(&message), Ok(b"content".to_vec()));
    }
}

fn let_in(first: &mut Box<dyn Member>, second: &mut Box<dyn Member>) {
    first.create();
    let welcome = first.commit(&Change { add: vec![second.offer()], ..Change::default() }).welcome.unwrap();
    first.apply();
    second.join(&welcome).unwrap();
    assert_eq!(first.shared(), second.shared());
}
