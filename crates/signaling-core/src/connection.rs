use std::net::IpAddr;
use std::time::Duration;

use colloque_ids::{ConnectionId, RoomId, StaffId, Timestamp};
use colloque_protocol::connection::ConnectedPerson;
use colloque_protocol::signaling::HEARTBEAT_LIMIT;

use crate::bucket::Bucket;
use crate::limits::{EXCESS_MESSAGES, JOIN_LIMIT, MESSAGE_BURST, MESSAGES_PER_SECOND};
use crate::room::Seat;

/// One WebSocket.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) from: IpAddr,
    pub(crate) place: Place,
    heard_at: Timestamp,
    bucket: Bucket,
    excess: u32,
}

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum Place {
    /// It presented nothing yet.
    Unjoined,
    /// Its entry is being written.
    Entering { who: ConnectedPerson },
    /// It is one party of a room.
    Room { who: ConnectedPerson, room: RoomId, seat: Seat },
    /// It watches the queues of these practitioners.
    Desk { who: ConnectedPerson, practitioners: Vec<StaffId> },
}

/// What a message costs its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Fine,
    TooMany,
    Unbearable,
}

impl Connection {
    pub(crate) const fn new(from: IpAddr, now: Timestamp) -> Self {
        Self { from, place: Place::Unjoined, heard_at: now, bucket: Bucket::full(now), excess: 0 }
    }

    pub(crate) const fn who(&self) -> Option<&ConnectedPerson> {
        match &self.place {
            Place::Unjoined => None,
            Place::Entering { who } | Place::Room { who, .. } | Place::Desk { who, .. } => Some(who),
        }
    }

    pub(crate) const fn heard(&mut self, now: Timestamp) {
        self.heard_at = now;
    }

    /// Counts a message.
    pub(crate) fn pace(&mut self, now: Timestamp) -> Pace {
        self.heard(now);
        if self.bucket.take(MESSAGE_BURST, Duration::from_secs(1) / MESSAGES_PER_SECOND, now) {
            self.excess = self.excess.saturating_sub(1);
            return Pace::Fine;
        }
        self.excess += 1;
        if self.excess > EXCESS_MESSAGES { Pace::Unbearable } else { Pace::TooMany }
    }

    /// Tells whether the connection has been silent for too long.
    pub(crate) fn is_silent(&self, now: Timestamp) -> bool {
        let limit = match self.place {
            Place::Unjoined | Place::Entering { .. } => JOIN_LIMIT,
            Place::Room { .. } | Place::Desk { .. } => HEARTBEAT_LIMIT,
        };
        now >= self.heard_at.after(limit)
    }
}

/// A connection together with the seat it takes in a room.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seated {
    pub(crate) connection: ConnectionId,
    pub(crate) room: RoomId,
    pub(crate) seat: Seat,
}
