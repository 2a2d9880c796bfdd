//! Limits on attempts to sign in: by network, by account and network or known browser, by account, and over the whole service.
//!
//! What one account costs an attacker who guesses its password, in a day: 1,450 guesses from one network, 86,700 from all
//! together. A password that is taken resists ten thousand million. How codes are counted is in [`wrong_codes`](super::wrong_codes).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use colloque_ids::{GuestId, InvitationId, StaffId, Timestamp};
use colloque_journal::{NetworkPrefix, ThrottleScope};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::delays::{Delays, Growth};
use crate::http::{Pace, Stocks, Turn, Turns, whole_seconds};
use crate::random::short_hash;

/// What is attempted. Who holds back one of these from a network does not hold back the others there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    /// A password in a browser that is new to its account.
    Password,
    /// A passkey in a browser that nobody signed in with before.
    Passkey,
    /// An activation link.
    Activation,
}

/// A link whose secret somebody shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// A patient's.
    Invitation(InvitationId),
    /// A guest's.
    Guest(GuestId),
}

/// What attempts of one kind are counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Bucket {
    /// The network, for each purpose.
    Network(Purpose, Option<NetworkPrefix>),
    /// A browser in which somebody signed in before.
    Browser([u8; 16]),
    /// One link as one address holds it.
    Link(Link, Option<IpAddr>),
}

/// Attempts that one network may make at once: a whole practice stands behind one address.
const NETWORK_BURST: NonZeroU32 = NonZeroU32::new(30).expect("30 is not zero");

/// After that, one attempt in this time.
///
/// Longer: a practice behind one address signs in more slowly in the morning. Shorter: an attacker guesses more.
const NETWORK_PERIOD: Duration = Duration::from_secs(2);

/// Attempts to use a link, or to ask for another one, of one network at once. A link cannot be guessed: this bounds what
/// is written into the journal, and lets the patients of a whole hospital in.
const INVITATIONS_BURST: NonZeroU32 = NonZeroU32::new(300).expect("300 is not zero");

/// After that, so many in a second.
const INVITATIONS_PER_SECOND: NonZeroU32 = NonZeroU32::new(10).expect("10 is not zero");

/// Attempts of strangers, all together, in a second.
const SERVICE_PER_SECOND: NonZeroU32 = NonZeroU32::new(40).expect("40 is not zero");

/// Attempts on one account from one network or in one known browser.
///
/// Longest delay longer: somebody who shares an attacker's network waits longer in a new browser. Shorter: an attacker guesses
/// more from one network, 1,440 times a day at this value.
const ATTEMPTS: Growth = Growth {
    free: 4,
    first: Duration::from_secs(1),
    longest: Duration::from_secs(60),
    remembered_for: Duration::from_secs(3_600),
};

/// Attempts of strangers on one account, from all networks together: 86,700 a day.
///
/// More: an attacker with many networks guesses more. Fewer: they need fewer networks, sixty at this value, to make the owner
/// wait in a new browser as well.
const STRANGERS: Pace = Pace::new(300, Duration::from_secs(1));

/// Buckets remembered before those with nothing to remember are forgotten.
const MANY_BUCKETS: usize = 50_000;

/// How often refusals of one kind are journaled: the first at once, then their number.
const JOURNAL_EVERY: Duration = Duration::from_secs(60);

/// Most kinds of refusals counted at one time.
const MAX_COUNTS: usize = 10_000;

/// What an attempt is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    /// An account, existing or not, by the hash of what was typed, as one network tries it: what others do to the account from
    /// elsewhere does not hold its owner back here.
    Stranger { account: [u8; 16], network: Option<NetworkPrefix> },
    /// A member of the staff in a browser where they signed in before.
    KnownBrowser(StaffId, [u8; 16]),
}

/// An attempt that must wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// What was counted.
    pub(crate) scope: ThrottleScope,
    /// How long to wait, in seconds.
    pub(crate) retry_after_s: u32,
    /// Refusals to journal now: this one and those counted since the last time; none when it is too early for that.
    pub(crate) journal: Option<u32>,
}

/// The limits.
pub(crate) struct SignInLimits {
    buckets: DefaultKeyedRateLimiter<Bucket>,
    invitations: DefaultKeyedRateLimiter<Option<NetworkPrefix>>,
    service: DefaultDirectRateLimiter,
    subjects: Mutex<Delays<Subject>>,
    strangers: Stocks<[u8; 16]>,
    codes: Turns<Subject>,
    refusals: Mutex<HashMap<(ThrottleScope, Option<NetworkPrefix>), Refusals>>,
}

#[derive(Debug, Clone, Copy)]
struct Refusals {
    journaled_at: Timestamp,
    since: u32,
}

impl Subject {
    /// Counts under what was typed as an account, and the network it was typed in.
    pub(crate) fn stranger(typed: &str, network: Option<NetworkPrefix>) -> Self {
        Self::Stranger { account: short_hash(typed.as_bytes()), network }
    }

    /// Counts under a browser known for this person.
    pub(crate) fn known_browser(staff: StaffId, device_hash: &[u8]) -> Self {
        Self::KnownBrowser(staff, short_hash(device_hash))
    }

    /// Whether this is a browser where the person signed in before.
    pub(super) const fn is_known(&self) -> bool {
        matches!(self, Self::KnownBrowser(..))
    }

    /// Names the network or the browser in storage.
    pub(super) fn source(&self) -> [u8; 16] {
        match self {
            Self::Stranger { network: Some(network), .. } => short_hash(network.to_string().as_bytes()),
            Self::Stranger { network: None, .. } => [0; 16],
            Self::KnownBrowser(_, browser) => *browser,
        }
    }
}

impl SignInLimits {
    pub(crate) fn new() -> Self {
        let bucket = Quota::with_period(NETWORK_PERIOD).expect("the period is not zero").allow_burst(NETWORK_BURST);
        let invitations = Quota::per_second(INVITATIONS_PER_SECOND).allow_burst(INVITATIONS_BURST);
        Self {
            buckets: RateLimiter::keyed(bucket),
            invitations: RateLimiter::keyed(invitations),
            service: RateLimiter::direct(Quota::per_second(SERVICE_PER_SECOND)),
            subjects: Mutex::new(Delays::new(ATTEMPTS)),
            strangers: Stocks::new(STRANGERS),
            codes: Turns::new(),
            refusals: Mutex::new(HashMap::new()),
        }
    }

    /// Counts an attempt of a network that names nobody yet.
    pub(crate) fn admit_network(
        &self,
        purpose: Purpose,
        network: Option<NetworkPrefix>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        self.admit_bucket(Bucket::Network(purpose, network), network, now)
    }

    /// Counts an attempt that names nobody yet, of a browser in which somebody signed in before: what others do in its network does
    /// not hold it back.
    pub(crate) fn admit_browser(
        &self,
        device_hash: &[u8],
        network: Option<NetworkPrefix>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        self.admit_bucket(Bucket::Browser(short_hash(device_hash)), network, now)
    }

    /// Counts an attempt to use a link or to ask for another one: by itself and where it is held, so that nobody else in
    /// the network is held back by it.
    pub(crate) fn admit_link(
        &self,
        link: Link,
        address: Option<IpAddr>,
        network: Option<NetworkPrefix>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        self.admit_bucket(Bucket::Link(link, address), network, now)?;
        admit(&self.invitations, &network).map_err(|wait| self.refuse(ThrottleScope::Network, network, wait, now))
    }

    /// Counts an attempt of a browser that is new to the account, whatever the account: by network and over the whole service.
    pub(crate) fn admit_stranger(
        &self,
        purpose: Purpose,
        network: Option<NetworkPrefix>,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        self.admit_network(purpose, network, now)?;
        self.service.check().map_err(|refused| {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            self.refuse(ThrottleScope::Service, network, wait, now)
        })
    }

    /// Counts an attempt on an account before anybody looks at it. A known browser is held back by its own attempts only:
    /// whatever others do to the account, from wherever, its owner signs in.
    pub(crate) fn admit(
        &self,
        network: Option<NetworkPrefix>,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        if !subject.is_known() {
            self.admit_stranger(Purpose::Password, network, now)?;
        }
        self.admit_account(network, subject, now)
    }

    /// Counts an attempt on an account whose network and service were counted already.
    pub(crate) fn admit_account(
        &self,
        network: Option<NetworkPrefix>,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        let counted = {
            let mut subjects = lock(&self.subjects);
            self.count(&mut subjects, subject, now)
        };
        counted.map_err(|wait| self.hold_back(network, wait, now))
    }

    /// Counts an attempt of somebody who gave the password already.
    pub(crate) fn admit_subject(
        &self,
        network: Option<NetworkPrefix>,
        subject: &Subject,
        now: Timestamp,
    ) -> Result<(), Throttled> {
        let wait = {
            let mut subjects = lock(&self.subjects);
            let wait = subjects.wait(subject, now);
            if wait.is_zero() {
                subjects.count(subject, now);
            }
            wait
        };
        if wait.is_zero() { Ok(()) } else { Err(self.hold_back(network, wait, now)) }
    }

    /// Refuses because of earlier attempts on the account.
    pub(crate) fn hold_back(&self, network: Option<NetworkPrefix>, wait: Duration, now: Timestamp) -> Throttled {
        self.refuse(ThrottleScope::Account, network, wait, now)
    }

    /// Refuses because the service hashes as many passwords as it can. The attempt was not looked at and does not count.
    pub(crate) fn busy(&self, network: Option<NetworkPrefix>, subject: &Subject, now: Timestamp) -> Throttled {
        lock(&self.subjects).take_back(subject);
        self.give_back(subject);
        self.refuse(ThrottleScope::Service, network, Duration::from_secs(2), now)
    }

    /// The password was right, so it was no guess. Its network and browser are forgiven once the code was right as well:
    /// somebody who has the password alone opens few sessions.
    pub(crate) fn give_back(&self, subject: &Subject) {
        match subject {
            Subject::Stranger { account, .. } => self.strangers.give_back(account),
            Subject::KnownBrowser(..) => {}
        }
    }

    /// Forgets the attempts of somebody who is in.
    pub(crate) fn succeed(&self, subject: &Subject) {
        lock(&self.subjects).succeed(subject);
    }

    /// Waits until no other code of this subject is being looked at: a flood of codes waits here and not for the database,
    /// where it would hold the connections of everybody.
    pub(super) async fn code_turn(&self, subject: &Subject) -> Turn {
        self.codes.take(subject.clone()).await
    }

    fn admit_bucket(&self, bucket: Bucket, network: Option<NetworkPrefix>, now: Timestamp) -> Result<(), Throttled> {
        admit(&self.buckets, &bucket).map_err(|wait| self.refuse(ThrottleScope::Network, network, wait, now))
    }

    fn count(&self, subjects: &mut Delays<Subject>, subject: &Subject, now: Timestamp) -> Result<(), Duration> {
        let wait = subjects.wait(subject, now);
        if !wait.is_zero() {
            return Err(wait);
        }
        match subject {
            Subject::Stranger { account, .. } => self.strangers.take(*account, now)?,
            Subject::KnownBrowser(..) => {}
        }
        subjects.count(subject, now);
        Ok(())
    }

    /// Counts a refusal, so that a flood writes a line a minute and network, not one each.
    fn refuse(
        &self,
        scope: ThrottleScope,
        network: Option<NetworkPrefix>,
        wait: Duration,
        now: Timestamp,
    ) -> Throttled {
        let mut refusals = lock(&self.refusals);
        if refusals.len() >= MAX_COUNTS {
            refusals.retain(|_, counted| now.since(counted.journaled_at) < JOURNAL_EVERY);
        }
        // When even that leaves no room, the networks beyond it share one count.
        let key = if refusals.len() >= MAX_COUNTS { (scope, None) } else { (scope, network) };
        let journal = match refusals.get_mut(&key) {
            Some(counted) if now.since(counted.journaled_at) < JOURNAL_EVERY => {
                counted.since = counted.since.saturating_add(1);
                None
            }
            Some(counted) => {
                let attempts = counted.since.saturating_add(1);
                *counted = Refusals { journaled_at: now, since: 0 };
                Some(attempts)
            }
            None => {
                refusals.insert(key, Refusals { journaled_at: now, since: 0 });
                Some(1)
            }
        };
        Throttled { scope, retry_after_s: whole_seconds(wait), journal }
    }
}

/// Takes one from a bucket, or says how long to wait for one.
fn admit<K: Clone + Eq + Hash>(buckets: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Duration> {
    if buckets.len() > MANY_BUCKETS {
        buckets.retain_recent();
    }
    buckets.check_key(key).map_err(|refused| refused.wait_time_from(DefaultClock::default().now()))
}

/// A panic elsewhere must not stop people from signing in: the counts are right after any single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn network(last: u8) -> Option<NetworkPrefix> {
        Some(NetworkPrefix::V4([192, 0, last]))
    }

    #[test]
    fn one_network_is_held_back_and_another_is_not() {
        let limits = SignInLimits::new();
        let refused = (0..40).filter(|_| limits.admit_network(Purpose::Password, network(1), NOW).is_err()).count();
        assert!(refused >= 5, "{refused}");
        assert_eq!(limits.admit_network(Purpose::Password, network(2), NOW), Ok(()));
    }

    #[test]
    fn who_exhausts_one_purpose_of_a_network_holds_back_no_other_and_no_known_browser_there() {
        let limits = SignInLimits::new();
        for purpose in [Purpose::Password, Purpose::Passkey] {
            for _ in 0..100 {
                let _ = limits.admit_network(purpose, network(1), NOW);
            }
            assert!(limits.admit_network(purpose, network(1), NOW).is_err());
        }
        assert_eq!(limits.admit_network(Purpose::Activation, network(1), NOW), Ok(()));
        assert_eq!(limits.admit_browser(b"device", network(1), NOW), Ok(()));
    }

    #[test]
    fn who_exhausts_an_invitation_holds_back_nobody_elsewhere_and_no_other_patient() {
        let limits = SignInLimits::new();
        let invitation = |number| Link::Invitation(InvitationId::from_parts(NOW, [number; 10]));
        let address = |last| Some(IpAddr::from([192, 0, 1, last]));
        let admit = |number, last| limits.admit_link(invitation(number), address(last), network(1), NOW);
        assert!((0..100).filter(|_| admit(1, 9).is_err()).count() >= 60);
        assert_eq!(admit(1, 10), Ok(()), "the patient, elsewhere in the network");
        assert_eq!(admit(2, 9), Ok(()), "another patient behind the same address");
        let refused =
            (0..=u8::MAX).flat_map(|number| [number, number]).filter(|number| admit(*number, 9).is_err()).count();
        assert!(refused >= 100, "one network writes only so much: {refused}");
    }

    fn owner_at(last: u8) -> Subject {
        Subject::stranger("claire.martin@example.fr", network(last))
    }

    /// How many of so many attempts are let through.
    fn admitted(limits: &SignInLimits, subject: &Subject, attempts: u32, now: Timestamp) -> usize {
        (0..attempts).filter(|_| limits.admit_subject(network(1), subject, now).is_ok()).count()
    }

    #[test]
    fn attempts_count_when_they_begin_and_not_when_they_fail() {
        let limits = SignInLimits::new();
        assert_eq!(admitted(&limits, &owner_at(1), 300, NOW), 5);
    }

    #[test]
    fn an_account_attacked_from_one_network_opens_from_another() {
        let limits = SignInLimits::new();
        for minute in 0..60 {
            admitted(&limits, &owner_at(1), 300, NOW.after(Duration::from_secs(60 * minute)));
        }
        let now = NOW.after(Duration::from_secs(60 * 59));
        assert_eq!(limits.admit(network(1), &owner_at(1), now).unwrap_err().scope, ThrottleScope::Account);
        assert_eq!(limits.admit(network(3), &owner_at(3), now), Ok(()));
    }

    #[test]
    fn all_networks_together_guess_no_more_than_the_account_allows() {
        let limits = SignInLimits::new();
        let attack = |now| {
            (0..=u8::MAX)
                .flat_map(|last| std::iter::repeat_n(owner_at(last), 5))
                .filter(|subject| limits.count(&mut lock(&limits.subjects), subject, now).is_ok())
                .count()
        };
        assert_eq!(attack(NOW), 300);
        let a_day: usize = (1..=24 * 60).map(|minute| attack(NOW.after(Duration::from_secs(60 * minute)))).sum();
        assert!(a_day <= 86_400, "{a_day}");
        let browser = Subject::known_browser(StaffId::from_parts(NOW, [1; 10]), b"device");
        assert_eq!(limits.admit(network(1), &browser, NOW), Ok(()));
    }

    #[test]
    fn a_right_password_is_no_guess_but_opens_few_sessions() {
        let limits = SignInLimits::new();
        let passwords = (0..2_000_u32)
            .filter(|_| {
                let counted = limits.count(&mut lock(&limits.subjects), &owner_at(1), NOW);
                limits.give_back(&owner_at(1));
                counted.is_ok()
            })
            .count();
        assert_eq!(passwords, 5);
        limits.succeed(&owner_at(1));
        assert_eq!(limits.admit(network(1), &owner_at(1), NOW), Ok(()));
    }

    #[test]
    fn an_attacked_account_still_opens_from_a_known_browser() {
        let limits = SignInLimits::new();
        let account = owner_at(1);
        let staff = StaffId::from_parts(NOW, [1; 10]);
        let browser = Subject::known_browser(staff, b"device");
        for _ in 0..100 {
            let _ = limits.admit(network(1), &account, NOW);
        }
        assert_eq!(limits.admit(network(1), &browser, NOW), Ok(()));
        assert_eq!(admitted(&limits, &browser, 9, NOW), 4);
        assert!(limits.admit(network(1), &browser, NOW).is_err());
    }

    #[test]
    fn a_flood_is_journaled_once_a_minute_with_its_number() {
        let limits = SignInLimits::new();
        let account = owner_at(1);
        let later = NOW.after(JOURNAL_EVERY);
        admitted(&limits, &account, 5, NOW);
        let journaled = |now| limits.admit_subject(network(1), &account, now).unwrap_err().journal;
        assert_eq!(journaled(NOW), Some(1));
        assert_eq!(journaled(NOW), None);
        assert_eq!(journaled(NOW), None);
        admitted(&limits, &account, 1, later);
        assert_eq!(journaled(later), Some(3));
    }
}
