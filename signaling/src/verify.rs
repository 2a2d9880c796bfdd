//! Whether a join is genuine: the ticket's signature, and the proof that its holder has the key that it names.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_protocol::key::{BrowserKey, KeyThumbprint, join_proof_input};
use colloque_protocol::signaling::{JoinRefusal, SIGNALING_VERSION};
use colloque_protocol::ticket::{TicketClaims, UnverifiedTicket};

/// Length of a signature in base64url without padding.
const PROOF_CHARACTERS: usize = 86;

/// The public half of the key that tickets are signed with.
pub struct TicketKey(UnparsedPublicKey<[u8; 32]>);

/// A join as the client presents it.
pub struct Presented<'a> {
    /// Version of the messages that the client speaks.
    pub version: u32,
    /// The ticket's text.
    pub ticket: &'a str,
    /// The browser's key.
    pub key: &'a BrowserKey,
    /// Its signature of [`join_proof_input`], 64 bytes, base64url without padding.
    pub proof: &'a str,
}

impl TicketKey {
    /// Takes the Ed25519 public key.
    #[must_use]
    pub fn new(public_key: [u8; 32]) -> Self {
        Self(UnparsedPublicKey::new(&ED25519, public_key))
    }

    /// Gives what a genuine ticket says; `nonce` is the server's challenge on this connection.
    ///
    /// # Errors
    ///
    /// - [`JoinRefusal::WrongVersion`] for another version of the messages.
    /// - [`JoinRefusal::TicketInvalid`] for anything that is not genuine; a client learns no more.
    pub fn verify(&self, nonce: &str, presented: &Presented<'_>) -> Result<TicketClaims, JoinRefusal> {
        if presented.version != SIGNALING_VERSION {
            return Err(JoinRefusal::WrongVersion);
        }
        let ticket = UnverifiedTicket::parse(presented.ticket).map_err(|_| JoinRefusal::TicketInvalid)?;
        let claims = ticket
            .verify(|bytes, signature| self.0.verify(bytes, signature).is_ok())
            .map_err(|_| JoinRefusal::TicketInvalid)?;
        let thumbprint = digest(&SHA256, presented.key.thumbprint_input().as_bytes());
        if claims.key_thumbprint != KeyThumbprint::from_digest(thumbprint.as_ref()) {
            return Err(JoinRefusal::TicketInvalid);
        }
        if !holds_key(nonce, presented) {
            return Err(JoinRefusal::TicketInvalid);
        }
        Ok(claims)
    }
}

fn holds_key(nonce: &str, presented: &Presented<'_>) -> bool {
    if presented.proof.len() != PROOF_CHARACTERS {
        return false;
    }
    let Ok(proof) = URL_SAFE_NO_PAD.decode(presented.proof) else { return false };
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, presented.key.raw())
        .verify(&join_proof_input(nonce, presented.ticket), &proof)
        .is_ok()
}
