//! Limits on what may be asked for: neither strangers nor a stolen or spiteful session must slow the calls of others.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use colloque_ids::{AppointmentId, SessionId, StaffId, Timestamp};
use colloque_journal::NetworkPrefix;
use colloque_protocol::ticket::Person;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::pace::{Pace, Stocks};
use super::reading::Readers;
use super::turns::{Turn, Turns};
use super::{Refusal, Source};

/// Requests of one session: ten a second, forty at once.
///
/// A page of a practitioner asks for a dozen things when it opens; then notes are saved every two seconds, a prescription is
/// judged after 600 ms without a key, a patient is looked for after 250 ms. More: one session takes more from the calls.
/// Fewer: somebody with several tabs is held back.
const REQUESTS: Pace = Pace::new(40, Duration::from_millis(100));

/// Requests of strangers from one source, counted before storage is asked anything: this many at once.
///
/// Whoever holds a session that was used a moment ago is no stranger. More: one machine takes more of storage's time. Fewer: a
/// hospital behind one address is held back in the morning.
const SOURCE_BURST: NonZeroU32 = NonZeroU32::new(1_000).expect("1,000 is not zero");

/// After that, so many in a second.
const SOURCE_PER_SECOND: NonZeroU32 = NonZeroU32::new(100).expect("100 is not zero");

/// Requests of strangers from all hosts of one network at once: as many as four of them, so that one alone does not keep the others
/// out.
const NETWORK_BURST: NonZeroU32 = NonZeroU32::new(4_000).expect("4,000 is not zero");

/// After that, so many in a second.
const NETWORK_PER_SECOND: NonZeroU32 = NonZeroU32::new(400).expect("400 is not zero");

/// Sources or networks remembered before those with nothing to remember are forgotten.
const MANY: usize = 50_000;

/// Join tickets of one person: twenty a minute.
///
/// Each one is a line of the journal that nobody can delete. A browser that finds no network tries after 0.5 s, then 1, 2, 4
/// and 8 s, then every ten seconds. More: the journal grows faster. Fewer: somebody with three tabs open on a bad network
/// comes back later.
const TICKETS: Pace = Pace::new(20, Duration::from_secs(3));

/// Documents of one person: thirty a minute, ten at once.
///
/// Each one is a line of the journal, and a document no longer in force is laid out anew. More: one person takes more processor
/// time from the calls. Fewer: a practitioner who goes through a long file waits.
const DOCUMENTS: Pace = Pace::new(10, Duration::from_secs(2));

/// Invitations and changes of hour of one appointment: ten at once, then one a minute.
///
/// Each one is a message to the patient and a line of the journal. More: one member of the staff fills a mailbox. Fewer: a practice
/// that puts a day in order is held back.
const MESSAGES: Pace = Pace::new(10, Duration::from_secs(60));

/// Links for guests of one appointment: ten at once, then one a minute.
///
/// Each one is a line of the journal and a name that is kept. More: a stolen session fills both. Fewer: a practitioner who mistypes is
/// held back.
const GUESTS: Pace = Pace::new(10, Duration::from_secs(60));

/// The limits.
pub(crate) struct RequestLimits {
    sources: DefaultKeyedRateLimiter<Source>,
    networks: DefaultKeyedRateLimiter<NetworkPrefix>,
    readers: Arc<Readers>,
    requests: Stocks<SessionId>,
    tickets: Stocks<Person>,
    documents: Stocks<Person>,
    layout: Turns<Person>,
    exports: Turns<StaffId>,
    messages: Stocks<AppointmentId>,
    guests: Stocks<AppointmentId>,
}

impl RequestLimits {
    pub(crate) fn new() -> Self {
        Self {
            sources: RateLimiter::keyed(Quota::per_second(SOURCE_PER_SECOND).allow_burst(SOURCE_BURST)),
            networks: RateLimiter::keyed(Quota::per_second(NETWORK_PER_SECOND).allow_burst(NETWORK_BURST)),
            readers: Arc::default(),
            requests: Stocks::new(REQUESTS),
            tickets: Stocks::new(TICKETS),
            documents: Stocks::new(DOCUMENTS),
            layout: Turns::new(),
            exports: Turns::new(),
            messages: Stocks::new(MESSAGES),
            guests: Stocks::new(GUESTS),
        }
    }

    /// Counts a request of somebody whom storage did not know a moment ago.
    pub(crate) fn stranger(&self, source: Source) -> Result<(), Refusal> {
        admit(&self.sources, &source)?;
        source.network().map_or(Ok(()), |network| admit(&self.networks, &network))
    }

    /// Where bodies of strangers are counted.
    pub(super) const fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// Counts a request of a session, at whatever stage it is.
    pub(crate) fn request(&self, session: SessionId, now: Timestamp) -> Result<(), Refusal> {
        self.requests.take(session, now).map_err(Refusal::too_many_until)
    }

    /// Counts a join ticket.
    pub(crate) fn ticket(&self, person: Person, now: Timestamp) -> Result<(), Refusal> {
        self.tickets.take(person, now).map_err(Refusal::too_many_until)
    }

    /// Counts a document about to be read.
    pub(crate) fn document(&self, person: Person, now: Timestamp) -> Result<(), Refusal> {
        self.documents.take(person, now).map_err(Refusal::too_many_until)
    }

    /// Counts a message to the patient of an appointment, about to be written.
    pub(crate) fn message(&self, appointment: AppointmentId, now: Timestamp) -> Result<(), Refusal> {
        self.messages.take(appointment, now).map_err(Refusal::too_many_until)
    }

    /// Counts a link for a guest of an appointment.
    pub(crate) fn guest(&self, appointment: AppointmentId, now: Timestamp) -> Result<(), Refusal> {
        self.guests.take(appointment, now).map_err(Refusal::too_many_until)
    }

    /// Waits until no other export of the journal is being made for this person: each one may take fifteen megabytes.
    pub(crate) async fn export_turn(&self, staff: StaffId) -> Turn {
        self.exports.take(staff).await
    }

    /// Waits until no other document of this person is being laid out.
    pub(crate) async fn layout_turn(&self, person: Person) -> Turn {
        self.layout.take(person).await
    }
}

/// Takes one from the quota of a key.
fn admit<K: Clone + Eq + Hash>(quotas: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Refusal> {
    if quotas.len() > MANY {
        quotas.retain_recent();
    }
    quotas
        .check_key(key)
        .map_err(|refused| Refusal::too_many_until(refused.wait_time_from(DefaultClock::default().now())))
}
