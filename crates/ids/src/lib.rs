//! Typed identifiers and instants, shared by every other crate.
//!
//! Each identifier is a version 7 UUID in a type of its own, so that an appointment can never be passed where a room is
//! meant. [`std::fmt::Display`] prints the **short form**, for logs; [`Id::full`] prints the **full form**, for storage and wires.

pub mod bytes;
mod id;
mod time;

pub use id::{Id, Kind, ParseIdError};
pub use time::Timestamp;

/// Declares one identifier: its marker kind, its alias and what it names.
macro_rules! identifiers {
    ($($(#[$doc:meta])* $alias:ident = $kind:ident, $prefix:literal;)*) => {
        /// The things that have an identifier.
        pub mod kind {
            $(
                $(#[$doc])*
                #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
                pub enum $kind {}
                impl crate::Kind for $kind {
                    const PREFIX: &'static str = $prefix;
                }
            )*
        }
        $($(#[$doc])* pub type $alias = Id<kind::$kind>;)*
    };
}

identifiers! {
    /// A practice: the controller of its data in the sense of the RGPD.
    PracticeId = Practice, "practice";
    /// A member of a practice's staff: practitioner, secretary or administrator.
    StaffId = Staff, "staff";
    /// A patient, as known by one practice.
    PatientId = Patient, "patient";
    /// A booked slot.
    AppointmentId = Appointment, "appointment";
    /// The medical act held in an appointment.
    ConsultationId = Consultation, "consultation";
    /// The invitation sent to a patient. Public: it is in the link, and it opens nothing without the secret.
    InvitationId = Invitation, "invitation";
    /// A prescription, all its versions together.
    PrescriptionId = Prescription, "prescription";
    /// One immutable stored document.
    DocumentId = Document, "document";
    /// A signed-in browser.
    SessionId = Session, "session";
    /// One entry of the journal.
    JournalEventId = JournalEvent, "event";
    /// A message to a patient or to a member of the staff.
    MessageId = Message, "message";
    /// A join ticket.
    TicketId = Ticket, "ticket";
    /// The media and signaling group of one consultation.
    RoomId = Room, "room";
    /// A person in a room.
    ParticipantId = Participant, "participant";
    /// A third person who is asked into one consultation.
    GuestId = Guest, "guest";
    /// One WebSocket.
    ConnectionId = Connection, "connection";
    /// One WebRTC transport at the SFU.
    PeerId = Peer, "peer";
    /// One HTTP request, shown to a client beside an error.
    RequestId = Request, "request";
}
