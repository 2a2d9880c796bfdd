//! What the parties of a room, and a desk, may do.

use colloque_ids::{AppointmentId, ConnectionId, RoomId, Timestamp};
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, EndReason, JoinRefusal, MAX_DELAY_MINUTES, ServerMessage, Stage,
};

use crate::connection::{Place, Seated};
use crate::io::{CommitFailure, Decision, Record};
use crate::limits::NOTIFY_AGAIN_PAUSE;
use crate::room::{Participant, Room, Seat};
use crate::signaling::{Pending, Signaling};

impl Signaling {
    pub(crate) fn room_message(&mut self, seated: Seated, message: ClientMessage) {
        let done = match message {
            ClientMessage::Join { .. } => return self.give_up(seated.connection, DisconnectCause::Misbehaved),
            ClientMessage::Ping { sequence } => {
                return self.send(seated.connection, ServerMessage::Pong { sequence });
            }
            ClientMessage::Offer { generation, ice_restart, sdp } => {
                return self.offer(seated, generation, ice_restart, sdp);
            }
            ClientMessage::EndToEnd { message } => return self.end_to_end(seated, &message),
            ClientMessage::Leave => {
                let farewell = ServerMessage::Ended { reason: EndReason::YouLeft };
                return self.end_connection(seated.connection, DisconnectCause::Left, Some(farewell));
            }
            ClientMessage::MediaState(media) => {
                self.follow_freeze(seated.room, seated.seat, media.frozen);
                self.change(seated, |participant| participant.media = media)
            }
            ClientMessage::DeviceCheck(check) => match seated.seat {
                Seat::Patient => self.change(seated, |participant| participant.device_check = Some(check)),
                Seat::Practitioner | Seat::Guest => Err(ActionRefusal::NotYours),
            },
            ClientMessage::NotifyAgain => self.notify_again(seated),
            ClientMessage::AnnounceDelay { appointment: None, minutes } => match seated.seat {
                Seat::Practitioner => self.announce_delay(seated.room, minutes),
                Seat::Patient | Seat::Guest => Err(ActionRefusal::NotYours),
            },
            ClientMessage::AnnounceDelay { appointment: Some(_), .. } => Err(ActionRefusal::NotYours),
            ClientMessage::Admit => self.admit(seated),
            ClientMessage::Refuse => self.refuse(seated),
            ClientMessage::End => self.end(seated),
            ClientMessage::AgreeToGuest { participant, agrees } => self.agree_to_guest(seated, participant, agrees),
            ClientMessage::AdmitGuest { participant } => self.admit_guest(seated, participant),
            ClientMessage::RemoveGuest { participant } => self.remove_guest(seated, participant),
        };
        if let Err(code) = done {
            self.send(seated.connection, ServerMessage::NotDone { code });
        }
    }

    pub(crate) fn desk_message(&mut self, connection: ConnectionId, message: ClientMessage) {
        match message {
            ClientMessage::Ping { sequence } => self.send(connection, ServerMessage::Pong { sequence }),
            ClientMessage::Leave => {
                let farewell = ServerMessage::Ended { reason: EndReason::YouLeft };
                self.end_connection(connection, DisconnectCause::Left, Some(farewell));
            }
            ClientMessage::AnnounceDelay { appointment: Some(appointment), minutes } => {
                let done = match self.watched_room(connection, appointment) {
                    Some(room) => self.announce_delay(room, minutes),
                    None => Err(ActionRefusal::NobodyThere),
                };
                if let Err(code) = done {
                    self.send(connection, ServerMessage::NotDone { code });
                }
            }
            ClientMessage::AnnounceDelay { appointment: None, .. }
            | ClientMessage::DeviceCheck(_)
            | ClientMessage::NotifyAgain
            | ClientMessage::Admit
            | ClientMessage::Refuse
            | ClientMessage::Offer { .. }
            | ClientMessage::MediaState(_)
            | ClientMessage::EndToEnd { .. }
            | ClientMessage::AgreeToGuest { .. }
            | ClientMessage::AdmitGuest { .. }
            | ClientMessage::RemoveGuest { .. }
            | ClientMessage::End => {
                self.send(connection, ServerMessage::NotDone { code: ActionRefusal::NotYours });
            }
            ClientMessage::Join { .. } => self.give_up(connection, DisconnectCause::Misbehaved),
        }
    }

    /// Carries a commit's effect out.
    pub(crate) fn committed(&mut self, commit: u64, at: Timestamp) {
        match self.commits.remove(&commit) {
            None => {}
            Some(Pending::Entry { connection, from, claims, take_over }) => {
                self.entry_written(connection, from, claims, take_over);
            }
            Some(Pending::Attestation { seated, leaf_key }) => self.attested(seated, leaf_key),
            Some(Pending::GuestAnswer { room, participant, agrees }) => self.guest_answered(room, participant, agrees),
            Some(Pending::GuestAdmission { seated, participant }) => self.guest_admitted(commit, seated, participant),
            Some(Pending::Admission(seated)) => {
                if let Some(room) = self.decided(commit, seated) {
                    room.scope.admitted_at = Some(at);
                    self.publish(seated.room);
                }
            }
            Some(Pending::Refusal(seated)) => {
                let stands = self.decided(commit, seated).is_some();
                if stands {
                    self.send_patient_away(seated.room);
                }
            }
            Some(Pending::End { seated, consultation }) => {
                self.decided(commit, seated);
                // Storage holds the end, whoever is still there.
                self.end_consultation(consultation, EndReason::EndedByPractitioner);
            }
        }
    }

    pub(crate) fn commit_failed(&mut self, commit: u64, failure: CommitFailure) {
        match self.commits.remove(&commit) {
            None => {}
            Some(Pending::Entry { connection, from, claims, .. }) => match failure {
                CommitFailure::TicketUsed => self.refuse_unwritten(connection, &claims, JoinRefusal::TicketReplayed),
                CommitFailure::Revoked => self.refuse_unwritten(connection, &claims, JoinRefusal::TicketExpired),
                CommitFailure::Unknown => self.entry_not_written(connection, from, &claims),
            },
            Some(Pending::Attestation { seated, .. }) => self.not_attested(seated),
            Some(Pending::GuestAnswer { room, .. }) => self.not_recorded(room, Seat::Patient),
            Some(
                Pending::Admission(seated)
                | Pending::Refusal(seated)
                | Pending::End { seated, .. }
                | Pending::GuestAdmission { seated, .. },
            ) => {
                self.decided(commit, seated);
                self.not_recorded(seated.room, seated.seat);
            }
        }
    }

    fn not_recorded(&mut self, room: RoomId, seat: Seat) {
        if let Some(connection) = self.connection_at(room, seat) {
            self.send(connection, ServerMessage::NotDone { code: ActionRefusal::NotRecorded });
        }
    }

    /// Frees the room for the next decision, and gives it if it is still the room that was decided about.
    pub(crate) fn decided(&mut self, commit: u64, seated: Seated) -> Option<&mut Room> {
        let room = self.rooms.get_mut(&seated.room)?;
        if room.deciding != Some(commit) {
            return None;
        }
        room.deciding = None;
        Some(room)
    }

    fn admit(&mut self, seated: Seated) -> Result<(), ActionRefusal> {
        let room = self.deciding_room(seated)?;
        let patient_is_here = room.patient.as_ref().and_then(Participant::connection).is_some();
        if room.stage() == Stage::Open {
            return Err(ActionRefusal::AlreadyDone);
        }
        if !patient_is_here || room.scope.consent_given_at.is_none() {
            return Err(ActionRefusal::NobodyThere);
        }
        self.decide(seated, Record::Admission, Pending::Admission);
        Ok(())
    }

    fn refuse(&mut self, seated: Seated) -> Result<(), ActionRefusal> {
        let room = self.deciding_room(seated)?;
        if room.stage() == Stage::Open {
            return Err(ActionRefusal::AlreadyDone);
        }
        if room.patient.is_none() {
            return Err(ActionRefusal::NobodyThere);
        }
        self.decide(seated, Record::Refusal, Pending::Refusal);
        Ok(())
    }

    fn end(&mut self, seated: Seated) -> Result<(), ActionRefusal> {
        let consultation = self.deciding_room(seated)?.scope.consultation;
        self.decide(seated, Record::End, |seated| Pending::End { seated, consultation });
        Ok(())
    }

    /// Gives the room to its practitioner, unless a decision about it is being written.
    pub(crate) fn deciding_room(&self, seated: Seated) -> Result<&Room, ActionRefusal> {
        if seated.seat != Seat::Practitioner {
            return Err(ActionRefusal::NotYours);
        }
        let room = self.rooms.get(&seated.room).ok_or(ActionRefusal::NobodyThere)?;
        if room.deciding.is_some() { Err(ActionRefusal::AlreadyDone) } else { Ok(room) }
    }

    fn decide(&mut self, seated: Seated, record: fn(Decision) -> Record, pending: impl FnOnce(Seated) -> Pending) {
        let Some(scope) = self.rooms.get(&seated.room).map(|room| room.scope.clone()) else { return };
        let decision = Decision { by: scope.practitioner, scope, at: self.now };
        let commit = self.commit(record(decision), pending(seated));
        if let Some(room) = self.rooms.get_mut(&seated.room) {
            room.deciding = Some(commit);
        }
    }

    fn send_patient_away(&mut self, room: RoomId) {
        if let Some(patient) = self.connection_at(room, Seat::Patient) {
            let farewell = ServerMessage::Ended { reason: EndReason::RefusedByPractitioner };
            self.end_connection(patient, DisconnectCause::Ended, Some(farewell));
        }
        self.remove_participant(room, Seat::Patient);
        self.publish(room);
    }

    fn change(&mut self, seated: Seated, change: impl FnOnce(&mut Participant)) -> Result<(), ActionRefusal> {
        if let Some(participant) = self.rooms.get_mut(&seated.room).and_then(|room| room.seat_mut(seated.seat).as_mut())
        {
            change(participant);
        }
        self.publish(seated.room);
        Ok(())
    }

    fn notify_again(&mut self, seated: Seated) -> Result<(), ActionRefusal> {
        let now = self.now;
        let room = self.rooms.get_mut(&seated.room).ok_or(ActionRefusal::NobodyThere)?;
        let appointment = room.scope.appointment;
        let stage = room.stage();
        let patient = match seated.seat {
            Seat::Patient => room.patient.as_mut().ok_or(ActionRefusal::NobodyThere)?,
            Seat::Practitioner | Seat::Guest => return Err(ActionRefusal::NotYours),
        };
        if stage == Stage::Open {
            return Err(ActionRefusal::AlreadyDone);
        }
        if patient.notified_at.is_some_and(|at| now.since(at) < NOTIFY_AGAIN_PAUSE) {
            return Err(ActionRefusal::TooMany);
        }
        let desks = self.desks_of(seated.room);
        if desks.is_empty() {
            return Err(ActionRefusal::NobodyThere);
        }
        if let Some(patient) = self.rooms.get_mut(&seated.room).and_then(|room| room.patient.as_mut()) {
            patient.notified_at = Some(now);
        }
        for desk in desks {
            self.send(desk, ServerMessage::PatientCallsAgain { appointment });
        }
        Ok(())
    }

    fn announce_delay(&mut self, room: RoomId, minutes: u16) -> Result<(), ActionRefusal> {
        let Some(announced) = self.rooms.get_mut(&room) else { return Err(ActionRefusal::NobodyThere) };
        if announced.stage() == Stage::Open {
            return Err(ActionRefusal::AlreadyDone);
        }
        let patient = announced.patient.as_ref().ok_or(ActionRefusal::NobodyThere)?.connection();
        announced.delay_minutes = minutes.min(MAX_DELAY_MINUTES);
        let minutes = announced.delay_minutes;
        if let Some(patient) = patient {
            self.send(patient, ServerMessage::DelayAnnounced { minutes });
        }
        self.publish(room);
        Ok(())
    }

    fn watched_room(&self, desk: ConnectionId, appointment: AppointmentId) -> Option<RoomId> {
        let Place::Desk { who, practitioners } = &self.connections.get(desk)?.place else { return None };
        self.rooms
            .values()
            .find(|room| {
                room.scope.appointment == appointment
                    && room.practice == who.practice
                    && practitioners.contains(&room.scope.practitioner)
            })
            .map(Room::id)
    }
}
