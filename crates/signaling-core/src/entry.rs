//! How a verified person enters: checked, written, then placed.

use std::net::IpAddr;
use std::time::Duration;

use colloque_ids::{ConnectionId, PracticeId, RoomId, StaffId};
use colloque_protocol::connection::{ConnectedPerson, ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{EndReason, JoinRefusal, MediaState, QueueEntry, ServerMessage};
use colloque_protocol::ticket::{Person, RoomScope, Scope, TicketClaims};

use crate::bucket::Bucket;
use crate::check;
use crate::connection::Place;
use crate::connections::subscriber;
use crate::end_to_end::Paces;
use crate::incidents::Open;
use crate::io::{Entry, Output, Record};
use crate::limits::{CLOCK_TOLERANCE, REFUSAL_BURST, REFUSALS_PER_MINUTE};
use crate::revocations::Revoked;
use crate::room::{Attendance, Guest, Participant, Room, Seat};
use crate::signaling::{Pending, Signaling};
use crate::used_tickets::UseTicketError;

/// What a person may enter, once every check has passed.
enum Door {
    Room { seat: Seat, comes_back: bool },
    Desk,
}

impl Signaling {
    pub(crate) fn join_verified(&mut self, connection: ConnectionId, claims: Box<TicketClaims>, take_over: bool) {
        if !self.is_unjoined(connection) {
            return;
        }
        let door = self.use_ticket(&claims).and_then(|()| self.find_door(&claims, take_over));
        let door = match door {
            Ok(door) => door,
            Err(refusal) => {
                return self.refuse_entry(connection, Some(person_of(&claims)), scope_of(&claims), refusal);
            }
        };
        let now = self.now;
        let Some(entering) = self.connections.get_mut(connection) else { return };
        entering.heard(now);
        let from = entering.from;
        self.connections.place(connection, Place::Entering { who: person_of(&claims) });
        let fact = match door {
            Door::Room { comes_back: true, .. } => ConnectionFact::Resumed,
            Door::Room { comes_back: false, .. } | Door::Desk => ConnectionFact::Joined,
        };
        let event = self.event(fact, connection, from, Some(person_of(&claims)), scope_of(&claims));
        let expires_at = claims.expires_at.after(CLOCK_TOLERANCE);
        let entry = Entry { event, ticket: claims.ticket, expires_at };
        self.commit(Record::Entry(entry), Pending::Entry { connection, from, claims, take_over });
    }

    /// Places a person whose entry is written. What changed meanwhile is checked again.
    pub(crate) fn entry_written(
        &mut self,
        connection: ConnectionId,
        from: IpAddr,
        claims: Box<TicketClaims>,
        take_over: bool,
    ) {
        if self.connections.get(connection).is_none() {
            let cause = DisconnectCause::SocketClosed;
            let (who, scope) = (person_of(&claims), scope_of(&claims));
            return self.journal(ConnectionFact::Disconnected { cause }, connection, from, Some(who), scope);
        }
        match self.find_door(&claims, take_over) {
            Err(refusal) => self.refuse_written(connection, from, &claims, refusal),
            Ok(Door::Desk) => self.enter_desk(connection, *claims),
            Ok(Door::Room { seat, .. }) => self.enter_room(connection, *claims, seat),
        }
    }

    /// Refuses a person whom storage did not let in. Nothing was written.
    pub(crate) fn refuse_unwritten(&mut self, connection: ConnectionId, claims: &TicketClaims, refusal: JoinRefusal) {
        self.refuse_entry(connection, Some(person_of(claims)), scope_of(claims), refusal);
    }

    /// Refuses a person whose entry is not known to be written. The refusal is journaled, in case it was written after all.
    pub(crate) fn entry_not_written(&mut self, connection: ConnectionId, from: IpAddr, claims: &TicketClaims) {
        self.refuse_written(connection, from, claims, JoinRefusal::ServerFailed);
    }

    /// Refuses a person whose entry may be written, and always journals it, though they be gone: what was entered is left. Their ticket
    /// was good, so it is paced already.
    fn refuse_written(&mut self, connection: ConnectionId, from: IpAddr, claims: &TicketClaims, refusal: JoinRefusal) {
        self.turn_away(connection, refusal);
        let who = Some(person_of(claims));
        self.journal(ConnectionFact::JoinRefused { refusal }, connection, from, who, scope_of(claims));
    }

    /// Refuses a connection and closes it. One address fills the journal only so fast.
    pub(crate) fn refuse_entry(
        &mut self,
        connection: ConnectionId,
        who: Option<ConnectedPerson>,
        scope: Option<RoomScope>,
        refusal: JoinRefusal,
    ) {
        let Some(from) = self.turn_away(connection, refusal) else { return };
        let now = self.now;
        let bucket = self.refusals.entry(subscriber(from)).or_insert_with(|| Bucket::full(now));
        if bucket.take(REFUSAL_BURST, Duration::from_secs(60) / REFUSALS_PER_MINUTE, now) {
            self.journal(ConnectionFact::JoinRefused { refusal }, connection, from, who, scope);
        }
    }

    /// Tells a connection why it is refused and closes it; gives the address it came from.
    fn turn_away(&mut self, connection: ConnectionId, refusal: JoinRefusal) -> Option<IpAddr> {
        let refused = self.connections.remove(connection)?;
        self.send(connection, ServerMessage::Refused { code: refusal });
        self.put(Output::Close { connection });
        Some(refused.from)
    }

    fn use_ticket(&mut self, claims: &TicketClaims) -> Result<(), JoinRefusal> {
        check::check_lifetime(claims, self.started_at, self.now)?;
        self.used_tickets.use_once(claims.ticket, claims.expires_at, self.limits.used_tickets).map_err(|error| {
            match error {
                UseTicketError::Replayed => JoinRefusal::TicketReplayed,
                UseTicketError::Full => JoinRefusal::ServerFull,
            }
        })
    }

    fn find_door(&self, claims: &TicketClaims, take_over: bool) -> Result<Door, JoinRefusal> {
        let is_signed_out = match claims.person {
            Person::Staff(staff) => self.revocations.covers(Revoked::Staff(staff), claims.issued_at),
            Person::Patient(_) | Person::Guest(_) => false,
        };
        if is_signed_out || self.revocations.may_have_covered(claims.issued_at) {
            return Err(JoinRefusal::TicketExpired);
        }
        let door = match &claims.scope {
            Scope::Desk { .. } => {
                check::check_desk(claims)?;
                Door::Desk
            }
            Scope::Room(scope) => self.find_seat(claims, scope, take_over)?,
        };
        // Those still entering count once they are placed.
        let full = self.connections.of_person(claims.person) >= self.limits.connections_per_person;
        if full { Err(JoinRefusal::ServerFull) } else { Ok(door) }
    }

    fn find_seat(&self, claims: &TicketClaims, scope: &RoomScope, take_over: bool) -> Result<Door, JoinRefusal> {
        if claims.card.role != claims.role {
            return Err(JoinRefusal::TicketInvalid);
        }
        let seat = check::seat_of(claims, scope)?;
        // A moved appointment ends its room and opens it again to newer tickets.
        if self.revocations.covers(Revoked::Room(scope.consultation), claims.issued_at) {
            return Err(JoinRefusal::ConsultationOver);
        }
        if seat == Seat::Patient && self.revocations.covers(Revoked::PatientOf(scope.consultation), claims.issued_at) {
            return Err(JoinRefusal::TicketExpired);
        }
        let room = self.rooms.get(&scope.room);
        let before = room.and_then(|room| room.seat(seat));
        check::check_entry(scope, seat, before.is_some(), self.now)?;
        if let Some(room) = room
            && !room.concerns(claims.practice, scope)
        {
            return Err(JoinRefusal::TicketInvalid);
        }
        if let (Person::Guest(guest), Some(before)) = (claims.person, before)
            && before.guest.is_none_or(|known| known.id != guest)
        {
            // One third person at a time; the practitioner can put the one who is there out.
            return Err(JoinRefusal::ServerFull);
        }
        if room.is_none() && self.rooms.len() >= self.limits.rooms {
            return Err(JoinRefusal::ServerFull);
        }
        if let Some(before) = before
            && before.connection().is_some()
            && before.key != claims.key_thumbprint
            && !take_over
        {
            return Err(JoinRefusal::AlreadyElsewhere);
        }
        Ok(Door::Room { seat, comes_back: before.is_some() })
    }

    fn enter_room(&mut self, connection: ConnectionId, claims: TicketClaims, seat: Seat) {
        let now = self.now;
        let who = person_of(&claims);
        let Scope::Room(mut scope) = claims.scope else { return };
        if self.revocations.covers(Revoked::PatientOf(scope.consultation), claims.issued_at) {
            // The consent that the practitioner's older ticket knows of may be withdrawn; the patient's next ticket tells.
            scope.consent_given_at = None;
        }
        let id = scope.room;
        let room = self.rooms.entry(id).or_insert_with(|| Room::new(claims.practice, scope.clone()));
        room.update(&scope);
        let mut before = room.seat_mut(seat).take();
        let other_device = before.as_ref().is_some_and(|before| before.key != claims.key_thumbprint);
        let mailbox = before.as_mut().filter(|_| !other_device).map(|before| std::mem::take(&mut before.mailbox));
        let replaced = before.as_ref().and_then(Participant::connection);
        let participant_id = before.as_ref().map_or_else(|| self.ids.next(now), |before| before.id);
        // What was switched on and checked belongs to the device.
        let kept = before.as_ref().filter(|_| !other_device);
        let participant = Participant {
            id: participant_id,
            guest: match claims.person {
                // Another browser with the same link may be somebody else.
                Person::Guest(guest) => Some(kept.and_then(|before| before.guest).unwrap_or_else(|| Guest::new(guest))),
                Person::Staff(_) | Person::Patient(_) => None,
            },
            card: claims.card.clone(),
            key: claims.key_thumbprint,
            arrived_at: before.as_ref().map_or(now, |before| before.arrived_at),
            attendance: Attendance::Here { connection, since: now },
            media: kept.map_or_else(MediaState::default, |before| before.media),
            device_check: kept.and_then(|before| before.device_check),
            notified_at: before.as_ref().and_then(|before| before.notified_at),
            peer: before.as_ref().and_then(|before| before.peer),
            incidents: before.as_ref().map_or_else(Open::default, |before| before.incidents),
            offers: before.as_ref().map_or_else(|| Bucket::full(now), |before| before.offers),
            paces: before.as_ref().map_or_else(|| Paces::full(now), |before| before.paces),
            mailbox: mailbox.unwrap_or_default(),
            turn_pass: None,
            shown: None,
        };
        *room.seat_mut(seat) = Some(participant);
        self.renew_turn_pass(id, seat);
        let Some(room) = self.rooms.get_mut(&id) else { return };
        let state = room.state_for(seat);
        if let Some(participant) = room.seat_mut(seat) {
            participant.shown = Some(state.clone());
        }
        if other_device {
            self.follow_freeze(id, seat, false);
            self.replace_peer(id, seat);
        }
        if let Some(replaced) = replaced {
            let farewell = ServerMessage::Ended { reason: EndReason::ContinuedElsewhere };
            self.end_connection(replaced, DisconnectCause::Replaced, Some(farewell));
        }
        self.settle(connection, Place::Room { who, room: id, seat });
        self.send(connection, ServerMessage::Joined { participant: participant_id, room: id, you: claims.card, state });
        self.empty_mailbox(id, seat, connection);
        self.publish(id);
    }

    fn settle(&mut self, connection: ConnectionId, place: Place) {
        self.connections.place(connection, place);
        if let Some(settled) = self.connections.get_mut(connection) {
            settled.heard(self.now);
        }
    }

    fn enter_desk(&mut self, connection: ConnectionId, claims: TicketClaims) {
        let who = person_of(&claims);
        let Scope::Desk { practitioners } = claims.scope else { return };
        let queue = self.queue_of(claims.practice, &practitioners);
        self.settle(connection, Place::Desk { who, practitioners });
        self.send(connection, ServerMessage::DeskJoined { queue });
    }

    fn queue_of(&self, practice: PracticeId, practitioners: &[StaffId]) -> Vec<QueueEntry> {
        self.rooms
            .values()
            .filter(|room| room.practice == practice && practitioners.contains(&room.scope.practitioner))
            .filter_map(Room::queue_entry)
            .collect()
    }

    pub(crate) fn publish_queue(&mut self, room: RoomId) {
        let Some(changed) = self.rooms.get_mut(&room) else { return };
        let entry = changed.queue_entry();
        if changed.queued == entry {
            return;
        }
        changed.queued.clone_from(&entry);
        let appointment = changed.scope.appointment;
        let message = match entry {
            Some(entry) => ServerMessage::QueueChanged { entry },
            None => ServerMessage::QueueLeft { appointment },
        };
        for desk in self.desks_of(room) {
            self.send(desk, message.clone());
        }
    }

    /// Finds the desks that watch a room's queue.
    pub(crate) fn desks_of(&self, room: RoomId) -> Vec<ConnectionId> {
        let Some(room) = self.rooms.get(&room) else { return Vec::new() };
        self.connections
            .watching(room.scope.practitioner)
            .filter(|(_, desk)| desk.who().is_some_and(|who| who.practice == room.practice))
            .map(|(desk, _)| desk)
            .collect()
    }

    pub(crate) fn commit(&mut self, record: Record, pending: Pending) -> u64 {
        self.last_commit += 1;
        self.commits.insert(self.last_commit, pending);
        self.put(Output::Commit { commit: self.last_commit, record });
        self.last_commit
    }
}

fn person_of(claims: &TicketClaims) -> ConnectedPerson {
    ConnectedPerson {
        practice: claims.practice,
        person: claims.person,
        role: claims.role,
        verified_by: claims.card.verified_by.clone(),
    }
}

fn scope_of(claims: &TicketClaims) -> Option<RoomScope> {
    match &claims.scope {
        Scope::Room(scope) => Some(scope.clone()),
        Scope::Desk { .. } => None,
    }
}
