//! Latencies in buckets of about three percent, without memory for each packet.

/// Counts durations from one nanosecond to hours.
#[derive(Debug, Clone)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

/// Buckets for each power of two.
const STEPS: u64 = 32;

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; 64 * STEPS as usize], count: 0 }
    }
}

impl Histogram {
    /// Records one duration.
    pub fn record(&mut self, nanoseconds: u64) {
        self.buckets[bucket(nanoseconds)] += 1;
        self.count += 1;
    }

    /// The duration below which a share of the records lies, in microseconds; zero without records.
    #[must_use]
    pub fn quantile_us(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if *count > 0 && seen >= wanted {
                return upper_bound(bucket) / 1_000.0;
            }
        }
        0.0
    }
}

fn bucket(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let power = u64::from(value.ilog2());
    let step = (value >> (power - 5)) - STEPS;
    ((power - 4) * STEPS + step) as usize
}

fn upper_bound(bucket: usize) -> f64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket as f64;
    }
    let power = bucket / STEPS + 4;
    ((STEPS + bucket % STEPS + 1) as f64) * 2f64.powi(power as i32 - 5)
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn quantiles_are_right_within_four_percent() {
        let mut histogram = Histogram::default();
        for value in 1..=100_000u64 {
            histogram.record(value * 1_000);
        }
        for share in [0.1, 0.5, 0.99] {
            let found = histogram.quantile_us(share);
            let expected = share * 100_000.0;
            assert!((found / expected - 1.0).abs() < 0.04, "{share}: {found}");
        }
    }
}
