use std::net::IpAddr;

use colloque_attestation::Statement;
use colloque_ids::{ConnectionId, ConsultationId, DocumentId, GuestId, PeerId, RoomId, StaffId, TicketId, Timestamp};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::signaling::{ClientMessage, JoinRefusal, OfferRefusal, ServerMessage};
use colloque_protocol::ticket::{RoomScope, TicketClaims};

use crate::incidents::PeerLink;

/// Everything that can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A WebSocket opened.
    Opened {
        /// The connection.
        connection: ConnectionId,
        /// Where it comes from.
        from: IpAddr,
    },
    /// A connection presented a ticket whose signature is good, and proved that it holds the key that the ticket names.
    JoinVerified {
        /// The connection.
        connection: ConnectionId,
        /// What the ticket says.
        claims: Box<TicketClaims>,
        /// Whether it takes the place of the same person's other device.
        take_over: bool,
    },
    /// A connection presented something that is not good.
    JoinRefused {
        /// The connection.
        connection: ConnectionId,
        /// What is wrong: [`JoinRefusal::TicketInvalid`] or [`JoinRefusal::WrongVersion`].
        refusal: JoinRefusal,
    },
    /// A joined connection said something.
    Message {
        /// The connection.
        connection: ConnectionId,
        /// What it said.
        message: ClientMessage,
    },
    /// A connection ended, or must end. One that misbehaved or said nothing is told that it is given up.
    Lost {
        /// The connection.
        connection: ConnectionId,
        /// Why.
        cause: DisconnectCause,
    },
    /// Storage holds what [`Output::Commit`] gave it.
    Committed {
        /// The commit's number.
        commit: u64,
        /// The instant that storage kept; for an admission, when the patient was admitted first.
        at: Timestamp,
    },
    /// Storage does not hold it, or is not known to.
    CommitFailed {
        /// The commit's number.
        commit: u64,
        /// Why.
        failure: CommitFailure,
    },
    /// The media plane answered an offer.
    MediaAnswered {
        /// The room.
        room: RoomId,
        /// The peer.
        peer: PeerId,
        /// The offer's number.
        generation: u32,
        /// SDP.
        sdp: String,
    },
    /// The media plane did not accept an offer.
    MediaRefused {
        /// The peer.
        peer: PeerId,
        /// The offer's number.
        generation: u32,
        /// Why.
        refusal: OfferRefusal,
    },
    /// The media plane says how a peer goes.
    Media(MediaEvent),
    /// The media plane says how all links go: every few seconds.
    Links(Vec<PeerLink>),
    /// A document was issued.
    DocumentReady {
        /// In which consultation.
        consultation: ConsultationId,
        /// The document.
        document: DocumentId,
    },
    /// An appointment was moved or cancelled.
    AppointmentChanged {
        /// Its consultation.
        consultation: ConsultationId,
    },
    /// The consultation was ended elsewhere than in its room.
    ConsultationEnded {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// A member of the staff lost their sessions: their role or right to work changed, or their access was reset.
    StaffSignedOut {
        /// The person.
        staff: StaffId,
    },
    /// The patient of a consultation lost their sessions: the practice invited them anew.
    PatientSignedOut {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The patient withdrew their consent to a consultation.
    ConsentWithdrawn {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The practitioner took a guest's link back.
    GuestWithdrawn {
        /// The consultation.
        consultation: ConsultationId,
        /// The guest.
        guest: GuestId,
    },
    /// The server stops.
    Stop,
    /// [`crate::limits::TICK_INTERVAL`] passed.
    Tick,
}

/// How a peer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaEvent {
    /// Its packets arrive.
    Connected {
        /// The peer.
        peer: PeerId,
    },
    /// Nothing of it arrives for a moment, connectivity checks included.
    Lost {
        /// The peer.
        peer: PeerId,
    },
    /// The media plane has removed it.
    Gone {
        /// The peer.
        peer: PeerId,
    },
    /// How its link is.
    LinkMeasured {
        /// The peer.
        peer: PeerId,
        /// What it carries towards the peer, in thousands of bits per second.
        down_kbps: u32,
        /// What the links of the others leave of what the peer sends, in thousands of bits per second.
        leaves_kbps: u32,
        /// Packets lost on the worse of its two ways, in thousandths.
        lost_permille: u32,
    },
}

/// Everything that signaling asks for, to be done in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a message.
    Send {
        /// To whom.
        connection: ConnectionId,
        /// What.
        message: ServerMessage,
    },
    /// Sign a statement with the platform's identity key and send it: [`FromOthers::Attested`].
    ///
    /// [`FromOthers::Attested`]: colloque_protocol::end_to_end::FromOthers::Attested
    SendAttestation {
        /// To whom.
        connection: ConnectionId,
        /// What to sign.
        statement: Box<Statement>,
        /// Whether this person is to make the group.
        makes_group: bool,
    },
    /// Close a connection once what was sent to it has left. Nothing of it need be reported any more.
    Close {
        /// The connection.
        connection: ConnectionId,
    },
    /// Write to storage; answer by [`Input::Committed`] or [`Input::CommitFailed`]. The effect waits for the answer.
    Commit {
        /// The commit's number.
        commit: u64,
        /// What to write.
        record: Record,
    },
    /// Write to the journal what has happened already; nothing waits for it.
    Journal(ConnectionEvent),
    /// Negotiate media; answer by [`Input::MediaAnswered`] or [`Input::MediaRefused`].
    ConnectMedia {
        /// The room.
        room: RoomId,
        /// The peer, new unless ICE restarts.
        peer: PeerId,
        /// The offer's number.
        generation: u32,
        /// SDP.
        offer: String,
        /// Whether ICE restarts on a peer that exists.
        ice_restart: bool,
    },
    /// Open a room's media, or close them: peers connect before, and nothing passes between them. A room of the media plane begins
    /// closed whenever its first peer is made.
    GateMedia {
        /// The room.
        room: RoomId,
        /// Whether media pass from now on.
        is_open: bool,
    },
    /// Remove a peer, whether or not it ever connected.
    DisconnectMedia {
        /// The room.
        room: RoomId,
        /// The peer.
        peer: PeerId,
    },
}

/// What is written before it takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A person enters, by a ticket that nobody has entered by.
    Entry(Entry),
    /// The platform states whose an end-to-end key is.
    Attestation(ConnectionEvent),
    /// The patient answers about a guest, or the practitioner admits one.
    Guest(ConnectionEvent),
    /// The practitioner admits the patient.
    Admission(Decision),
    /// The practitioner does not receive the patient.
    Refusal(Decision),
    /// The practitioner ends the consultation.
    End(Decision),
}

/// An entry, and the ticket that it uses up: storage remembers it for every server and beyond a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is journaled.
    pub event: ConnectionEvent,
    /// The ticket.
    pub ticket: TicketId,
    /// Until when the ticket must be remembered: its end, on whichever server's clock.
    pub expires_at: Timestamp,
}

/// Why storage did not take a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFailure {
    /// It failed or said nothing, and may have written after all.
    Unknown,
    /// Somebody entered by the ticket before; nothing was written.
    TicketUsed,
    /// What the ticket was signed for does not stand any more; nothing was written.
    Revoked,
}

/// A decision of the practitioner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// About which room.
    pub scope: RoomScope,
    /// Who decided.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}
