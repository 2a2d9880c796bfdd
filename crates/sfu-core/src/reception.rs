use std::time::{Duration, Instant};

use crate::rtcp::ReportBlock;

/// How one published stream arrives, for the reports to its publisher.
///
/// # Source
///
/// RFC 3550 appendices A.3 (loss) and A.8 (jitter).
#[derive(Debug, Clone, Default)]
pub(crate) struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// Jitter in sixteenths of a clock unit.
    jitter: u32,
    last: Option<(Instant, u32)>,
}

/// A publisher's clock tied to its timestamps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SenderClock {
    pub ntp: u64,
    pub timestamp: u32,
    pub received_at: Instant,
}

impl SenderClock {
    /// The publisher's clock at `now`, and the timestamp that belongs to it.
    pub(crate) fn at(&self, now: Instant, clock_rate: u32) -> (u64, u32) {
        let elapsed = now.saturating_duration_since(self.received_at);
        let ntp = self.ntp.wrapping_add(fixed_point(elapsed, 32));
        (ntp, self.timestamp.wrapping_add(clock_units(elapsed, clock_rate)))
    }

    /// What must be added to timestamps of the stream of `other` to make them timestamps of this stream.
    pub(crate) fn shift_to(&self, other: &Self, clock_rate: u32) -> u32 {
        let later = other.ntp.wrapping_sub(self.ntp) as i64;
        let units = ((i128::from(later) * i128::from(clock_rate)) >> 32) as u32;
        self.timestamp.wrapping_add(units).wrapping_sub(other.timestamp)
    }
}

/// A duration in units of a codec's clock, modulo 2^32.
pub(crate) fn clock_units(elapsed: Duration, clock_rate: u32) -> u32 {
    (elapsed.as_micros() * u128::from(clock_rate) / 1_000_000) as u32
}

/// A duration as a fixed-point number of seconds with `fraction_bits` after the point, modulo 2^64.
pub(crate) fn fixed_point(elapsed: Duration, fraction_bits: u32) -> u64 {
    ((elapsed.as_nanos() << fraction_bits) / 1_000_000_000) as u64
}

impl Reception {
    /// Records a packet that came for the first time; what was repaired counts as lost, as its publisher's encoder must know, and
    /// what was overtaken not for jitter.
    pub(crate) fn note_arrival(
        &mut self,
        index: u64,
        timestamp: u32,
        clock_rate: u32,
        now: Instant,
        is_repaired: bool,
    ) {
        let is_late = self.first.is_some() && index <= self.highest;
        self.first.get_or_insert(index);
        self.highest = self.highest.max(index);
        if is_repaired {
            return;
        }
        self.received += 1;
        if is_late {
            return;
        }
        if let Some((last_at, last_timestamp)) = self.last {
            let arrival = clock_units(now.saturating_duration_since(last_at), clock_rate) as i32;
            let sampling = timestamp.wrapping_sub(last_timestamp) as i32;
            // A pause of the sender makes both differences large; what is left is bounded so that it cannot overflow.
            let difference = arrival.wrapping_sub(sampling).unsigned_abs().min(1 << 24);
            self.jitter = self.jitter.saturating_add(difference).saturating_sub((self.jitter + 8) >> 4);
        }
        self.last = Some((now, timestamp));
    }

    /// Records that a packet that counts as repaired was only overtaken, and came by itself.
    pub(crate) fn note_overtaken(&mut self) {
        self.received += 1;
    }

    /// Writes the next report on the stream `ssrc` and begins a new interval; none before the first packet.
    pub(crate) fn report(&mut self, ssrc: u32, sender: Option<SenderClock>, now: Instant) -> Option<ReportBlock> {
        let first = self.first?;
        let expected = (self.highest + 1).saturating_sub(first);
        let expected_now = expected.saturating_sub(self.expected_before);
        let received_now = self.received.saturating_sub(self.received_before);
        let lost_now = expected_now.saturating_sub(received_now);
        self.expected_before = expected;
        self.received_before = self.received;
        let fraction_lost = (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255) as u8;
        let cumulative = i64::try_from(expected).unwrap_or(i64::MAX) - i64::try_from(self.received).unwrap_or(i64::MAX);
        let (last_report, delay_since) = sender.map_or((0, 0), |sender| {
            let delay = fixed_point(now.saturating_duration_since(sender.received_at), 16);
            ((sender.ntp >> 16) as u32, delay as u32)
        });
        Some(ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost: cumulative.clamp(-0x80_0000, 0x7f_ffff) as i32,
            highest_sequence: self.highest as u32,
            jitter: self.jitter >> 4,
            last_report,
            delay_since,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_reported_for_the_interval_and_in_total() {
        let now = Instant::now();
        let mut reception = Reception::default();
        for index in (100..200).filter(|index| index % 4 != 3) {
            reception.note_arrival(index, 0, 90_000, now, false);
        }
        // The last packet is one of the lost: nothing says yet that it was sent.
        let report = reception.report(9, None, now).unwrap();
        assert_eq!((report.cumulative_lost, report.fraction_lost), (24, (24 * 256 / 99) as u8));
        for index in 200..300 {
            reception.note_arrival(index, 0, 90_000, now, false);
        }
        let report = reception.report(9, None, now).unwrap();
        assert_eq!((report.cumulative_lost, report.fraction_lost), (25, (256 / 101) as u8));
        assert_eq!(report.highest_sequence, 299);
    }

    #[test]
    fn what_is_overtaken_is_neither_lost_nor_jitter_and_what_is_repaired_is_lost() {
        let start = Instant::now();
        let mut reception = Reception::default();
        for packet in 0..100u64 {
            let at = start + Duration::from_millis(packet * 20);
            if packet % 10 != 5 {
                reception.note_arrival(packet, packet as u32 * 960, 48_000, at, false);
            }
            if packet % 10 == 9 {
                reception.note_arrival(packet - 4, (packet - 4) as u32 * 960, 48_000, at, packet >= 50);
            }
        }
        let report = reception.report(9, None, start).unwrap();
        assert_eq!((report.cumulative_lost, report.jitter), (5, 0));
    }

    #[test]
    fn even_arrivals_have_no_jitter_and_uneven_ones_do() {
        let start = Instant::now();
        let jitter = |late_ms: u64| {
            let mut reception = Reception::default();
            for packet in 0..200u64 {
                let at = start + Duration::from_millis(packet * 20 + if packet % 2 == 0 { late_ms } else { 0 });
                reception.note_arrival(packet, packet as u32 * 960, 48_000, at, false);
            }
            reception.report(9, None, start).unwrap().jitter
        };
        assert_eq!(jitter(0), 0);
        let expected = 48 * 5;
        assert!((expected - 40..=expected).contains(&jitter(5)), "{}", jitter(5));
    }

    #[test]
    fn streams_of_one_publisher_are_tied_by_its_clock() {
        let received_at = Instant::now();
        let one = SenderClock { ntp: 7 << 32, timestamp: u32::MAX, received_at };
        // Two seconds and a half later, by a clock that began elsewhere.
        let other = SenderClock { ntp: (9 << 32) + (1 << 31), timestamp: 1_000, received_at };
        assert_eq!(1_000u32.wrapping_add(one.shift_to(&other, 90_000)), 224_999);
        assert_eq!(u32::MAX.wrapping_add(other.shift_to(&one, 90_000)), 1_000u32.wrapping_sub(225_000));
    }

    #[test]
    fn a_publishers_clock_runs_on_between_its_reports() {
        let received_at = Instant::now();
        let clock = SenderClock { ntp: 7 << 32, timestamp: u32::MAX, received_at };
        assert_eq!(clock.at(received_at + Duration::from_millis(1_500), 48_000), ((8 << 32) + (1 << 31), 71_999));
    }
}
