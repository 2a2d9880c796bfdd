//! What OpenMLS is given: cryptography, randomness, a memory for secrets.

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
