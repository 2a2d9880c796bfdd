//! A third person on their way into a call: they ask, the patient agrees, the practitioner lets them in; each written before it takes effect.

use colloque_ids::{ConsultationId, GuestId, ParticipantId, RoomId};
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{ActionRefusal, EndReason, Stage};

use crate::connection::Seated;
use crate::io::{Output, Record};
use crate::room::{Guest, Participant, Seat};
use crate::signaling::{Pending, Signaling};

impl Signaling {
    /// Takes the patient's answer. Until then nobody can let the guest in, and a *no* later on puts them out.
    pub(crate) fn agree_to_guest(
        &mut self,
        seated: Seated,
        participant: ParticipantId,
        agrees: bool,
    ) -> Result<(), ActionRefusal> {
        if seated.seat != Seat::Patient {
            return Err(ActionRefusal::NotYours);
        }
        let guest = self.guest_of(seated.room, participant).ok_or(ActionRefusal::NobodyThere)?;
        // Before the call there is nothing to agree to.
        if !self.is_open(seated.room) {
            return Err(ActionRefusal::NobodyThere);
        }
        if guest.agreed == Some(agrees) {
            return Err(ActionRefusal::AlreadyDone);
        }
        let event = self.event_of(seated, ConnectionFact::GuestAgreed { guest: guest.id, agrees });
        let event = event.ok_or(ActionRefusal::NobodyThere)?;
        self.commit(Record::Guest(event), Pending::GuestAnswer { room: seated.room, participant, agrees });
        Ok(())
    }

    pub(crate) fn guest_answered(&mut self, room: RoomId, participant: ParticipantId, agrees: bool) {
        let Some(guest) = self.guest_mut(room, participant) else { return };
        guest.agreed = Some(agrees);
        if !agrees && guest.is_admitted {
            self.end_guest(room);
        }
        self.publish(room);
    }

    /// Lets a guest in to whom the patient agreed.
    pub(crate) fn admit_guest(&mut self, seated: Seated, participant: ParticipantId) -> Result<(), ActionRefusal> {
        self.deciding_room(seated)?;
        let guest = self.guest_of(seated.room, participant).ok_or(ActionRefusal::NobodyThere)?;
        if guest.is_admitted {
            return Err(ActionRefusal::AlreadyDone);
        }
        if guest.agreed != Some(true) || !self.is_open(seated.room) {
            return Err(ActionRefusal::NobodyThere);
        }
        let event = self.event_of(seated, ConnectionFact::GuestAdmitted { guest: guest.id });
        let event = event.ok_or(ActionRefusal::NobodyThere)?;
        let commit = self.commit(Record::Guest(event), Pending::GuestAdmission { seated, participant });
        if let Some(room) = self.rooms.get_mut(&seated.room) {
            room.deciding = Some(commit);
        }
        Ok(())
    }

    pub(crate) fn guest_admitted(&mut self, commit: u64, seated: Seated, participant: ParticipantId) {
        if self.decided(commit, seated).is_none() {
            return;
        }
        // Who withdrew their consent meanwhile has not given it.
        let Some(guest) = self.guest_mut(seated.room, participant).filter(|guest| guest.agreed == Some(true)) else {
            return;
        };
        guest.is_admitted = true;
        self.renew_turn_pass(seated.room, Seat::Guest);
        self.publish(seated.room);
    }

    /// Puts a guest out at once, or does not let them in; what is written of it waits for nothing.
    pub(crate) fn remove_guest(&mut self, seated: Seated, participant: ParticipantId) -> Result<(), ActionRefusal> {
        if seated.seat != Seat::Practitioner {
            return Err(ActionRefusal::NotYours);
        }
        let guest = self.guest_of(seated.room, participant).ok_or(ActionRefusal::NobodyThere)?;
        if let Some(event) = self.event_of(seated, ConnectionFact::GuestRemoved { guest: guest.id }) {
            self.put(Output::Journal(event));
        }
        self.end_guest(seated.room);
        self.publish(seated.room);
        Ok(())
    }

    /// Puts a guest out whose link was taken back; journaled where that was done.
    pub(crate) fn guest_withdrawn(&mut self, consultation: ConsultationId, guest: GuestId) {
        let Some(room) = self.room_of(consultation) else { return };
        let is_there =
            self.rooms.get(&room).and_then(|room| room.guest.as_ref()?.guest).is_some_and(|it| it.id == guest);
        if is_there {
            self.end_guest(room);
            self.publish(room);
        }
    }

    fn end_guest(&mut self, room: RoomId) {
        self.end_seat(room, Seat::Guest, DisconnectCause::Ended, EndReason::RefusedByPractitioner);
    }

    fn is_open(&self, room: RoomId) -> bool {
        self.rooms.get(&room).is_some_and(|room| room.stage() == Stage::Open)
    }

    fn guest_of(&self, room: RoomId, participant: ParticipantId) -> Option<Guest> {
        self.rooms.get(&room)?.guest.as_ref().filter(|guest| guest.id == participant)?.guest
    }

    fn guest_mut(&mut self, room: RoomId, participant: ParticipantId) -> Option<&mut Guest> {
        let guest: &mut Participant = self.rooms.get_mut(&room)?.guest.as_mut()?;
        if guest.id == participant { guest.guest.as_mut() } else { None }
    }
}
