//! The journal of connections and accesses: what happened, who did it, in which words it is read, in which bytes it is kept.
//!
//! An [`Entry`] is one fact. [`Entry::canonical`] writes the bytes that storage keeps beside the columns it searches, and that
//! later proofs are made of: they are written once and never written again from the columns. [`Entry::parse`] reads them back.
//! Patients appear by [`PatientPseudonym`] only, networks by [`NetworkPrefix`] only, and no entry has a free text.

mod actor;
mod codec;
mod detail;
mod entry;
mod event;
mod french;

pub use actor::{Actor, GuestRole, NetworkPrefix, ParsePseudonymError, PatientPseudonym, StaffRole};
pub use codec::ParseEntryError;
pub use detail::{
    AccessRefusal, CodeChannel, CodeRefusal, DisconnectCause, InvitationRefusal, JoinRefusal, Proof, SessionEnd,
    SignInFailure, SignInStage, ThrottleScope, TicketScope,
};
pub use entry::{Draft, Entry};
pub use event::{Event, Kind, Outcome};
