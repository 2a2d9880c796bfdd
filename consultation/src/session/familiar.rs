//! Tokens that storage knew a moment ago: whoever holds one does not wait with strangers.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colloque_ids::{SessionId, Timestamp};

/// How long a token is remembered after its last request.
const REMEMBERED_FOR: Duration = Duration::from_secs(3_600);

/// Tokens remembered at one time, a few megabytes. Only who has a session adds one.
const MAX_TOKENS: usize = 50_000;

/// The hashes of tokens that storage knew a moment ago, with their sessions.
///
/// Nothing is allowed because of it: storage is still asked, at once and over connections that strangers do not share.
pub(crate) struct Familiar(Mutex<HashMap<Vec<u8>, (SessionId, Timestamp)>>);

impl Familiar {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The session of a token, as it was known a moment ago.
    pub(super) fn session(&self, hash: &[u8], now: Timestamp) -> Option<SessionId> {
        let (session, seen_at) = self.lock().get(hash).copied()?;
        (now.since(seen_at) < REMEMBERED_FOR).then_some(session)
    }

    /// Remembers what storage said of a token: its session, or that it has none.
    pub(super) fn learn(&self, hash: Vec<u8>, session: Option<SessionId>, now: Timestamp) {
        let mut tokens = self.lock();
        let Some(session) = session else {
            tokens.remove(&hash);
            return;
        };
        if tokens.len() >= MAX_TOKENS && !tokens.contains_key(&hash) {
            tokens.retain(|_, (_, seen_at)| now.since(*seen_at) < REMEMBERED_FOR);
            if tokens.len() >= MAX_TOKENS {
                tokens.clear();
            }
        }
        tokens.insert(hash, (session, now));
    }

    /// A panic elsewhere must not stop the service: what is remembered is right after any single step.
    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<u8>, (SessionId, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn a_token_is_familiar_from_its_first_answer_until_its_session_is_over_or_an_hour_has_passed() {
        let familiar = Familiar::new();
        let session = SessionId::from_parts(NOW, [1; 10]);
        assert_eq!(familiar.session(b"token", NOW), None);
        familiar.learn(b"token".to_vec(), None, NOW);
        assert_eq!(familiar.session(b"token", NOW), None);
        familiar.learn(b"token".to_vec(), Some(session), NOW);
        assert_eq!(familiar.session(b"token", NOW), Some(session));
        assert_eq!(familiar.session(b"token", NOW.after(REMEMBERED_FOR)), None);
        familiar.learn(b"token".to_vec(), None, NOW);
        assert_eq!(familiar.session(b"token", NOW), None);
    }

    #[test]
    fn what_is_remembered_stays_within_bounds() {
        let familiar = Familiar::new();
        for number in 0..MAX_TOKENS * 2 {
            familiar.learn(number.to_be_bytes().to_vec(), Some(SessionId::from_parts(NOW, [1; 10])), NOW);
        }
        assert!(familiar.lock().len() <= MAX_TOKENS);
    }
}
