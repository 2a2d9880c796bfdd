//! What a call computes, in parts, for other implementations to be tested against.
//!
//! Only with the feature `conformance`, and only for tests: no product code uses it, and nothing here is promised to stay.

use openmls::prelude::CredentialWithKey;
use openmls_traits::OpenMlsProvider;
use openmls_traits::signatures::Signer;
use zeroize::Zeroizing;

use crate::code::{Chain, Commitment, SHARE_BYTES, Share, SpokenCode};
use crate::frame::{Epoch, LeafIndex};
use crate::mls::{LeafSigner, Provider, SEED_BYTES};
use crate::words::WORDS;

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

/// The numbers that a member contributes to the spoken words.
#[derive(Debug)]
pub struct Numbers(Chain);

impl Numbers {
    /// Starts from the number that the others are hashes of.
    #[must_use]
    pub fn new(first: [u8; SHARE_BYTES]) -> Self {
        Self(Chain::new(Zeroizing::new(first)))
    }

    /// Gives what stands in the member's leaf.
    #[must_use]
    pub fn commitment(&self) -> [u8; SHARE_BYTES] {
        self.0.commitment().0
    }

    /// Gives the number of an epoch; `None` where there is none any more.
    #[must_use]
    pub fn of(&self, epoch: Epoch) -> Option<[u8; SHARE_BYTES]> {
        self.0.share(epoch).map(|share| share.0)
    }
}

/// Whether a number is the one that a member settled on for an epoch.
#[must_use]
pub fn is_settled(commitment: [u8; SHARE_BYTES], epoch: Epoch, number: [u8; SHARE_BYTES]) -> bool {
    Share(number).is_of(Commitment(commitment), epoch)
}

/// Derives what people compare from an epoch's authenticator and the number of each member, by place in the tree.
#[must_use]
pub fn spoken_code(authenticator: &[u8], numbers: &[(LeafIndex, [u8; SHARE_BYTES])]) -> SpokenCode {
    SpokenCode::derive(authenticator, numbers.iter().map(|(leaf, number)| (*leaf, Share(*number))))
}

/// Gives the words that people compare, each at the place of its ten bits.
#[must_use]
pub fn word_list() -> &'static [&'static str] {
    &WORDS
}
