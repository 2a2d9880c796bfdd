//! Paces: so many at once, then one in each period.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colloque_ids::Timestamp;

/// Keys remembered at one time, a few megabytes.
const MAX_KEYS: usize = 50_000;

/// How often something may happen: a stock that may be used up at once and gets one back in each period.
///
/// All that is kept of a stock is the instant at which it is full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    stock: u32,
    period: Duration,
}

impl Pace {
    /// Allows `stock` at once and one more after each `period`, in whole milliseconds.
    pub(crate) const fn new(stock: u32, period: Duration) -> Self {
        Self { stock, period }
    }

    /// Takes one from a stock and gives the instant at which it is full again, or else how long to wait for one.
    pub(crate) fn take(self, full_at: Timestamp, now: Timestamp) -> Result<Timestamp, Duration> {
        let empty = now.after(self.period.saturating_mul(self.stock));
        // A clock that was set back leaves an empty stock, not one that stays empty until the old hour comes again.
        let next = full_at.clamp(now, empty).after(self.period);
        let wait = next.since(empty);
        if wait.is_zero() { Ok(next) } else { Err(wait) }
    }

    /// Puts one back that was taken.
    pub(crate) fn give_back(self, full_at: Timestamp) -> Timestamp {
        full_at.before(self.period)
    }
}

/// One stock for each key, all of one pace.
#[derive(Debug)]
pub(crate) struct Stocks<K> {
    pace: Pace,
    full_at: Mutex<HashMap<K, Timestamp>>,
}

impl<K: Eq + Hash> Stocks<K> {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, full_at: Mutex::new(HashMap::new()) }
    }

    /// Takes one from the stock of a key, or says how long to wait for one.
    pub(crate) fn take(&self, key: K, now: Timestamp) -> Result<(), Duration> {
        let mut stocks = self.lock();
        if stocks.len() >= MAX_KEYS && !stocks.contains_key(&key) {
            make_room(&mut stocks, now);
        }
        let full_at = stocks.get(&key).copied().unwrap_or(now);
        let next = self.pace.take(full_at, now)?;
        stocks.insert(key, next);
        Ok(())
    }

    /// Puts one back into the stock of a key.
    pub(crate) fn give_back(&self, key: &K) {
        if let Some(full_at) = self.lock().get_mut(key) {
            *full_at = self.pace.give_back(*full_at);
        }
    }

    /// A panic elsewhere must not stop the service: a stock is right after any single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<K, Timestamp>> {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A full stock is like one never used. When none is full, all start again: memory is bounded before fairness is.
fn make_room<K: Eq + Hash>(stocks: &mut HashMap<K, Timestamp>, now: Timestamp) {
    stocks.retain(|_, full_at| *full_at > now);
    if stocks.len() >= MAX_KEYS {
        stocks.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const PACE: Pace = Pace::new(3, Duration::from_secs(2));

    #[test]
    fn a_stock_is_used_up_at_once_and_comes_back_one_by_one() {
        let stocks = Stocks::new(PACE);
        assert_eq!([1, 2, 3].map(|_| stocks.take("session", NOW)), [Ok(()); 3]);
        assert_eq!(stocks.take("session", NOW), Err(Duration::from_secs(2)));
        assert_eq!(stocks.take("other", NOW), Ok(()));
        let later = NOW.after(Duration::from_millis(1_500));
        assert_eq!(stocks.take("session", later), Err(Duration::from_millis(500)));
        let later = NOW.after(Duration::from_secs(2));
        assert_eq!(stocks.take("session", later), Ok(()));
        assert!(stocks.take("session", later).is_err());
        stocks.give_back(&"session");
        assert_eq!(stocks.take("session", later), Ok(()));
        let much_later = NOW.after(Duration::from_secs(3_600));
        assert_eq!((0..10).filter(|_| stocks.take("session", much_later).is_ok()).count(), 3);
    }

    #[test]
    fn a_clock_set_back_by_a_year_empties_a_stock_for_one_period_only() {
        let stocks = Stocks::new(PACE);
        stocks.take("session", NOW).unwrap();
        let back = NOW.before(Duration::from_secs(365 * 24 * 3_600));
        assert_eq!(stocks.take("session", back), Err(Duration::from_secs(2)));
        stocks.take("other", back).unwrap();
    }

    #[test]
    fn a_flood_of_keys_stays_within_bounds() {
        let stocks = Stocks::new(PACE);
        for key in 0..MAX_KEYS * 2 {
            stocks.take(key, NOW).unwrap();
        }
        assert!(stocks.lock().len() <= MAX_KEYS);
    }
}
