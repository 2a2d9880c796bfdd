//! Randomness for MLS: one seed from outside, stretched by ChaCha20.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use openmls_traits::random::OpenMlsRand;
use thiserror::Error;
use zeroize::Zeroizing;

/// Length of a seed, in bytes.
pub const SEED_BYTES: usize = 32;

/// A generator whose whole future is decided by its seed.
#[derive(Debug)]
pub(crate) struct Randomness(Mutex<ChaCha20Rng>);

/// The generator never fails; MLS wants a type for it.
#[derive(Debug, Error)]
pub(crate) enum NoRandomness {}

impl Randomness {
    /// Starts from a seed that nobody else knows.
    pub(crate) fn from_seed(seed: &Zeroizing<[u8; SEED_BYTES]>) -> Self {
        Self(Mutex::new(ChaCha20Rng::from_seed(**seed)))
    }

    /// Fills `bytes`.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.generator().fill_bytes(bytes);
    }

    /// Gives the generator itself, for libraries that draw from it.
    pub(crate) fn generator(&self) -> MutexGuard<'_, ChaCha20Rng> {
        // A panic between two draws leaves the generator whole: its state is one block counter.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenMlsRand for Randomness {
    type Error = NoRandomness;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], Self::Error> {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        Ok(bytes)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, Self::Error> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes);
        Ok(bytes)
    }
}
