//! The platform's identity key, as clients of a test are served with it.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use colloque_attestation::{Attestation, Statement};
use colloque_signaling::Attestor;

/// States whose an end-to-end key is: the same key in every test.
#[derive(Debug)]
pub struct Platform(Ed25519KeyPair);

impl Platform {
    /// What clients check statements with.
    #[must_use]
    pub fn identity_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        key
    }
}

impl Default for Platform {
    fn default() -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[42; 32]).expect("32 bytes are a seed"))
    }
}

impl Attestor for Platform {
    fn attest(&self, statement: &Statement) -> Attestation {
        statement.seal(|bytes| {
            let mut signature = [0; 64];
            signature.copy_from_slice(self.0.sign(bytes).as_ref());
            signature
        })
    }
}
