//! What goes in and out of the engine.

use colloque_ids::ParticipantId;
use thiserror::Error;
use zeroize::Zeroizing;

use super::content::Channel;
use crate::credential::VerifyMemberError;
use crate::frame::Epoch;
use crate::mls::PolicyError;

/// What the engine wants done.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Hand this to the server.
    Send(ToOthers),
    /// The view changed.
    Changed,
    /// Frames whose key was unknown may be tried again.
    KeysInstalled,
    /// A member said something.
    Said {
        /// Who.
        from: ParticipantId,
        /// On what channel.
        channel: Channel,
        /// What.
        bytes: Zeroizing<Vec<u8>>,
    },
    /// Somebody wanted to be let in and is not believed. Shown to the clinician: it may be an attack.
    NotBelieved {
        /// Who, by the server's word.
        participant: ParticipantId,
        /// Why not.
        error: VerifyMemberError,
    },
}

/// What the server passes on without understanding it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToOthers {
    /// Offers this member: to the clinicians of the room. The newest one counts.
    KeyPackage {
        /// MLS.
        package: Vec<u8>,
    },
    /// Changes the group: to everybody, in one order, and only if `epoch` is the newest. The server answers whether it is.
    Commit {
        /// Names the group.
        group: Vec<u8>,
        /// The epoch that it ends.
        epoch: Epoch,
        /// MLS, for those who are in the group.
        commit: Vec<u8>,
        /// MLS, for those who are let in.
        welcome: Option<Vec<u8>>,
        /// Who is let in.
        welcomed: Vec<ParticipantId>,
    },
    /// Says something: to everybody.
    Sealed {
        /// MLS.
        message: Vec<u8>,
    },
}

/// Why this person cannot take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// The statement is not about this key in this consultation, or not by this platform.
    #[error("platform has not stated this key")]
    NotAttested,
    /// Keys cannot be made.
    #[error("keys cannot be made")]
    Mls,
}

/// Why something that arrived was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TakeError {
    /// Not for this member, of another group or epoch, changed on the way, or there before.
    #[error("message is not for this member")]
    NotForUs,
    /// A member is not believed.
    #[error("a member is not believed")]
    NotBelieved(#[source] VerifyMemberError),
    /// A member did what they may not.
    #[error("a member did what they may not")]
    NotAllowed(#[source] PolicyError),
    /// What a member said has no meaning.
    #[error("message has no meaning")]
    Malformed,
}
