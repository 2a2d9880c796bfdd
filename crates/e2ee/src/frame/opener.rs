//! Opens what the other members send.

use std::collections::BTreeMap;
use std::time::Duration;

use colloque_ids::Timestamp;

use super::envelope::{Envelope, OpenFrameError};
use super::key::{BaseKey, FrameKey, FrameSuite};
use super::key_id::{Epoch, KeyId, LeafIndex, TrackKind};
use super::padding::unpad_voice;
use super::redundant::{self, RedundantError};
use super::replay::ReplayWindow;

/// How long the keys of an epoch are kept after the next one came: frames on their way, and senders that have not switched yet.
///
/// Longer: what a thief of the device could still open. Shorter: a slow sender's last frames are lost.
pub const RETAIN_FOR: Duration = Duration::from_secs(10);

/// Most epochs kept at once. Sixteen have numbers of their own; half of it keeps two from ever meeting.
const MAX_EPOCHS: usize = 8;

/// The keys of the epochs that frames may be of.
#[derive(Debug, Default)]
pub struct Opener {
    /// Newest last.
    epochs: Vec<EpochKeys>,
    opened: u64,
}

/// A track of another member, as the page shows it: what comes on it must be of nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// Whose.
    pub from: LeafIndex,
    /// What.
    pub track: TrackKind,
}

#[derive(Debug)]
struct EpochKeys {
    epoch: Epoch,
    base_key: BaseKey,
    members: Vec<LeafIndex>,
    tracks: BTreeMap<KeyId, (FrameKey, ReplayWindow)>,
    /// Set once a newer epoch came.
    ends_at: Option<Timestamp>,
}

impl Opener {
    /// Opens frames of another epoch too; the ones before are kept for [`RETAIN_FOR`]. Members who are in an earlier epoch and not
    /// in this one are opened no more, whatever they seal with.
    pub fn install(&mut self, epoch: Epoch, base_key: BaseKey, members: &[LeafIndex], now: Timestamp) {
        self.expire(now);
        for earlier in &mut self.epochs {
            earlier.ends_at.get_or_insert(now.after(RETAIN_FOR));
            earlier.members.retain(|member| members.contains(member));
            earlier.tracks.retain(|key_id, _| members.contains(&key_id.leaf()));
        }
        // An epoch whose number ends alike would be taken for this one.
        self.epochs.retain(|earlier| !earlier.epoch.ends_like(epoch));
        if self.epochs.len() >= MAX_EPOCHS {
            self.epochs.remove(0);
        }
        self.epochs.push(EpochKeys {
            epoch,
            base_key,
            members: members.to_vec(),
            tracks: BTreeMap::new(),
            ends_at: None,
        });
    }

    /// Forgets every key, when the group is left or another one takes its place.
    pub fn forget(&mut self) {
        self.epochs.clear();
    }

    /// Erases the epochs whose time is over.
    pub fn expire(&mut self, now: Timestamp) {
        self.epochs.retain(|epoch| epoch.ends_at.is_none_or(|ends_at| now < ends_at));
    }

    /// Gives the members of the newest epoch.
    #[must_use]
    pub fn newest_members(&self) -> &[LeafIndex] {
        self.epochs.last().map_or(&[], |epoch| &epoch.members)
    }

    /// Counts the frames opened since the start.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// Opens one frame of a track.
    ///
    /// # Errors
    ///
    /// [`OpenFrameError`]; after [`OpenFrameError::UnknownKey`] the frame may be held and tried again, after the others it is dropped.
    pub fn open(&mut self, opening: Opening, bytes: &[u8]) -> Result<Vec<u8>, OpenFrameError> {
        let opened = self.open_part(opening, bytes)?;
        self.opened += 1;
        Ok(opened)
    }

    /// Opens a voice that carries earlier frames with it.
    ///
    /// # Errors
    ///
    /// - [`RedundantError::Malformed`] when `payload` is not RFC 2198's.
    /// - [`RedundantError::Open`] as [`Self::open`], of the newest frame.
    pub fn open_redundant_voice(&mut self, from: LeafIndex, payload: &[u8]) -> Result<Vec<u8>, RedundantError> {
        let opening = Opening { from, track: TrackKind::Voice };
        let opened = redundant::open_redundant(payload, |block| self.open_part(opening, block))?;
        self.opened += 1;
        Ok(opened)
    }

    fn open_part(&mut self, opening: Opening, bytes: &[u8]) -> Result<Vec<u8>, OpenFrameError> {
        let envelope = Envelope::parse(bytes)?;
        if envelope.key_id.leaf() != opening.from || envelope.key_id.track() != opening.track {
            return Err(OpenFrameError::OtherTrack);
        }
        let epoch = self
            .epochs
            .iter_mut()
            .find(|keys| envelope.key_id.is_of(keys.epoch) && keys.members.contains(&opening.from))
            .ok_or(OpenFrameError::UnknownKey)?;
        let (key, window) = epoch.tracks.entry(envelope.key_id).or_insert_with(|| {
            let key = FrameKey::derive(FrameSuite::Aes256Gcm, &epoch.base_key, envelope.key_id.get());
            (key, ReplayWindow::default())
        });
        if !window.is_fresh(envelope.counter) {
            return Err(OpenFrameError::Replayed);
        }
        let frame = envelope.open(key)?;
        window.note(envelope.counter);
        match opening.track {
            TrackKind::Voice => unpad_voice(frame).map_err(|_| OpenFrameError::WrongPadding),
            TrackKind::Camera | TrackKind::Screen => Ok(frame),
        }
    }
}
