//! What one service asks for, in the words of the one that gives it.

use std::net::IpAddr;
use std::sync::OnceLock;

use async_trait::async_trait;
use colloque_attestation::{Attestation, Statement};
use colloque_consultation::{Announcements, Consultation, InvitationFaceError, RecordedEntry};
use colloque_ids::{ConsultationId, DocumentId, GuestId, InvitationId, PeerId, RoomId, StaffId, Timestamp};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::http::patient::InvitationFace;
use colloque_protocol::ticket::RoomScope;
use colloque_sfu::{ConnectPeerError, Link, Sfu, SfuEvent};
use colloque_signaling::{
    Attestor, ConnectMediaError, Entered, Entry, MediaAnswer, MediaEvent, MediaPlane, NotRecorded, PeerLink, Records,
    Signaling,
};
use tracing::{debug, error, warn};

use crate::web::{FaceUnavailable, InvitationFaces};

/// When a page asks again for what storage could not give, in seconds.
const STORAGE_RETRY_AFTER_S: u32 = 5;

/// Carries the consultation service's news to signaling, which starts after it.
#[derive(Default)]
pub struct Herald(OnceLock<Signaling>);

impl Herald {
    /// Names the signaling that is told from now on.
    pub fn announce_to(&self, signaling: Signaling) {
        // A second signaling in one process would be a mistake of the caller, and the first one stays right.
        let _ = self.0.set(signaling);
    }
}

impl Announcements for Herald {
    fn document_ready(&self, consultation: ConsultationId, document: DocumentId) {
        if let Some(signaling) = self.0.get() {
            signaling.document_ready(consultation, document);
        }
    }

    fn appointment_changed(&self, consultation: ConsultationId) {
        if let Some(signaling) = self.0.get() {
            signaling.appointment_changed(consultation);
        }
    }

    fn consultation_ended(&self, consultation: ConsultationId) {
        if let Some(signaling) = self.0.get() {
            signaling.consultation_ended(consultation);
        }
    }

    fn staff_ended(&self, staff: StaffId) {
        if let Some(signaling) = self.0.get() {
            signaling.staff_signed_out(staff);
        }
    }

    fn patient_signed_out(&self, consultation: ConsultationId) {
        if let Some(signaling) = self.0.get() {
            signaling.patient_signed_out(consultation);
        }
    }

    fn guest_withdrawn(&self, consultation: ConsultationId, guest: GuestId) {
        if let Some(signaling) = self.0.get() {
            signaling.guest_withdrawn(consultation, guest);
        }
    }

    fn consent_withdrawn(&self, consultation: ConsultationId) {
        if let Some(signaling) = self.0.get() {
            signaling.consent_withdrawn(consultation);
        }
    }
}

/// The consultation service's records, for signaling.
pub struct JournaledRecords(pub colloque_consultation::Records);

#[async_trait]
impl Records for JournaledRecords {
    async fn record(&self, event: ConnectionEvent) -> Result<(), NotRecorded> {
        self.0.record(event).await.map_err(not_recorded)
    }

    async fn enter(&self, Entry { event, ticket, expires_at }: Entry) -> Result<Entered, NotRecorded> {
        Ok(match self.0.enter(event, ticket, expires_at).await.map_err(not_recorded)? {
            RecordedEntry::Written => Entered::Written,
            RecordedEntry::TicketUsed => Entered::TicketUsed,
            RecordedEntry::Revoked => Entered::Revoked,
        })
    }

    async fn admit(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<Timestamp, NotRecorded> {
        self.0.admit(scope, by, at).await.map_err(not_recorded)
    }

    async fn refuse_patient(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<(), NotRecorded> {
        self.0.refuse_patient(scope, by, at).await.map_err(not_recorded)
    }

    async fn end(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<(), NotRecorded> {
        self.0.end(scope, by, at).await.map_err(not_recorded)
    }
}

impl Attestor for JournaledRecords {
    fn attest(&self, statement: &Statement) -> Attestation {
        self.0.attest(statement)
    }
}

fn not_recorded(source: impl std::error::Error + Send + Sync + 'static) -> NotRecorded {
    NotRecorded { source: Box::new(source) }
}

/// The media plane's workers, for signaling.
pub struct MediaWorkers(pub Sfu);

impl MediaPlane for MediaWorkers {
    fn connect(&self, room: RoomId, peer: PeerId, offer: String, ice_restart: bool) -> MediaAnswer {
        match ice_restart {
            true => answer_of(room, peer, self.0.restart_ice(room, peer, offer)),
            false => answer_of(room, peer, self.0.connect_peer(room, peer, offer)),
        }
    }

    fn gate(&self, room: RoomId, is_open: bool) {
        self.0.gate_room(room, is_open);
    }

    fn disconnect(&self, room: RoomId, peer: PeerId) {
        self.0.disconnect_peer(room, peer);
    }
}

fn answer_of(
    room: RoomId,
    peer: PeerId,
    answer: impl Future<Output = Result<String, ConnectPeerError>> + Send + 'static,
) -> MediaAnswer {
    Box::pin(async move { answer.await.map_err(|error| refusal(room, peer, &error)) })
}

fn refusal(room: RoomId, peer: PeerId, error: &ConnectPeerError) -> ConnectMediaError {
    use colloque_sfu::RefusePeerError;
    match error {
        ConnectPeerError::Refused(RefusePeerError::Offer(cause)) => {
            debug!(room.id = %room, peer.id = %peer, "offer of peer {peer} is refused: {cause}");
            ConnectMediaError::Unacceptable
        }
        ConnectPeerError::Refused(
            RefusePeerError::RoomFull
            | RefusePeerError::ServerFull
            | RefusePeerError::NotContinuing
            | RefusePeerError::UnknownPeer,
        )
        | ConnectPeerError::Overloaded
        | ConnectPeerError::Stopped => {
            warn!(room.id = %room, peer.id = %peer, "peer {peer} is not connected: {error}");
            ConnectMediaError::Unavailable
        }
    }
}

/// Says what happens to a peer in signaling's words.
///
/// Layers are for rooms of more than two, which signaling does not open: two people send one encoding each.
pub fn media_event(event: SfuEvent) -> Option<MediaEvent> {
    Some(match event {
        SfuEvent::PeerConnected { peer, .. } | SfuEvent::PeerRecovered { peer, .. } => MediaEvent::Connected { peer },
        SfuEvent::PeerLost { peer, .. } => MediaEvent::Lost { peer },
        SfuEvent::PeerGone { peer, .. } => MediaEvent::Gone { peer },
        SfuEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille, .. } => {
            MediaEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille }
        }
        SfuEvent::LayersWanted { .. } => return None,
    })
}

/// Says how a link goes in signaling's words.
pub fn peer_link(link: Link) -> PeerLink {
    let thousandths = |share: f64| (share.clamp(0.0, 1.0) * 1_000.0) as u16;
    PeerLink {
        peer: link.peer,
        lost_sent: thousandths(link.lost_sent),
        lost_received: link.lost_received.map(thousandths),
        estimate_bps: link.estimate_bps,
        is_by_tcp: link.is_by_tcp,
    }
}

/// The consultation service's invitations, for the patient's page.
pub struct Faces(pub Consultation);

#[async_trait]
impl InvitationFaces for Faces {
    async fn face(&self, invitation: InvitationId, from: IpAddr) -> Result<Option<InvitationFace>, FaceUnavailable> {
        self.0.records().invitation_face(invitation, from).await.map_err(|error| match error {
            InvitationFaceError::Busy { retry_after_s } => FaceUnavailable { retry_after_s },
            InvitationFaceError::Storage(cause) => {
                error!(%invitation, "face of {invitation} cannot be read: {cause}");
                FaceUnavailable { retry_after_s: STORAGE_RETRY_AFTER_S }
            }
        })
    }
}
