use std::time::{Duration, Instant};

use crate::track::is_within;

/// What subscribers want of one layer, and what its publisher was told of it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LayerDemand {
    /// Whether the publisher was told that nobody wants the layer.
    is_paused: bool,
    /// Since when nobody wants it.
    unwanted_since: Option<Instant>,
    /// When the publisher was told last that somebody wants it again.
    resumed_at: Option<Instant>,
}

/// How long nobody may want a layer before its publisher is told.
///
/// Higher: a publisher sends longer for nobody. Lower: who comes back to a layer waits a round trip and a keyframe for it.
const PAUSED_AFTER: Duration = Duration::from_secs(3);
/// How long a publisher that is told to send a layer has for it before another is chosen.
const RESUMED_WITHIN: Duration = Duration::from_secs(3);
/// How long a layer is not tried again that its publisher did not send when it was wanted.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(15);

impl LayerDemand {
    /// Whether the layer can be chosen: it comes, or it would if it were wanted.
    pub(crate) fn is_available(&self, is_flowing: bool, now: Instant) -> bool {
        let is_expected = is_within(self.resumed_at, RESUMED_WITHIN, now);
        let may_be_tried = self.is_paused && !is_within(self.resumed_at, TRIED_AGAIN_AFTER, now);
        is_flowing || is_expected || may_be_tried
    }

    /// Records whether anybody wants the layer now; true when its publisher must be told.
    pub(crate) fn note(&mut self, is_wanted: bool, now: Instant) -> bool {
        if is_wanted {
            self.unwanted_since = None;
            if std::mem::take(&mut self.is_paused) {
                self.resumed_at = Some(now);
                return true;
            }
            return false;
        }
        let since = *self.unwanted_since.get_or_insert(now);
        if self.is_paused || is_within(Some(since), PAUSED_AFTER, now) {
            return false;
        }
        self.is_paused = true;
        true
    }

    /// Whether the publisher is to send the layer.
    pub(crate) fn is_sent(&self) -> bool {
        !self.is_paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_paused_late_and_resumed_at_once() {
        let start = Instant::now();
        let mut demand = LayerDemand::default();
        assert!(!demand.note(false, start));
        assert!(!demand.note(false, start + PAUSED_AFTER / 2));
        assert!(demand.is_sent());
        assert!(demand.note(false, start + PAUSED_AFTER));
        assert!(!demand.note(false, start + PAUSED_AFTER * 2) && !demand.is_sent());
        assert!(demand.note(true, start + PAUSED_AFTER * 2) && demand.is_sent());
        assert!(!demand.note(true, start + PAUSED_AFTER * 3));
    }

    #[test]
    fn a_layer_that_does_not_come_when_it_is_wanted_is_left_alone_for_a_while() {
        let start = Instant::now();
        let mut demand = LayerDemand::default();
        assert!(!demand.is_available(false, start), "nobody paused it, and it does not come");
        demand.note(false, start);
        demand.note(false, start + PAUSED_AFTER);
        assert!(demand.is_available(false, start + PAUSED_AFTER), "it would come");
        let resumed_at = start + PAUSED_AFTER * 2;
        demand.note(true, resumed_at);
        assert!(demand.is_available(false, resumed_at + RESUMED_WITHIN / 2));
        assert!(!demand.is_available(false, resumed_at + RESUMED_WITHIN));
        demand.note(false, resumed_at + RESUMED_WITHIN);
        demand.note(false, resumed_at + RESUMED_WITHIN + PAUSED_AFTER);
        assert!(!demand.is_available(false, resumed_at + RESUMED_WITHIN + PAUSED_AFTER));
        assert!(demand.is_available(false, resumed_at + TRIED_AGAIN_AFTER));
        assert!(demand.is_available(true, resumed_at + RESUMED_WITHIN));
    }
}
