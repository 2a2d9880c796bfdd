//! What signaling needs of the others.

use std::pin::Pin;

use async_trait::async_trait;
use colloque_attestation::{Attestation, Statement};
use colloque_ids::{PeerId, RoomId, StaffId, Timestamp};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::ticket::RoomScope;
use colloque_signaling_core::Entry;
use thiserror::Error;

/// Storage did not keep what it was given; whether it did after all is not known.
#[derive(Debug, Error)]
#[error("storage did not keep a record of signaling")]
pub struct NotRecorded {
    /// What storage says.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// What storage makes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Entered {
    /// It is written.
    Written,
    /// Another connection has entered by its ticket; nothing is written.
    TicketUsed,
    /// What its ticket was signed for does not stand any more: the session, the consent, the consultation. Nothing is written.
    Revoked,
}

/// The journal and the state of consultations.
///
/// Every call may come twice for one fact: signaling asks again when it has not learnt of a success.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// Writes a fact to the connection journal.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when it is not known to be written.
    async fn record(&self, event: ConnectionEvent) -> Result<(), NotRecorded>;

    /// Writes that a person enters, and that their ticket is used up, unless storage knows better.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when the entry is not known to be written.
    async fn enter(&self, entry: Entry) -> Result<Entered, NotRecorded>;

    /// Writes that the practitioner admitted the patient; gives the instant of the first admission.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when it is not known to be written.
    async fn admit(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<Timestamp, NotRecorded>;

    /// Writes that the practitioner did not receive the patient.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when it is not known to be written.
    async fn refuse_patient(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<(), NotRecorded>;

    /// Writes that the practitioner ended the consultation.
    ///
    /// # Errors
    ///
    /// [`NotRecorded`] when it is not known to be written.
    async fn end(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<(), NotRecorded>;
}

/// The platform's identity key.
pub trait Attestor: Send + Sync + 'static {
    /// Signs that a person holds an end-to-end key.
    fn attest(&self, statement: &Statement) -> Attestation;
}

/// Why an offer gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConnectMediaError {
    /// The offer is not one that the media plane can serve; the same offer never will be.
    #[error("offer cannot be served")]
    Unacceptable,
    /// The media plane is full or failing, or does not know the peer whose ICE restarts.
    #[error("media plane cannot serve an offer now")]
    Unavailable,
}

/// An answer of the media plane, in SDP, on its way.
///
/// # Errors
///
/// [`ConnectMediaError`] says whether another attempt can help.
pub type MediaAnswer = Pin<Box<dyn Future<Output = Result<String, ConnectMediaError>> + Send>>;

/// The media plane.
///
/// What is asked of it takes effect in the order of the calls, though nobody waits: a peer that leaves at once is gone, and a room
/// that opens for its first peer is open.
pub trait MediaPlane: Send + Sync + 'static {
    /// Takes an offer, in SDP, and gives the answer later. `peer` is new unless `ice_restart`.
    fn connect(&self, room: RoomId, peer: PeerId, offer: String, ice_restart: bool) -> MediaAnswer;

    /// Lets media pass in a room, or stops them; unknown rooms are ignored, and a room is closed when its first peer comes.
    fn gate(&self, room: RoomId, is_open: bool);

    /// Removes a peer, if there is one.
    fn disconnect(&self, room: RoomId, peer: PeerId);
}
