use colloque_ids::{ConnectionId, GuestId, ParticipantId, PeerId, PracticeId, RoomId, Timestamp};
use colloque_protocol::IdentityCard;
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::signaling::{DeviceCheck, MediaState, OtherParty, Presence, QueueEntry, RoomState, Stage};
use colloque_protocol::ticket::RoomScope;

use crate::bucket::Bucket;
use crate::end_to_end::{GroupOrder, Mailbox, Paces};
use crate::incidents::Open;
use crate::turn::TurnPass;

/// One of the places in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Seat {
    Practitioner,
    Patient,
    /// Of a third person: one at a time.
    Guest,
}

impl Seat {
    pub(crate) const ALL: [Self; 3] = [Self::Practitioner, Self::Patient, Self::Guest];

    /// Whom a person speaks with first, and whom besides.
    const fn others(self) -> [Self; 2] {
        match self {
            Self::Practitioner => [Self::Patient, Self::Guest],
            Self::Patient => [Self::Practitioner, Self::Guest],
            Self::Guest => [Self::Practitioner, Self::Patient],
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
    pub(crate) guest: Option<Participant>,
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
    /// What is known of a guest.
    pub(crate) guest: Option<Guest>,
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

/// How far a guest is on their way into the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) id: GuestId,
    /// What the patient answered.
    pub(crate) agreed: Option<bool>,
    /// Whether the practitioner let them in, and the journal has it.
    pub(crate) is_admitted: bool,
}

impl Guest {
    pub(crate) const fn new(id: GuestId) -> Self {
        Self { id, agreed: None, is_admitted: false }
    }
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
            guest: None,
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
            Seat::Guest => self.guest.as_ref(),
        }
    }

    pub(crate) const fn seat_mut(&mut self, seat: Seat) -> &mut Option<Participant> {
        match seat {
            Seat::Practitioner => &mut self.practitioner,
            Seat::Patient => &mut self.patient,
            Seat::Guest => &mut self.guest,
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.practitioner.is_none() && self.patient.is_none() && self.guest.is_none()
    }

    /// Tells whether media may pass: admitted by a decision that storage holds, with consent.
    pub(crate) const fn may_have_media(&self) -> bool {
        self.scope.admitted_at.is_some() && self.scope.consent_given_at.is_some()
    }

    /// Tells whether the person on `seat` may connect to the media plane, where nothing passes before [`Room::may_have_media`].
    ///
    /// Both are verified; a patient must agree before their address is known to more than signaling. A guest waits for the call.
    pub(crate) fn may_connect(&self, seat: Seat) -> bool {
        match seat {
            Seat::Practitioner => true,
            Seat::Patient => self.scope.consent_given_at.is_some(),
            Seat::Guest => self.takes_part(seat) && self.may_have_media(),
        }
    }

    /// Whether the person on `seat` belongs to the call: a guest does once they are admitted.
    pub(crate) fn takes_part(&self, seat: Seat) -> bool {
        self.seat(seat).is_some_and(|person| person.guest.is_none_or(|guest| guest.is_admitted))
    }

    /// Describes the room as the person on `seat` sees it.
    pub(crate) fn state_for(&self, seat: Seat) -> RoomState {
        let [other, third] = seat.others();
        // Before the patient is admitted there is nothing to ask them; a guest who is not admitted knows nobody but the practitioner.
        let sees_third = match seat {
            Seat::Practitioner => true,
            Seat::Patient => self.stage() == Stage::Open,
            Seat::Guest => self.takes_part(seat),
        };
        RoomState {
            stage: if self.takes_part(seat) { self.stage() } else { Stage::Waiting },
            other: self.seen_by(seat, other),
            third: if sees_third { self.seen_by(seat, third) } else { None },
            admitted_at: self.scope.admitted_at,
            delay_minutes: self.delay_minutes,
            ice_servers: self
                .seat(seat)
                .and_then(|person| person.turn_pass.as_ref())
                .map(|pass| pass.ice_servers.clone()),
        }
    }

    /// Describes the person on `seat` as the one on `by` sees them.
    fn seen_by(&self, by: Seat, seat: Seat) -> Option<OtherParty> {
        let person = self.seat(seat)?;
        Some(OtherParty {
            participant: person.id,
            card: person.card.clone(),
            presence: person.attendance.presence(),
            // What one of them saw stand still is noted, and told to nobody.
            media: MediaState { frozen: false, ..person.media },
            device_check: person.device_check.filter(|_| by == Seat::Practitioner),
            agreed: person.guest.and_then(|guest| guest.agreed),
            takes_part: self.takes_part(seat),
        })
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
