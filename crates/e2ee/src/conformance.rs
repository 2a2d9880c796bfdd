//! This crate's MLS cryptography, for other implementations to be tested against.
//!
//! Only with the feature `classical`, and only for tests: no product code uses it, and nothing here is promised to stay.

use openmls::prelude::CredentialWithKey;
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::Signer;
use zeroize::Zeroizing;

use crate::mls::{LeafSigner, Provider, SEED_BYTES};

/// Gives what OpenMLS stands on in a call: cryptography, randomness drawn from `seed`, and a memory for secrets.
#[must_use]
pub fn provider(seed: [u8; SEED_BYTES]) -> impl OpenMlsProvider {
    Provider::from_seed(&Zeroizing::new(seed))
}

/// Gives the same for somebody who acts: with the key that signs for them, and what their leaf says.
#[must_use]
pub fn member(seed: [u8; SEED_BYTES], identity: Vec<u8>) -> (impl OpenMlsProvider, impl Signer, CredentialWithKey) {
    let provider = Provider::from_seed(&Zeroizing::new(seed));
    let signer = LeafSigner::generate(&provider);
    let credential = signer.with_credential(identity);
    (provider, signer, credential)
}
