//! The service as a whole: what its parts share, how it starts, what it offers to the other parts of the process.

use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use colloque_ids::{ConsultationId, DocumentId, GuestId, StaffId, Timestamp};
use thiserror::Error;
use url::Url;
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::care::message::{Outbox, PrepareCourierError, dispatch};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::http::{Access, RequestLimits, RouteFace, Routes, frame};
use crate::records::{self, Records};
use crate::secrets::{Secrets, database_login};
use crate::session::{self, Familiar};
use crate::sign_in::{HashPasswordError, PasswordHashing, SignInLimits};
use crate::storage::{Caller, OpenStorageError, Storage, StorageError, Ways};
use crate::{account, care, journal, sign_in, staff};

/// How often sessions that are over are ended and journaled.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// What the consultation service tells signaling.
pub trait Announcements: Send + Sync + 'static {
    /// A document was issued, replaced or cancelled in a consultation.
    fn document_ready(&self, consultation: ConsultationId, document: DocumentId);
    /// The appointment of a consultation was moved or cancelled.
    fn appointment_changed(&self, consultation: ConsultationId);
    /// The practitioner ended a consultation from outside its room.
    fn consultation_ended(&self, _consultation: ConsultationId) {}
    /// A member of the staff lost their sessions: their role or right to work changed, or their access was reset.
    fn staff_ended(&self, _staff: StaffId) {}
    /// The patient of a consultation lost their sessions: the practice invited them anew.
    fn patient_signed_out(&self, _consultation: ConsultationId) {}
    /// The patient withdrew their consent to a consultation.
    fn consent_withdrawn(&self, _consultation: ConsultationId) {}
    /// The practitioner took a guest's link back: whoever came by it leaves.
    fn guest_withdrawn(&self, _consultation: ConsultationId, _guest: GuestId) {}
}

/// Why the service cannot start.
#[derive(Debug, Error)]
pub enum StartConsultationError {
    /// No origin was configured, so no link could be written.
    #[error("no origin is configured")]
    NoOrigin,
    /// The database cannot be opened.
    #[error("storage cannot be opened")]
    Storage(#[from] OpenStorageError),
    /// Messages cannot be sent as configured.
    #[error("messages cannot be sent as configured")]
    Messages(#[from] PrepareCourierError),
    /// The database does not take a write.
    #[error("storage does not take a write")]
    Prepare(#[from] StorageError),
    /// Passwords cannot be hashed.
    #[error("passwords cannot be hashed")]
    Hashing(#[from] HashPasswordError),
}

/// The consultation service. Cloning shares it.
#[derive(Clone)]
pub struct Consultation {
    shared: Arc<Shared>,
    caller: Caller,
}

struct Shared {
    config: Config,
    ways: Ways,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    announcements: Arc<dyn Announcements>,
    hashing: PasswordHashing,
    limits: SignInLimits,
    request_limits: RequestLimits,
    familiar: Familiar,
    webauthn: Option<Webauthn>,
    outbox: Outbox,
}

/// The service as seen by its own background work, which does not keep it alive.
pub(crate) struct WeakConsultation(Weak<Shared>);

impl WeakConsultation {
    /// Gives the service while it lives.
    pub(crate) fn upgrade(&self) -> Option<Consultation> {
        self.0.upgrade().map(Consultation::of)
    }
}

impl Consultation {
    /// Opens the database, brings it up to date and starts the housekeeping.
    ///
    /// # Errors
    ///
    /// - [`StartConsultationError::NoOrigin`] when `config` has none.
    /// - [`StartConsultationError::Messages`] when the mail server or the sender is not an address.
    /// - [`StartConsultationError::Storage`] when the database cannot be reached or brought up to date.
    /// - [`StartConsultationError::Prepare`] when it does not take a write.
    /// - [`StartConsultationError::Hashing`] when passwords cannot be hashed.
    pub async fn start(config: Config, announcements: Arc<dyn Announcements>) -> Result<Self, StartConsultationError> {
        Self::start_at(config, announcements, Arc::new(SystemClock)).await
    }

    /// Starts with a clock of the caller's.
    ///
    /// # Errors
    ///
    /// As [`Consultation::start`].
    pub async fn start_at(
        config: Config,
        announcements: Arc<dyn Announcements>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartConsultationError> {
        let service = Self::open_at(config, announcements, clock).await?;
        records::close_left_open(&service, service.now()).await?;
        tokio::spawn(keep_house(WeakConsultation(Arc::downgrade(&service.shared))));
        tokio::spawn(dispatch(WeakConsultation(Arc::downgrade(&service.shared))));
        Ok(service)
    }

    /// Opens the database and brings it up to date, without any housekeeping: for a command beside a platform that may be
    /// running, whose rooms have people in them and whose messages are its own to send.
    ///
    /// # Errors
    ///
    /// As [`Consultation::start`].
    pub async fn open(config: Config, announcements: Arc<dyn Announcements>) -> Result<Self, StartConsultationError> {
        Self::open_at(config, announcements, Arc::new(SystemClock)).await
    }

    async fn open_at(
        config: Config,
        announcements: Arc<dyn Announcements>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StartConsultationError> {
        if config.public_origin().is_empty() {
            return Err(StartConsultationError::NoOrigin);
        }
        let outbox = Outbox::new(&config.messages, config.demonstration)?;
        let login = database_login(&config.master_key);
        let ways = Storage::open(&config.database_url, config.database_connections, config.purpose(), &login).await?;
        let secrets = Secrets::new(&config.master_key);
        let (hashing, limits, webauthn) =
            (PasswordHashing::new()?, SignInLimits::new(), relying_party(&config.origins));
        let request_limits = RequestLimits::new();
        let shared = Shared {
            config,
            ways,
            secrets,
            clock,
            announcements,
            hashing,
            limits,
            request_limits,
            familiar: Familiar::new(),
            webauthn,
            outbox,
        };
        Ok(Self::of(Arc::new(shared)))
    }

    fn of(shared: Arc<Shared>) -> Self {
        Self { shared, caller: Caller::Known }
    }

    /// The same service, as strangers reach it: with their share of the connections to storage.
    pub(crate) fn for_strangers(&self) -> Self {
        Self { caller: Caller::Stranger, ..self.clone() }
    }

    /// The same service, as those reach it whom strangers do not hold back.
    pub(crate) fn for_known(&self) -> Self {
        Self { caller: Caller::Known, ..self.clone() }
    }

    /// Gives the HTTP routes, all below `/api`.
    pub fn router(&self) -> Router {
        frame(self, routes().build(self))
    }

    /// Gives the records to signaling.
    #[must_use]
    pub fn records(&self) -> Records {
        Records::new(self.clone())
    }

    /// The Ed25519 key that checks join tickets.
    #[must_use]
    pub fn ticket_public_key(&self) -> [u8; 32] {
        self.secrets().ticket_public_key()
    }

    /// Lets transactions under way end, then closes the connections to the database.
    pub async fn stop(&self) {
        self.shared.ways.known.close().await;
        self.shared.ways.strangers.close().await;
    }

    /// The present instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// What the service was told at start.
    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Storage, as whoever asks reaches it.
    pub(crate) fn storage(&self) -> &Storage {
        match self.caller {
            Caller::Known => &self.shared.ways.known,
            Caller::Stranger => &self.shared.ways.strangers,
        }
    }

    /// Keys.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }

    /// What sends messages.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.shared.outbox
    }

    /// What signaling is told.
    pub(crate) fn announcements(&self) -> &dyn Announcements {
        &*self.shared.announcements
    }

    /// The bounded pool that hashes passwords.
    pub(crate) fn hashing(&self) -> &PasswordHashing {
        &self.shared.hashing
    }

    /// Limits on attempts to sign in.
    pub(crate) fn limits(&self) -> &SignInLimits {
        &self.shared.limits
    }

    /// Limits on what somebody who is signed in may ask for.
    pub(crate) fn request_limits(&self) -> &RequestLimits {
        &self.shared.request_limits
    }

    /// Tokens that storage knew a moment ago.
    pub(crate) fn familiar(&self) -> &Familiar {
        &self.shared.familiar
    }

    /// The passkeys' relying party; none when the first origin's host cannot be one.
    pub(crate) fn webauthn(&self) -> Option<&Webauthn> {
        self.shared.webauthn.as_ref()
    }
}

/// Gives every route with its rule of access.
#[must_use]
pub fn route_faces() -> Vec<RouteFace> {
    routes().faces()
}

/// All routes, one line an area.
fn routes() -> Routes {
    Routes::new()
        .get("/api/health", Access::Anyone, || async { StatusCode::NO_CONTENT })
        .and(sign_in::routes())
        .and(account::routes())
        .and(staff::routes())
        .and(care::routes())
        .and(journal::routes())
}

/// Makes the passkeys' relying party of the first origin; an address of numbers cannot be one.
fn relying_party(origins: &[String]) -> Option<Webauthn> {
    let mut origins = origins.iter().filter_map(|origin| Url::parse(origin).ok());
    let first = origins.next()?;
    let host = first.domain()?.to_owned();
    let mut builder = WebauthnBuilder::new(&host, &first).ok()?.rp_name("Colloque");
    for other in origins.filter(|other| other.domain() == Some(&host)) {
        builder = builder.append_allowed_origin(&other);
    }
    builder.build().ok()
}

/// Ends what is over, as long as the service lives.
async fn keep_house(service: WeakConsultation) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let Some(service) = service.upgrade() else { return };
        if let Err(error) = session::sweep(&service, service.now()).await {
            tracing::warn!(%error, "sessions that are over could not be ended");
        }
    }
}
