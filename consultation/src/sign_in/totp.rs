//! Time-based one-time passwords.
//!
//! # Source
//!
//! RFC 6238, with the values that every authenticator application takes: HMAC-SHA-1, six digits, steps of thirty seconds.

use colloque_ids::Timestamp;
use totp_rs::{Algorithm, Builder, Totp};

/// Length of a secret, in bytes: that of the hash, as RFC 4226 section 4 asks.
pub(crate) const SECRET_BYTES: usize = 20;

/// Length of a step, in seconds.
const STEP_S: u64 = 30;

/// Steps accepted before and after the present one, for clocks that differ.
const SKEW: u16 = 1;

/// Digits of a code.
const DIGITS: u8 = 6;

/// Name that authenticator applications show.
const ISSUER: &str = "Colloque";

/// A person's generator of codes.
pub(crate) struct Codes(Totp);

impl Codes {
    /// Takes a secret and the name of the account as its owner knows it.
    ///
    /// Gives none for a secret that is too short to be one.
    pub(crate) fn new(secret: &[u8], account: &str) -> Option<Self> {
        let builder = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW)
            .with_step_duration(STEP_S)
            .with_secret(secret.to_vec())
            .with_account_name(account.replace(':', " "))
            .with_issuer(Some(ISSUER));
        builder.build().ok().map(Self)
    }

    /// Finds the step whose code was typed; none when the code is wrong or its step is not after `last_used`.
    pub(crate) fn step_of(&self, typed: &str, now: Timestamp, last_used: Option<i64>) -> Option<i64> {
        let typed: String = typed.chars().filter(|character| !character.is_whitespace()).collect();
        let step = self.0.check(&typed, seconds(now))?;
        let step = i64::try_from(step).ok()?;
        (last_used.is_none_or(|last| step > last)).then_some(step)
    }

    /// Whether the code is right and its step was used already.
    pub(crate) fn is_replay(&self, typed: &str, now: Timestamp, last_used: i64) -> bool {
        self.step_of(typed, now, None).is_some_and(|step| step <= last_used)
    }

    /// The present code.
    pub(crate) fn code_at(&self, now: Timestamp) -> String {
        self.0.generate(seconds(now)).to_string()
    }

    /// The `otpauth:` address that applications read.
    pub(crate) fn address(&self) -> Option<String> {
        self.0.to_url().ok()
    }
}

/// Writes a secret as people type it.
pub(crate) fn base32(secret: &[u8]) -> String {
    totp_rs::Secret::from(secret).to_base32()
}

fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_millis() / 1_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn codes() -> Codes {
        Codes::new(b"12345678901234567890", "claire@example.fr").unwrap()
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, last six digits of the SHA-1 column.
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(codes().code_at(Timestamp::from_millis(seconds * 1_000)), code);
        }
    }

    #[test]
    fn a_code_serves_once_and_within_a_step_of_its_hour() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let code = codes().code_at(now);
        let step = codes().step_of(&code, now, None).unwrap();
        assert_eq!(codes().step_of(&code, now, Some(step)), None);
        assert!(codes().is_replay(&code, now, step));
        assert_eq!(codes().step_of(&code, now.after(Duration::from_secs(30)), None), Some(step));
        assert_eq!(codes().step_of(&code, now.after(Duration::from_secs(90)), None), None);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(codes().step_of(&spaced, now, Some(step - 1)), Some(step));
    }

    #[test]
    fn hostile_codes_are_refused() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        for typed in ["", "+12345", "12345", "1234567", "abcdef", "éééééé", &"1".repeat(10_000)] {
            assert_eq!(codes().step_of(typed, now, None), None, "{typed}");
        }
    }
}
