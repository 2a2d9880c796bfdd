use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use colloque_ids::{ConnectionId, ConsultationId, ParticipantId, PeerId, RoomId, Timestamp};
use colloque_protocol::connection::{ConnectedPerson, ConnectionEvent, ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, EndReason, JoinRefusal, RESUME_WINDOW, ServerMessage,
};
use colloque_protocol::ticket::{RoomScope, TicketClaims};

use crate::bucket::Bucket;
use crate::connection::{Connection, Pace, Place, Seated};
use crate::connections::Connections;
use crate::io::{Input, MediaEvent, Output};
use crate::limits::{Limits, MEDIA_KEPT_FOR};
use crate::random::Ids;
use crate::revocations::Revocations;
use crate::room::{Attendance, Room, Seat};
use crate::turn::TurnServer;
use crate::used_tickets::UsedTickets;

/// All rooms and desks of one server.
///
/// Push what happens with [`Signaling::handle`], then do every [`Signaling::next_output`] in order. Same inputs and same seed
/// give the same outputs.
#[derive(Debug)]
pub struct Signaling {
    pub(crate) limits: Limits,
    pub(crate) turn: Option<TurnServer>,
    pub(crate) started_at: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) ids: Ids,
    pub(crate) connections: Connections,
    pub(crate) rooms: BTreeMap<RoomId, Room>,
    pub(crate) peers: BTreeMap<PeerId, (RoomId, Seat)>,
    pub(crate) commits: BTreeMap<u64, Pending>,
    pub(crate) last_commit: u64,
    pub(crate) used_tickets: UsedTickets,
    pub(crate) revocations: Revocations,
    pub(crate) refusals: BTreeMap<IpAddr, Bucket>,
    outputs: VecDeque<Output>,
}

/// What waits for storage.
#[derive(Debug)]
pub(crate) enum Pending {
    Entry { connection: ConnectionId, from: IpAddr, claims: Box<TicketClaims>, take_over: bool },
    Attestation { seated: Seated, leaf_key: [u8; 32] },
    GuestAnswer { room: RoomId, participant: ParticipantId, agrees: bool },
    GuestAdmission { seated: Seated, participant: ParticipantId },
    Admission(Seated),
    Refusal(Seated),
    End { seated: Seated, consultation: ConsultationId },
}

impl Signaling {
    /// Makes signaling without rooms; `seed` makes identifiers unique among servers and restarts.
    ///
    /// Tickets signed well before `now` are refused: they are fetched again.
    #[must_use]
    pub fn new(limits: Limits, seed: u64, now: Timestamp) -> Self {
        Self {
            limits,
            turn: None,
            started_at: now,
            now,
            ids: Ids::new(seed),
            connections: Connections::default(),
            rooms: BTreeMap::new(),
            peers: BTreeMap::new(),
            commits: BTreeMap::new(),
            last_commit: 0,
            used_tickets: UsedTickets::new(),
            revocations: Revocations::new(),
            refusals: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Lets the people in rooms use a TURN server.
    #[must_use]
    pub fn with_turn(self, turn: Option<TurnServer>) -> Self {
        Self { turn, ..self }
    }

    /// Takes what happened at `now`; an earlier `now` than the latest seen counts as that one.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.now = self.now.max(now);
        match input {
            Input::Opened { connection, from } => self.opened(connection, from),
            Input::JoinVerified { connection, claims, take_over } => self.join_verified(connection, claims, take_over),
            Input::JoinRefused { connection, refusal } => {
                if self.is_unjoined(connection) {
                    self.refuse_entry(connection, None, None, refusal);
                }
            }
            Input::Message { connection, message } => self.message(connection, message),
            Input::Lost { connection, cause: cause @ (DisconnectCause::Misbehaved | DisconnectCause::TimedOut) } => {
                self.give_up(connection, cause);
            }
            Input::Lost { connection, cause } => self.end_connection(connection, cause, None),
            Input::Committed { commit, at } => self.committed(commit, at),
            Input::CommitFailed { commit, failure } => self.commit_failed(commit, failure),
            Input::MediaAnswered { room, peer, generation, sdp } => self.media_answered(room, peer, generation, sdp),
            Input::MediaRefused { peer, generation, refusal } => self.media_refused(peer, generation, refusal),
            Input::Media(event) => self.media_event(event),
            Input::Links(links) => self.look_at_links(&links),
            Input::DocumentReady { consultation, document } => {
                let room = self.room_of(consultation);
                if let Some(patient) = room.and_then(|room| self.connection_at(room, Seat::Patient)) {
                    self.send(patient, ServerMessage::DocumentReady { document });
                }
            }
            Input::AppointmentChanged { consultation } => {
                self.end_consultation(consultation, EndReason::AppointmentChanged);
            }
            Input::ConsultationEnded { consultation } => {
                self.end_consultation(consultation, EndReason::EndedByPractitioner);
            }
            Input::StaffSignedOut { staff } => self.sign_staff_out(staff),
            Input::PatientSignedOut { consultation } => self.sign_patient_out(consultation),
            Input::ConsentWithdrawn { consultation } => self.withdraw_consent(consultation),
            Input::GuestWithdrawn { consultation, guest } => self.guest_withdrawn(consultation, guest),
            Input::Stop => self.stop(),
            Input::Tick => self.tick(),
        }
    }

    /// Gives the next thing to do.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Counts the connections, joined or not.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Counts the rooms.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Counts the peers that the media plane holds for this signaling.
    #[must_use]
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    fn opened(&mut self, connection: ConnectionId, from: IpAddr) {
        if self.connections.has_place(from, &self.limits) {
            self.connections.insert(connection, Connection::new(from, self.now));
        } else {
            self.send(connection, ServerMessage::Refused { code: JoinRefusal::ServerFull });
            self.put(Output::Close { connection });
        }
    }

    fn message(&mut self, connection: ConnectionId, message: ClientMessage) {
        let now = self.now;
        let Some(speaker) = self.connections.get_mut(connection) else { return };
        match speaker.pace(now) {
            Pace::Fine => {}
            Pace::TooMany => return self.send(connection, ServerMessage::NotDone { code: ActionRefusal::TooMany }),
            Pace::Unbearable => return self.give_up(connection, DisconnectCause::Misbehaved),
        }
        match &speaker.place {
            // Only a join may be said before, and the shell takes it.
            Place::Unjoined | Place::Entering { .. } => self.give_up(connection, DisconnectCause::Misbehaved),
            Place::Room { room, seat, .. } => {
                let seated = Seated { connection, room: *room, seat: *seat };
                self.room_message(seated, message);
            }
            Place::Desk { .. } => self.desk_message(connection, message),
        }
    }

    /// Ends a connection whose client is told to come again.
    pub(crate) fn give_up(&mut self, connection: ConnectionId, cause: DisconnectCause) {
        let farewell = ServerMessage::Ended { reason: EndReason::ConnectionGivenUp };
        self.end_connection(connection, cause, Some(farewell));
    }

    /// Ends a connection: says goodbye, closes, journals, and marks its person as lost or gone.
    pub(crate) fn end_connection(
        &mut self,
        connection: ConnectionId,
        cause: DisconnectCause,
        farewell: Option<ServerMessage>,
    ) {
        let Some(ended) = self.connections.remove(connection) else { return };
        if let Some(farewell) = farewell {
            self.send(connection, farewell);
        }
        self.put(Output::Close { connection });
        let from = ended.from;
        match ended.place {
            // Journaled when the entry is written: before, nobody knows of it.
            Place::Unjoined | Place::Entering { .. } => {}
            Place::Desk { who, .. } => {
                self.journal(ConnectionFact::Disconnected { cause }, connection, from, Some(who), None);
            }
            Place::Room { who, room, seat } => {
                let scope = self.rooms.get(&room).map(|room| room.scope.clone());
                self.journal(ConnectionFact::Disconnected { cause }, connection, from, Some(who), scope);
                self.vacate(Seated { connection, room, seat }, cause);
                self.publish(room);
            }
        }
    }

    fn vacate(&mut self, seated: Seated, cause: DisconnectCause) {
        let now = self.now;
        let Some(room) = self.rooms.get_mut(&seated.room) else { return };
        let Some(participant) = room.seat_mut(seated.seat) else { return };
        if participant.connection() != Some(seated.connection) {
            return;
        }
        participant.attendance = Attendance::Lost { since: now };
        participant.shown = None;
        participant.media.frozen = false;
        self.follow_freeze(seated.room, seated.seat, false);
        let gone = match cause {
            DisconnectCause::Left | DisconnectCause::Ended | DisconnectCause::SignedOut => true,
            DisconnectCause::SocketClosed
            | DisconnectCause::TimedOut
            | DisconnectCause::Replaced
            | DisconnectCause::Misbehaved
            | DisconnectCause::ServerStopped => false,
        };
        if gone {
            self.remove_participant(seated.room, seated.seat);
        }
    }

    pub(crate) fn remove_participant(&mut self, room: RoomId, seat: Seat) {
        self.end_incidents(room, seat);
        self.drop_peer(room, seat);
        let gone = self.rooms.get_mut(&room).and_then(|room| room.seat_mut(seat).take());
        if let Some(gone) = gone {
            self.tell_left(room, gone.id);
        }
    }

    fn stop(&mut self) {
        let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
        for room in rooms {
            Seat::ALL.into_iter().for_each(|seat| self.end_incidents(room, seat));
        }
        let everybody: Vec<ConnectionId> = self.connections.iter().map(|(connection, _)| connection).collect();
        let farewell = ServerMessage::Ended { reason: EndReason::ServerStopping };
        for connection in everybody {
            self.end_connection(connection, DisconnectCause::ServerStopped, Some(farewell.clone()));
        }
    }

    fn tick(&mut self) {
        let now = self.now;
        let silent: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.is_silent(now))
            .map(|(connection, _)| connection)
            .collect();
        for connection in silent {
            self.give_up(connection, DisconnectCause::TimedOut);
        }
        let lost: Vec<(RoomId, Seat, Duration)> = self
            .rooms
            .iter()
            .flat_map(|(id, room)| Seat::ALL.map(|seat| (*id, seat, room.seat(seat))))
            .filter_map(|(room, seat, participant)| match participant?.attendance {
                Attendance::Here { .. } => None,
                Attendance::Lost { since } => Some((room, seat, now.since(since))),
            })
            .collect();
        for (room, seat, lost_for) in lost {
            if lost_for >= MEDIA_KEPT_FOR {
                self.replace_peer(room, seat);
            }
            if lost_for >= RESUME_WINDOW {
                self.remove_participant(room, seat);
                self.publish(room);
            }
        }
        self.renew_turn_passes();
        self.used_tickets.forget_expired(now);
        self.revocations.forget_expired(now);
        self.refusals.retain(|_, bucket| !bucket.is_full(now));
    }

    /// Tells the media plane, everybody in it and the desks what changed in a room, and forgets the room once nobody is in it.
    pub(crate) fn publish(&mut self, room: RoomId) {
        // First, so that media pass when the parties hear of it.
        self.follow_gate(room);
        self.journal_media(room);
        let Some(changed) = self.rooms.get_mut(&room) else { return };
        let mut messages = Vec::new();
        for seat in Seat::ALL {
            let state = changed.state_for(seat);
            if let Some(participant) = changed.seat_mut(seat)
                && let Some(connection) = participant.connection()
                && participant.shown.as_ref().is_some_and(|shown| *shown != state)
            {
                participant.shown = Some(state.clone());
                messages.push((connection, ServerMessage::Room { state }));
            }
        }
        for (connection, message) in messages {
            self.send(connection, message);
        }
        self.publish_queue(room);
        if self.rooms.get(&room).is_some_and(Room::is_empty) {
            self.rooms.remove(&room);
        }
    }

    pub(crate) fn is_unjoined(&self, connection: ConnectionId) -> bool {
        self.connections.get(connection).is_some_and(|known| matches!(known.place, Place::Unjoined))
    }

    pub(crate) fn connection_at(&self, room: RoomId, seat: Seat) -> Option<ConnectionId> {
        self.rooms.get(&room)?.seat(seat)?.connection()
    }

    pub(crate) fn room_of(&self, consultation: ConsultationId) -> Option<RoomId> {
        self.rooms.values().find(|room| room.scope.consultation == consultation).map(Room::id)
    }

    pub(crate) fn send(&mut self, connection: ConnectionId, message: ServerMessage) {
        self.put(Output::Send { connection, message });
    }

    pub(crate) fn put(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(crate) fn journal(
        &mut self,
        fact: ConnectionFact,
        connection: ConnectionId,
        from: IpAddr,
        who: Option<ConnectedPerson>,
        room: Option<RoomScope>,
    ) {
        let event = self.event(fact, connection, from, who, room);
        self.put(Output::Journal(event));
    }

    pub(crate) const fn event(
        &self,
        fact: ConnectionFact,
        connection: ConnectionId,
        from: IpAddr,
        who: Option<ConnectedPerson>,
        room: Option<RoomScope>,
    ) -> ConnectionEvent {
        ConnectionEvent { fact, occurred_at: self.now, connection: Some(connection), from: Some(from), who, room }
    }

    fn media_event(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Connected { peer } => self.peer_path(peer, true),
            MediaEvent::Lost { peer } => self.peer_path(peer, false),
            MediaEvent::Gone { peer } => self.peer_gone(peer),
            MediaEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille } => {
                self.peer_measured(peer, ServerMessage::Link { down_kbps, leaves_kbps, lost_permille });
            }
        }
    }
}
