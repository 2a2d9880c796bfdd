//! The services together, on a real PostgreSQL and over real sockets: what one signs the other admits, once and for a minute.

use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_consultation::demo::DemoPerson;
use colloque_consultation::{Clock, Config, Consultation, MasterKey, SystemClock, demo, seed_visit};
use colloque_ids::{PeerId, RoomId, Timestamp};
use colloque_protocol::http::patient::{
    CONSENT_TEXT_VERSION, GiveConsent, PatientStep, RedeemInvitation, SecondFactor, TicketIssued, TicketRequest,
};
use colloque_protocol::http::prescription::PrescriptionIssued;
use colloque_protocol::http::session::{PasswordSignIn, SignInStep, TotpCode};
use colloque_protocol::key::{BrowserKey, join_proof_input};
use colloque_protocol::signaling::{
    ClientMessage, EndReason, JoinRefusal, RoomState, SIGNALING_VERSION, ServerMessage, Stage,
};
use colloque_protocol::ticket::{RoomScope, Scope, UnverifiedTicket};
use colloque_protocol::{AuthenticationMethod, Role};
use colloque_sfu::{Link, Sfu, SfuConfig};
use colloque_signaling::{Limits, MediaAnswer, MediaEvent, MediaPlane, Signaling};
use colloque_test_support::{Client, TestCluster, TestDatabase};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::metrics::{Metrics, Requests};

use super::adapters::{Herald, JournaledRecords, MediaWorkers, peer_link};

const ORIGIN: &str = "https://localhost:8443";

/// Longest time that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// The machine's clock, set back by as many milliseconds.
struct SlowClock(AtomicI64);

impl Clock for SlowClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemClock.now().as_millis() - self.0.load(Ordering::SeqCst))
    }
}

/// The consultation service, signaling and the media plane as the program joins them.
struct House {
    database: TestDatabase,
    clock: Arc<SlowClock>,
    herald: Arc<Herald>,
    consultation: Consultation,
    sfu: Sfu,
}

impl House {
    async fn open(slow_by: Duration) -> Self {
        let database = TestCluster::shared().database();
        let config = Config {
            database_url: database.url.clone(),
            database_connections: 8,
            origins: vec![ORIGIN.to_owned()],
            trusted_proxies: vec![],
            master_key: MasterKey::from_bytes([42; 32]),
            messages: Default::default(),
            demonstration: true,
        };
        let clock = Arc::new(SlowClock(AtomicI64::new(i64::try_from(slow_by.as_millis()).unwrap())));
        let herald = Arc::new(Herald::default());
        let consultation = Consultation::start_at(config, Arc::clone(&herald) as _, Arc::clone(&clock) as _).await;
        let (sfu, _events) =
            colloque_sfu::start(SfuConfig { bind: (Ipv4Addr::LOCALHOST, 0).into(), ..SfuConfig::default() }).unwrap();
        Self { database, clock, herald, consultation: consultation.unwrap(), sfu }
    }

    /// Starts signaling, which remembers nothing, behind a port.
    async fn signaling(&self) -> (Signaling, SocketAddr) {
        self.signaling_with(Arc::new(MediaWorkers(self.sfu.clone()))).await
    }

    async fn signaling_with(&self, media: Arc<dyn MediaPlane>) -> (Signaling, SocketAddr) {
        let config = colloque_signaling::Config {
            ticket_public_key: self.consultation.ticket_public_key(),
            allowed_origins: vec![ORIGIN.to_owned()],
            trusted_proxies: vec![],
            limits: Limits::default(),
            turn: None,
        };
        let records = Arc::new(JournaledRecords(self.consultation.records()));
        let signaling = Signaling::new(config, Arc::clone(&records) as _, media, records);
        self.herald.announce_to(signaling.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let routes = signaling.router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (signaling, address)
    }

    fn client(&self) -> Client {
        Client::new(self.consultation.router())
    }

    fn psql(&self, statement: &str) -> String {
        TestCluster::shared().psql(&self.database.name, statement).trim().to_owned()
    }

    /// How often a kind is in the journal for a role.
    fn count(&self, kind: &str, role: &str) -> String {
        self.psql(&format!("SELECT count(*) FROM journal.event WHERE kind = '{kind}' AND actor_role = '{role}'"))
    }

    async fn practitioner(&self, person: &DemoPerson) -> Client {
        let mut client = self.client();
        let form = PasswordSignIn { email: person.email.clone(), password: person.password.clone() };
        let step: SignInStep = client.post("/api/session/password", &form).await.json();
        assert_eq!(step, SignInStep::Totp);
        let code = TotpCode { code: person.code_at(self.clock.now()) };
        let step: SignInStep = client.post("/api/session/totp", &code).await.json();
        assert_eq!(step, SignInStep::Done);
        client
    }

    /// A patient who followed the link, gave the code and consented.
    async fn patient(&self, link: &str) -> Client {
        let mut client = self.client();
        let (path, secret) = link.split_once('#').unwrap();
        let invitation = path.rsplit('/').next().unwrap();
        let redeem = RedeemInvitation { secret: secret.to_owned() };
        client.post(&format!("/api/invitations/{invitation}/redeem"), &redeem).await.ok();
        let step: PatientStep = client.post("/api/patient/second-factor", &self.mailed_code().await).await.json();
        assert_eq!(step, PatientStep::Done);
        client.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
        client
    }

    async fn mailed_code(&self) -> SecondFactor {
        let code_in = |message: &Value| {
            let (_, rest) = message["text"].as_str()?.split_once("Votre code est ")?;
            Some(rest.get(..6)?.to_owned())
        };
        let found = async {
            loop {
                let messages: Vec<Value> = self.client().get("/api/mailbox").await.json();
                if let Some(code) = messages.iter().find_map(code_in) {
                    return SecondFactor { code };
                }
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, found).await.expect("a code is sent")
    }
}

/// A browser's key.
struct Browser {
    pair: EcdsaKeyPair,
    key: BrowserKey,
}

impl Browser {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = BrowserKey::from_raw(pair.public_key().as_ref()).unwrap();
        Self { pair, key }
    }

    async fn ticket(&self, client: &mut Client, path: &str) -> String {
        let issued: TicketIssued = client.post(path, &TicketRequest { key: self.key.clone() }).await.json();
        issued.ticket
    }

    /// Opens a socket as our page does and presents a ticket there.
    async fn join(&self, address: SocketAddr, ticket: &str) -> Socket {
        let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
        request.headers_mut().insert("origin", ORIGIN.parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut socket = Socket(socket);
        let Some(ServerMessage::Challenge { nonce }) = socket.next().await else { panic!("no challenge") };
        let proof = self.pair.sign(&SystemRandom::new(), &join_proof_input(&nonce, ticket)).unwrap();
        let join = ClientMessage::Join {
            version: SIGNALING_VERSION,
            ticket: ticket.to_owned(),
            key: self.key.clone(),
            proof: URL_SAFE_NO_PAD.encode(proof),
            take_over: false,
        };
        socket.say(&join).await;
        socket
    }

    /// Joins and waits until it is in.
    async fn joined(&self, address: SocketAddr, ticket: &str) -> (Socket, RoomState) {
        let mut socket = self.join(address, ticket).await;
        match socket.next().await {
            Some(ServerMessage::Joined { state, .. }) => (socket, state),
            other => panic!("not joined but {other:?}"),
        }
    }

    /// Joins where that is refused; gives the reason.
    async fn refused(&self, address: SocketAddr, ticket: &str) -> JoinRefusal {
        let mut socket = self.join(address, ticket).await;
        let answer = socket.next().await;
        assert_eq!(socket.next().await, None, "the socket is closed");
        match answer {
            Some(ServerMessage::Refused { code }) => code,
            other => panic!("not refused but {other:?}"),
        }
    }
}

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn say(&mut self, message: &ClientMessage) {
        self.0.send(Message::text(serde_json::to_string(message).unwrap())).await.unwrap();
    }

    /// Gives the next message, none once the socket is closed.
    async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("the server says nothing") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(other)) => panic!("the server sent {other:?}"),
            }
        }
    }

    async fn wait_for<T>(&mut self, wanted: impl Fn(&ServerMessage) -> Option<T>) -> T {
        while let Some(message) = self.next().await {
            if let Some(found) = wanted(&message) {
                return found;
            }
        }
        panic!("closed before the message came");
    }

    /// Waits for a state of the room.
    async fn room(&mut self, wanted: impl Fn(&RoomState) -> bool) -> RoomState {
        let state_in = |message: &ServerMessage| {
            if let ServerMessage::Room { state } = message { Some(state.clone()) } else { None }
        };
        self.wait_for(|message| state_in(message).filter(&wanted)).await
    }

    async fn ended(&mut self) -> EndReason {
        self.wait_for(|message| if let ServerMessage::Ended { reason } = message { Some(*reason) } else { None }).await
    }
}

fn scope_of(ticket: &str) -> RoomScope {
    let claims = UnverifiedTicket::parse(ticket).unwrap().verify(|_, _| true).unwrap();
    match claims.scope {
        Scope::Room(scope) => scope,
        Scope::Desk { .. } => panic!("the ticket opens a room"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_of_one_service_open_the_rooms_of_the_other() {
    let house = House::open(Duration::from_secs(90)).await;
    let people = demo::seed(&house.consultation).await.unwrap().people;
    let visit = seed_visit(&house.consultation).await.unwrap();
    let claire = people.iter().find(|person| person.staff == visit.practitioner).unwrap();
    let mut patient = house.patient(&visit.link).await;
    let mut practitioner = house.practitioner(claire).await;
    let (phone, desk) = (Browser::new(), Browser::new());
    let (signaling, address) = house.signaling().await;

    // A ticket of a minute and a half ago is over, by signaling's own clock.
    let old = phone.ticket(&mut patient, "/api/patient/ticket").await;
    house.clock.0.store(0, Ordering::SeqCst);
    assert_eq!(phone.refused(address, &old).await, JoinRefusal::TicketExpired);

    let ticket = phone.ticket(&mut patient, "/api/patient/ticket").await;
    assert_eq!(desk.refused(address, &ticket).await, JoinRefusal::TicketInvalid, "another browser's key");
    let (mut waiting, state) = phone.joined(address, &ticket).await;
    assert_eq!((state.stage, state.other), (Stage::Waiting, None));
    assert_eq!(phone.refused(address, &ticket).await, JoinRefusal::TicketReplayed);

    let scope = scope_of(&ticket);
    let of_practitioner = format!("/api/consultations/{}", scope.consultation.full());
    let ticket_path = format!("{of_practitioner}/ticket");
    let ticket = desk.ticket(&mut practitioner, &ticket_path).await;
    let (mut receiving, state) = desk.joined(address, &ticket).await;
    let card = state.other.unwrap().card;
    assert_eq!(card.role, Role::Patient);
    assert_eq!(card.verified_by, [AuthenticationMethod::InvitationLink, AuthenticationMethod::EmailCode]);
    let state = waiting.room(|state| state.other.is_some()).await;
    assert_eq!(state.other.unwrap().card.display_name, claire.display_name);

    receiving.say(&ClientMessage::Admit).await;
    let admitted_at = waiting.room(|state| state.stage == Stage::Open).await.admitted_at.unwrap();
    // Whoever hears of the admission finds it stored, with its entry.
    let stored = "SELECT admitted_at FROM health.consultation WHERE admitted_at IS NOT NULL";
    assert_eq!(house.psql(stored), admitted_at.as_millis().to_string());
    assert_eq!(house.count("consultation_admitted", "practitioner"), "1");
    receiving.room(|state| state.stage == Stage::Open).await;

    let form = json!({ "lines": [{ "name": "Paracétamol", "strength": "500 mg", "dosage": "1 le soir", "duration": "3 jours" }] });
    let issued: PrescriptionIssued = practitioner.post(&format!("{of_practitioner}/prescriptions"), &form).await.json();
    let ready = ServerMessage::DocumentReady { document: issued.document };
    waiting.wait_for(|message| (*message == ready).then_some(())).await;

    receiving.say(&ClientMessage::End).await;
    assert_eq!(waiting.ended().await, EndReason::EndedByPractitioner);
    assert_eq!(receiving.ended().await, EndReason::EndedByPractitioner);
    signaling.stop().await;
    let metrics = Metrics::new(house.sfu.clone(), &signaling, Requests::default()).write().await.unwrap();
    for line in [
        "colloque_signaling_joins_total 2",
        "colloque_signaling_admissions_total 1",
        "colloque_signaling_waiting_seconds_count 1",
        "colloque_signaling_join_refusals_total{code=\"ticket_expired\"} 1",
        "colloque_signaling_join_refusals_total{code=\"ticket_invalid\"} 1",
        "colloque_signaling_join_refusals_total{code=\"ticket_replayed\"} 1",
        "colloque_signaling_journal_commit_seconds_count{kind=\"entry\",outcome=\"written\"} 2",
        "colloque_signaling_journal_commit_seconds_count{kind=\"admission\",outcome=\"written\"} 1",
        "colloque_signaling_journal_commit_seconds_count{kind=\"end\",outcome=\"written\"} 1",
        "colloque_signaling_journal_commit_seconds_count{kind=\"entry\",outcome=\"failed\"} 0",
    ] {
        assert!(metrics.lines().any(|written| written == line), "{line} is not in\n{metrics}");
    }
    let people = [claire.display_name.as_str(), claire.email.as_str(), "127.0.0.1"];
    let ids = [scope.room.to_string(), scope.room.full().to_string(), scope.consultation.full().to_string()];
    for identity in people.into_iter().chain(ids.iter().map(String::as_str)) {
        assert!(!metrics.contains(identity), "{identity} is in the metrics");
    }
    assert_eq!(house.count("consultation_ended", "practitioner"), "1");
    assert_eq!(house.psql("SELECT count(*) FROM health.consultation WHERE ended_at IS NOT NULL"), "1");
    for role in ["patient", "practitioner"] {
        assert_eq!(house.count("connection_joined", role), "1", "{role}");
        assert_eq!(house.count("disconnected", role), "1", "{role}");
    }
    assert_eq!(house.count("join_refused", "patient"), "2", "the old ticket and the used one");
    patient.post("/api/patient/ticket", &TicketRequest { key: phone.key.clone() }).await.refused("wrong_state");
    house.consultation.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admission_outlives_a_signaling_that_forgot_it() {
    let house = House::open(Duration::ZERO).await;
    let people = demo::seed(&house.consultation).await.unwrap().people;
    let visit = seed_visit(&house.consultation).await.unwrap();
    let claire = people.iter().find(|person| person.staff == visit.practitioner).unwrap();
    let mut patient = house.patient(&visit.link).await;
    let mut practitioner = house.practitioner(claire).await;
    let (phone, desk) = (Browser::new(), Browser::new());
    let (first, address) = house.signaling().await;
    let ticket = phone.ticket(&mut patient, "/api/patient/ticket").await;
    let (mut waiting, _) = phone.joined(address, &ticket).await;
    let ticket_path = format!("/api/consultations/{}/ticket", scope_of(&ticket).consultation.full());
    let ticket = desk.ticket(&mut practitioner, &ticket_path).await;
    let (mut receiving, _) = desk.joined(address, &ticket).await;
    receiving.say(&ClientMessage::Admit).await;
    let admitted_at = waiting.room(|state| state.stage == Stage::Open).await.admitted_at;
    first.stop().await;
    assert_eq!(waiting.ended().await, EndReason::ServerStopping);

    let (second, address) = house.signaling().await;
    let ticket = phone.ticket(&mut patient, "/api/patient/ticket").await;
    let (_waiting, state) = phone.joined(address, &ticket).await;
    assert_eq!((state.stage, state.admitted_at), (Stage::Open, admitted_at));
    assert_eq!(house.count("consultation_admitted", "practitioner"), "1");
    second.stop().await;
    house.consultation.stop().await;
}

/// A media plane that takes every offer and keeps the names of its peers.
#[derive(Default)]
struct Willing(Mutex<Vec<PeerId>>);

impl MediaPlane for Willing {
    fn connect(&self, _: RoomId, peer: PeerId, _: String, _: bool) -> MediaAnswer {
        self.0.lock().unwrap().push(peer);
        Box::pin(ready(Ok("v=0".to_owned())))
    }

    fn gate(&self, _: RoomId, _: bool) {}

    fn disconnect(&self, _: RoomId, _: PeerId) {}
}

impl Socket {
    /// Offers, and gives the peer that the media plane made of it.
    async fn connects(&mut self, media: &Willing, signaling: &Signaling) -> PeerId {
        self.say(&ClientMessage::Offer { generation: 1, ice_restart: false, sdp: "v=0".to_owned() }).await;
        self.wait_for(|message| matches!(message, ServerMessage::Answer { .. }).then_some(())).await;
        let peer = *media.0.lock().unwrap().last().unwrap();
        signaling.media_event(MediaEvent::Connected { peer });
        self.wait_for(|message| matches!(message, ServerMessage::MediaPath { up: true }).then_some(())).await;
        peer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_with_trouble_on_one_side_leaves_exactly_that_in_its_timeline() {
    let house = House::open(Duration::ZERO).await;
    let people = demo::seed(&house.consultation).await.unwrap().people;
    let visit = seed_visit(&house.consultation).await.unwrap();
    let claire = people.iter().find(|person| person.staff == visit.practitioner).unwrap();
    let mut patient = house.patient(&visit.link).await;
    let mut practitioner = house.practitioner(claire).await;
    let (phone, desk) = (Browser::new(), Browser::new());
    let media = Arc::new(Willing::default());
    let (signaling, address) = house.signaling_with(Arc::clone(&media) as _).await;
    let ticket = phone.ticket(&mut patient, "/api/patient/ticket").await;
    let scope = scope_of(&ticket);
    let (mut waiting, _) = phone.joined(address, &ticket).await;
    let ticket_path = format!("/api/consultations/{}/ticket", scope.consultation.full());
    let ticket = desk.ticket(&mut practitioner, &ticket_path).await;
    let (mut receiving, _) = desk.joined(address, &ticket).await;
    let of_phone = waiting.connects(&media, &signaling).await;
    let of_desk = receiving.connects(&media, &signaling).await;
    let link = |peer, lost_sent| {
        let (lost_sent, lost_received) = (lost_sent, Some(0.0));
        let link = Link { room: scope.room, peer, lost_sent, lost_received, estimate_bps: None, is_by_tcp: false };
        peer_link(link)
    };
    // Nothing runs yet: who waits has no timeline.
    signaling.links(vec![link(of_desk, 0.4), link(of_phone, 0.4)]);
    receiving.say(&ClientMessage::Admit).await;
    waiting.room(|state| state.stage == Stage::Open).await;
    receiving.room(|state| state.stage == Stage::Open).await;

    signaling.links(vec![link(of_desk, 0.0), link(of_phone, 0.12)]);
    sleep(Duration::from_millis(1_500)).await;
    signaling.links(vec![link(of_desk, 0.01), link(of_phone, 0.0)]);
    signaling.media_event(MediaEvent::Lost { peer: of_desk });
    receiving.wait_for(|message| matches!(message, ServerMessage::MediaPath { up: false }).then_some(())).await;
    sleep(Duration::from_millis(1_500)).await;
    receiving.say(&ClientMessage::End).await;
    assert_eq!(waiting.ended().await, EndReason::EndedByPractitioner);
    signaling.stop().await;

    let timeline =
        "SELECT side, kind, ended_at - began_at BETWEEN 1000 AND 30000, consultation FROM health.call_incident
                    ORDER BY began_at";
    let consultation = scope.consultation.uuid();
    let expected = format!("patient\tloss_sent\tt\t{consultation}\npractitioner\tcut\tt\t{consultation}");
    assert_eq!(house.psql(timeline), expected);
    house.consultation.stop().await;
}
