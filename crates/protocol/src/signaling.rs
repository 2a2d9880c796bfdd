//! The messages of the signaling WebSocket: JSON texts, one message each: a name, or an object whose one key is the name.
//!
//! The server speaks first ([`ServerMessage::Challenge`]); the client answers with [`ClientMessage::Join`]; nothing else is
//! accepted before. One connection serves one ticket: a room, or the desk of a practice.

use std::time::Duration;

use colloque_ids::{AppointmentId, ConsultationId, DocumentId, ParticipantId, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::IdentityCard;
use crate::key::BrowserKey;

/// Version of these messages, sent in [`ClientMessage::Join`].
pub const SIGNALING_VERSION: u32 = 1;

/// Longest message accepted from a client, in bytes: an SDP offer of three media fits eight times, and so does a group's change that lets
/// people in.
pub const MAX_CLIENT_MESSAGE_BYTES: usize = 128 * 1024;

/// Pause between two heartbeats of a client.
///
/// Longer: a vanished phone is noticed later. Shorter: a waiting phone's radio sleeps less.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);

/// Silence after which the server gives a connection up.
pub const HEARTBEAT_LIMIT: Duration = Duration::from_secs(15);

/// How long a person who lost their connection may come back to the same place.
pub const RESUME_WINDOW: Duration = Duration::from_secs(600);

/// Longest delay that can be announced, in minutes.
pub const MAX_DELAY_MINUTES: u16 = 240;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientMessage {
    /// Presents a ticket. First message of a connection.
    Join {
        /// [`SIGNALING_VERSION`].
        version: u32,
        /// The ticket's text.
        ticket: String,
        /// The key whose thumbprint the ticket names.
        key: BrowserKey,
        /// ECDSA P-256 signature of [`crate::key::join_proof_input`], 64 bytes, base64url without padding.
        proof: String,
        /// Takes the place of the same person's other device.
        take_over: bool,
    },
    /// Says that the client is there. Answered with [`ServerMessage::Pong`].
    Ping {
        /// Echoed.
        sequence: u32,
    },
    /// Patient: what the checks before waiting found, shown to the practitioner.
    DeviceCheck(DeviceCheck),
    /// Patient: asks the practitioner's desk to ring again.
    NotifyAgain,
    /// Practitioner: admits the waiting patient.
    Admit,
    /// Practitioner: does not receive the patient now.
    Refuse,
    /// Practitioner, or desk: tells the waiting patient of a delay.
    AnnounceDelay {
        /// Whose patient, from a desk. Absent in a room, whose patient is meant.
        #[serde(default)]
        appointment: Option<AppointmentId>,
        /// Minutes, at most [`MAX_DELAY_MINUTES`]; 0 withdraws the announcement.
        minutes: u16,
    },
    /// Negotiates media. Nothing passes before the admission.
    Offer {
        /// Counts this client's offers; the answer carries the same number.
        generation: u32,
        /// Whether the offer restarts ICE on the peer connection of the offer before. Otherwise it comes from a new peer
        /// connection, which takes the place of the older one.
        #[serde(default)]
        ice_restart: bool,
        /// SDP.
        sdp: String,
    },
    /// Says what is switched on; relayed to the other party.
    MediaState(MediaState),
    /// Something for the other clients of the room, of which the server sees the order.
    EndToEnd {
        /// A [`crate::end_to_end::ToOthers`], which a page passes on for its worker.
        message: String,
    },
    /// Patient: says whether the guest who asks may take part. A *no* later on puts them out.
    AgreeToGuest {
        /// The guest, as [`RoomState::third`] names them.
        participant: ParticipantId,
        /// Whether they may.
        agrees: bool,
    },
    /// Practitioner: lets the guest into the call, once the patient agreed.
    AdmitGuest {
        /// The guest.
        participant: ParticipantId,
    },
    /// Practitioner: puts the guest out, or does not let them in.
    RemoveGuest {
        /// The guest.
        participant: ParticipantId,
    },
    /// Leaves; the room stays open.
    Leave,
    /// Practitioner: ends the consultation for everybody.
    End,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerMessage {
    /// First message of a connection: the nonce to sign.
    Challenge {
        /// 32 random bytes, base64url without padding.
        nonce: String,
    },
    /// The ticket opened a room.
    Joined {
        /// This person in this room; the same after a resume.
        participant: ParticipantId,
        /// The room.
        room: RoomId,
        /// What the other party sees of this person.
        you: IdentityCard,
        /// Where the room stands.
        state: RoomState,
    },
    /// The ticket opened a desk.
    DeskJoined {
        /// Everybody who waits or is in consultation now.
        queue: Vec<QueueEntry>,
    },
    /// The connection is refused; the server closes it.
    Refused {
        /// Why.
        code: JoinRefusal,
    },
    /// The room changed.
    Room {
        /// Where it stands now.
        state: RoomState,
    },
    /// Desk: an entry appeared or changed.
    QueueChanged {
        /// The entry, by appointment.
        entry: QueueEntry,
    },
    /// Desk: an entry left the queue.
    QueueLeft {
        /// Its appointment.
        appointment: AppointmentId,
    },
    /// Desk: a waiting patient asks again.
    PatientCallsAgain {
        /// Its appointment.
        appointment: AppointmentId,
    },
    /// The SFU's answer to an offer.
    Answer {
        /// The offer's number.
        generation: u32,
        /// SDP.
        sdp: String,
    },
    /// An offer was not accepted.
    OfferRefused {
        /// The offer's number.
        generation: u32,
        /// Why.
        code: OfferRefusal,
    },
    /// The SFU says how this client's own media goes.
    MediaPath {
        /// Whether packets flow.
        up: bool,
    },
    /// The SFU says how this client's link is: once measured, whenever it passes a step, and now and then while it is not good.
    Link {
        /// What it carries towards this client, in thousands of bits per second.
        down_kbps: u32,
        /// What the links of the others leave of what this client sends, in thousands of bits per second.
        leaves_kbps: u32,
        /// Packets lost on the worse of its two ways, in thousandths.
        lost_permille: u32,
    },
    /// The practitioner announced a delay.
    DelayAnnounced {
        /// Minutes; 0 withdraws the announcement.
        minutes: u16,
    },
    /// A document was issued for this patient in this consultation.
    DocumentReady {
        /// The document.
        document: DocumentId,
    },
    /// Something from the other clients of the room.
    EndToEnd {
        /// A [`crate::end_to_end::FromOthers`], which a page passes on to its worker.
        message: String,
    },
    /// A message was not acted on; the connection goes on.
    NotDone {
        /// Why.
        code: ActionRefusal,
    },
    /// The consultation is over for this connection; the server closes it.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// Answers a [`ClientMessage::Ping`].
    Pong {
        /// Echoed.
        sequence: u32,
    },
}

/// Where a room stands, for one of the people in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// Stage of the consultation.
    pub stage: Stage,
    /// The other party, once verified; for a guest, the practitioner.
    pub other: Option<OtherParty>,
    /// The third person, if there is one: the guest, or for the guest the patient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third: Option<OtherParty>,
    /// When the patient was admitted.
    pub admitted_at: Option<Timestamp>,
    /// Delay announced, in minutes; 0 when none.
    pub delay_minutes: u16,
    /// How this person's browser reaches the media plane where only TLS passes: the `iceServers` of an `RTCConfiguration`, as a text of
    /// JSON, which a browser hands to its own parser. Renewed while the connection lasts; absent without a TURN server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ice_servers: Option<String>,
}

/// Stage of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody was admitted yet.
    Waiting,
    /// The patient was admitted: media may be negotiated.
    Open,
}

/// Another person in the room, as this one sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherParty {
    /// The person in this room.
    pub participant: ParticipantId,
    /// The verified identity card.
    pub card: IdentityCard,
    /// Whether they are there.
    pub presence: Presence,
    /// What they switched on.
    pub media: MediaState,
    /// What their checks found, practitioners only.
    pub device_check: Option<DeviceCheck>,
    /// Of a guest: what the patient answered, once they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<bool>,
    /// Whether they take part in the call, or may as soon as it is open. A guest waits for the patient's consent and the practitioner.
    #[serde(default)]
    pub takes_part: bool,
}

/// Whether a person is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected.
    Here {
        /// Since when.
        since: Timestamp,
    },
    /// Connection lost; may come back.
    Lost {
        /// Since when.
        since: Timestamp,
    },
}

/// What a person switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MediaState {
    /// Microphone.
    pub microphone: bool,
    /// Camera.
    pub camera: bool,
    /// Whether it is the rear camera.
    pub rear_camera: bool,
    /// Screen share.
    pub screen: bool,
    /// Whether this person's browser lets cameras be sent, their own and the other's.
    #[serde(default)]
    pub pictures: Pictures,
    /// How this person's link is, once measured in the consultation.
    #[serde(default)]
    pub link: Option<LinkQuality>,
    /// How large this person's browser shows the other's camera: the shorter side, in device pixels, rounded to a step. Absent while
    /// nothing is known of it, and where all that a camera gives is shown. Whoever reads it takes any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_side_px: Option<u16>,
    /// Whether the other's picture stands still in this person's browser, though it is to be shown. Nobody is told; it is noted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
}

/// Whether a person's browser lets cameras be sent, both ways. Cameras are sent while neither side pauses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pictures {
    /// They are.
    #[default]
    Shown,
    /// They are, for a moment, to try whether the link carries them again; screens still say that they pause.
    Tried,
    /// Paused by the browser: this person's link is too weak.
    PausedByLink,
    /// Paused by the person.
    PausedByPerson,
}

/// How a person's link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinkQuality {
    /// How good.
    pub level: LinkLevel,
    /// What makes it no better.
    pub cause: LinkCause,
    /// By `cause`: packets lost in percent, round trip in milliseconds, or thousands of bits per second. 0 while it is good.
    pub figure: u32,
}

/// How good a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkLevel {
    /// Too little for pictures.
    Weak,
    /// Pictures are poorer.
    Fair,
    /// Nothing to remark.
    Good,
}

/// What makes a link no better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkCause {
    /// Packets get lost.
    Loss,
    /// It carries little.
    Rate,
    /// Answers come late.
    Delay,
}

/// What the checks before waiting found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCheck {
    /// A camera gives pictures.
    pub camera: bool,
    /// A microphone was given, and something was heard in it: false for a person who has not spoken yet.
    pub microphone: bool,
    /// Round trip of the signaling connection, in milliseconds.
    pub round_trip_ms: u32,
    /// Whether the network lets no media pass, as the transport of the waiting room found.
    #[serde(default)]
    pub media_blocked: bool,
}

/// One line of the waiting queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The appointment; its name and hour come from the day list.
    pub appointment: AppointmentId,
    /// The consultation.
    pub consultation: ConsultationId,
    /// Stage of the consultation.
    pub stage: Stage,
    /// When the patient arrived first.
    pub arrived_at: Timestamp,
    /// Whether the patient is there now.
    pub presence: Presence,
    /// What their checks found.
    pub device_check: Option<DeviceCheck>,
    /// Delay announced, in minutes; 0 when none.
    pub delay_minutes: u16,
}

/// Why a connection is not let in. The texts for people are in the frontend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinRefusal {
    /// Not a ticket, or its signature or proof of key is wrong.
    TicketInvalid,
    /// The ticket's minute is over: fetch another.
    TicketExpired,
    /// The ticket was used before: fetch another.
    TicketReplayed,
    /// The person named is neither the booked practitioner nor the booked patient.
    WrongPerson,
    /// The patient's consent is not recorded.
    ConsentMissing,
    /// The room opens later.
    TooEarly,
    /// The appointment's time is over.
    TooLate,
    /// The same person is there on another device: ask, then join with `take_over`.
    AlreadyElsewhere,
    /// The consultation is over.
    ConsultationOver,
    /// The client speaks another version: reload.
    WrongVersion,
    /// No room left: wait and try again.
    ServerFull,
    /// Something failed here: try again.
    ServerFailed,
}

/// Why an offer is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferRefusal {
    /// The patient has not agreed, or does not any more.
    NoConsent,
    /// The offer is not SDP that the SFU can serve.
    Unacceptable,
    /// The SFU is full or failing: try again.
    Unavailable,
}

/// Why a message was not acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionRefusal {
    /// The role does not allow it.
    NotYours,
    /// The other party is not there.
    NobodyThere,
    /// It was done before.
    AlreadyDone,
    /// It could not be recorded, so it was not done: try again.
    NotRecorded,
    /// Too many messages in a short time.
    TooMany,
}

/// Why a consultation is over for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The practitioner ended the consultation.
    EndedByPractitioner,
    /// The practitioner cannot receive the patient now.
    RefusedByPractitioner,
    /// This person left.
    YouLeft,
    /// This person continued on another device.
    ContinuedElsewhere,
    /// The appointment was moved or cancelled.
    AppointmentChanged,
    /// The server stops; join again in a moment.
    ServerStopping,
    /// Too much silence, or a broken protocol; join again.
    ConnectionGivenUp,
    /// This person's session was ended: they prove again who they are.
    SignedOut,
    /// This person withdrew their consent.
    ConsentWithdrawn,
}
