//! Frames whose key is on its way.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::Timestamp;

/// How long a frame waits for its key.
///
/// Longer: what is shown after it comes late. Shorter: a slow commit costs pictures.
pub const HOLD_FOR: Duration = Duration::from_millis(300);

/// Most frames that wait.
pub const MAX_HELD_FRAMES: usize = 200;

/// Most bytes that wait.
pub const MAX_HELD_BYTES: usize = 4 << 20;

/// Keeps frames, oldest first, within these limits. What does not fit pushes out the oldest.
#[derive(Debug)]
pub struct HoldBuffer<T> {
    held: VecDeque<(Timestamp, usize, T)>,
    bytes: usize,
}

impl<T> Default for HoldBuffer<T> {
    fn default() -> Self {
        Self { held: VecDeque::new(), bytes: 0 }
    }
}

impl<T> HoldBuffer<T> {
    /// Keeps a frame of `bytes` bytes.
    pub fn hold(&mut self, frame: T, bytes: usize, now: Timestamp) {
        self.expire(now);
        self.bytes += bytes;
        self.held.push_back((now, bytes, frame));
        while self.held.len() > MAX_HELD_FRAMES || self.bytes > MAX_HELD_BYTES {
            self.drop_oldest();
        }
    }

    /// Gives everything that still waits, oldest first, to be opened again.
    pub fn release(&mut self, now: Timestamp) -> impl Iterator<Item = T> + use<T> {
        self.expire(now);
        self.bytes = 0;
        std::mem::take(&mut self.held).into_iter().map(|(_, _, frame)| frame)
    }

    /// Drops what has waited for [`HOLD_FOR`].
    pub fn expire(&mut self, now: Timestamp) {
        while self.held.front().is_some_and(|(since, _, _)| now >= since.after(HOLD_FOR)) {
            self.drop_oldest();
        }
    }

    /// Counts what waits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn drop_oldest(&mut self) {
        if let Some((_, bytes, _)) = self.held.pop_front() {
            self.bytes -= bytes;
        }
    }
}
