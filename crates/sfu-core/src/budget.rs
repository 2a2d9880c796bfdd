use std::time::{Duration, Instant};

/// How much more than the announced cap a publisher may send: rates of real encoders overshoot, and repairs come on top.
///
/// Higher: a hostile publisher takes more of everybody's line. Lower: an honest one that overshoots loses packets.
const HEADROOM: u64 = 2;
/// How long a publisher may save up: after half a second of silence, a second of media at the cap may come at once, as
/// when a radio link comes back.
const BURST: Duration = Duration::from_millis(500);
/// Least bytes a second, whatever the cap: the voice survives.
const MIN_BYTES_PER_SECOND: u64 = 16_000;
/// Least packets a second, whatever the cap. Camera, screen and voice together send about 400 at the default cap.
const MIN_PACKETS_PER_SECOND: u64 = 1_000;
/// Bytes of a packet from which the rate of packets follows at higher caps: half of what video packets have.
const SMALL_PACKET_BYTES: u64 = 500;
/// Compounds of reports a second. A browser that loses every third packet of two videos sends about 300.
const REPORTS_PER_SECOND: u64 = 500;

/// What one peer may send to this server; the same for all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    media_bytes: Allowance,
    media_packets: Allowance,
    reports: Allowance,
}

/// What one peer sent, held against [`Limits`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    media_bytes: Budget,
    media_packets: Budget,
    reports: Budget,
    /// Media packets that were refused, modulo 2^32.
    refused: u32,
}

impl Limits {
    pub(crate) fn new(publisher_cap_bps: u64) -> Self {
        let bytes = (publisher_cap_bps / 8).saturating_mul(HEADROOM).max(MIN_BYTES_PER_SECOND);
        Self {
            media_bytes: Allowance::per_second(bytes),
            media_packets: Allowance::per_second((bytes / SMALL_PACKET_BYTES).max(MIN_PACKETS_PER_SECOND)),
            reports: Allowance::per_second(REPORTS_PER_SECOND),
        }
    }
}

impl Spent {
    pub(crate) fn new(now: Instant) -> Self {
        let budget = Budget { paid_at: now };
        Self { media_bytes: budget, media_packets: budget, reports: budget, refused: 0 }
    }

    /// Whether a media packet of the peer is opened now; what is refused is counted.
    pub(crate) fn may_publish(&mut self, now: Instant) -> bool {
        let may = self.media_packets.has_room(now) && self.media_bytes.has_room(now);
        if !may {
            self.refused = self.refused.wrapping_add(1);
        }
        may
    }

    /// Charges a media packet of `bytes`, once it proved to be the peer's own: a stranger who writes the peer's address on
    /// noise spends nothing.
    pub(crate) fn charge_media(&mut self, bytes: usize, limits: &Limits, now: Instant) {
        self.media_packets.charge(1, limits.media_packets, now);
        self.media_bytes.charge(bytes as u64, limits.media_bytes, now);
    }

    /// Whether reports of the peer are opened now.
    pub(crate) fn may_report(&self, now: Instant) -> bool {
        self.reports.has_room(now)
    }

    /// Charges a compound of reports, once it proved to be the peer's own.
    pub(crate) fn charge_report(&mut self, limits: &Limits, now: Instant) {
        self.reports.charge(1, limits.reports, now);
    }

    /// Media packets that were refused so far, modulo 2^32.
    pub(crate) fn refused(&self) -> u32 {
        self.refused
    }
}

/// A rate, with [`BURST`] to save up.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// Time that pays for one unit, in picoseconds.
    price_ps: u64,
}

/// A bucket that is emptied by units and filled by time.
#[derive(Debug, Clone, Copy)]
struct Budget {
    /// When time has paid for everything that was taken: one number instead of a fill level and an instant.
    paid_at: Instant,
}

impl Allowance {
    fn per_second(units: u64) -> Self {
        Self { price_ps: 1_000_000_000_000 / units }
    }
}

impl Budget {
    fn has_room(&self, now: Instant) -> bool {
        self.paid_at < now + BURST
    }

    fn charge(&mut self, units: u64, allowance: Allowance, now: Instant) {
        let price = Duration::from_nanos(units.saturating_mul(allowance.price_ps) / 1_000);
        self.paid_at = self.paid_at.max(now) + price;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP_BPS: u64 = 2_500_000;

    /// Bytes and packets that pass of a load of `packets` a second for `seconds`.
    fn passed(cap_bps: u64, packets: u32, packet_bytes: usize, seconds: u32) -> (u64, u32) {
        let begin = Instant::now();
        let limits = Limits::new(cap_bps);
        let mut spent = Spent::new(begin);
        let mut passed = 0;
        for packet in 0..packets * seconds {
            let now = begin + Duration::from_secs(1) * packet / packets;
            if spent.may_publish(now) {
                spent.charge_media(packet_bytes, &limits, now);
                passed += 1;
            }
        }
        assert_eq!(spent.refused(), packets * seconds - passed);
        (u64::from(passed) * packet_bytes as u64, passed)
    }

    #[test]
    fn a_load_at_the_cap_passes_whole() {
        assert_eq!(passed(CAP_BPS, 300, 1_000, 20).1, 6_000);
        assert_eq!(passed(CAP_BPS, 500, 600, 20).1, 10_000);
    }

    #[test]
    fn no_more_than_rate_and_burst_pass() {
        let bytes_per_second = CAP_BPS / 8 * HEADROOM;
        let (bytes, _) = passed(CAP_BPS, 10_000, 1_200, 4);
        assert!((bytes_per_second * 4..=bytes_per_second * 9 / 2 + 1_200).contains(&bytes), "{bytes}");
        let (_, packets) = passed(CAP_BPS, 100_000, 20, 4);
        let packets_per_second = (bytes_per_second / SMALL_PACKET_BYTES) as u32;
        assert!((packets_per_second * 4..=packets_per_second * 9 / 2 + 2).contains(&packets), "{packets}");
    }

    #[test]
    fn a_cap_of_nothing_leaves_the_voice_and_a_boundless_one_overflows_nowhere() {
        assert_eq!(passed(0, 50, 160, 10).1, 500);
        assert_eq!(passed(u64::MAX, 1_000, 1_500, 2).1, 2_000);
    }

    #[test]
    fn reports_are_bounded_and_come_back_with_time() {
        let now = Instant::now();
        let limits = Limits::new(CAP_BPS);
        let mut spent = Spent::new(now);
        let mut taken = 0;
        while spent.may_report(now) {
            spent.charge_report(&limits, now);
            taken += 1;
        }
        assert_eq!(taken, REPORTS_PER_SECOND / 2);
        assert!(spent.may_report(now + Duration::from_millis(2)));
    }
}
