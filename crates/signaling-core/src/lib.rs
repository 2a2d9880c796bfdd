//! Rooms, presence, admission and desks as one state machine: no socket, no clock, no storage.
//!
//! Journal before effect: entering, admitting, refusing and ending are given to storage by [`Output::Commit`], and take effect
//! once [`Input::Committed`] says that storage holds them; [`Input::CommitFailed`] undoes them. What happened by itself, such as a
//! lost connection, is given to the journal by [`Output::Journal`].
//!
//! Nobody negotiates media before the patient's consent is recorded, both parties have presented a good ticket, and the
//! practitioner's admission is written. A restarted server builds its rooms again from the tickets that come back.

mod bucket;
mod census;
mod check;
mod connection;
mod connections;
mod decisions;
mod end_to_end;
mod endings;
mod entry;
mod guests;
mod incidents;
mod io;
pub mod limits;
mod negotiation;
mod random;
mod revocations;
mod room;
mod signaling;
mod turn;
mod used_tickets;

pub use census::Census;
pub use incidents::PeerLink;
pub use io::{CommitFailure, Decision, Entry, Input, MediaEvent, Output, Record};
pub use limits::Limits;
pub use signaling::Signaling;
pub use turn::TurnServer;
