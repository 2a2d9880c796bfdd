//! A person's end-to-end keys, used as a browser's worker uses them: what cannot be sealed is not sent, and what does not open is
//! not played.

use aws_lc_rs::rand;
use bytes::Bytes;
use colloque_ids::{ParticipantId, RoomId, Timestamp};
use colloque_sealing::e2ee::frame::{Codec, HoldBuffer, OpenFrameError, Opening, RedundantError, TrackKind};
use colloque_sealing::e2ee::{SEED_BYTES, Setup, View};
use colloque_sealing::{Outgoing, Sealing};
use tracing::{debug, warn};

use crate::offered::RED;

/// A frame as it is coded, or as it is sealed.
#[derive(Debug, Clone)]
pub(crate) enum Frame {
    /// The payload of one packet of a voice.
    Voice { timestamp: u32, format: u8, payload: Bytes },
    /// A whole picture.
    Picture { id: u16, bytes: Vec<u8> },
}

/// What became of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameStatistics {
    /// Frames sealed, all of which were sent.
    pub sealed: u64,
    /// Frames opened.
    pub opened: u64,
    /// Frames whose key was not there when they came; those of them that opened later are counted in `opened` too.
    pub waited: u64,
    /// Frames whose key did not come in time. None in a call whose keys are agreed.
    pub without_key: u64,
    /// Frames opened before: a network that delivers twice.
    pub replayed: u64,
    /// Frames that fit no key, and frames of another person or track. Never, unless something is wrong.
    pub refused: u64,
}

/// See the module.
pub(crate) struct Keys {
    identity_key: [u8; 32],
    sealing: Option<Sealing>,
    held: HoldBuffer<Frame>,
    /// Frames that waited and were tried again.
    tried_again: u64,
    statistics: FrameStatistics,
}

impl Keys {
    pub(crate) fn new(identity_key: [u8; 32]) -> Self {
        Self {
            identity_key,
            sealing: None,
            held: HoldBuffer::default(),
            tried_again: 0,
            statistics: FrameStatistics::default(),
        }
    }

    /// The server knows this person by this name, in a room that is named as its consultation is.
    pub(crate) fn joined(&mut self, room: RoomId, participant: ParticipantId) {
        if self.sealing.is_none() {
            let mut seed = [0; SEED_BYTES];
            if rand::fill(&mut seed).is_err() {
                return warn!("no keys without randomness");
            }
            let setup =
                Setup { consultation: room.same_as(), identity_key: self.identity_key, link: None, seed: seed.into() };
            match Sealing::new(setup) {
                Ok(sealing) => self.sealing = Some(sealing),
                Err(error) => return warn!("no keys: {error}"),
            }
        }
        if let Some(sealing) = &mut self.sealing {
            sealing.joined(participant);
        }
    }

    pub(crate) fn hear(&mut self, text: &str, now: Timestamp) {
        if let Some(sealing) = &mut self.sealing
            && let Err(error) = sealing.hear(text, now)
        {
            // It was for keys that this person does not have.
            debug!("a text is not taken: {error:?}");
        }
    }

    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.held.expire(now);
        if let Some(sealing) = &mut self.sealing {
            sealing.tick(now);
        }
    }

    pub(crate) fn next_outgoing(&mut self) -> Option<Outgoing> {
        self.sealing.as_mut()?.next_outgoing()
    }

    pub(crate) fn view(&self, now: Timestamp) -> Option<View> {
        self.sealing.as_ref().map(|sealing| sealing.view(now))
    }

    pub(crate) fn statistics(&self) -> FrameStatistics {
        let without_key = self.statistics.waited - self.tried_again - self.held.len() as u64;
        FrameStatistics { without_key, ..self.statistics }
    }

    /// Seals a frame; none without a key.
    pub(crate) fn seal(&mut self, frame: Frame) -> Option<Frame> {
        let sealer = self.sealing.as_mut()?.sealer();
        let sealed = match frame {
            Frame::Voice { timestamp, format, payload } => {
                let payload = match format {
                    RED => sealer.seal_redundant_voice(&payload).ok()?,
                    _ => sealer.seal(TrackKind::Voice, Codec::Opus, &payload).ok()?,
                };
                Frame::Voice { timestamp, format, payload: payload.into() }
            }
            Frame::Picture { id, bytes } => {
                Frame::Picture { id, bytes: sealer.seal(TrackKind::Camera, Codec::Vp8, &bytes).ok()? }
            }
        };
        self.statistics.sealed += 1;
        Some(sealed)
    }

    /// Opens a frame of the other person's; one whose key is on its way waits for [`Self::try_again`].
    pub(crate) fn open(&mut self, frame: Frame, now: Timestamp) -> Option<Frame> {
        let opened = match (self.try_to_open(&frame, now), &frame) {
            (Ok(bytes), &Frame::Voice { timestamp, format, .. }) => {
                Frame::Voice { timestamp, format, payload: bytes.into() }
            }
            (Ok(bytes), &Frame::Picture { id, .. }) => Frame::Picture { id, bytes },
            (Err(OpenFrameError::UnknownKey), Frame::Voice { payload: bytes, .. }) => {
                let length = bytes.len();
                return self.hold(frame, length, now);
            }
            (Err(OpenFrameError::UnknownKey), Frame::Picture { bytes, .. }) => {
                let length = bytes.len();
                return self.hold(frame, length, now);
            }
            (Err(OpenFrameError::Replayed), _) => {
                self.statistics.replayed += 1;
                return None;
            }
            (Err(error), _) => {
                warn!("a frame is refused: {error}");
                self.statistics.refused += 1;
                return None;
            }
        };
        self.statistics.opened += 1;
        Some(opened)
    }

    /// Opens what waited for keys that are there now.
    pub(crate) fn try_again(&mut self, now: Timestamp) -> Vec<Frame> {
        let waiting: Vec<_> = self.held.release(now).collect();
        self.tried_again += waiting.len() as u64;
        waiting.into_iter().filter_map(|frame| self.open(frame, now)).collect()
    }

    fn hold(&mut self, frame: Frame, bytes: usize, now: Timestamp) -> Option<Frame> {
        self.statistics.waited += 1;
        self.held.hold(frame, bytes, now);
        None
    }

    fn try_to_open(&mut self, frame: &Frame, now: Timestamp) -> Result<Vec<u8>, OpenFrameError> {
        let sealing = self.sealing.as_mut().ok_or(OpenFrameError::UnknownKey)?;
        let view = sealing.view(now);
        let other = view.members.iter().find(|member| !member.is_own);
        let from = other.ok_or(OpenFrameError::UnknownKey)?.leaf;
        match frame {
            Frame::Voice { format: RED, payload, .. } => {
                sealing.opener().open_redundant_voice(from, payload).map_err(|error| match error {
                    RedundantError::Open(error) => error,
                    RedundantError::Malformed | RedundantError::Seal(_) => OpenFrameError::NoEnvelope,
                })
            }
            Frame::Voice { payload, .. } => sealing.opener().open(Opening { from, track: TrackKind::Voice }, payload),
            Frame::Picture { bytes, .. } => sealing.opener().open(Opening { from, track: TrackKind::Camera }, bytes),
        }
    }
}
