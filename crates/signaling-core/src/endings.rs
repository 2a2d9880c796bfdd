//! What ends a room, or one person's part in it, for a reason that its connections did not give.

use colloque_ids::{ConnectionId, ConsultationId, RoomId, StaffId};
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::signaling::{EndReason, ServerMessage};
use colloque_protocol::ticket::Person;

use crate::revocations::Revoked;
use crate::room::{Room, Seat};
use crate::signaling::Signaling;

impl Signaling {
    /// Ends a consultation's room for everybody.
    ///
    /// Remembered even when nobody is there: a ticket signed before would make the room anew, and open.
    pub(crate) fn end_consultation(&mut self, consultation: ConsultationId, reason: EndReason) {
        self.revoke(Revoked::Room(consultation));
        let Some(room) = self.room_of(consultation) else { return };
        for seat in Seat::ALL {
            self.end_seat(room, seat, DisconnectCause::Ended, reason);
        }
        self.publish(room);
    }

    /// Closes everything that a member of the staff has open, and every ticket that they hold.
    pub(crate) fn sign_staff_out(&mut self, staff: StaffId) {
        self.revoke(Revoked::Staff(staff));
        let theirs: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.who().is_some_and(|who| who.person == Person::Staff(staff)))
            .map(|(connection, _)| connection)
            .collect();
        for connection in theirs {
            let farewell = ServerMessage::Ended { reason: EndReason::SignedOut };
            self.end_connection(connection, DisconnectCause::SignedOut, Some(farewell));
        }
        // Somebody whose connection was lost a moment ago still sends sound and picture.
        let lost: Vec<RoomId> = self
            .rooms
            .values()
            .filter(|room| room.scope.practitioner == staff && room.practitioner.is_some())
            .map(Room::id)
            .collect();
        for room in lost {
            self.remove_participant(room, Seat::Practitioner);
            self.publish(room);
        }
    }

    /// Closes the patient's connection to a consultation, and every ticket to it that they hold.
    pub(crate) fn sign_patient_out(&mut self, consultation: ConsultationId) {
        self.end_patient(consultation, EndReason::SignedOut);
    }

    /// Ends the patient's part. Nothing is negotiated in the room until they consent again.
    pub(crate) fn withdraw_consent(&mut self, consultation: ConsultationId) {
        if let Some(room) = self.room_of(consultation).and_then(|room| self.rooms.get_mut(&room)) {
            room.scope.consent_given_at = None;
        }
        self.end_patient(consultation, EndReason::ConsentWithdrawn);
    }

    fn end_patient(&mut self, consultation: ConsultationId, reason: EndReason) {
        self.revoke(Revoked::PatientOf(consultation));
        let Some(room) = self.room_of(consultation) else { return };
        self.end_seat(room, Seat::Patient, DisconnectCause::SignedOut, reason);
        self.publish(room);
    }

    pub(crate) fn end_seat(&mut self, room: RoomId, seat: Seat, cause: DisconnectCause, reason: EndReason) {
        if let Some(connection) = self.connection_at(room, seat) {
            self.end_connection(connection, cause, Some(ServerMessage::Ended { reason }));
        }
        self.remove_participant(room, seat);
    }

    fn revoke(&mut self, revoked: Revoked) {
        self.revocations.note(revoked, self.now, self.limits.revocations);
    }
}
