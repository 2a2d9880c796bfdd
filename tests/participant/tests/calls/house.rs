//! A real signaling server and a real media plane, with storage in memory and two people who have tickets.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use colloque_call::{Action, CallView, MediaPath, Phase, TicketFailure};
use colloque_ids::{Id, PeerId, PracticeId, RoomId, StaffId, Timestamp};
use colloque_participant::speech::Speech;
use colloque_participant::{Carrier, Identity, Participant, ParticipantOptions, Tickets};
use colloque_protocol::connection::ConnectionEvent;
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::ticket::{Person, RoomScope, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use colloque_sfu::{ConnectPeerError, Sfu, SfuConfig, SfuEvent};
use colloque_signaling::{
    Config, ConnectMediaError, Entered, Entry, Limits, MediaAnswer, MediaEvent, MediaPlane, NotRecorded, Records,
    Signaling,
};
use colloque_test_support::Platform;
use futures_util::TryFutureExt;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tracing::error;
use tracing_subscriber::EnvFilter;

const ORIGIN: &str = "https://colloque.test";
pub const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Longest time that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap())
}

fn fresh<K>() -> Id<K> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut random = [0; 10];
    random[2..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Id::from_parts(now(), random)
}

/// Storage that keeps admissions.
#[derive(Default)]
struct Memory {
    admitted: Mutex<BTreeMap<RoomId, Timestamp>>,
}

#[async_trait]
impl Records for Memory {
    async fn record(&self, _event: ConnectionEvent) -> Result<(), NotRecorded> {
        Ok(())
    }

    async fn enter(&self, _entry: Entry) -> Result<Entered, NotRecorded> {
        Ok(Entered::Written)
    }

    async fn admit(&self, scope: &RoomScope, _by: StaffId, at: Timestamp) -> Result<Timestamp, NotRecorded> {
        Ok(*self.admitted.lock().unwrap().entry(scope.room).or_insert(at))
    }

    async fn refuse_patient(&self, _scope: &RoomScope, _by: StaffId, _at: Timestamp) -> Result<(), NotRecorded> {
        Ok(())
    }

    async fn end(&self, _scope: &RoomScope, _by: StaffId, _at: Timestamp) -> Result<(), NotRecorded> {
        Ok(())
    }
}

/// The media plane for signaling, as in the product.
struct Plane(Sfu);

impl MediaPlane for Plane {
    fn connect(&self, room: RoomId, peer: PeerId, offer: String, ice_restart: bool) -> MediaAnswer {
        let refused = |error| match error {
            ConnectPeerError::Refused(cause) => {
                error!("the offer is refused: {cause}");
                ConnectMediaError::Unacceptable
            }
            ConnectPeerError::Overloaded | ConnectPeerError::Stopped => ConnectMediaError::Unavailable,
        };
        match ice_restart {
            true => Box::pin(self.0.restart_ice(room, peer, offer).map_err(refused)),
            false => Box::pin(self.0.connect_peer(room, peer, offer).map_err(refused)),
        }
    }

    fn gate(&self, room: RoomId, is_open: bool) {
        self.0.gate_room(room, is_open);
    }

    fn disconnect(&self, room: RoomId, peer: PeerId) {
        self.0.disconnect_peer(room, peer);
    }
}

/// The platform, as far as a call needs it.
pub struct House {
    signaling: SocketAddr,
    /// Port of the media plane.
    pub media_port: u16,
    desk: Arc<Desk>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

/// What stands for the consultation service: it signs tickets for one booking.
struct Desk {
    ticket_key: Ed25519KeyPair,
    memory: Arc<Memory>,
    practice: PracticeId,
    scope: RoomScope,
}

struct Door {
    desk: Arc<Desk>,
    role: Role,
}

#[async_trait]
impl Tickets for Door {
    async fn ticket(&self, key: &KeyThumbprint) -> Result<String, TicketFailure> {
        let mut scope = self.desk.scope.clone();
        scope.admitted_at = self.desk.memory.admitted.lock().unwrap().get(&scope.room).copied();
        let person = match self.role {
            Role::Patient => Person::Patient(scope.patient),
            _ => Person::Staff(scope.practitioner),
        };
        let now = now();
        let claims = TicketClaims {
            ticket: fresh(),
            practice: self.desk.practice,
            person,
            role: self.role,
            card: IdentityCard {
                display_name: self.role.name().to_owned(),
                role: self.role,
                profession: None,
                rpps: None,
                verified_by: vec![AuthenticationMethod::InvitationLink, AuthenticationMethod::EmailCode],
            },
            key_thumbprint: key.clone(),
            scope: Scope::Room(scope),
            issued_at: now,
            expires_at: now.after(TICKET_LIFETIME),
        };
        Ok(claims.seal(|bytes| self.desk.ticket_key.sign(bytes).as_ref().try_into().unwrap()))
    }
}

impl House {
    pub async fn open() -> Self {
        // Another test of this process may have been first.
        let _ = tracing_subscriber::fmt().with_env_filter(EnvFilter::from_default_env()).try_init();
        let door = TcpListener::bind((LOCAL, 0)).await.unwrap();
        let (sfu, mut events) = colloque_sfu::start(SfuConfig {
            bind: SocketAddr::new(LOCAL, 0),
            announce: vec![LOCAL],
            announce_tcp_ports: vec![door.local_addr().unwrap().port()],
            socket_buffer_bytes: 1 << 20,
            ..SfuConfig::default()
        })
        .unwrap();
        let media_port = sfu.local_addr().port();
        // The product's listener tells these connections from those of pages; here nobody opens a page.
        let gate = sfu.clone();
        let letting_in = tokio::spawn(async move {
            while let Ok((stream, from)) = door.accept().await {
                let gate = gate.clone();
                tokio::spawn(async move { gate.serve_stream(stream, from).await });
            }
        });
        let ticket_key = Ed25519KeyPair::generate().unwrap();
        let memory = Arc::new(Memory::default());
        let config = Config {
            ticket_public_key: ticket_key.public_key().as_ref().try_into().unwrap(),
            allowed_origins: vec![ORIGIN.to_owned()],
            trusted_proxies: vec![],
            limits: Limits::default(),
            turn: None,
        };
        let signaling =
            Signaling::new(config, Arc::<Memory>::clone(&memory), Arc::new(Plane(sfu)), Arc::new(Platform::default()));
        let listener = TcpListener::bind((LOCAL, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = signaling.router().into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        let telling = tokio::spawn(async move {
            while let Some(event) = events.recv().await {
                let event = match event {
                    SfuEvent::PeerConnected { peer, .. } | SfuEvent::PeerRecovered { peer, .. } => {
                        MediaEvent::Connected { peer }
                    }
                    SfuEvent::PeerLost { peer, .. } => MediaEvent::Lost { peer },
                    SfuEvent::PeerGone { peer, .. } => MediaEvent::Gone { peer },
                    SfuEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille, .. } => {
                        MediaEvent::LinkMeasured { peer, down_kbps, leaves_kbps, lost_permille }
                    }
                    SfuEvent::LayersWanted { .. } => continue,
                };
                signaling.media_event(event);
            }
        });
        let room: RoomId = fresh();
        let scope = RoomScope {
            room,
            consultation: room.same_as(),
            appointment: fresh(),
            practitioner: fresh(),
            patient: fresh(),
            consent_given_at: Some(now()),
            admitted_at: None,
            opens_at: now().before(Duration::from_secs(600)),
            closes_at: now().after(Duration::from_secs(3_600)),
        };
        let desk = Arc::new(Desk { ticket_key, memory, practice: fresh(), scope });
        Self { signaling: address, media_port, desk, tasks: vec![letting_in, serving, telling] }
    }

    /// What a person of this house needs to join.
    pub fn options(&self, role: Role) -> ParticipantOptions {
        let seed = if role == Role::Patient { 21 } else { 22 };
        ParticipantOptions {
            signaling: format!("ws://{}/ws", self.signaling),
            origin: ORIGIN.to_owned(),
            role,
            identity: Arc::new(Identity::new().unwrap()),
            identity_key: Platform::default().identity_key(),
            tickets: Arc::new(Door { desk: Arc::clone(&self.desk), role }),
            local: LOCAL,
            carrier: Carrier::Udp,
            media_through: None,
            speech: Speech::synthesize(seed, Duration::from_secs(20)),
            picture_bps: 500_000,
            seed,
        }
    }

    /// Lets both in: patient and practitioner, in the call, with media.
    pub async fn call(
        &self,
        patient: ParticipantOptions,
        practitioner: ParticipantOptions,
    ) -> (Participant, Participant) {
        let (patient, practitioner) = self.admit(patient, practitioner).await;
        for person in [&patient, &practitioner] {
            soon("voice and pictures come", async {
                while person.statistics().voice.packets == 0 || person.statistics().pictures.shown == 0 {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            })
            .await;
        }
        (patient, practitioner)
    }

    /// Lets both in: patient and practitioner, in the call.
    pub async fn admit(
        &self,
        patient: ParticipantOptions,
        practitioner: ParticipantOptions,
    ) -> (Participant, Participant) {
        let patient = Participant::join(patient).unwrap();
        let practitioner = Participant::join(practitioner).unwrap();
        reach(&patient, |view| view.phase == Phase::Waiting).await;
        reach(&practitioner, |view| view.other.is_some()).await;
        practitioner.act(Action::Admit);
        reach(&patient, |view| matches!(view.phase, Phase::Called { .. })).await;
        patient.act(Action::Answer);
        for person in [&patient, &practitioner] {
            reach(person, is_in_call).await;
        }
        (patient, practitioner)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

pub fn is_in_call(view: &CallView) -> bool {
    view.phase == Phase::InCall && view.media == MediaPath::Up
}

/// Waits until a person's screen shows what is wanted.
pub async fn reach(person: &Participant, wanted: impl FnMut(&CallView) -> bool) {
    let reached = timeout(PATIENCE, person.until(wanted)).await;
    assert!(reached.is_ok(), "in vain: {:#?}\n{:#?}", person.view(), person.statistics());
}

pub async fn soon(what: &str, happens: impl Future<Output = ()>) {
    assert!(timeout(PATIENCE, happens).await.is_ok(), "in vain: {what}");
}
