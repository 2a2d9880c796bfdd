use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{KEYFRAME_HEAD, TAG_BYTES, content};

/// Puts pictures together, checks their content, and asks for a keyframe when one cannot be shown.
#[derive(Debug, Default)]
pub struct Eye {
    packets: BTreeMap<i64, Packet>,
    /// Number of the newest packet.
    newest: Option<i64>,
    /// The packet that is put in place next.
    next: i64,
    /// Since when the next packet is missed.
    missed_since: Option<Instant>,
    frame: Vec<u8>,
    frame_id: Option<u16>,
    whole: Vec<Whole>,
    /// The last picture shown, as long as the next one can build on it.
    shown: Option<u16>,
    /// Whether pictures have been shown before.
    has_shown: bool,
    waits_for_keyframe_since: Option<Instant>,
    asked_at: Option<Instant>,
    statistics: PictureStatistics,
}

/// A picture all of whose packets came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its number.
    pub id: u16,
    /// Its frame.
    pub frame: Vec<u8>,
}

#[derive(Debug)]
struct Packet {
    payload: Bytes,
    is_last: bool,
}

/// How pictures were seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PictureStatistics {
    /// Pictures shown, each whole and with the content that was sent.
    pub shown: u64,
    /// Keyframes among them.
    pub keyframes: u64,
    /// Pictures that came whole and had another content than was sent. Never, unless something is wrong.
    pub foreign: u64,
    /// Pictures that came whole and could not be shown, because the one before was missing.
    pub without_ground: u64,
    /// How often the picture stood still until a keyframe came.
    pub freezes: u64,
    /// Longest time from a picture that was missed to the keyframe that ended it.
    pub longest_freeze: Duration,
    /// Keyframes asked for.
    pub asked: u64,
}

impl Eye {
    /// Makes one that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins anew with another transport: numbers of the one before mean nothing any more.
    pub fn renew(&mut self) {
        let has_shown = self.has_shown;
        *self = Self { statistics: self.statistics, has_shown, ..Self::default() };
    }

    /// Takes one packet, in whatever order they come.
    pub fn put(&mut self, sequence: u16, is_last: bool, payload: &Bytes, now: Instant) {
        // Everybody who comes is sent a keyframe, which needs its time like one that was asked for.
        self.asked_at = self.asked_at.or((!self.has_shown).then_some(now));
        let number = match self.newest {
            Some(newest) => newest + i64::from(sequence.wrapping_sub(newest as u16) as i16),
            None => {
                self.next = i64::from(sequence);
                self.next
            }
        };
        self.newest = self.newest.max(Some(number));
        if number >= self.next && self.packets.len() < MAX_PACKETS {
            self.packets.entry(number).or_insert_with(|| Packet { payload: payload.clone(), is_last });
        }
        self.advance(now);
    }

    /// Tells whether a keyframe is to be asked for now; not again until there was time for it to come.
    pub fn wants_keyframe(&mut self, now: Instant) -> bool {
        self.advance(now);
        let waits = self.waits_for_keyframe_since.is_some() || (!self.has_shown && self.newest.is_some());
        let asks = waits && self.asked_at.is_none_or(|at| now.saturating_duration_since(at) >= ASKED_AGAIN_AFTER);
        if asks {
            self.asked_at = Some(now);
            self.statistics.asked += 1;
        }
        asks
    }

    /// How pictures were seen.
    #[must_use]
    pub const fn statistics(&self) -> PictureStatistics {
        self.statistics
    }

    fn advance(&mut self, now: Instant) {
        loop {
            if let Some(packet) = self.packets.remove(&self.next) {
                self.next += 1;
                self.missed_since = None;
                self.place(&packet);
                continue;
            }
            let Some((&available, _)) = self.packets.first_key_value() else {
                self.missed_since = None;
                return;
            };
            let since = *self.missed_since.get_or_insert(now);
            if now.saturating_duration_since(since) < HOLE_PATIENCE {
                return;
            }
            // What is missing now never comes: the picture breaks, and what follows builds on nothing.
            self.next = available;
            self.missed_since = None;
            self.frame.clear();
            self.frame_id = None;
            self.stand_still(now);
        }
    }

    /// Adds a packet to the picture that it belongs to; those without content are padding.
    fn place(&mut self, packet: &Packet) {
        let payload = &packet.payload;
        if payload.is_empty() {
            return;
        }
        let Some((begins, id, at)) = descriptor(payload) else {
            self.statistics.foreign += 1;
            return;
        };
        if begins {
            self.frame.clear();
            self.frame_id = Some(id);
        }
        if self.frame_id != Some(id) {
            // The beginning was before this person came, or was given up.
            return;
        }
        self.frame.extend_from_slice(&payload[at..]);
        if packet.is_last {
            let frame = std::mem::take(&mut self.frame);
            self.frame_id = None;
            self.whole.push(Whole { id, frame });
        }
    }

    /// Gives the pictures that have become whole.
    pub fn take_whole(&mut self) -> Vec<Whole> {
        std::mem::take(&mut self.whole)
    }

    /// Looks at a picture, as it was before it was sealed.
    pub fn show(&mut self, frame: &[u8], id: u16, now: Instant) {
        let is_keyframe = frame.first().is_some_and(|tag| tag & 1 == 0);
        let head = TAG_BYTES + if is_keyframe { KEYFRAME_HEAD.len() } else { 0 };
        let number = frame.get(head..head + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let is_whole = number.is_some_and(|number| frame[head..] == content(number, frame.len() - head));
        let is_right = is_whole && (!is_keyframe || frame[TAG_BYTES..].starts_with(&KEYFRAME_HEAD));
        if !is_right {
            self.statistics.foreign += 1;
            self.stand_still(now);
        } else if is_keyframe || self.shown.is_some_and(|shown| (shown + 1) & 0x7fff == id) {
            self.statistics.shown += 1;
            self.statistics.keyframes += u64::from(is_keyframe);
            self.shown = Some(id);
            self.has_shown = true;
            if let Some(since) = self.waits_for_keyframe_since.take() {
                let lasted = now.saturating_duration_since(since);
                self.statistics.longest_freeze = self.statistics.longest_freeze.max(lasted);
            }
        } else {
            self.statistics.without_ground += 1;
            self.stand_still(now);
        }
    }

    fn stand_still(&mut self, now: Instant) {
        self.shown = None;
        if self.has_shown && self.waits_for_keyframe_since.is_none() {
            self.waits_for_keyframe_since = Some(now);
            self.statistics.freezes += 1;
        }
    }
}

/// Reads whether a packet begins a frame, the picture's number, and where the frame's bytes begin.
///
/// # Source
///
/// RFC 7741 section 4.2.
fn descriptor(payload: &[u8]) -> Option<(bool, u16, usize)> {
    let first = *payload.first()?;
    let begins = first & 0x10 != 0 && first & 0x0f == 0;
    let mut at = 1;
    let mut id = 0;
    if first & 0x80 != 0 {
        let extension = *payload.get(at)?;
        at += 1;
        if extension & 0x80 != 0 {
            let high = *payload.get(at)?;
            at += 1;
            id = u16::from(high & 0x7f);
            if high & 0x80 != 0 {
                id = id << 8 | u16::from(*payload.get(at)?);
                at += 1;
            }
        }
        at += usize::from(extension & 0x40 != 0) + usize::from(extension & 0x30 != 0);
    }
    payload.get(at..)?;
    Some((begins, id, at))
}

/// How long a hole in the numbers is waited for: some round trips of a repetition.
///
/// Higher: a repetition over a slow network is not given up. Lower: a keyframe is asked for sooner.
const HOLE_PATIENCE: Duration = Duration::from_millis(600);
/// Time for a keyframe to come before another is asked for.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(700);
/// Some seconds of a good camera.
const MAX_PACKETS: usize = 4_096;
