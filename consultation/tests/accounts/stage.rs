//! What every test stands on: a service of its own in a database of its own, with a clock that the test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use colloque_consultation::demo::DemoPerson;
use colloque_consultation::{
    Announcements, Clock, Config, Consultation, FirstAdministrator, MasterKey, NewPractice, StartConsultationError,
};
use colloque_ids::{ConsultationId, DocumentId, GuestId, StaffId, Timestamp};
use colloque_protocol::http::session::{Activation, PasswordSignIn, SignInStep, TotpCode, TotpEnrolment};
use colloque_test_support::{Client, MovableClock, TestCluster, TestDatabase};
use serde_json::Value;

/// 2026-11-23T09:00:00Z, a Monday.
pub const START: Timestamp = Timestamp::from_millis(1_795_424_400_000);

/// A password that the rules take.
pub const GOOD_PASSWORD: &str = "kR7!vq2#Lm9z-tp4W";

/// A service under test.
pub struct Stage {
    pub service: Consultation,
    pub clock: Arc<MovableClock>,
    pub database: TestDatabase,
    pub heard: Arc<Heard>,
}

pub struct TestClock(pub Arc<MovableClock>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

/// What signaling was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    AppointmentChanged(ConsultationId),
    ConsultationEnded(ConsultationId),
    StaffEnded(StaffId),
    PatientSignedOut(ConsultationId),
    ConsentWithdrawn(ConsultationId),
    GuestWithdrawn(ConsultationId, GuestId),
}

/// Keeps what signaling is told, but for documents.
#[derive(Default)]
pub struct Heard(Mutex<Vec<Told>>);

impl Heard {
    fn keep(&self, told: Told) {
        self.0.lock().unwrap().push(told);
    }

    /// Takes what was told since the last call.
    pub fn take(&self) -> Vec<Told> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Announcements for Heard {
    fn document_ready(&self, _: ConsultationId, _: DocumentId) {}
    fn appointment_changed(&self, consultation: ConsultationId) {
        self.keep(Told::AppointmentChanged(consultation));
    }
    fn consultation_ended(&self, consultation: ConsultationId) {
        self.keep(Told::ConsultationEnded(consultation));
    }
    fn staff_ended(&self, staff: StaffId) {
        self.keep(Told::StaffEnded(staff));
    }
    fn patient_signed_out(&self, consultation: ConsultationId) {
        self.keep(Told::PatientSignedOut(consultation));
    }
    fn consent_withdrawn(&self, consultation: ConsultationId) {
        self.keep(Told::ConsentWithdrawn(consultation));
    }
    fn guest_withdrawn(&self, consultation: ConsultationId, guest: GuestId) {
        self.keep(Told::GuestWithdrawn(consultation, guest));
    }
}

pub struct Silence;

impl Announcements for Silence {
    fn document_ready(&self, _: ConsultationId, _: DocumentId) {}
    fn appointment_changed(&self, _: ConsultationId) {}
}

impl Stage {
    pub async fn new() -> Self {
        Self::in_database(TestCluster::shared().database()).await
    }

    pub async fn in_database(database: TestDatabase) -> Self {
        Self::try_in_database(database).await.unwrap()
    }

    pub async fn try_in_database(database: TestDatabase) -> Result<Self, StartConsultationError> {
        Self::with_key(database, [42; 32]).await
    }

    pub async fn with_key(database: TestDatabase, key: [u8; 32]) -> Result<Self, StartConsultationError> {
        let clock = Arc::new(MovableClock::at(START));
        let config = Config {
            database_url: database.url.clone(),
            database_connections: 8,
            origins: vec!["https://localhost:8443".to_owned()],
            trusted_proxies: vec![],
            master_key: MasterKey::from_bytes(key),
            messages: Default::default(),
            demonstration: true,
        };
        let heard = Arc::new(Heard::default());
        let announcements = Arc::<Heard>::clone(&heard);
        let service = Consultation::start_at(config, announcements, Arc::new(TestClock(clock.clone()))).await?;
        Ok(Self { service, clock, database, heard })
    }

    pub fn client(&self) -> Client {
        Client::new(self.service.router())
    }

    /// The demonstration's people: practitioner, second practitioner, secretary, administrator.
    pub async fn people(&self) -> [DemoPerson; 4] {
        let people = colloque_consultation::demo::seed(&self.service).await.unwrap().people;
        people.try_into().unwrap_or_else(|_| panic!("the demonstration has four people"))
    }

    /// Signs a person in from a new browser. Their next code is half a minute away.
    pub async fn signed_in(&self, person: &DemoPerson) -> Client {
        let mut client = self.client();
        self.sign_in(&mut client, person).await;
        client
    }

    /// Signs a person in. Their next code is half a minute away.
    pub async fn sign_in(&self, client: &mut Client, person: &DemoPerson) {
        self.give_password(client, person).await;
        let code = TotpCode { code: self.code(person) };
        let step: SignInStep = client.post("/api/session/totp", &code).await.json();
        assert_eq!(step, SignInStep::Done);
    }

    /// Gives the first factor.
    pub async fn give_password(&self, client: &mut Client, person: &DemoPerson) {
        let step: SignInStep = client.post("/api/session/password", &password(person)).await.json();
        assert_eq!(step, SignInStep::Totp);
    }

    /// The code that a person's application shows now.
    pub fn code(&self, person: &DemoPerson) -> String {
        person.code_at(self.clock.now())
    }

    /// Lets the next code come.
    pub fn next_code(&self) {
        self.clock.advance(Duration::from_secs(30));
    }

    /// Kinds in the journal, in order.
    pub fn journal(&self) -> Vec<String> {
        self.psql("SELECT kind FROM journal.event ORDER BY sequence").lines().map(str::to_owned).collect()
    }

    /// How often a kind is in the journal.
    pub fn count(&self, kind: &str) -> usize {
        self.journal().iter().filter(|journaled| *journaled == kind).count()
    }

    /// Creates another practice, whose administrator has an activated account, and signs that administrator in.
    ///
    /// Call it before the demonstration's practice is there.
    pub async fn other_practice(&self) -> Client {
        let practice = NewPractice {
            name: "Cabinet du Port".to_owned(),
            address: "3 quai du Port".to_owned(),
            postal_code: "29200".to_owned(),
            city: "Brest".to_owned(),
            phone: "+33261910099".to_owned(),
            finess: None,
        };
        let administrator = FirstAdministrator {
            family_name: "Le Goff".to_owned(),
            given_name: "Anne".to_owned(),
            email: "anne.legoff@port.example".to_owned(),
        };
        let link = self.service.create_practice(practice, administrator).await.unwrap();
        self.activated(&link).await
    }

    /// The messages with a link that an address received, newest first, once there are `count` of them.
    pub async fn mails_with_link(&self, email: &str, count: usize) -> Vec<Value> {
        let mut client = self.client();
        for _ in 0..500 {
            let mut messages: Vec<Value> = client.get("/api/mailbox").await.json();
            messages.retain(|message| message["to"] == email && message["link"].is_string());
            if messages.len() >= count {
                return messages;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{email} has not {count} messages with a link");
    }

    /// The newest link that an address received, once it received `count`.
    pub async fn mailed_link(&self, email: &str, count: usize) -> String {
        self.mails_with_link(email, count).await[0]["link"].as_str().unwrap().to_owned()
    }

    /// Follows an activation link to its end.
    pub async fn activated(&self, link: &str) -> Client {
        let mut client = self.client();
        let (_, secret) = link.split_once('#').unwrap();
        let form = Activation { secret: secret.to_owned(), password: GOOD_PASSWORD.to_owned() };
        let step: SignInStep = client.post("/api/activation/redeem", &form).await.json();
        assert_eq!(step, SignInStep::EnrolTotp);
        let enrolment: TotpEnrolment = client.act("/api/account/totp/start").await.json();
        let code = TotpCode { code: code_of(&enrolment.secret, self.clock.now()) };
        let step: SignInStep = client.post("/api/account/totp/finish", &code).await.json();
        assert_eq!(step, SignInStep::Done);
        client
    }

    /// Runs SQL as the superuser.
    pub fn psql(&self, sql: &str) -> String {
        TestCluster::shared().psql(&self.database.name, sql)
    }

    /// Runs SQL as the superuser; gives PostgreSQL's refusal.
    pub fn try_psql(&self, sql: &str) -> Result<String, String> {
        TestCluster::shared().try_psql(&self.database.name, sql)
    }

    /// Runs SQL under the application's role; gives PostgreSQL's refusal.
    pub fn as_application(&self, sql: &str) -> Result<String, String> {
        TestCluster::shared().try_psql(&self.database.name, &format!("SET ROLE colloque_application; {sql}"))
    }
}

/// The form of a person's first factor.
pub fn password(person: &DemoPerson) -> PasswordSignIn {
    PasswordSignIn { email: person.email.clone(), password: person.password.clone() }
}

/// The code of a secret, as an application that was given it would show it.
pub fn code_of(secret: &str, now: Timestamp) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(now.as_millis() / 1_000).unwrap()).to_string()
}
