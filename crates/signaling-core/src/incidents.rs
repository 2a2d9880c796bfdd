//! What went wrong in a call and for how long, as this side of it sees it: a few spans a call, never samples. That a picture stood still is
//! what only a browser sees: it says so of its own person, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use colloque_ids::{PeerId, RoomId, Timestamp};
use colloque_protocol::connection::{ConnectionEvent, ConnectionFact, IncidentKind, Side};

use crate::io::Output;
use crate::room::{Room, Seat};
use crate::signaling::Signaling;

/// Losses from which one begins, and below which it is over, in thousandths: a voice that repeats itself hides less than that.
///
/// Higher: what is heard is not noted. Lower: every call on a telephone has incidents.
const LOSS_BEGINS: u16 = 50;
const LOSS_IS_OVER: u16 = 20;
/// Links below which the picture gives way to the voice, and above which it is over, in bits per second.
const NARROW_BEGINS_BPS: u64 = 150_000;
const NARROW_IS_OVER_BPS: u64 = 250_000;
/// Shortest incident that is kept.
///
/// Higher: interruptions that are heard are not noted. Lower: each renegotiation is one.
const SHORTEST: Duration = Duration::from_secs(1);

/// Freezes that are taken from one person in one call: storage keeps no more of them.
///
/// Higher: a browser that lies has facts written for nothing. Lower: freezes of a long call are not told.
const MAX_FREEZES: u8 = 50;

/// How the link of one peer goes, as the media plane sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerLink {
    /// The peer.
    pub peer: PeerId,
    /// Share of its packets that do not arrive, in thousandths.
    pub lost_sent: u16,
    /// Share of the packets to it that do not arrive, in thousandths; none where its client does not say.
    pub lost_received: Option<u16>,
    /// What the way to it carries, in bits per second; none where its client does not say.
    pub estimate_bps: Option<u64>,
    /// Whether it is reached by TCP, because its network lets no UDP pass.
    pub is_by_tcp: bool,
}

/// The incidents of one person.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Open {
    /// When each kind began, while it lasts: at most one of a kind.
    began_at: [Option<Timestamp>; IncidentKind::ALL.len()],
    /// Freezes that were noted.
    freezes: u8,
}

impl Open {
    fn begin(&mut self, kind: IncidentKind, now: Timestamp) {
        self.began_at[kind as usize].get_or_insert(now);
    }

    /// Ends an incident and gives when it began, if it is to be noted.
    fn take(&mut self, kind: IncidentKind, now: Timestamp) -> Option<Timestamp> {
        let began_at = self.began_at[kind as usize].take().filter(|began_at| now.since(*began_at) >= SHORTEST)?;
        if kind == IncidentKind::Frozen {
            self.freezes = self.freezes.checked_add(1).filter(|freezes| *freezes <= MAX_FREEZES)?;
        }
        Some(began_at)
    }
}

impl Signaling {
    /// Takes how all links go: what begins to go wrong is remembered, and what is over is journaled.
    pub(crate) fn look_at_links(&mut self, links: &[PeerLink]) {
        let links: BTreeMap<PeerId, &PeerLink> = links.iter().map(|link| (link.peer, link)).collect();
        let rooms: Vec<RoomId> = self.rooms.iter().filter(|(_, room)| room.is_gate_open).map(|(id, _)| *id).collect();
        for room in rooms {
            for seat in Seat::ALL {
                let peer = self.rooms.get(&room).and_then(|room| room.seat(seat)?.peer);
                let link = peer.and_then(|peer| links.get(&peer.id).copied());
                for kind in IncidentKind::ALL {
                    match (kind, link) {
                        // The peer's own events and its client tell them at once.
                        (IncidentKind::Cut | IncidentKind::Frozen, _) => {}
                        (_, None) => self.incident_ends(room, seat, kind),
                        (_, Some(link)) => match is_wrong(kind, link) {
                            Some(true) => self.incident_begins(room, seat, kind),
                            Some(false) => self.incident_ends(room, seat, kind),
                            None => {}
                        },
                    }
                }
            }
        }
    }

    /// Notes that nothing passes any more for somebody whose call runs; what they saw stand still is a part of that.
    pub(crate) fn cut_begins(&mut self, room: RoomId, seat: Seat) {
        self.incident_ends(room, seat, IncidentKind::Frozen);
        if self.rooms.get(&room).is_some_and(|room| room.is_gate_open) {
            self.incident_begins(room, seat, IncidentKind::Cut);
        }
    }

    pub(crate) fn cut_ends(&mut self, room: RoomId, seat: Seat) {
        self.incident_ends(room, seat, IncidentKind::Cut);
    }

    /// Notes what somebody's browser says of the other's picture, or that nobody is there to say it any more.
    pub(crate) fn follow_freeze(&mut self, room: RoomId, seat: Seat, is_frozen: bool) {
        if is_frozen && self.rooms.get(&room).is_some_and(|room| room.is_gate_open) {
            self.incident_begins(room, seat, IncidentKind::Frozen);
        } else {
            self.incident_ends(room, seat, IncidentKind::Frozen);
        }
    }

    /// Ends what still lasts for one person, whose part in the call is over.
    pub(crate) fn end_incidents(&mut self, room: RoomId, seat: Seat) {
        for kind in IncidentKind::ALL {
            self.incident_ends(room, seat, kind);
        }
    }

    fn incident_begins(&mut self, room: RoomId, seat: Seat, kind: IncidentKind) {
        let now = self.now;
        if let Some(participant) = self.rooms.get_mut(&room).and_then(|room| room.seat_mut(seat).as_mut()) {
            participant.incidents.begin(kind, now);
        }
    }

    fn incident_ends(&mut self, room: RoomId, seat: Seat, kind: IncidentKind) {
        let now = self.now;
        let Some(room) = self.rooms.get_mut(&room) else { return };
        let Some(participant) = room.seat_mut(seat) else { return };
        let Some(began_at) = participant.incidents.take(kind, now) else { return };
        let Some(side) = side_of(seat) else { return };
        let incident = ConnectionFact::Incident { what: kind, side, began_at };
        let event = event_of(room, seat, incident, now);
        self.put(Output::Journal(event));
    }
}

/// Whether something is wrong with a link; none between beginning and end, where what was goes on.
fn is_wrong(kind: IncidentKind, link: &PeerLink) -> Option<bool> {
    let by_loss = |lost: u16| match lost {
        LOSS_BEGINS.. => Some(true),
        LOSS_IS_OVER.. => None,
        _ => Some(false),
    };
    match kind {
        IncidentKind::Cut | IncidentKind::Frozen => None,
        IncidentKind::LossSent => by_loss(link.lost_sent),
        IncidentKind::LossReceived => by_loss(link.lost_received?),
        IncidentKind::NarrowLink => match link.estimate_bps? {
            ..NARROW_BEGINS_BPS => Some(true),
            NARROW_BEGINS_BPS..=NARROW_IS_OVER_BPS => None,
            _ => Some(false),
        },
        IncidentKind::Fallback => Some(link.is_by_tcp),
    }
}

/// The side that a person's incidents are noted of; a guest's are not.
const fn side_of(seat: Seat) -> Option<Side> {
    match seat {
        Seat::Practitioner => Some(Side::Practitioner),
        Seat::Patient => Some(Side::Patient),
        Seat::Guest => None,
    }
}

fn event_of(room: &Room, seat: Seat, fact: ConnectionFact, now: Timestamp) -> ConnectionEvent {
    let connection = room.seat(seat).and_then(crate::room::Participant::connection);
    // The side says whose it is, in whichever browser they were.
    ConnectionEvent { fact, occurred_at: now, connection, from: None, who: None, room: Some(room.scope.clone()) }
}
