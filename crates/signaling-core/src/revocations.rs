use std::collections::BTreeMap;

use colloque_ids::{ConsultationId, StaffId, Timestamp};
use colloque_protocol::ticket::TICKET_LIFETIME;

/// What tickets signed up to some instant open no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Revoked {
    /// The room of a consultation.
    Room(ConsultationId),
    /// The room of a consultation, to its patient.
    PatientOf(ConsultationId),
    /// Every room and desk, to a member of the staff.
    Staff(StaffId),
}

/// What was revoked, as long as a ticket signed before could still serve.
///
/// Bounded, because a ticket lives a minute at most. Past the limit all is forgotten, and with it every ticket signed until
/// then: those people fetch another one, whereas a forgotten revocation would let somebody in.
#[derive(Debug)]
pub(crate) struct Revocations {
    at: BTreeMap<Revoked, Timestamp>,
    forgotten_until: Option<Timestamp>,
}

impl Revocations {
    pub(crate) const fn new() -> Self {
        Self { at: BTreeMap::new(), forgotten_until: None }
    }

    pub(crate) fn note(&mut self, revoked: Revoked, now: Timestamp, limit: usize) {
        self.at.insert(revoked, now);
        if self.at.len() > limit {
            self.at.clear();
            self.forgotten_until = Some(now);
        }
    }

    /// Tells whether a ticket signed at `issued_at` opens this no more.
    pub(crate) fn covers(&self, revoked: Revoked, issued_at: Timestamp) -> bool {
        self.at.get(&revoked).is_some_and(|at| issued_at <= *at)
    }

    /// Tells whether a revocation that is forgotten may be about a ticket signed at `issued_at`.
    pub(crate) fn may_have_covered(&self, issued_at: Timestamp) -> bool {
        self.forgotten_until.is_some_and(|until| issued_at <= until)
    }

    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        self.at.retain(|_, at| now.since(*at) < TICKET_LIFETIME);
    }
}
