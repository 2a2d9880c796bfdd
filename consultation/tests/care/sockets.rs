//! What a session opened closes with it, and is closed in the journal whatever happens to the process.

use std::time::Duration;

use colloque_consultation::{AdmitPatientError, RecordedEntry};
use colloque_ids::{ConnectionId, TicketId};
use colloque_protocol::connection::{ConnectedPerson, ConnectionEvent, ConnectionFact};
use colloque_protocol::http::appointment::InvitationSent;
use colloque_protocol::http::patient::{CONSENT_TEXT_VERSION, GiveConsent, SecondFactor};
use colloque_protocol::http::session::{TotpCode, TotpEnrolment};
use colloque_protocol::signaling::JoinRefusal;
use colloque_protocol::ticket::{Person, RoomScope};
use colloque_protocol::{AuthenticationMethod, Role};
use colloque_test_support::TestCluster;

use crate::stage::{Stage, Told};
use crate::visit::{Link, Visit};

async fn with_consent(visit: &mut Visit) -> (colloque_test_support::Client, RoomScope) {
    let (mut jeanne, entry) = visit.verified().await;
    jeanne.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
    let scope = visit.room(&entry).await;
    visit.stage.heard.take();
    (jeanne, scope)
}

/// What signaling says of somebody in a room; a guest is an interpreter.
pub fn fact(visit: &Visit, scope: &RoomScope, person: Person, fact: ConnectionFact) -> ConnectionEvent {
    let (number, role) = match person {
        Person::Staff(_) => (1, Role::Practitioner),
        Person::Patient(_) => (2, Role::Patient),
        Person::Guest(_) => (3, Role::Interpreter),
    };
    ConnectionEvent {
        fact,
        occurred_at: visit.now(),
        connection: Some(ConnectionId::from_parts(visit.now(), [number; 10])),
        from: Some("198.51.100.9".parse().unwrap()),
        who: Some(ConnectedPerson {
            practice: visit.claire_practice(),
            person,
            role,
            verified_by: vec![AuthenticationMethod::Passkey],
        }),
        room: Some(scope.clone()),
    }
}

impl Visit {
    fn claire_practice(&self) -> colloque_ids::PracticeId {
        let row = self.stage.psql("SELECT practice FROM professionals.staff WHERE email LIKE 'claire%'");
        row.trim().parse().unwrap()
    }
}

#[tokio::test]
async fn a_patient_who_leaves_is_closed_and_so_is_whoever_kept_the_connection_at_the_next_invitation() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    assert_eq!(visit.stage.heard.take(), [], "a first invitation finds nobody");
    jeanne.delete("/api/patient/session").await.ok();
    assert_eq!(visit.stage.heard.take(), [Told::PatientSignedOut(entry.consultation)]);
    jeanne.delete("/api/patient/session").await.refused("not_signed_in");
    assert_eq!(visit.stage.heard.take(), []);
    visit.pass(Duration::from_secs(1));
    visit.invite(&entry).await;
    assert_eq!(visit.stage.heard.take(), [Told::PatientSignedOut(entry.consultation)], "without a session as well");
}

#[tokio::test]
async fn a_practitioner_who_signed_out_is_closed_and_admits_nobody() {
    let mut visit = Visit::new().await;
    let (_, scope) = with_consent(&mut visit).await;
    visit.stage.next_code();
    let mut elsewhere = visit.stage.signed_in(&visit.claire).await;
    visit.practitioner.delete("/api/session").await.ok();
    assert_eq!(visit.stage.heard.take(), [], "signed in elsewhere");
    elsewhere.delete("/api/session").await.ok();
    assert_eq!(visit.stage.heard.take(), [Told::StaffEnded(visit.claire.staff)]);
    let records = visit.stage.service.records();
    let admitted = records.admit(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(admitted, Err(AdmitPatientError::NotSignedIn { .. })), "{admitted:?}");
    assert_eq!(visit.stage.count("consultation_admitted"), 0);
    visit.stage.next_code();
    visit.stage.signed_in(&visit.claire).await;
    records.admit(&scope, visit.claire.staff, visit.now()).await.unwrap();
}

#[tokio::test]
async fn a_session_that_idled_out_or_was_ended_by_wrong_codes_closes_what_it_opened() {
    let mut visit = Visit::new().await;
    visit.pass(Duration::from_secs(31 * 60));
    visit.practitioner.get("/api/session").await.refused("not_signed_in");
    assert_eq!(visit.stage.heard.take(), [Told::StaffEnded(visit.claire.staff)]);
    let mut claire = visit.stage.signed_in(&visit.claire).await;
    for _ in 0..5 {
        claire.post("/api/session/totp", &serde_json::json!({ "code": "000000" })).await;
        visit.pass(Duration::from_secs(1));
    }
    claire.get("/api/session").await.refused("not_signed_in");
    assert_eq!(visit.stage.heard.take(), [Told::StaffEnded(visit.claire.staff)]);
}

#[tokio::test]
async fn the_sweep_closes_what_sessions_that_are_over_opened() {
    let visit = Visit::new().await;
    visit.stage.psql(
        "UPDATE professionals.session SET last_seen_at = 0 WHERE staff = (
        SELECT staff FROM professionals.staff WHERE email LIKE 'claire%')",
    );
    // Another process sweeps when it starts.
    let other = Stage::in_database(visit.stage.database.clone()).await;
    for _ in 0..500 {
        let told = other.heard.take();
        if !told.is_empty() {
            assert_eq!(told, [Told::StaffEnded(visit.claire.staff)]);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the sweep told nobody");
}

#[tokio::test]
async fn a_consultation_under_way_at_the_absolute_limit_asks_for_sign_in_and_is_not_cut() {
    let mut visit = Visit::new().await;
    let (_, scope) = with_consent(&mut visit).await;
    visit.pass(Duration::from_secs(11 * 3_600 + 50 * 60));
    let records = visit.stage.service.records();
    let claire = Person::Staff(visit.claire.staff);
    records.record(fact(&visit, &scope, claire, ConnectionFact::Joined)).await.unwrap();
    visit.pass(Duration::from_secs(11 * 60));
    visit.practitioner.get("/api/session").await.refused("not_signed_in");
    assert_eq!(visit.stage.heard.take(), [], "the room stays open");
    let admitted = records.admit(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(admitted, Err(AdmitPatientError::NotSignedIn { .. })), "{admitted:?}");
    visit.stage.give_password(&mut visit.practitioner, &visit.claire).await;
    assert_eq!(visit.stage.heard.take(), [], "nor does it close between the password and the code");
    let code = TotpCode { code: visit.stage.code(&visit.claire) };
    visit.practitioner.post("/api/session/totp", &code).await.ok();
    assert_eq!(visit.stage.heard.take(), []);
    records.admit(&scope, visit.claire.staff, visit.now()).await.unwrap();
}

#[tokio::test]
async fn who_gives_their_password_again_and_no_code_leaves_with_that_session() {
    let mut visit = Visit::new().await;
    with_consent(&mut visit).await;
    visit.stage.give_password(&mut visit.practitioner, &visit.claire).await;
    assert_eq!(visit.stage.heard.take(), []);
    visit.pass(Duration::from_secs(31 * 60));
    visit.practitioner.get("/api/session").await.refused("not_signed_in");
    assert_eq!(visit.stage.heard.take(), [Told::StaffEnded(visit.claire.staff)]);
}

#[tokio::test]
async fn whoever_proved_nothing_or_is_not_the_only_one_closes_nobodys_call() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    let path = format!("/api/appointments/{}/invitation/again", entry.appointment.full());
    let mut stranger = visit.stage.client();
    let sent: InvitationSent = visit.practitioner.act(&path).await.json();
    Link::of(&sent.link).redeem(&mut stranger).await.ok();
    visit.stage.heard.take();
    stranger.delete("/api/patient/session").await.ok();
    assert_eq!(visit.stage.heard.take(), [], "the link alone");
    let mut elsewhere = visit.stage.client();
    visit.pass(Duration::from_secs(5));
    let sent: InvitationSent = visit.practitioner.act(&path).await.json();
    Link::of(&sent.link).redeem(&mut elsewhere).await.ok();
    let code = SecondFactor { code: visit.code(6).await };
    elsewhere.post("/api/patient/second-factor", &code).await.ok();
    visit.stage.heard.take();
    elsewhere.delete("/api/patient/session").await.ok();
    assert_eq!(visit.stage.heard.take(), [], "Jeanne goes on in her other browser");
    jeanne.delete("/api/patient/session").await.ok();
    assert_eq!(visit.stage.heard.take(), [Told::PatientSignedOut(entry.consultation)]);
}

#[tokio::test]
async fn a_ticket_lets_one_connection_enter_whichever_process_is_asked() {
    let mut visit = Visit::new().await;
    let (_, scope) = with_consent(&mut visit).await;
    let claire = Person::Staff(visit.claire.staff);
    let entry = fact(&visit, &scope, claire, ConnectionFact::Joined);
    let again = ConnectionEvent { connection: Some(ConnectionId::from_parts(visit.now(), [9; 10])), ..entry.clone() };
    let (ticket, other) = (TicketId::from_parts(visit.now(), [1; 10]), TicketId::from_parts(visit.now(), [2; 10]));
    let expires_at = visit.now().after(Duration::from_secs(60));
    let records = visit.stage.service.records();
    let enter = async |entry, ticket| records.enter(entry, ticket, expires_at).await.unwrap();
    assert_eq!(enter(entry.clone(), ticket).await, RecordedEntry::Written);
    assert_eq!(enter(entry, ticket).await, RecordedEntry::Written, "the same entry may be written twice");
    let elsewhere = Stage::in_database(visit.stage.database.clone()).await.service.records();
    let joined = visit.stage.count("connection_joined");
    assert_eq!(elsewhere.enter(again.clone(), ticket, expires_at).await.unwrap(), RecordedEntry::TicketUsed);
    assert_eq!(visit.stage.count("connection_joined"), joined, "nothing is journaled of it");
    assert_eq!(elsewhere.enter(again, other, expires_at).await.unwrap(), RecordedEntry::Written);
    assert_eq!(visit.stage.psql("SELECT count(*) FROM administrative.used_ticket").trim(), "2");
}

#[tokio::test]
async fn a_ticket_opens_nothing_once_its_session_or_consent_is_over_whatever_signaling_remembers() {
    let mut visit = Visit::new().await;
    let (mut patient, scope) = with_consent(&mut visit).await;
    let (claire, jeanne) = (Person::Staff(visit.claire.staff), Person::Patient(scope.patient));
    let records = visit.stage.service.records();
    let mut number = 0;
    let mut enter = async |visit: &Visit, person| {
        number += 1;
        let ticket = TicketId::from_parts(visit.now(), [number; 10]);
        let entry = fact(visit, &scope, person, ConnectionFact::Joined);
        records.enter(entry, ticket, visit.now().after(Duration::from_secs(60))).await.unwrap()
    };
    assert_eq!(enter(&visit, claire).await, RecordedEntry::Written);
    assert_eq!(enter(&visit, jeanne).await, RecordedEntry::Written);
    let joined = visit.stage.count("connection_joined");
    patient.act("/api/patient/consent/withdraw").await.ok();
    assert_eq!(enter(&visit, jeanne).await, RecordedEntry::Revoked, "without consent");
    patient.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
    assert_eq!(enter(&visit, jeanne).await, RecordedEntry::Written);
    patient.delete("/api/patient/session").await.ok();
    assert_eq!(enter(&visit, jeanne).await, RecordedEntry::Revoked, "signed out");
    visit.practitioner.delete("/api/session").await.ok();
    assert_eq!(enter(&visit, claire).await, RecordedEntry::Revoked, "signed out");
    assert_eq!(visit.stage.count("connection_joined"), joined + 1);
}

#[tokio::test]
async fn a_join_that_was_refused_after_it_was_written_keeps_nobody_signed_in() {
    let mut visit = Visit::new().await;
    let (_, scope) = with_consent(&mut visit).await;
    let records = visit.stage.service.records();
    let claire = Person::Staff(visit.claire.staff);
    records.record(fact(&visit, &scope, claire, ConnectionFact::Joined)).await.unwrap();
    let refused = ConnectionFact::JoinRefused { refusal: JoinRefusal::ServerFailed };
    records.record(fact(&visit, &scope, claire, refused)).await.unwrap();
    visit.pass(Duration::from_secs(31 * 60));
    visit.practitioner.get("/api/session").await.refused("not_signed_in");
}

#[tokio::test]
async fn a_process_that_starts_closes_in_the_journal_what_the_one_before_left_open() {
    let mut visit = Visit::new().await;
    let (_, scope) = with_consent(&mut visit).await;
    let records = visit.stage.service.records();
    let (claire, jeanne) = (Person::Staff(visit.claire.staff), Person::Patient(scope.patient));
    for person in [claire, jeanne] {
        records.record(fact(&visit, &scope, person, ConnectionFact::Joined)).await.unwrap();
    }
    assert_eq!(visit.stage.count("disconnected"), 0);
    Stage::in_database(visit.stage.database.clone()).await;
    let rows =
        "SELECT actor_role, actor, patient, consultation FROM journal.event WHERE kind = '{}' ORDER BY actor_role";
    let of = |kind: &str| visit.stage.psql(&rows.replace("{}", kind));
    assert_eq!(visit.stage.count("disconnected"), 2);
    assert_eq!(of("disconnected"), of("connection_joined"), "the same people, in the same consultation");
    Stage::in_database(visit.stage.database.clone()).await;
    assert_eq!(visit.stage.count("disconnected"), 2);
}

/// A new invitation and a right code at the same moment take what they change in the same order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_and_a_new_invitation_do_not_wait_for_each_other() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut jeanne = visit.stage.client();
    link.redeem(&mut jeanne).await.ok();
    let code = SecondFactor { code: visit.code(2).await };
    let database = visit.stage.database.name.clone();
    let held = std::thread::spawn(move || {
        let sql = "BEGIN; SELECT FROM administrative.patient_code FOR UPDATE; SELECT pg_sleep(1.5); COMMIT";
        TestCluster::shared().psql(&database, sql)
    });
    let is_held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while visit.stage.psql(is_held).trim() == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let verified = tokio::spawn(async move { jeanne.post("/api/patient/second-factor", &code).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    let path = format!("/api/appointments/{}/invitation", entry.appointment.full());
    let invited = visit.secretary.act(&path).await;
    held.join().unwrap();
    verified.await.unwrap().ok();
    invited.ok();
}

#[tokio::test]
async fn an_application_is_enrolled_soon_after_a_second_factor_and_the_patient_is_told() {
    let mut visit = Visit::new().await;
    let (mut jeanne, _) = visit.verified().await;
    let enrolment: TotpEnrolment = jeanne.act("/api/patient/totp/start").await.json();
    visit.pass(Duration::from_secs(4 * 3_600));
    let code = || serde_json::json!({ "code": crate::stage::code_of(&enrolment.secret, visit.now()) });
    jeanne.act("/api/patient/totp/start").await.refused("second_factor_needed");
    jeanne.post("/api/patient/totp/finish", &code()).await.refused("second_factor_needed");
    visit.stage.psql(&format!("UPDATE administrative.patient_session SET verified_at = {}", visit.now().as_millis()));
    jeanne.post("/api/patient/totp/finish", &code()).await.ok();
    let mails = visit.mail(3).await;
    let told = mails.iter().find(|mail| mail["subject"] == "Votre application de codes").unwrap();
    assert_eq!(told["to"], "jeanne.durand@exemple.fr");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("02 61 91 00 12") && !text.contains("Durand") && !text.contains("Jeanne"), "{text}");
}
