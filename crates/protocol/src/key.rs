//! The key that a browser makes for itself and that a ticket names.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Length of an uncompressed P-256 point, in bytes.
const POINT_BYTES: usize = 65;

/// Words signed before the nonce and the ticket, so that this signature serves nothing else.
const JOIN_CONTEXT: &[u8] = b"colloque join v1\0";

/// A browser's public ECDSA P-256 key: an uncompressed point, base64url without padding on the wire.
///
/// The private half is made non-extractable by WebCrypto and never leaves the browser.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BrowserKey([u8; POINT_BYTES]);

/// Why a text is not a browser key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is not an uncompressed P-256 point")]
pub struct ParseBrowserKeyError;

impl BrowserKey {
    /// Takes the 65 bytes that WebCrypto exports in `raw` format.
    ///
    /// # Errors
    ///
    /// [`ParseBrowserKeyError`] when the length or the first byte is wrong. Whether the point lies on the curve is for the
    /// verifier of the signature to say.
    pub fn from_raw(raw: &[u8]) -> Result<Self, ParseBrowserKeyError> {
        let point: [u8; POINT_BYTES] = raw.try_into().map_err(|_| ParseBrowserKeyError)?;
        if point[0] == 4 { Ok(Self(point)) } else { Err(ParseBrowserKeyError) }
    }

    /// Gives the uncompressed point.
    #[must_use]
    pub const fn raw(&self) -> &[u8] {
        &self.0
    }

    /// Gives the text whose SHA-256 is the key's thumbprint.
    ///
    /// # Source
    ///
    /// RFC 7638 section 3.2: required members in lexicographic order, no white space.
    #[must_use]
    pub fn thumbprint_input(&self) -> String {
        let x = Base64UrlUnpadded::encode_string(&self.0[1..33]);
        let y = Base64UrlUnpadded::encode_string(&self.0[33..]);
        format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
    }
}

impl TryFrom<String> for BrowserKey {
    type Error = ParseBrowserKeyError;

    fn try_from(text: String) -> Result<Self, ParseBrowserKeyError> {
        if text.len() > 100 {
            return Err(ParseBrowserKeyError);
        }
        Self::from_raw(&Base64UrlUnpadded::decode_vec(&text).map_err(|_| ParseBrowserKeyError)?)
    }
}

impl From<BrowserKey> for String {
    fn from(key: BrowserKey) -> Self {
        Base64UrlUnpadded::encode_string(&key.0)
    }
}

/// SHA-256 of a browser key, base64url without padding: 43 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyThumbprint(pub String);

impl KeyThumbprint {
    /// Writes a SHA-256 digest of [`BrowserKey::thumbprint_input`].
    #[must_use]
    pub fn from_digest(digest: &[u8]) -> Self {
        Self(Base64UrlUnpadded::encode_string(digest))
    }
}

/// Gives the bytes that a browser signs to show that it holds the key its ticket names.
///
/// `nonce` is the server's challenge for this connection, `ticket` the ticket's text. The signature is ECDSA with SHA-256 in
/// the fixed 64-byte form of WebCrypto.
#[must_use]
pub fn join_proof_input(nonce: &str, ticket: &str) -> Vec<u8> {
    let mut input = Vec::with_capacity(JOIN_CONTEXT.len() + nonce.len() + 1 + ticket.len());
    input.extend_from_slice(JOIN_CONTEXT);
    input.extend_from_slice(nonce.as_bytes());
    input.push(0);
    input.extend_from_slice(ticket.as_bytes());
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_the_wire() {
        let mut raw = [7_u8; POINT_BYTES];
        raw[0] = 4;
        let key = BrowserKey::from_raw(&raw).unwrap();
        let wire = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<BrowserKey>(&wire).unwrap(), key);
    }

    #[test]
    fn compressed_short_and_endless_keys_are_refused() {
        assert!(BrowserKey::from_raw(&[2; 33]).is_err());
        assert!(BrowserKey::from_raw(&[5; POINT_BYTES]).is_err());
        assert!(BrowserKey::try_from("A".repeat(1_000_000)).is_err());
    }
}
