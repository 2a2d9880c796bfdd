//! Limits on what somebody who is signed in may ask for: a stolen or spiteful session must not slow the calls of others.

use std::time::Duration;

use colloque_ids::{SessionId, Timestamp};
use colloque_protocol::ticket::Person;

use super::Refusal;
use super::pace::{Pace, Stocks};
use super::turns::{Turn, Turns};

/// Requests of one session: ten a second, forty at once.
///
/// A page of a practitioner asks for a dozen things when it opens; then notes are saved every two seconds, a prescription is
/// judged after 600 ms without a key, a patient is looked for after 250 ms. More: one session takes more from the calls.
/// Fewer: somebody with several tabs is held back.
const REQUESTS: Pace = Pace::new(40, Duration::from_millis(100));

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

/// The limits.
pub(crate) struct RequestLimits {
    requests: Stocks<SessionId>,
    tickets: Stocks<Person>,
    documents: Stocks<Person>,
    layout: Turns<Person>,
}

impl RequestLimits {
    pub(crate) fn new() -> Self {
        Self {
            requests: Stocks::new(REQUESTS),
            tickets: Stocks::new(TICKETS),
            documents: Stocks::new(DOCUMENTS),
            layout: Turns::new(),
        }
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

    /// Waits until no other document of this person is being laid out.
    pub(crate) async fn layout_turn(&self, person: Person) -> Turn {
        self.layout.take(person).await
    }
}
