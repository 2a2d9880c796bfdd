use std::collections::BTreeMap;

use colloque_ids::{TicketId, Timestamp};

/// The tickets that were used here and would still be good: refused before storage is asked, which remembers all of them.
///
/// Bounded, because a ticket lives a minute at most: past its end it is refused as expired, so it need not be remembered.
#[derive(Debug)]
pub(crate) struct UsedTickets {
    until: BTreeMap<TicketId, Timestamp>,
}

/// Why a ticket cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UseTicketError {
    /// It was used.
    Replayed,
    /// Too many tickets are remembered to remember this one; without memory it could be used twice.
    Full,
}

impl UsedTickets {
    pub(crate) const fn new() -> Self {
        Self { until: BTreeMap::new() }
    }

    pub(crate) fn use_once(
        &mut self,
        ticket: TicketId,
        expires_at: Timestamp,
        limit: usize,
    ) -> Result<(), UseTicketError> {
        if self.until.contains_key(&ticket) {
            return Err(UseTicketError::Replayed);
        }
        if self.until.len() >= limit {
            return Err(UseTicketError::Full);
        }
        self.until.insert(ticket, expires_at);
        Ok(())
    }

    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        self.until.retain(|_, expires_at| *expires_at > now);
    }
}
