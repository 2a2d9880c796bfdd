//! The WebSocket shell around `colloque-signaling-core`: sockets, signatures, clock, storage and media plane of its rooms.
//!
//! One task decides for all rooms; it never waits. Each socket has a task of its own, which reads, parses and checks signatures,
//! and a bounded queue; each write to storage and each media negotiation runs beside, in order for each room.

mod caller;
mod clock;
mod connection;
mod hub;
mod meter;
mod ports;
mod recorder;
mod verify;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use colloque_ids::{ConsultationId, DocumentId, GuestId, StaffId};
use colloque_protocol::signaling::MAX_CLIENT_MESSAGE_BYTES;
use colloque_signaling_core::Input;
pub use colloque_signaling_core::{Entry, Limits, MediaEvent, PeerLink, TurnServer};
use prometheus_client::registry::Registry;
use tracing::debug;

use crate::hub::Hub;
pub use crate::ports::{Attestor, ConnectMediaError, Entered, MediaAnswer, MediaPlane, NotRecorded, Records};
pub use crate::verify::{Presented, TicketKey};

/// How signaling runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Ed25519 public key that the tickets are signed with.
    pub ticket_public_key: [u8; 32],
    /// Origins of the product's own pages, such as `https://example.org:8443`. Sockets of other pages are refused.
    pub allowed_origins: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// How much is held at once.
    pub limits: Limits,
    /// TURN server for people whose network lets only TLS pass.
    pub turn: Option<TurnServer>,
}

/// Handle on running signaling.
#[derive(Clone)]
pub struct Signaling {
    shared: Arc<Shared>,
}

struct Shared {
    ticket_key: TicketKey,
    allowed_origins: Vec<String>,
    trusted_proxies: Vec<IpAddr>,
    hub: Hub,
}

impl Signaling {
    /// Starts signaling without rooms. Must be called inside a tokio runtime.
    #[must_use]
    pub fn new(
        config: Config,
        records: Arc<dyn Records>,
        media: Arc<dyn MediaPlane>,
        attestor: Arc<dyn Attestor>,
    ) -> Self {
        let hub = Hub::start(config.limits, config.turn, records, media, attestor);
        Self {
            shared: Arc::new(Shared {
                ticket_key: TicketKey::new(config.ticket_public_key),
                allowed_origins: config.allowed_origins,
                trusted_proxies: config.trusted_proxies,
                hub,
            }),
        }
    }

    /// Gives the routes: `GET /ws`. Requests must carry `ConnectInfo<SocketAddr>` as an extension.
    pub fn router(&self) -> Router {
        Router::new().route("/ws", any(accept)).with_state(self.clone())
    }

    /// Adds what signaling counts to a registry. Numbers of connections and rooms are a second old at most.
    pub fn register_metrics(&self, registry: &mut Registry) {
        self.shared.hub.meter().register(registry);
    }

    /// Tells how a peer goes at the media plane.
    pub fn media_event(&self, event: MediaEvent) {
        self.shared.hub.notice(Input::Media(event));
    }

    /// Tells how all links of the media plane go: every few seconds.
    pub fn links(&self, links: Vec<PeerLink>) {
        self.shared.hub.notice(Input::Links(links));
    }

    /// Tells that a document was issued.
    pub fn document_ready(&self, consultation: ConsultationId, document: DocumentId) {
        self.shared.hub.notice(Input::DocumentReady { consultation, document });
    }

    /// Tells that an appointment was moved or cancelled: its room is closed.
    pub fn appointment_changed(&self, consultation: ConsultationId) {
        self.shared.hub.notice(Input::AppointmentChanged { consultation });
    }

    /// Tells that a consultation was ended elsewhere than in its room.
    pub fn consultation_ended(&self, consultation: ConsultationId) {
        self.shared.hub.notice(Input::ConsultationEnded { consultation });
    }

    /// Tells that a member of the staff lost their sessions: what they have open is closed.
    pub fn staff_signed_out(&self, staff: StaffId) {
        self.shared.hub.notice(Input::StaffSignedOut { staff });
    }

    /// Tells that the patient of a consultation lost their sessions: their connection is closed.
    pub fn patient_signed_out(&self, consultation: ConsultationId) {
        self.shared.hub.notice(Input::PatientSignedOut { consultation });
    }

    /// Tells that the practitioner took a guest's link back: whoever came by it leaves.
    pub fn guest_withdrawn(&self, consultation: ConsultationId, guest: GuestId) {
        self.shared.hub.notice(Input::GuestWithdrawn { consultation, guest });
    }

    /// Tells that the patient withdrew their consent: their part ends.
    pub fn consent_withdrawn(&self, consultation: ConsultationId) {
        self.shared.hub.notice(Input::ConsentWithdrawn { consultation });
    }

    /// Tells everybody that the server stops, writes what is left to write, and accepts nobody any more.
    ///
    /// Takes at most [`hub::STOP_LIMIT`].
    pub async fn stop(&self) {
        self.shared.hub.stop().await;
    }
}

/// What a socket reads at most: a little more than is accepted, so that a client that says a little too much is told so.
const MAX_READ_BYTES: usize = 2 * MAX_CLIENT_MESSAGE_BYTES;

async fn accept(
    State(signaling): State<Signaling>,
    headers: HeaderMap,
    extensions: Extensions,
    upgrade: WebSocketUpgrade,
) -> Response {
    let shared = signaling.shared;
    if !comes_from_our_page(&headers, &shared.allowed_origins) {
        debug!("refused a socket of another origin");
        return StatusCode::FORBIDDEN.into_response();
    }
    if shared.hub.is_stopping() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(from) = caller::address(&headers, &extensions, &shared.trusted_proxies) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    upgrade
        .max_message_size(MAX_READ_BYTES)
        .max_frame_size(MAX_READ_BYTES)
        .on_upgrade(async move |socket| connection::serve(socket, from, &shared.ticket_key, &shared.hub).await)
}

/// Browsers always name the page's origin when they open a socket, and scripts cannot change it.
fn comes_from_our_page(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) => allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()),
        (None, _) | (Some(_), Some(_)) => false,
    }
}
