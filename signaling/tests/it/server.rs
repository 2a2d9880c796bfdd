//! A signaling server on a free port, with the keys that its tickets and browsers use.

use std::collections::BTreeMap;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_ids::{
    AppointmentId, ConnectionId, ConsultationId, Id, PatientId, PeerId, PracticeId, RoomId, StaffId, TicketId,
    Timestamp,
};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::key::{BrowserKey, KeyThumbprint, join_proof_input};
use colloque_protocol::ticket::{Person, RoomScope, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use colloque_signaling::{
    Config, ConnectMediaError, Entered, Entry, Limits, MediaAnswer, MediaPlane, NotRecorded, Records, Signaling,
};
use colloque_test_support::Platform;
use tokio::sync::watch;

pub const ORIGIN: &str = "https://colloque.test";

/// Longest time that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap())
}

pub fn fresh<K>() -> Id<K> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Id::from_parts(now(), random)
}

/// What storage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Works,
    Fails,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    Event(ConnectionEvent),
    Admission(RoomId),
    Refusal(RoomId),
    End(RoomId),
}

/// Storage in memory.
pub struct Memory {
    pub written: watch::Sender<Vec<Written>>,
    pub mode: watch::Sender<Mode>,
    /// Writes about this room wait until it is none.
    pub hanging: watch::Sender<Option<RoomId>>,
    admitted: Mutex<BTreeMap<RoomId, Timestamp>>,
    used: Mutex<BTreeMap<TicketId, Option<ConnectionId>>>,
}

impl Memory {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            written: watch::Sender::new(Vec::new()),
            mode: watch::Sender::new(Mode::Works),
            hanging: watch::Sender::new(None),
            admitted: Mutex::default(),
            used: Mutex::default(),
        })
    }

    async fn write(&self, room: Option<RoomId>, written: Written) -> Result<(), NotRecorded> {
        let mut hanging = self.hanging.subscribe();
        let free = hanging.wait_for(|hanging| hanging.is_none() || *hanging != room).await;
        free.map_err(|error| NotRecorded { source: Box::new(error) })?;
        if *self.mode.borrow() == Mode::Fails {
            return Err(NotRecorded { source: "disk is full".into() });
        }
        self.written.send_modify(|all| all.push(written));
        Ok(())
    }

    pub async fn wait_for(&self, wanted: impl Fn(&Written) -> bool) {
        let mut written = self.written.subscribe();
        let found = written.wait_for(|all| all.iter().any(&wanted));
        tokio::time::timeout(PATIENCE, found).await.expect("storage never held it").unwrap();
    }

    pub fn admitted_at(&self, room: RoomId) -> Option<Timestamp> {
        self.admitted.lock().unwrap().get(&room).copied()
    }
}

#[async_trait]
impl Records for Memory {
    async fn record(&self, event: ConnectionEvent) -> Result<(), NotRecorded> {
        self.write(event.room.as_ref().map(|scope| scope.room), Written::Event(event)).await
    }

    async fn enter(&self, Entry { event, ticket, .. }: Entry) -> Result<Entered, NotRecorded> {
        let connection = event.connection;
        if self.used.lock().unwrap().get(&ticket).is_some_and(|used_by| *used_by != connection) {
            return Ok(Entered::TicketUsed);
        }
        self.record(event).await?;
        self.used.lock().unwrap().insert(ticket, connection);
        Ok(Entered::Written)
    }

    async fn admit(&self, scope: &RoomScope, _by: StaffId, at: Timestamp) -> Result<Timestamp, NotRecorded> {
        self.write(Some(scope.room), Written::Admission(scope.room)).await?;
        Ok(*self.admitted.lock().unwrap().entry(scope.room).or_insert(at))
    }

    async fn refuse_patient(&self, scope: &RoomScope, _by: StaffId, _at: Timestamp) -> Result<(), NotRecorded> {
        self.write(Some(scope.room), Written::Refusal(scope.room)).await
    }

    async fn end(&self, scope: &RoomScope, _by: StaffId, _at: Timestamp) -> Result<(), NotRecorded> {
        self.write(Some(scope.room), Written::End(scope.room)).await
    }
}

/// A media plane that answers each offer with its text, repeated.
#[derive(Default)]
pub struct Echo {
    pub answer_length: AtomicU64,
    pub connected: Mutex<Vec<PeerId>>,
    pub disconnected: Mutex<Vec<PeerId>>,
    pub gates: Mutex<Vec<bool>>,
}

impl MediaPlane for Echo {
    fn connect(&self, _room: RoomId, peer: PeerId, offer: String, _ice_restart: bool) -> MediaAnswer {
        if offer == "unacceptable" {
            return Box::pin(ready(Err(ConnectMediaError::Unacceptable)));
        }
        self.connected.lock().unwrap().push(peer);
        let length = usize::try_from(self.answer_length.load(Ordering::Relaxed)).unwrap();
        Box::pin(ready(Ok(format!("answer to {offer}{}", "-".repeat(length)))))
    }

    fn gate(&self, _room: RoomId, is_open: bool) {
        self.gates.lock().unwrap().push(is_open);
    }

    fn disconnect(&self, _room: RoomId, peer: PeerId) {
        self.disconnected.lock().unwrap().push(peer);
    }
}

pub struct Server {
    pub address: SocketAddr,
    pub signaling: Signaling,
    pub memory: Arc<Memory>,
    pub media: Arc<Echo>,
    ticket_key: Ed25519KeyPair,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Server {
    pub async fn start() -> Self {
        let ticket_key = Ed25519KeyPair::generate().unwrap();
        let (memory, media) = (Memory::new(), Arc::new(Echo::default()));
        let (address, signaling, serving) = serve(&ticket_key, &memory, &media, "127.0.0.1:0".parse().unwrap()).await;
        Self { address, signaling, memory, media, ticket_key, serving }
    }

    /// Stops, then starts again on the same port with nothing remembered but what storage holds.
    pub async fn restart(&mut self) {
        self.signaling.stop().await;
        self.serving.abort();
        let _ = (&mut self.serving).await;
        let (_, signaling, serving) = serve(&self.ticket_key, &self.memory, &self.media, self.address).await;
        self.signaling = signaling;
        self.serving = serving;
    }

    /// Signs a ticket.
    pub fn sign(&self, claims: &TicketClaims) -> String {
        claims.seal(|bytes| self.ticket_key.sign(bytes).as_ref().try_into().unwrap())
    }
}

async fn serve(
    ticket_key: &Ed25519KeyPair,
    memory: &Arc<Memory>,
    media: &Arc<Echo>,
    address: SocketAddr,
) -> (SocketAddr, Signaling, tokio::task::JoinHandle<()>) {
    let config = Config {
        ticket_public_key: ticket_key.public_key().as_ref().try_into().unwrap(),
        allowed_origins: vec![ORIGIN.to_owned()],
        trusted_proxies: vec![],
        limits: Limits::default(),
        turn: None,
    };
    let signaling =
        Signaling::new(config, Arc::<Memory>::clone(memory), Arc::<Echo>::clone(media), Arc::new(Platform::default()));
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = signaling.router().into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
    (address, signaling, serving)
}

/// A browser's key.
pub struct Browser {
    pair: EcdsaKeyPair,
    pub key: BrowserKey,
}

impl Browser {
    pub fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = BrowserKey::from_raw(pair.public_key().as_ref()).unwrap();
        Self { pair, key }
    }

    pub fn thumbprint(&self) -> KeyThumbprint {
        KeyThumbprint::from_digest(digest(&SHA256, self.key.thumbprint_input().as_bytes()).as_ref())
    }

    pub fn prove(&self, nonce: &str, ticket: &str) -> String {
        let proof = self.pair.sign(&SystemRandom::new(), &join_proof_input(nonce, ticket)).unwrap();
        URL_SAFE_NO_PAD.encode(proof)
    }
}

/// A booked consultation and its two people, each with a browser.
pub struct Booking {
    pub practice: PracticeId,
    pub scope: RoomScope,
    pub practitioner: Browser,
    pub patient: Browser,
}

impl Booking {
    pub fn new() -> Self {
        Self {
            practice: fresh(),
            scope: RoomScope {
                room: fresh(),
                consultation: fresh::<colloque_ids::kind::Consultation>() as ConsultationId,
                appointment: fresh::<colloque_ids::kind::Appointment>() as AppointmentId,
                practitioner: fresh::<colloque_ids::kind::Staff>() as StaffId,
                patient: fresh::<colloque_ids::kind::Patient>() as PatientId,
                consent_given_at: Some(now()),
                admitted_at: None,
                opens_at: now().before(Duration::from_secs(600)),
                closes_at: now().after(Duration::from_secs(3_600)),
            },
            practitioner: Browser::new(),
            patient: Browser::new(),
        }
    }

    pub fn browser(&self, role: Role) -> &Browser {
        if role == Role::Patient { &self.patient } else { &self.practitioner }
    }

    /// What a ticket of this person would say now.
    pub fn claims(&self, server: &Server, role: Role) -> TicketClaims {
        let mut scope = self.scope.clone();
        scope.admitted_at = server.memory.admitted_at(scope.room);
        let person = match role {
            Role::Patient => Person::Patient(scope.patient),
            _ => Person::Staff(scope.practitioner),
        };
        let now = now();
        TicketClaims {
            ticket: fresh::<colloque_ids::kind::Ticket>() as TicketId,
            practice: self.practice,
            person,
            role,
            card: IdentityCard {
                display_name: role.name().to_owned(),
                role,
                profession: None,
                rpps: None,
                verified_by: vec![AuthenticationMethod::InvitationLink, AuthenticationMethod::EmailCode],
            },
            key_thumbprint: self.browser(role).thumbprint(),
            scope: Scope::Room(scope),
            issued_at: now,
            expires_at: now.after(TICKET_LIFETIME),
        }
    }
}
