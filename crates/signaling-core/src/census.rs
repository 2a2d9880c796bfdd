use std::time::Duration;

use colloque_ids::RoomId;
use colloque_protocol::signaling::Stage;

use crate::connection::Place;
use crate::signaling::Signaling;

/// How many are where; nobody by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    /// Connections that presented nothing yet, or whose entry is being written.
    pub unjoined: usize,
    /// Connections of a party of a room.
    pub in_rooms: usize,
    /// Connections of a desk.
    pub at_desks: usize,
    /// Rooms whose patient is not admitted yet.
    pub rooms_waiting: usize,
    /// Rooms whose patient is admitted.
    pub rooms_open: usize,
}

impl Signaling {
    /// Counts who is where. Looks at every connection and room.
    #[must_use]
    pub fn census(&self) -> Census {
        let mut census = Census::default();
        for (_, connection) in self.connections.iter() {
            let count = match connection.place {
                Place::Unjoined | Place::Entering { .. } => &mut census.unjoined,
                Place::Room { .. } => &mut census.in_rooms,
                Place::Desk { .. } => &mut census.at_desks,
            };
            *count += 1;
        }
        for room in self.rooms.values() {
            let count = match room.stage() {
                Stage::Waiting => &mut census.rooms_waiting,
                Stage::Open => &mut census.rooms_open,
            };
            *count += 1;
        }
        census
    }

    /// How long the patient of a room has been there; none while nobody is.
    #[must_use]
    pub fn patient_waited(&self, room: RoomId) -> Option<Duration> {
        Some(self.now.since(self.rooms.get(&room)?.patient.as_ref()?.arrived_at))
    }
}
