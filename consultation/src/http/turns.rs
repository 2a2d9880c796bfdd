//! Turns: one at a time for each key.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// A turn. Dropping it lets the next one of its key come.
#[must_use]
#[derive(Debug)]
pub(crate) struct Turn {
    _held: OwnedMutexGuard<()>,
}

/// Turns by key. What is remembered is who has a turn or waits for one, nothing else.
#[derive(Debug)]
pub(crate) struct Turns<K>(Mutex<HashMap<K, Weak<tokio::sync::Mutex<()>>>>);

impl<K: Eq + Hash> Turns<K> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// Waits until nobody else has the turn of this key.
    pub(crate) async fn take(&self, key: K) -> Turn {
        let turn = self.turn_of(key);
        Turn { _held: turn.lock_owned().await }
    }

    fn turn_of(&self, key: K) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        turns.insert(key, Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_key_has_one_turn_and_another_key_has_its_own() {
        let turns = Turns::new();
        let first = turns.take("patient").await;
        let _other = turns.take("doctor").await;
        assert!(timeout(Duration::from_millis(20), turns.take("patient")).await.is_err());
        drop(first);
        let _second = timeout(Duration::from_secs(5), turns.take("patient")).await.unwrap();
    }

    #[tokio::test]
    async fn who_has_left_is_forgotten() {
        let turns = Turns::new();
        for key in 0..100 {
            drop(turns.take(key).await);
        }
        let _last = turns.take(100).await;
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
