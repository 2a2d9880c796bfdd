//! Randomness, and the secrets that browsers hold.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_ids::{Id, Timestamp};

/// Draws random bytes.
///
/// # Panics
///
/// When the machine has no randomness left, which the library rules out once it has started.
#[must_use]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the generator was seeded when the process started");
    bytes
}

/// Makes a new identifier.
#[must_use]
pub(crate) fn new_id<K>(now: Timestamp) -> Id<K> {
    Id::from_parts(now, random_bytes())
}

/// Tells things apart, as far as 128 bits do.
pub(crate) fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let digest = digest(&SHA256, bytes);
    let mut short = [0; 16];
    short.copy_from_slice(&digest.as_ref()[..16]);
    short
}

/// A 256-bit secret held by one browser or one link. Storage keeps its [`Token::hash`] only.
pub(crate) struct Token([u8; 32]);

impl Token {
    /// Draws a token.
    #[must_use]
    pub(crate) fn random() -> Self {
        Self(random_bytes())
    }

    /// Reads a token's text: 43 characters of base64url.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Writes the token for its holder.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Makes a token of given bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The token itself, for whoever made it so that it can be recognised.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Tells tokens apart without being one.
    pub(crate) fn short_hash(&self) -> [u8; 16] {
        short_hash(&self.0)
    }

    /// What storage keeps: a dump of it opens nothing.
    #[must_use]
    pub(crate) fn hash(&self) -> Vec<u8> {
        digest(&SHA256, &self.0).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_its_hash_is_not_the_token() {
        let token = Token::random();
        let again = Token::parse(&token.text()).unwrap();
        assert_eq!(again.hash(), token.hash());
        assert_ne!(token.hash(), token.0);
    }

    #[test]
    fn hostile_tokens_are_refused() {
        for text in ["", "a", &"é".repeat(43), &"a".repeat(44), &"=".repeat(43)] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }
}
