use colloque_ids::{ConnectionId, ParticipantId, PeerId, PracticeId, RoomId, Timestamp};
use colloque_protocol::IdentityCard;
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::signaling::{DeviceCheck, MediaState, OtherParty, Presence, QueueEntry, RoomState, Stage};
use colloque_protocol::ticket::RoomScope;

use crate::bucket::Bucket;
use crate::end_to_end::{GroupOrder, Mailbox, Paces};
use crate::incidents::Open;
use crate::turn::TurnPass;

/// One of the two places in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Seat {
    Practitioner,
    Patient,
}

impl Seat {
    pub(crate) const BOTH: [Self; 2] = [Self::Practitioner, Self::Patient];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Practitioner => Self::Patient,
            Self::Patient => Self::Practitioner,
        }
    }
}

/// The media and signaling group of one consultation.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) practice: PracticeId,
    pub(crate) scope: RoomScope,
    pub(crate) practitioner: Option<Participant>,
    pub(crate) patient: Option<Participant>,
    pub(crate) delay_minutes: u16,
    /// The decision being written, if any: one at a time.
    pub(crate) deciding: Option<u64>,
    /// What the desks were told last.
    pub(crate) queued: Option<QueueEntry>,
    /// Whether the media plane was told last to let media pass.
    pub(crate) is_gate_open: bool,
    /// The end-to-end group whose changes are put in order.
    pub(crate) group: Option<GroupOrder>,
}

/// A person in a room.
#[derive(Debug)]
pub(crate) struct Participant {
    pub(crate) id: ParticipantId,
    pub(crate) card: IdentityCard,
    pub(crate) key: KeyThumbprint,
    pub(crate) arrived_at: Timestamp,
    pub(crate) attendance: Attendance,
    pub(crate) media: MediaState,
    pub(crate) device_check: Option<DeviceCheck>,
    pub(crate) notified_at: Option<Timestamp>,
    pub(crate) peer: Option<Peer>,
    /// What goes wrong; it stays with the person through reconnections.
    pub(crate) incidents: Open,
    /// How many offers may still come; it stays with the person through reconnections.
    pub(crate) offers: Bucket,
    /// How much may still be said past the server; it stays with the person through reconnections.
    pub(crate) paces: Paces,
    /// What the others said past the server while this person was away.
    pub(crate) mailbox: Mailbox,
    /// What lets this person's browser use the TURN server, on the present connection.
    pub(crate) turn_pass: Option<TurnPass>,
    /// What this person was told last of the room.
    pub(crate) shown: Option<RoomState>,
}

/// Whether a person is there, and on which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attendance {
    Here { connection: ConnectionId, since: Timestamp },
    Lost { since: Timestamp },
}

/// A participant's transport at the media plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    /// The offer whose answer is awaited, and the connection that sent it.
    pub(crate) awaited: Option<(u32, ConnectionId)>,
    pub(crate) up: bool,
    /// Whether the journal says last that this peer's media pass.
    pub(crate) journaled: bool,
}

impl Room {
    pub(crate) fn new(practice: PracticeId, scope: RoomScope) -> Self {
        Self {
            practice,
            scope,
            practitioner: None,
            patient: None,
            delay_minutes: 0,
            deciding: None,
            queued: None,
            is_gate_open: false,
            group: None,
        }
    }

    /// Tells whether a ticket is about this very booking.
    pub(crate) fn concerns(&self, practice: PracticeId, scope: &RoomScope) -> bool {
        self.practice == practice
            && self.scope.room == scope.room
            && self.scope.consultation == scope.consultation
            && self.scope.appointment == scope.appointment
            && self.scope.practitioner == scope.practitioner
            && self.scope.patient == scope.patient
    }

    /// Takes what a newer ticket says. Consent and admission, once known, stay.
    pub(crate) fn update(&mut self, newer: &RoomScope) {
        self.scope.consent_given_at = self.scope.consent_given_at.or(newer.consent_given_at);
        self.scope.admitted_at = self.scope.admitted_at.or(newer.admitted_at);
        self.scope.opens_at = newer.opens_at;
        self.scope.closes_at = newer.closes_at;
    }

    pub(crate) const fn id(&self) -> RoomId {
        self.scope.room
    }

    /// Open once the patient has been admitted; never closed again but by the end.
    pub(crate) const fn stage(&self) -> Stage {
        match self.scope.admitted_at {
            Some(_) => Stage::Open,
            None => Stage::Waiting,
        }
    }

    pub(crate) const fn seat(&self, seat: Seat) -> Option<&Participant> {
        match seat {
            Seat::Practitioner => self.practitioner.as_ref(),
            Seat::Patient => self.patient.as_ref(),
        }
    }

    pub(crate) const fn seat_mut(&mut self, seat: Seat) -> &mut Option<Participant> {
        match seat {
            Seat::Practitioner => &mut self.practitioner,
            Seat::Patient => &mut self.patient,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.practitioner.is_none() && self.patient.is_none()
    }

    /// Tells whether media may pass: admitted by a decision that storage holds, with consent.
    pub(crate) const fn may_have_media(&self) -> bool {
        self.scope.admitted_at.is_some() && self.scope.consent_given_at.is_some()
    }

    /// Tells whether the person on `seat` may connect to the media plane, where nothing passes before [`Room::may_have_media`].
    ///
    /// Both are verified; a patient must agree before their address is known to more than signaling.
    pub(crate) const fn may_connect(&self, seat: Seat) -> bool {
        matches!(seat, Seat::Practitioner) || self.scope.consent_given_at.is_some()
    }

    /// Describes the room as the person on `seat` sees it.
    pub(crate) fn state_for(&self, seat: Seat) -> RoomState {
        RoomState {
            stage: self.stage(),
            other: self.seat(seat.other()).map(|other| OtherParty {
                card: other.card.clone(),
                presence: other.attendance.presence(),
                // What one of them saw stand still is noted, and told to nobody.
                media: MediaState { frozen: false, ..other.media },
                device_check: match seat {
                    Seat::Practitioner => other.device_check,
                    Seat::Patient => None,
                },
            }),
            admitted_at: self.scope.admitted_at,
            delay_minutes: self.delay_minutes,
            ice_servers: self
                .seat(seat)
                .and_then(|person| person.turn_pass.as_ref())
                .map(|pass| pass.ice_servers.clone()),
        }
    }

    /// Describes the patient as a desk sees them; nothing while no patient is there.
    pub(crate) fn queue_entry(&self) -> Option<QueueEntry> {
        let patient = self.patient.as_ref()?;
        Some(QueueEntry {
            appointment: self.scope.appointment,
            consultation: self.scope.consultation,
            stage: self.stage(),
            arrived_at: patient.arrived_at,
            presence: patient.attendance.presence(),
            device_check: patient.device_check,
            delay_minutes: self.delay_minutes,
        })
    }
}

impl Participant {
    pub(crate) const fn connection(&self) -> Option<ConnectionId> {
        match self.attendance {
            Attendance::Here { connection, .. } => Some(connection),
            Attendance::Lost { .. } => None,
        }
    }
}

impl Attendance {
    const fn presence(self) -> Presence {
        match self {
            Self::Here { since, .. } => Presence::Here { since },
            Self::Lost { since } => Presence::Lost { since },
        }
    }
}
