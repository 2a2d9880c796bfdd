//! The second factor by message: a six-digit code.

use std::time::Duration;

use colloque_ids::Timestamp;
use thiserror::Error;

/// How long a code serves.
pub const CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Wrong tries after which a code is burnt: the odds of guessing one are 5 in a million.
pub const MAX_CODE_TRIES: u32 = 5;

/// Codes sent for one redeemed invitation: the odds of guessing any of them stay below 3 in 100,000.
pub const MAX_CODES: u32 = 5;

/// Pause before the second code, doubled for each one after it.
const FIRST_RESEND_PAUSE: Duration = Duration::from_secs(30);

/// The bounds above, in one value for tests and documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePolicy;

impl CodePolicy {
    /// Gives the chance that a stranger who holds the link guesses a code, in guesses per million.
    #[must_use]
    pub const fn guesses_per_million(self) -> u32 {
        MAX_CODE_TRIES * MAX_CODES
    }
}

/// A code that was sent and not yet used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingCode {
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Wrong tries so far.
    pub wrong_tries: u32,
    /// When the last wrong try was.
    pub tried_at: Option<Timestamp>,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeVerdict {
    /// Right: the code is used up.
    Right,
    /// Wrong; others may be tried.
    Wrong(PendingCode),
    /// Tried again too soon: not judged, not counted.
    TooSoon {
        /// How long to wait.
        wait_for: Duration,
    },
    /// Too old or tried too often, whatever was typed: another code must be sent.
    Burnt,
}

impl PendingCode {
    /// Gives the first instant at which the code no longer serves.
    #[must_use]
    pub fn expires_at(self) -> Timestamp {
        self.sent_at.after(CODE_LIFETIME)
    }

    /// Starts a code that was just sent.
    #[must_use]
    pub const fn sent(now: Timestamp) -> Self {
        Self { sent_at: now, wrong_tries: 0, tried_at: None }
    }

    /// Judges a try; `matches` is what comparing the codes said.
    ///
    /// Pauses between tries grow with the wrong ones; the fifth wrong try burns the code.
    #[must_use]
    pub fn try_with(self, matches: bool, now: Timestamp) -> CodeVerdict {
        if now >= self.expires_at() || self.wrong_tries >= MAX_CODE_TRIES {
            return CodeVerdict::Burnt;
        }
        let pause = try_pause(self.wrong_tries);
        if let Some(elapsed) = self.tried_at.map(|tried_at| now.since(tried_at)).filter(|elapsed| *elapsed < pause) {
            return CodeVerdict::TooSoon { wait_for: pause - elapsed };
        }
        if matches {
            return CodeVerdict::Right;
        }
        let next = Self { wrong_tries: self.wrong_tries + 1, tried_at: Some(now), ..self };
        if next.wrong_tries >= MAX_CODE_TRIES { CodeVerdict::Burnt } else { CodeVerdict::Wrong(next) }
    }
}

/// Codes sent so far for one redeemed invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CodesSent {
    /// How many.
    pub count: u32,
    /// When the last one was sent.
    pub last_at: Option<Timestamp>,
}

/// Why no further code is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SendCodeError {
    /// The last one is too fresh.
    #[error("the last code was sent a moment ago")]
    TooSoon {
        /// How long to wait.
        wait_for: Duration,
    },
    /// [`MAX_CODES`] were sent.
    #[error("no further code is sent for this invitation")]
    TooMany,
}

impl CodesSent {
    /// Counts one more code.
    ///
    /// # Errors
    ///
    /// - [`SendCodeError::TooSoon`] within [`resend_pause`] of the last one.
    /// - [`SendCodeError::TooMany`] after [`MAX_CODES`].
    pub fn send(self, now: Timestamp) -> Result<Self, SendCodeError> {
        if self.count >= MAX_CODES {
            return Err(SendCodeError::TooMany);
        }
        if let Some(last_at) = self.last_at {
            let pause = resend_pause(self.count);
            let elapsed = now.since(last_at);
            if elapsed < pause {
                return Err(SendCodeError::TooSoon { wait_for: pause - elapsed });
            }
        }
        Ok(Self { count: self.count + 1, last_at: Some(now) })
    }
}

/// Gives the pause after so many wrong tries: none, 1 s, 2 s, 4 s, 8 s.
const fn try_pause(wrong_tries: u32) -> Duration {
    match wrong_tries {
        0 => Duration::ZERO,
        tries => Duration::from_secs(1 << if tries > 5 { 4 } else { tries - 1 }),
    }
}

/// Gives the pause after the `count`-th code: 30 s, 1 min, 2 min, 4 min.
#[must_use]
pub fn resend_pause(count: u32) -> Duration {
    FIRST_RESEND_PAUSE * 2_u32.pow(count.saturating_sub(1).min(10))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn the_right_code_comes_too_late_after_ten_minutes() {
        let code = PendingCode::sent(NOW);
        assert_eq!(code.try_with(true, NOW.after(Duration::from_secs(599))), CodeVerdict::Right);
        assert_eq!(code.try_with(true, NOW.after(Duration::from_secs(600))), CodeVerdict::Burnt);
    }

    #[test]
    fn the_fifth_wrong_try_burns_the_code() {
        let mut code = PendingCode::sent(NOW);
        let mut now = NOW;
        for _ in 0..4 {
            let CodeVerdict::Wrong(next) = code.try_with(false, now) else { panic!("burnt too early") };
            code = next;
            now = now.after(Duration::from_secs(10));
        }
        assert_eq!(code.try_with(false, now), CodeVerdict::Burnt);
        assert_eq!(PendingCode { wrong_tries: 5, ..code }.try_with(true, NOW), CodeVerdict::Burnt);
    }

    #[test]
    fn tries_in_a_row_are_neither_judged_nor_counted() {
        let CodeVerdict::Wrong(code) = PendingCode::sent(NOW).try_with(false, NOW) else { panic!("burnt") };
        let CodeVerdict::Wrong(code) = code.try_with(false, NOW.after(Duration::from_secs(1))) else { panic!("burnt") };
        let soon = NOW.after(Duration::from_millis(1_500));
        assert_eq!(code.try_with(true, soon), CodeVerdict::TooSoon { wait_for: Duration::from_millis(1_500) });
        assert_eq!(code.try_with(true, soon.after(Duration::from_millis(1_500))), CodeVerdict::Right);
    }

    #[test]
    fn pauses_between_codes_grow_until_no_more_is_sent() {
        let mut sent = CodesSent::default().send(NOW).unwrap();
        assert_eq!(sent.send(NOW), Err(SendCodeError::TooSoon { wait_for: Duration::from_secs(30) }));
        let mut now = NOW;
        for count in 1..MAX_CODES {
            now = now.after(resend_pause(count));
            sent = sent.send(now).unwrap();
        }
        assert_eq!(sent.send(now.after(Duration::from_secs(86_400))), Err(SendCodeError::TooMany));
    }

    proptest! {
        #[test]
        fn no_sequence_of_tries_and_resends_gives_more_guesses_than_the_policy(steps in prop::collection::vec((any::<bool>(), 0_u64..120), 0..200)) {
            let mut now = NOW;
            let mut sent = CodesSent::default().send(now).unwrap();
            let mut code = Some(PendingCode::sent(now));
            let mut judged = 0_u32;
            for (resend, wait) in steps {
                now = now.after(Duration::from_secs(wait));
                if resend {
                    if let Ok(next) = sent.send(now) {
                        sent = next;
                        code = Some(PendingCode::sent(now));
                    }
                } else if let Some(pending) = code {
                    judged += u32::from(pending.try_with(true, now) == CodeVerdict::Right);
                    code = match pending.try_with(false, now) {
                        CodeVerdict::Wrong(next) => Some(next),
                        CodeVerdict::TooSoon { .. } => Some(pending),
                        CodeVerdict::Right | CodeVerdict::Burnt => None,
                    };
                }
            }
            prop_assert!(judged <= CodePolicy.guesses_per_million());
        }
    }
}
