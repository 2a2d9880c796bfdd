/// Length of one bucket, in microseconds.
const BUCKET_US: i64 = 25_000;
/// Buckets that are kept: one second.
const BUCKETS: usize = 40;
/// Shortest and longest time that a rate is measured over, in buckets.
///
/// Higher: a drop is seen later. Lower: a rate of few packets is noise.
const LEAST_SPAN: usize = 6;
/// Packets that make a rate believable.
const LEAST_PACKETS: u32 = 8;

/// The rate at which packets arrive at the receiver.
#[derive(Debug)]
pub(crate) struct Throughput {
    buckets: [Bucket; BUCKETS],
    newest: Option<i64>,
    oldest: i64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    number: i64,
    bytes: u32,
    packets: u32,
}

impl Default for Throughput {
    fn default() -> Self {
        Self { buckets: [Bucket::default(); BUCKETS], newest: None, oldest: 0 }
    }
}

impl Throughput {
    /// Takes a packet that arrived, by the receiver's clock.
    pub(crate) fn add(&mut self, arrival_us: i64, bytes: usize) {
        let number = arrival_us.div_euclid(BUCKET_US);
        match self.newest {
            Some(newest) if number + (BUCKETS as i64) <= newest => return,
            Some(newest) => self.newest = Some(newest.max(number)),
            None => (self.newest, self.oldest) = (Some(number), number),
        }
        let bucket = &mut self.buckets[number.rem_euclid(BUCKETS as i64) as usize];
        if bucket.number != number || bucket.packets == 0 {
            *bucket = Bucket { number, ..Bucket::default() };
        }
        bucket.bytes = bucket.bytes.saturating_add(bytes as u32);
        bucket.packets += 1;
    }

    /// Bits a second over the shortest time that is believable; none before that much is known.
    pub(crate) fn rate_bps(&self) -> Option<f64> {
        let newest = self.newest?;
        let (mut bytes, mut packets) = (0u64, 0);
        // The newest bucket is not complete yet.
        let span = BUCKETS.min((newest - self.oldest).max(0) as usize);
        for back in 1..=span {
            let number = newest - back as i64;
            let bucket = &self.buckets[number.rem_euclid(BUCKETS as i64) as usize];
            if bucket.number == number {
                bytes += u64::from(bucket.bytes);
                packets += bucket.packets;
            }
            if back >= LEAST_SPAN && (packets >= LEAST_PACKETS || back == BUCKETS - 1) {
                return Some(bytes as f64 * 8e6 / (back as i64 * BUCKET_US) as f64);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_and_a_drop_is_seen_within_a_quarter_of_a_second() {
        let mut throughput = Throughput::default();
        for packet in 0..500 {
            throughput.add(packet * 5_000, 1_250);
        }
        let rate = throughput.rate_bps().unwrap();
        assert!((rate - 2_000_000.0).abs() < 50_000.0, "{rate}");
        for packet in 0..13 {
            throughput.add(2_500_000 + packet * 20_000, 1_250);
        }
        let rate = throughput.rate_bps().unwrap();
        assert!(rate < 800_000.0, "{rate}");
    }

    #[test]
    fn little_is_measured_over_longer() {
        let mut throughput = Throughput::default();
        for packet in 0..20 {
            throughput.add(packet * 60_000, 100);
        }
        let rate = throughput.rate_bps().unwrap();
        assert!((rate - 13_333.0).abs() < 2_000.0, "{rate}");
    }
}
