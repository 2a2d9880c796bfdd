//! What a screen reads.

use colloque_ids::{DocumentId, ParticipantId, RoomId, Timestamp};
use colloque_protocol::IdentityCard;
use colloque_protocol::signaling::{ActionRefusal, EndReason, JoinRefusal, MediaState, OtherParty, Presence};

use crate::guests::GuestStep;
use crate::media::MediaPath;

/// All that a screen shows of a consultation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallView {
    /// Where this person stands.
    pub phase: Phase,
    /// The room, once in it.
    pub room: Option<RoomId>,
    /// This person in the room.
    pub participant: Option<ParticipantId>,
    /// What the other party sees of this person.
    pub you: Option<IdentityCard>,
    /// The other party, once verified.
    pub other: Option<OtherParty>,
    /// The third person, if there is one: the guest, or for the guest the patient.
    pub third: Option<OtherParty>,
    /// How far a guest is on their way in.
    pub guest: GuestStep,
    /// When the patient was admitted.
    pub admitted_at: Option<Timestamp>,
    /// Delay announced, in minutes; 0 when none.
    pub delay_minutes: u16,
    /// What is switched on here.
    pub local: MediaState,
    /// How this client's own media goes.
    pub media: MediaPath,
    /// Since when the signaling connection is gone; media may still flow.
    pub signaling_lost_since: Option<Timestamp>,
    /// Camera and microphone are held back, whatever `local` says.
    pub sending: Sending,
    /// Why pictures pause, if they do; the voice goes on.
    pub paused: Option<PausedBy>,
    /// Round trip of the signaling connection, in milliseconds, once measured.
    pub round_trip_ms: Option<u32>,
    /// A decision that was sent and not answered yet.
    pub deciding: Option<Decision>,
    /// The last action was not done, and why. Cleared by the next action.
    pub not_done: Option<ActionRefusal>,
    /// Documents issued while this page was open, in order.
    pub documents: Vec<DocumentId>,
}

impl CallView {
    /// What the other party switched on; nothing while they are not there.
    pub(crate) fn other_media(&self) -> MediaState {
        self.other.as_ref().map(|other| other.media).unwrap_or_default()
    }

    pub(crate) fn is_other_here(&self) -> bool {
        self.other.as_ref().is_some_and(|other| matches!(other.presence, Presence::Here { .. }))
    }
}

/// Where a person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing was started.
    #[default]
    Idle,
    /// On the way in, for the first time.
    Connecting,
    /// In the waiting room; for the practitioner: before the room, the patient may wait or not.
    Waiting,
    /// Patient: the practitioner calls. Media is being connected meanwhile.
    Called {
        /// When the call answers by itself; `None` while the page is hidden.
        answers_at: Option<Timestamp>,
    },
    /// In consultation.
    InCall,
    /// Cut off; being reconnected by itself.
    Reconnecting {
        /// Since when.
        since: Timestamp,
        /// Whether it lasts long enough to offer the person to act.
        can_retry: bool,
        /// Whether it lasts so long that the person should look for a better place.
        is_long: bool,
    },
    /// Over for this person. `Join` comes back where the server allows it.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// Not let in.
    Refused {
        /// Why.
        refusal: JoinRefusal,
        /// Whether another attempt follows by itself.
        retried: bool,
    },
    /// The session ended: the person proves who they are, then joins again.
    SignedOut,
    /// The browser has lost its key, or refuses to sign.
    CannotSign,
}

/// Whether camera and microphone are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sending {
    /// As switched on.
    AsSwitchedOn,
    /// Held back until the practitioner admits the patient: the peer connection is there, and nothing is sent on it.
    #[default]
    HeldUntilAdmitted,
    /// Held back until the called patient answers, because the page was hidden when the practitioner called.
    HeldUntilAnswered,
    /// Held back because nobody could end the call: signaling is gone, whether media flows or not.
    PausedForSafety,
}

/// Who paused pictures, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PausedBy {
    /// Nobody: this person's link is too weak. The person can bring them back.
    Link {
        /// Whether they come back by themselves once the link is good.
        returns: bool,
    },
    /// This person, who can bring them back.
    You,
    /// Nobody: the other person's link is too weak.
    OtherLink,
    /// The other person.
    Other,
}

/// A decision of the practitioner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// To admit the patient.
    Admit,
    /// Not to receive the patient now.
    Refuse,
    /// To end the consultation.
    End,
}
