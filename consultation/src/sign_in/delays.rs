//! Delays that grow with each attempt and never become a lock: locking a doctor out is an attack too.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use colloque_ids::Timestamp;

/// Keys remembered at one time, about ten megabytes.
const MAX_KEYS: usize = 100_000;

/// How a delay grows with what went wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growth {
    /// What costs nothing: people mistype.
    pub(super) free: u32,
    /// The delay after the first one that costs; each further one doubles it.
    pub(super) first: Duration,
    /// The longest delay.
    pub(super) longest: Duration,
    /// How long the last one is remembered.
    pub(super) remembered_for: Duration,
}

/// How often something went wrong, and when it last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failures {
    pub(super) count: u32,
    pub(super) last_at: Timestamp,
}

impl Growth {
    /// How long must still be waited; zero when nothing must.
    pub(super) fn wait(&self, failures: Failures, now: Timestamp) -> Duration {
        let delay = self.delay(failures.count);
        // A clock that was set back makes nobody wait longer than the delay.
        failures.last_at.after(delay).since(now).min(delay)
    }

    /// Counts one more.
    pub(super) fn count(&self, before: Option<Failures>, now: Timestamp) -> Failures {
        let remembered = before.filter(|failures| now.since(failures.last_at) < self.remembered_for);
        Failures { count: remembered.map_or(0, |failures| failures.count).saturating_add(1), last_at: now }
    }

    fn delay(&self, count: u32) -> Duration {
        match count.checked_sub(self.free + 1) {
            None => Duration::ZERO,
            Some(doublings) => self.first.saturating_mul(1 << doublings.min(16)).min(self.longest),
        }
    }
}

/// Attempts by key, and the delays that follow. An attempt counts when it begins: those under way at the same time count too.
#[derive(Debug)]
pub(super) struct Delays<K> {
    growth: Growth,
    attempts: HashMap<K, Failures>,
}

impl<K: Eq + Hash + Clone> Delays<K> {
    pub(super) fn new(growth: Growth) -> Self {
        Self { growth, attempts: HashMap::new() }
    }

    /// How long this key must still wait; zero when it need not.
    pub(super) fn wait(&self, key: &K, now: Timestamp) -> Duration {
        self.attempts.get(key).map_or(Duration::ZERO, |attempts| self.growth.wait(*attempts, now))
    }

    /// Counts an attempt.
    pub(super) fn count(&mut self, key: &K, now: Timestamp) {
        if !self.attempts.contains_key(key) {
            self.make_room(now);
        }
        let counted = self.growth.count(self.attempts.get(key).copied(), now);
        self.attempts.insert(key.clone(), counted);
    }

    /// Takes back an attempt that was not looked at.
    pub(super) fn take_back(&mut self, key: &K) {
        if let Some(attempts) = self.attempts.get_mut(key) {
            attempts.count = attempts.count.saturating_sub(1);
        }
    }

    /// Forgets the attempts of a key.
    pub(super) fn succeed(&mut self, key: &K) {
        self.attempts.remove(key);
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.attempts.len() < MAX_KEYS {
            return;
        }
        let remembered_for = self.growth.remembered_for;
        self.attempts.retain(|_, attempts| now.since(attempts.last_at) < remembered_for);
        // Still full: an attacker spreads over many keys. What goes first is what waits least.
        while self.attempts.len() >= MAX_KEYS {
            let lightest = self.attempts.values().map(|attempts| attempts.count).min().unwrap_or(0);
            self.attempts.retain(|_, attempts| attempts.count > lightest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3_600);
    const GROWTH: Growth = Growth { free: 4, first: Duration::from_secs(1), longest: MINUTE, remembered_for: HOUR };

    #[test]
    fn a_few_mistakes_cost_nothing_then_the_delay_doubles_up_to_a_minute() {
        let mut delays = Delays::new(GROWTH);
        let mut waits = vec![];
        for _ in 0..14 {
            delays.count(&"account", NOW);
            waits.push(delays.wait(&"account", NOW).as_secs());
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(delays.wait(&"account", NOW.after(MINUTE)), Duration::ZERO);
        assert_eq!(delays.wait(&"account", NOW.before(HOUR)), MINUTE, "the clock was set back");
        assert_eq!(delays.wait(&"other", NOW), Duration::ZERO);
    }

    #[test]
    fn success_and_an_hour_of_quiet_are_forgiven() {
        let mut delays = Delays::new(GROWTH);
        (0..9).for_each(|_| delays.count(&"account", NOW));
        delays.succeed(&"account");
        assert_eq!(delays.wait(&"account", NOW), Duration::ZERO);
        (0..9).for_each(|_| delays.count(&"account", NOW));
        delays.count(&"account", NOW.after(HOUR));
        assert_eq!(delays.wait(&"account", NOW.after(HOUR)), Duration::ZERO);
    }

    #[test]
    fn an_attempt_that_nobody_looked_at_does_not_count() {
        let mut delays = Delays::new(GROWTH);
        for _ in 0..20 {
            delays.count(&"account", NOW);
            delays.take_back(&"account");
        }
        assert_eq!(delays.wait(&"account", NOW), Duration::ZERO);
    }

    #[test]
    fn a_flood_of_keys_stays_within_bounds_and_keeps_the_worst() {
        let mut delays = Delays::new(GROWTH);
        (0..9).for_each(|_| delays.count(&u64::MAX, NOW));
        (0..MAX_KEYS as u64 * 2).for_each(|key| delays.count(&key, NOW));
        assert!(delays.attempts.len() <= MAX_KEYS);
        assert!(delays.wait(&u64::MAX, NOW) > Duration::ZERO);
    }
}
