//! Seals what this member sends.

use super::clear::{Codec, clear_prefix_bytes};
use super::envelope::{self, SealFrameError};
use super::key::{BaseKey, FrameKey, FrameSuite};
use super::key_id::{Epoch, KeyId, LeafIndex, TrackKind};
use super::padding::pad_voice;
use super::redundant::{self, RedundantError};

/// Most frames that one key seals. Far below AES-GCM's limit and never reached: a camera needs three hundred thousand years.
const MAX_COUNTER: u64 = 1 << 48;

/// Seals frames under the keys of one epoch, each under a number of its own. Without keys it seals nothing.
#[derive(Debug, Default)]
pub struct Sealer {
    keys: Option<Keys>,
    sealed: u64,
    is_held: bool,
}

#[derive(Debug)]
struct Keys {
    epoch: Epoch,
    tracks: [Track; TrackKind::ALL.len()],
}

#[derive(Debug)]
struct Track {
    key_id: KeyId,
    key: FrameKey,
    next_counter: u64,
}

impl Sealer {
    /// Seals with another epoch's keys from now on. The same epoch again changes nothing: its numbers go on.
    pub fn switch(&mut self, epoch: Epoch, own: LeafIndex, base_key: &BaseKey) {
        if self.epoch() == Some(epoch) {
            return;
        }
        self.keys = Some(Keys {
            epoch,
            tracks: TrackKind::ALL.map(|track| {
                let key_id = KeyId::new(track, own, epoch);
                let key = FrameKey::derive(FrameSuite::Aes256Gcm, base_key, key_id.get());
                Track { key_id, key, next_counter: 0 }
            }),
        });
    }

    /// Forgets the keys: nothing is sealed any more.
    pub fn stop(&mut self) {
        self.keys = None;
    }

    /// Seals nothing for a while, or goes on: with the numbers that follow, for none is used twice.
    pub const fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// Whether nothing is sealed although there are keys.
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.is_held
    }

    /// Gives the epoch whose keys seal.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.keys.as_ref().map(|keys| keys.epoch)
    }

    /// Counts the frames sealed since the start, for the comparison with what the browser says it has sent.
    #[must_use]
    pub const fn sealed(&self) -> u64 {
        self.sealed
    }

    /// Seals one frame of a track. A voice is padded first.
    ///
    /// # Errors
    ///
    /// - [`SealFrameError::NoKey`] before the first switch, after a stop, and while it is held.
    /// - [`SealFrameError::KeyUsedUp`], [`SealFrameError::TooLong`]: never in a call.
    pub fn seal(&mut self, track: TrackKind, codec: Codec, frame: &[u8]) -> Result<Vec<u8>, SealFrameError> {
        let sealed = match track {
            TrackKind::Voice => self.seal_part(track, 0, &pad_voice(frame)),
            TrackKind::Camera | TrackKind::Screen => self.seal_part(track, clear_prefix_bytes(codec, frame), frame),
        }?;
        self.sealed += 1;
        Ok(sealed)
    }

    /// Seals a voice that carries earlier frames with it, each block by itself, so that a media server can take them apart.
    ///
    /// # Errors
    ///
    /// - [`RedundantError::Malformed`] when `payload` is not RFC 2198's.
    /// - [`RedundantError::Seal`] as [`Self::seal`].
    pub fn seal_redundant_voice(&mut self, payload: &[u8]) -> Result<Vec<u8>, RedundantError> {
        let sealed =
            redundant::seal_redundant(payload, |block| self.seal_part(TrackKind::Voice, 0, &pad_voice(block)))?;
        self.sealed += 1;
        Ok(sealed)
    }

    fn seal_part(&mut self, track: TrackKind, prefix_bytes: usize, frame: &[u8]) -> Result<Vec<u8>, SealFrameError> {
        let keys = self.keys.as_mut().filter(|_| !self.is_held).ok_or(SealFrameError::NoKey)?;
        let track = &mut keys.tracks[track as usize];
        if track.next_counter >= MAX_COUNTER {
            return Err(SealFrameError::KeyUsedUp);
        }
        let counter = track.next_counter;
        // Counted before it is used: a number is lost rather than used twice.
        track.next_counter += 1;
        envelope::seal(&track.key, track.key_id, counter, prefix_bytes, frame)
    }
}
