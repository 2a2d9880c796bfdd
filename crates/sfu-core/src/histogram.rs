/// Buckets that a [`Histogram`] has room for, the open one above all bounds included.
const MAX_BUCKETS: usize = 32;

/// How often values fell between fixed bounds: plain integers, for a place where packets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Histogram {
    bounds: &'static [u64],
    counts: [u64; MAX_BUCKETS],
    sum: u64,
}

impl Histogram {
    /// Makes an empty histogram. `bounds` are ascending, each the largest value of its bucket; those past the 31st are left out.
    #[must_use]
    pub fn new(bounds: &'static [u64]) -> Self {
        Self { bounds: &bounds[..bounds.len().min(MAX_BUCKETS - 1)], counts: [0; MAX_BUCKETS], sum: 0 }
    }

    /// Counts a value that came `times` times.
    pub fn record(&mut self, value: u64, times: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket] += times;
        self.sum = self.sum.saturating_add(value.saturating_mul(times));
    }

    /// Adds what another histogram of the same bounds counted.
    pub fn add(&mut self, other: &Self) {
        debug_assert_eq!(self.bounds, other.bounds);
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.sum = self.sum.saturating_add(other.sum);
    }

    /// The buckets in ascending order, each with its bound and its own count; none for the open one, which comes last.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        bounds.zip(self.counts)
    }

    /// All values together.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_falls_into_the_bucket_of_the_first_bound_that_holds_it() {
        let mut histogram = Histogram::new(&[10, 20, 40]);
        for (value, times) in [(0, 1), (10, 2), (11, 4), (40, 8), (41, 16)] {
            histogram.record(value, times);
        }
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets, [(Some(10), 3), (Some(20), 4), (Some(40), 8), (None, 16)]);
        assert_eq!((histogram.count(), histogram.sum()), (31, 20 + 44 + 320 + 656));
    }

    #[test]
    fn histograms_of_several_workers_add_up() {
        let mut first = Histogram::new(&[1, 2]);
        let mut second = first;
        first.record(1, 3);
        second.record(5, 2);
        first.add(&second);
        assert_eq!(first.buckets().map(|(_, count)| count).collect::<Vec<_>>(), [3, 0, 2]);
        assert_eq!(first.sum(), 13);
    }
}
