use std::time::{Duration, Instant};

use crate::feedback::{REFERENCE_US, REFERENCES, TICK_US, write_feedback};

/// Pause between two reports of one transport.
///
/// Higher: the sender notices a full link later. Lower: more reports on the way back, and less time for the rest.
const REPORT_PAUSE: Duration = Duration::from_millis(100);
/// Arrivals that wait for a report at most: 100 ms at 2,500 packets a second.
const MAX_WAITING: usize = 256;
/// Packets that one report speaks of at most; what lies further back is not reported.
const MAX_SPAN: u64 = 512;

/// What arrived of a transport's numbered packets since the last report.
#[derive(Debug)]
pub struct ArrivalLog {
    began_at: Instant,
    /// Ascending by number.
    waiting: Vec<Arrival>,
    highest: Option<u64>,
    /// The first number that no report spoke of.
    next: u64,
    reports: u8,
    reported_at: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    number: u64,
    /// In units of 250 µs since the log began.
    ticks: i64,
}

impl ArrivalLog {
    /// Makes an empty log.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { began_at: now, waiting: Vec::new(), highest: None, next: 0, reports: 0, reported_at: now }
    }

    /// Records a packet that arrived at `now`; what is far behind the newest is not recorded.
    pub fn note_arrival(&mut self, sequence: u16, now: Instant) {
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(MAX_WAITING);
        }
        if self.waiting.len() == MAX_WAITING {
            return;
        }
        let number = match self.highest {
            // Far from zero, so that what was sent before the first arrival has a number as well.
            None => (1 << 16) | u64::from(sequence),
            Some(highest) => highest.wrapping_add_signed(i64::from(sequence.wrapping_sub(highest as u16) as i16)),
        };
        let highest = self.highest.map_or(number, |highest| highest.max(number));
        if self.highest.is_none() {
            self.next = number;
        }
        self.highest = Some(highest);
        if number + MAX_SPAN <= highest {
            return;
        }
        let ticks = now.saturating_duration_since(self.began_at).as_micros() as i64 / TICK_US;
        let arrival = Arrival { number, ticks };
        // Nearly every packet is the newest, and the rest of the list is not looked at for it.
        if self.waiting.last().is_none_or(|last| last.number < number) {
            self.waiting.push(arrival);
            return;
        }
        let at = self.waiting.partition_point(|waiting| waiting.number < number);
        if self.waiting[at].number != number {
            self.waiting.insert(at, arrival);
        }
    }

    /// Whether a report should leave now.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        let is_full = self.waiting.len() * 2 >= MAX_WAITING;
        !self.waiting.is_empty() && (is_full || now.saturating_duration_since(self.reported_at) >= REPORT_PAUSE)
    }

    /// Writes the next report into `out`, piece by piece: what follows the two stream numbers of its RTCP packet, in whole
    /// words. False when there is nothing to say.
    pub fn write_report(&mut self, now: Instant, out: impl FnMut(&[u8])) -> bool {
        let (Some(first), Some(last)) = (self.waiting.first(), self.waiting.last()) else { return false };
        self.reported_at = now;
        let last = last.number;
        let base = first.number.min(self.next).max((last + 1).saturating_sub(MAX_SPAN));
        let mut deltas = [None; MAX_SPAN as usize];
        let reference = first_tick(&self.waiting, base) * TICK_US / REFERENCE_US;
        let mut previous = reference * REFERENCE_US / TICK_US;
        for arrival in self.waiting.iter().filter(|arrival| arrival.number >= base) {
            // More than eight seconds between two arrivals of one report do not occur: reports are ten a second.
            let delta = (arrival.ticks - previous).clamp(i64::from(i16::MIN), i64::from(i16::MAX));
            deltas[(arrival.number - base) as usize] = Some(delta as i16);
            previous += delta;
        }
        let count = (last + 1 - base) as usize;
        let reference = reference.rem_euclid(REFERENCES) as u32;
        write_feedback(out, base as u16, reference, self.reports, &deltas[..count]);
        self.reports = self.reports.wrapping_add(1);
        self.next = self.next.max(last + 1);
        self.waiting.clear();
        true
    }
}

fn first_tick(arrivals: &[Arrival], base: u64) -> i64 {
    arrivals.iter().find(|arrival| arrival.number >= base).map_or(0, |arrival| arrival.ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feedback::TransportFeedback;

    /// Numbers with arrival times in milliseconds since the log began.
    fn report(log: &mut ArrivalLog, now: Instant) -> Vec<(u16, Option<i64>)> {
        let mut out = Vec::new();
        log.write_report(now, |bytes| out.extend_from_slice(bytes));
        let Some(feedback) = TransportFeedback::parse(&out) else { return Vec::new() };
        let reference_ms = i64::from(feedback.reference()) * 64;
        feedback.packets().map(|(number, arrival)| (number, arrival.map(|us| us / 1_000 + reference_ms))).collect()
    }

    #[test]
    fn arrivals_and_losses_are_reported_once() {
        let began_at = Instant::now();
        let mut log = ArrivalLog::new(began_at);
        let at = |ms| began_at + Duration::from_millis(ms);
        for (sequence, ms) in [(65_534, 70), (65_535, 75), (1, 90)] {
            log.note_arrival(sequence, at(ms));
        }
        assert!(!log.is_due(at(99)) && log.is_due(at(100)));
        assert_eq!(report(&mut log, at(100)), [(65_534, Some(70)), (65_535, Some(75)), (0, None), (1, Some(90))]);
        assert!(!log.is_due(at(300)) && report(&mut log, at(300)).is_empty());
        log.note_arrival(4, at(310));
        assert_eq!(report(&mut log, at(320)), [(2, None), (3, None), (4, Some(310))]);
    }

    #[test]
    fn a_packet_that_was_overtaken_is_reported_when_it_comes() {
        let began_at = Instant::now();
        let mut log = ArrivalLog::new(began_at);
        log.note_arrival(10, began_at);
        log.note_arrival(12, began_at);
        report(&mut log, began_at);
        log.note_arrival(11, began_at);
        assert_eq!(report(&mut log, began_at)[0], (11, Some(0)));
    }

    #[test]
    fn a_flood_and_a_jump_are_bounded() {
        let now = Instant::now();
        let mut log = ArrivalLog::new(now);
        for sequence in 0..10_000u32 {
            log.note_arrival((sequence * 7_001) as u16, now);
        }
        assert!(log.is_due(now));
        assert!(report(&mut log, now).len() <= MAX_SPAN as usize);
        assert!(log.waiting.capacity() <= MAX_WAITING);
    }
}
