//! What signaling tells the consultation service of a connection, to be journaled.

use std::net::IpAddr;

use colloque_ids::{ConnectionId, GuestId, PracticeId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::{AuthenticationMethod, Role};
use crate::signaling::JoinRefusal;
use crate::ticket::{Person, RoomScope};

/// One fact of the connection journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionEvent {
    /// What happened.
    pub fact: ConnectionFact,
    /// When, by the server's clock.
    pub occurred_at: Timestamp,
    /// The WebSocket it happened on, if any.
    pub connection: Option<ConnectionId>,
    /// Where that WebSocket comes from.
    pub from: Option<IpAddr>,
    /// Who, when a ticket with a good signature said so.
    pub who: Option<ConnectedPerson>,
    /// The room and its consultation, when known.
    pub room: Option<RoomScope>,
}

/// A person whose ticket was good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectedPerson {
    /// The practice named by the ticket.
    pub practice: PracticeId,
    /// The person.
    pub person: Person,
    /// Their role.
    pub role: Role,
    /// How they were authenticated.
    pub verified_by: Vec<AuthenticationMethod>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ConnectionFact {
    /// A verified person entered the waiting room, or the room if already admitted.
    Joined,
    /// A person came back within the resume window.
    Resumed,
    /// Somebody was not let in.
    JoinRefused {
        /// Why.
        refusal: JoinRefusal,
    },
    /// The practitioner did not receive the patient.
    PatientRefused,
    /// Media flows for this person.
    MediaConnected,
    /// Media stopped without the person leaving.
    MediaLost,
    /// A connection ended.
    Disconnected {
        /// Why.
        cause: DisconnectCause,
    },
    /// The platform states that an end-to-end key is this person's.
    KeyAttested {
        /// Ed25519.
        leaf_key: [u8; 32],
    },
    /// This person compared the words on both screens.
    WordsCompared {
        /// Whether they are the same.
        same: bool,
    },
    /// The patient was asked whether a guest may take part, and answered.
    GuestAgreed {
        /// The guest.
        guest: GuestId,
        /// Whether they may.
        agrees: bool,
    },
    /// The practitioner let a guest into the call.
    GuestAdmitted {
        /// The guest.
        guest: GuestId,
    },
    /// The practitioner put a guest out, or did not let them in.
    GuestRemoved {
        /// The guest.
        guest: GuestId,
    },
    /// Something went wrong in a call that runs, and is over at the instant of the event.
    Incident {
        /// What.
        what: IncidentKind,
        /// For whom.
        side: Side,
        /// Since when.
        began_at: Timestamp,
    },
}

/// What can go wrong in a call: as the server sees it, but for [`IncidentKind::Frozen`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Neither sound nor picture passed.
    Cut,
    /// Much of what the person sent did not arrive.
    LossSent,
    /// Much of what was sent to the person did not arrive.
    LossReceived,
    /// The person's link carried little more than a voice.
    NarrowLink,
    /// The person's network let no UDP pass.
    Fallback,
    /// The other's picture stood still before the person, as their own browser says.
    Frozen,
}

impl IncidentKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Cut, Self::LossSent, Self::LossReceived, Self::NarrowLink, Self::Fallback, Self::Frozen];

    /// Stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::LossSent => "loss_sent",
            Self::LossReceived => "loss_received",
            Self::NarrowLink => "narrow_link",
            Self::Fallback => "fallback",
            Self::Frozen => "frozen",
        }
    }
}

/// One of the two parties of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The practitioner.
    Practitioner,
    /// The patient.
    Patient,
}

impl Side {
    /// Stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Practitioner => "practitioner",
            Self::Patient => "patient",
        }
    }
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectCause {
    /// The person left.
    Left,
    /// The practitioner ended the consultation for everybody.
    Ended,
    /// The browser closed the socket: closed tab, reload, sleep.
    SocketClosed,
    /// Nothing was heard for the heartbeat limit.
    TimedOut,
    /// The same person continued on another device.
    Replaced,
    /// The client broke the protocol or its limits.
    Misbehaved,
    /// The server stops.
    ServerStopped,
    /// The person's session was ended, or their consent withdrawn.
    SignedOut,
}
