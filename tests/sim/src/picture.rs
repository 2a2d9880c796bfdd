use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::payload::Stamp;

/// A picture that stands still for longer is frozen.
const FROZEN: Duration = Duration::from_millis(200);

/// The pictures that one participant sees: complete frames, each after the one that it builds on.
#[derive(Debug, Default)]
pub struct Pictures {
    /// Packets of frames that are not complete.
    pending: BTreeMap<u32, Pending>,
    next: Option<u32>,
    shown: Vec<(Instant, u32)>,
    keyframes: usize,
}

#[derive(Debug, Default)]
struct Pending {
    packets: Vec<bool>,
    bytes: usize,
    is_keyframe: bool,
}

impl Pictures {
    pub(crate) fn take(&mut self, stamp: &Stamp, bytes: usize, now: Instant) {
        if self.next.is_some_and(|next| stamp.frame < next) {
            return;
        }
        let pending = self.pending.entry(stamp.frame).or_default();
        pending.packets.resize(usize::from(stamp.packets), false);
        if let Some(packet) = pending.packets.get_mut(usize::from(stamp.packet))
            && !*packet
        {
            *packet = true;
            pending.bytes += bytes;
        }
        pending.is_keyframe = stamp.is_keyframe;
        self.show(now);
    }

    fn show(&mut self, now: Instant) {
        loop {
            let is_complete = |pending: &Pending| pending.packets.iter().all(|packet| *packet);
            let next = self.next.and_then(|next| self.pending.get(&next).filter(|p| is_complete(p)).map(|_| next));
            let keyframe = || {
                let mut complete =
                    self.pending.iter().filter(|(_, pending)| is_complete(pending) && pending.is_keyframe);
                complete.next_back().map(|(frame, _)| *frame)
            };
            let Some(frame) = next.or_else(keyframe) else { return };
            let Some(pending) = self.pending.remove(&frame) else { return };
            self.keyframes += usize::from(pending.is_keyframe);
            self.pending = self.pending.split_off(&frame);
            self.next = Some(frame + 1);
            self.shown.push((now, pending.bytes as u32));
        }
    }

    /// Whether frames wait for one that is missing.
    pub(crate) fn is_stuck(&self) -> bool {
        self.pending.len() > 15
    }

    /// Frames shown in a span.
    #[must_use]
    pub fn shown(&self, since: Instant, until: Instant) -> usize {
        self.shown.iter().filter(|(at, _)| (since..until).contains(at)).count()
    }

    /// Bits a second of the frames shown in a span, each counted once, without headers.
    #[must_use]
    pub fn shown_bps(&self, since: Instant, until: Instant) -> u64 {
        let shown = self.shown.iter().filter(|(at, _)| (since..until).contains(at));
        let bytes: u64 = shown.map(|(_, bytes)| u64::from(*bytes)).sum();
        (bytes as f64 * 8.0 / (until - since).as_secs_f64()) as u64
    }

    /// Keyframes shown since the beginning.
    #[must_use]
    pub fn keyframes(&self) -> usize {
        self.keyframes
    }

    /// When the first frame was shown.
    #[must_use]
    pub fn first_at(&self) -> Option<Instant> {
        self.shown.first().map(|(at, _)| *at)
    }

    /// Share of a span in which the picture stood still, between 0 and 1.
    #[must_use]
    pub fn frozen(&self, since: Instant, until: Instant) -> f64 {
        let mut frozen = Duration::ZERO;
        let mut last = since;
        let shown = self.shown.iter().map(|(at, _)| *at).filter(|at| (since..until).contains(at));
        for at in shown.chain([until]) {
            if at - last > FROZEN {
                frozen += at - last;
            }
            last = at;
        }
        frozen.as_secs_f64() / (until - since).as_secs_f64()
    }
}
