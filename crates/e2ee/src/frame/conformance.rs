//! A sealed frame part by part, for published vectors.
//!
//! Only with the feature `conformance`, and only for tests: no product code uses it, and nothing here is promised to stay.

use super::envelope::{self, Envelope, OpenFrameError, SealFrameError};
use super::key::{BaseKey, FrameKey, FrameSuite, NONCE_BYTES, Secrets};
use super::key_id::{KeyId, TrackKind};

/// Gives what AES-GCM gets of a key: its key, and the salt that nonces are made of.
#[must_use]
pub fn secrets(suite: FrameSuite, base_key: &BaseKey, key_id: KeyId) -> (Vec<u8>, [u8; NONCE_BYTES]) {
    let secrets = Secrets::derive(suite, base_key, key_id.get());
    (secrets.key.to_vec(), *secrets.salt)
}

/// Gives the nonce of a counter.
#[must_use]
pub fn nonce(key: &FrameKey, counter: u64) -> [u8; NONCE_BYTES] {
    key.nonce(counter)
}

/// Gives what is authenticated beside the ciphertext: the header, and the metadata of a prefix.
#[must_use]
pub fn aad(key: &FrameKey, counter: u64, track: TrackKind, prefix: &[u8]) -> Vec<u8> {
    key.aad(counter, &envelope::metadata(track, prefix))
}

/// Puts a frame into an envelope under any counter and any suite. A voice is not padded here.
///
/// # Errors
///
/// [`SealFrameError::TooLong`].
pub fn seal(
    key: &FrameKey,
    key_id: KeyId,
    counter: u64,
    prefix_bytes: usize,
    frame: &[u8],
) -> Result<Vec<u8>, SealFrameError> {
    envelope::seal(key, key_id, counter, prefix_bytes, frame)
}

/// Opens an envelope, whoever's it is and whatever was opened before. Padding stays on.
///
/// # Errors
///
/// [`OpenFrameError`].
pub fn open(key: &FrameKey, bytes: &[u8]) -> Result<Vec<u8>, OpenFrameError> {
    Envelope::parse(bytes)?.open(key)
}
