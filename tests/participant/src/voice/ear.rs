use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use opus::{Channels, Decoder};

use super::MakeVoiceError;
use crate::speech::{FRAME_SAMPLES, SAMPLE_RATE};

/// Hears a voice: puts packets in order, waits a little for those that are late, and fills what never came.
///
/// The sound heard has one frame for each 20 milliseconds of the speaker's clock, whatever was waited or lost, so that it can
/// be laid beside what was said.
pub struct Ear {
    decoder: Decoder,
    waiting: BTreeMap<i64, Waiting>,
    /// The timestamp and the frame number of the packet that came last.
    last: Option<(u32, i64)>,
    /// The frame played next.
    next: i64,
    /// When frame zero is due.
    zero_due_at: Option<Instant>,
    came_at: Option<Instant>,
    heard: Vec<i16>,
    statistics: VoiceStatistics,
}

struct Waiting {
    payload: Bytes,
    is_repeated: bool,
}

/// How a voice was heard. Frames are 20 milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VoiceStatistics {
    /// Packets that came, repetitions in them not counted.
    pub packets: u64,
    /// Frames played as they were said.
    pub played: u64,
    /// Those of them that came only as a repetition in a later packet.
    pub repeated: u64,
    /// Frames that were made up, because theirs never came or the wait for them was over.
    pub concealed: u64,
    /// Packets that came when their frame had been made up.
    pub late: u64,
    /// Packets that the codec did not understand.
    pub broken: u64,
}

impl VoiceStatistics {
    /// Share of the frames that were made up.
    #[must_use]
    pub fn concealed_share(&self) -> f64 {
        self.concealed as f64 / (self.played + self.concealed).max(1) as f64
    }

    /// What happened since an earlier reading.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            packets: self.packets.saturating_sub(earlier.packets),
            played: self.played.saturating_sub(earlier.played),
            repeated: self.repeated.saturating_sub(earlier.repeated),
            concealed: self.concealed.saturating_sub(earlier.concealed),
            late: self.late.saturating_sub(earlier.late),
            broken: self.broken.saturating_sub(earlier.broken),
        }
    }
}

impl Ear {
    /// Makes one that has heard nothing.
    ///
    /// # Errors
    ///
    /// [`MakeVoiceError`] when the codec is not there.
    pub fn new() -> Result<Self, MakeVoiceError> {
        Ok(Self {
            decoder: Decoder::new(SAMPLE_RATE, Channels::Mono)?,
            waiting: BTreeMap::new(),
            last: None,
            next: 0,
            zero_due_at: None,
            came_at: None,
            heard: Vec::new(),
            statistics: VoiceStatistics::default(),
        })
    }

    /// Begins anew with another transport: its clock is another one.
    pub fn renew(&mut self) {
        self.waiting.clear();
        (self.last, self.next, self.zero_due_at, self.came_at) = (None, 0, None, None);
        self.heard.clear();
    }

    /// Counts a packet whose form is unknown.
    pub const fn put_broken(&mut self) {
        self.statistics.broken += 1;
    }

    /// Takes the sound of one packet, or what it repeats of an earlier one.
    pub fn put(&mut self, timestamp: u32, payload: &Bytes, is_repeated: bool, now: Instant) {
        let frame = match self.last {
            Some((last, frame)) => {
                frame + i64::from(timestamp.wrapping_sub(last) as i32).div_euclid(FRAME_SAMPLES as i64)
            }
            // What lies before the first packet was not meant for this listener.
            None if is_repeated => return,
            None => 0,
        };
        if !is_repeated {
            self.last = Some((timestamp, frame));
            self.came_at = Some(now);
            self.statistics.packets += 1;
        }
        let due_at = *self.zero_due_at.get_or_insert(now + FIRST_WAIT);
        if frame < self.next {
            if !is_repeated && frame >= 0 {
                self.statistics.late += 1;
                let lateness = now.saturating_duration_since(due_at + FRAME * u32::try_from(frame).unwrap_or(0));
                self.wait_longer(lateness);
            }
            return;
        }
        if payload.is_empty() || self.waiting.len() >= MAX_WAITING {
            return;
        }
        let known = self.waiting.entry(frame);
        let waiting = known.or_insert_with(|| Waiting { payload: payload.clone(), is_repeated });
        waiting.is_repeated &= is_repeated;
    }

    /// Plays the frames that are due.
    pub fn play(&mut self, now: Instant) {
        while let (Some(due_at), Some(came_at)) = (self.zero_due_at, self.came_at) {
            let is_over = self.waiting.is_empty() && now.saturating_duration_since(came_at) > GIVEN_UP_AFTER;
            if is_over || due_at + FRAME * u32::try_from(self.next).unwrap_or(u32::MAX) > now {
                return;
            }
            let waiting = self.waiting.remove(&self.next);
            self.next += 1;
            self.play_frame(waiting);
        }
    }

    /// What was heard so far, the first minute of it, one channel at [`SAMPLE_RATE`].
    #[must_use]
    pub fn heard(&self) -> &[i16] {
        &self.heard
    }

    /// How it was heard.
    #[must_use]
    pub const fn statistics(&self) -> VoiceStatistics {
        self.statistics
    }

    fn play_frame(&mut self, waiting: Option<Waiting>) {
        let mut sound = [0; FRAME_SAMPLES];
        let decoded = waiting.as_ref().map(|waiting| self.decoder.decode(&waiting.payload, &mut sound, false));
        match (decoded, waiting) {
            (Some(Ok(_)), Some(waiting)) => {
                self.statistics.played += 1;
                self.statistics.repeated += u64::from(waiting.is_repeated);
            }
            (Some(Err(_)), _) => {
                self.statistics.broken += 1;
                self.conceal(&mut sound);
            }
            (None | Some(Ok(_)), _) => self.conceal(&mut sound),
        }
        if self.heard.len() < MAX_HEARD {
            self.heard.extend_from_slice(&sound);
        }
    }

    fn conceal(&mut self, sound: &mut [i16; FRAME_SAMPLES]) {
        self.statistics.concealed += 1;
        if self.decoder.decode(&[], sound, false).is_err() {
            sound.fill(0);
        }
    }

    /// Waits longer from now on, and says so: the pause is filled too, though the sound keeps the speaker's clock.
    fn wait_longer(&mut self, lateness: Duration) {
        let frames = (lateness.as_millis() / FRAME.as_millis()) as u32 + 1;
        let longer = (FRAME * frames).min(LONGEST_STEP);
        self.zero_due_at = self.zero_due_at.map(|due_at| due_at + longer);
        self.statistics.concealed += u64::from((longer.as_millis() / FRAME.as_millis()) as u32);
    }
}

const FRAME: Duration = Duration::from_millis(20);
/// How long the first packet waits for company.
///
/// Higher: a jump of the network is not heard. Lower: people interrupt each other less.
const FIRST_WAIT: Duration = Duration::from_millis(80);
/// Most that one late packet adds to the wait.
const LONGEST_STEP: Duration = Duration::from_millis(100);
/// Silence of the network after which nothing is made up any more.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);
/// Ten seconds.
const MAX_WAITING: usize = 500;
/// A minute.
const MAX_HEARD: usize = 60 * SAMPLE_RATE as usize;
