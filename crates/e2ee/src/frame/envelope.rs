//! How a sealed frame lies on the wire:
//!
//! `clear prefix ‖ SFrame header ‖ ciphertext ‖ tag (16) ‖ length of the prefix (1)`
//!
//! The prefix is what a media server has to read of a picture. It is not secret, and it is not free to change either: it is sealed
//! as metadata, with its length and the kind of track. A receiver needs to know nothing of codecs.

use thiserror::Error;

use super::header::{FrameHeader, MAX_HEADER_BYTES, ParseHeaderError};
use super::key::{FrameKey, TAG_BYTES};
use super::key_id::{KeyId, TrackKind};

/// Longest part of a frame that may stay readable, in bytes: the header of a VP8 keyframe.
pub const MAX_CLEAR_PREFIX_BYTES: usize = 10;

/// Most bytes that sealing adds.
pub const MAX_OVERHEAD_BYTES: usize = MAX_HEADER_BYTES + TAG_BYTES + 1;

/// Why a frame was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SealFrameError {
    /// No key was agreed yet, or not any more.
    #[error("no key to seal with")]
    NoKey,
    /// The key has sealed 2^48 frames.
    #[error("key has sealed too many frames")]
    KeyUsedUp,
    /// The frame is past AES-GCM's limit.
    #[error("frame is too long to seal")]
    TooLong,
}

/// Why a frame was not opened. Nothing of it may be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenFrameError {
    /// Too short for an envelope, or its prefix is longer than the frame or the limit.
    #[error("frame is no envelope")]
    NoEnvelope,
    /// No SFrame header follows the prefix.
    #[error("frame has no header")]
    Header(#[source] ParseHeaderError),
    /// The number names no key that could be.
    #[error("frame names an impossible key")]
    ImpossibleKey,
    /// Sealed by another member, or for another track, than this track is of.
    #[error("frame belongs to another track")]
    OtherTrack,
    /// No key has that number: not yet, or not any more.
    #[error("frame names an unknown key")]
    UnknownKey,
    /// Opened before, or so late that nobody can tell any more.
    #[error("frame was opened before")]
    Replayed,
    /// Something was changed on the way, or the key is another.
    #[error("frame does not fit its tag")]
    WrongTag,
    /// What was sealed is not padded as a voice is.
    #[error("frame is not padded as it must be")]
    WrongPadding,
}

/// An envelope taken apart, not opened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub prefix: &'a [u8],
    pub key_id: KeyId,
    pub counter: u64,
    sealed: &'a [u8],
    tag: &'a [u8; TAG_BYTES],
}

/// Puts a frame into an envelope; its first `prefix_bytes`, [`MAX_CLEAR_PREFIX_BYTES`] at most, stay readable.
pub(super) fn seal(
    key: &FrameKey,
    key_id: KeyId,
    counter: u64,
    prefix_bytes: usize,
    frame: &[u8],
) -> Result<Vec<u8>, SealFrameError> {
    let (prefix, secret) = frame.split_at(prefix_bytes.min(MAX_CLEAR_PREFIX_BYTES).min(frame.len()));
    let mut bytes = Vec::with_capacity(frame.len() + MAX_OVERHEAD_BYTES);
    bytes.extend_from_slice(prefix);
    FrameHeader { key_id: key_id.get(), counter }.write(&mut bytes);
    let sealed_at = bytes.len();
    bytes.extend_from_slice(secret);
    let metadata = metadata(key_id.track(), prefix);
    let tag = key.seal_in_place(counter, &metadata, &mut bytes[sealed_at..]).map_err(|_| SealFrameError::TooLong)?;
    bytes.extend_from_slice(&tag);
    bytes.push(prefix.len() as u8);
    Ok(bytes)
}

impl<'a> Envelope<'a> {
    /// Takes an envelope apart.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, OpenFrameError> {
        let (&prefix_bytes, bytes) = bytes.split_last().ok_or(OpenFrameError::NoEnvelope)?;
        let prefix_bytes = usize::from(prefix_bytes);
        if prefix_bytes > MAX_CLEAR_PREFIX_BYTES {
            return Err(OpenFrameError::NoEnvelope);
        }
        let (bytes, tag) = bytes.split_last_chunk().ok_or(OpenFrameError::NoEnvelope)?;
        let (prefix, bytes) = bytes.split_at_checked(prefix_bytes).ok_or(OpenFrameError::NoEnvelope)?;
        let (header, length) = FrameHeader::parse(bytes).map_err(OpenFrameError::Header)?;
        let key_id = KeyId::from_number(header.key_id).ok_or(OpenFrameError::ImpossibleKey)?;
        Ok(Self { prefix, key_id, counter: header.counter, sealed: &bytes[length..], tag })
    }

    /// Opens it: prefix and secret part, joined again.
    pub(super) fn open(&self, key: &FrameKey) -> Result<Vec<u8>, OpenFrameError> {
        let mut frame = Vec::with_capacity(self.prefix.len() + self.sealed.len());
        frame.extend_from_slice(self.prefix);
        frame.extend_from_slice(self.sealed);
        let metadata = metadata(self.key_id.track(), self.prefix);
        key.open_in_place(self.counter, &metadata, &mut frame[self.prefix.len()..], self.tag)
            .map_err(|_| OpenFrameError::WrongTag)?;
        Ok(frame)
    }
}

pub(super) fn metadata(track: TrackKind, prefix: &[u8]) -> Vec<u8> {
    [&[track as u8, prefix.len() as u8], prefix].concat()
}
