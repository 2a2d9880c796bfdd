//! OpenMLS over this project's cryptography and mls-rs, in one group, in RFC 9420's first suite.

use openmls::prelude::Ciphersuite;

use crate::scenario::{Done, play, seatings};
use crate::{mls_rs_member, openmls_member};

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

#[test]
fn both_libraries_share_every_epoch_whoever_sits_where() {
    let mut played = 0;
    for seating in seatings() {
        let [first, second, third] = [0, 1, 2].map(|chair: u8| {
            if seating[usize::from(chair)] {
                openmls_member::ours(SUITE, chair + 1)
            } else {
                mls_rs_member::theirs(chair + 1)
            }
        });
        assert_eq!(play(first, second, third), Done { epochs: 14, messages: 76 }, "{seating:?}");
        played += 1;
    }
    assert_eq!(played, 6);
}
