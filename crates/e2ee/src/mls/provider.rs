//! What OpenMLS is given: cryptography, randomness, a memory for secrets.

use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk, errors::PskError};
use openmls_traits::OpenMlsProvider;
use zeroize::Zeroizing;

use super::crypto::Crypto;
use super::randomness::{Randomness, SEED_BYTES};
use super::secrets::Secrets;

/// Everything that one member's groups stand on.
#[derive(Debug)]
pub(crate) struct Provider {
    crypto: Crypto,
    secrets: Secrets,
}

impl Provider {
    /// Draws all randomness from `seed`.
    pub(crate) fn from_seed(seed: &Zeroizing<[u8; SEED_BYTES]>) -> Self {
        Self { crypto: Crypto::new(Randomness::from_seed(seed)), secrets: Secrets::default() }
    }

    /// Keeps the key with which the holder of `leaf_key` is let in.
    pub(crate) fn keep_link_key(&self, leaf_key: &[u8; 32], key: &[u8]) -> Result<(), PskError> {
        // Keys are found by their name; the nonce is each commit's own.
        PreSharedKeyId::external(leaf_key.to_vec(), Vec::new()).store(self, key)
    }

    /// Fills `bytes` with randomness.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.crypto.randomness().fill(bytes);
    }
}

/// Names the key with which the holder of `leaf_key` is let in.
pub(super) fn link_key(leaf_key: &[u8; 32]) -> Psk {
    Psk::External(ExternalPsk::new(leaf_key.to_vec()))
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Randomness;
    type StorageProvider = Secrets;

    fn storage(&self) -> &Secrets {
        &self.secrets
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Randomness {
        self.crypto.randomness()
    }
}
