//! What a browser has of its own: a key, and a way to tickets.

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_call::TicketFailure;
use colloque_protocol::key::{BrowserKey, KeyThumbprint, join_proof_input};

/// Gives tickets, as the consultation service does.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Gives a fresh ticket for the holder of the key with this thumbprint, as text.
    ///
    /// # Errors
    ///
    /// [`TicketFailure`] when there is none.
    async fn ticket(&self, key: &KeyThumbprint) -> Result<String, TicketFailure>;
}

/// A browser's key.
pub struct Identity {
    pair: EcdsaKeyPair,
    key: BrowserKey,
}

/// The system gives no randomness, or a key of another form than the protocol's.
#[derive(Debug, thiserror::Error)]
#[error("a browser's key cannot be made")]
pub struct MakeIdentityError;

impl Identity {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// [`MakeIdentityError`] when the system gives no randomness.
    pub fn new() -> Result<Self, MakeIdentityError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| MakeIdentityError)?;
        let key = BrowserKey::from_raw(pair.public_key().as_ref()).map_err(|_| MakeIdentityError)?;
        Ok(Self { pair, key })
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &BrowserKey {
        &self.key
    }

    /// What a ticket names of the key.
    #[must_use]
    pub fn thumbprint(&self) -> KeyThumbprint {
        KeyThumbprint::from_digest(digest(&SHA256, self.key.thumbprint_input().as_bytes()).as_ref())
    }

    /// Signs a join; none when the system gives no randomness.
    #[must_use]
    pub fn prove(&self, nonce: &str, ticket: &str) -> Option<String> {
        let proof = self.pair.sign(&SystemRandom::new(), &join_proof_input(nonce, ticket)).ok()?;
        Some(URL_SAFE_NO_PAD.encode(proof))
    }
}
