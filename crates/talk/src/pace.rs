//! How fast this person speaks to the group: the server takes ten messages a second of somebody and no more.

use std::time::Duration;

use colloque_ids::Timestamp;

/// Messages at once.
///
/// Higher: a signaling server refuses some, which are sent again after seconds. Lower: receipts wait behind a file.
const BURST: f64 = 12.0;

/// Messages a second that follow, with room left for heartbeats, changes of keys and what signaling itself says.
const PER_SECOND: f64 = 7.0;

/// See the module.
#[derive(Debug)]
pub struct Pace {
    left: f64,
    at: Option<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { left: BURST, at: None }
    }
}

impl Pace {
    /// Whether a message may go now.
    pub fn allows(&mut self, now: Timestamp) -> bool {
        let since = self.at.replace(now).map_or(Duration::ZERO, |at| now.since(at));
        self.left = (self.left + since.as_secs_f64() * PER_SECOND).min(BURST);
        self.left >= 1.0
    }

    /// A message went.
    pub fn count(&mut self) {
        self.left -= 1.0;
    }
}
