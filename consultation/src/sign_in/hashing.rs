//! Hashing of passwords, within bounds: argon2id takes memory and time, and anybody may ask for it.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::random::random_bytes;

/// Memory of one hash, in KiB.
///
/// # Source
///
/// OWASP Password Storage Cheat Sheet (2025): argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;

/// Passes over that memory. Source: as [`MEMORY_KIB`].
const PASSES: u32 = 2;

/// Lanes. Source: as [`MEMORY_KIB`].
const LANES: u32 = 1;

/// Hashes at one time for browsers that nobody signed in with before.
///
/// More: an attack takes more memory (19 MiB each) and processor time from the calls. Fewer: new browsers wait longer.
const STRANGERS_AT_ONCE: usize = 1;

/// Hashes at one time for known browsers, activations and people about to be seeded: strangers cannot take these.
const KNOWN_AT_ONCE: usize = 1;

/// Attempts that may wait for one of the strangers' hashes, a second of work or two.
const STRANGERS_WAITING: usize = 64;

/// Who waits with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Browsers in which this person signed in before, and people who hold a link of ours.
    Known,
    /// Everybody else.
    Strangers,
}

/// Why a password was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashPasswordError {
    /// Too many wait already.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The hashing itself failed.
    #[error("password cannot be hashed")]
    Failed,
}

/// The bounded pool that hashes passwords.
#[derive(Debug)]
pub(crate) struct PasswordHashing {
    known: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Checked for accounts that do not exist, so that they take the same time.
    decoy: String,
}

impl PasswordHashing {
    pub(crate) fn new() -> Result<Self, HashPasswordError> {
        Ok(Self {
            known: Arc::new(Semaphore::new(KNOWN_AT_ONCE)),
            strangers: Arc::new(Semaphore::new(STRANGERS_AT_ONCE)),
            waiting: Arc::new(Semaphore::new(STRANGERS_WAITING)),
            decoy: hash(&STANDARD_NO_PAD.encode(random_bytes::<18>()))?,
        })
    }

    /// Checks a password against its hash; without a hash it takes as long and says no.
    pub(crate) async fn verify(
        &self,
        lane: Lane,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, HashPasswordError> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        self.run(lane, move || Ok(hasher()?.verify_password(password.as_bytes(), stored.as_str()).is_ok() && exists))
            .await
    }

    /// Hashes a password for storage, in PHC form.
    pub(crate) async fn hash(&self, lane: Lane, password: String) -> Result<String, HashPasswordError> {
        self.run(lane, move || hash(&password)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        lane: Lane,
        work: impl FnOnce() -> Result<T, HashPasswordError> + Send + 'static,
    ) -> Result<T, HashPasswordError> {
        let permit = self.permit(lane).await?;
        // The permit goes along: a client that leaves does not free the place before the work is done.
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.unwrap_or(Err(HashPasswordError::Failed))
    }

    async fn permit(&self, lane: Lane) -> Result<OwnedSemaphorePermit, HashPasswordError> {
        let places = match lane {
            Lane::Known => &self.known,
            Lane::Strangers => &self.strangers,
        };
        let _waiting = match lane {
            Lane::Known => None,
            Lane::Strangers => Some(self.waiting.clone().try_acquire_owned().map_err(|_| HashPasswordError::Busy)?),
        };
        places.clone().acquire_owned().await.map_err(|_| HashPasswordError::Failed)
    }
}

fn hash(password: &str) -> Result<String, HashPasswordError> {
    let salt = random_bytes::<16>();
    let hashed = hasher()?.hash_password_with_salt(password.as_bytes(), &salt);
    hashed.map(|hash| hash.to_string()).map_err(|_| HashPasswordError::Failed)
}

fn hasher() -> Result<Argon2<'static>, HashPasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashPasswordError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_recognised_and_another_or_none_is_not() {
        let hashing = PasswordHashing::new().unwrap();
        let stored = hashing.hash(Lane::Known, "correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let check = async |password: &str, stored| hashing.verify(Lane::Known, password.to_owned(), stored).await;
        assert_eq!(check("correct horse", Some(stored.clone())).await, Ok(true));
        assert_eq!(check("correct hors", Some(stored)).await, Ok(false));
        assert_eq!(check("correct horse", None).await, Ok(false));
        assert_eq!(check("correct horse", Some("nonsense".to_owned())).await, Ok(false));
    }

    #[tokio::test]
    async fn strangers_fill_their_own_lane_only() {
        let hashing = PasswordHashing::new().unwrap();
        let held = hashing.strangers.clone().acquire_owned().await.unwrap();
        let queue =
            hashing.waiting.clone().acquire_many_owned(u32::try_from(STRANGERS_WAITING).unwrap()).await.unwrap();
        let stranger = hashing.verify(Lane::Strangers, "guess".to_owned(), None).await;
        assert_eq!(stranger, Err(HashPasswordError::Busy));
        assert_eq!(hashing.verify(Lane::Known, "guess".to_owned(), None).await, Ok(false));
        drop((held, queue));
        assert_eq!(hashing.verify(Lane::Strangers, "guess".to_owned(), None).await, Ok(false));
    }
}
