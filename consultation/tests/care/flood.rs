//! Strangers, however many, hold up neither notes nor admissions.

use std::time::Duration;

use axum::http::StatusCode;
use colloque_consultation::InvitationFaceError;
use colloque_ids::InvitationId;
use colloque_protocol::http::consultation::{NotesSaved, SaveNotes};
use colloque_protocol::http::patient::{CONSENT_TEXT_VERSION, GiveConsent};
use colloque_test_support::{Client, TestCluster};
use tokio::time::timeout;

use crate::stage::START;
use crate::visit::{Link, Visit};

/// What nobody who works waits for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Holds tables for some seconds, once a statement that waits for one of them cannot overtake any more.
async fn hold(visit: &Visit, tables: &str, seconds: u32) -> std::thread::JoinHandle<String> {
    let (database, tables) = (visit.stage.database.name.clone(), tables.to_owned());
    let held = std::thread::spawn(move || {
        let sql = format!("BEGIN; LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT");
        TestCluster::shared().psql(&database, &sql)
    });
    let is_held = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while visit.stage.psql(is_held).trim() == "0" {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    held
}

fn stranger(visit: &Visit, number: usize) -> Client {
    let mut client = visit.stage.client().from(&format!("10.0.{number}.9"));
    client.cookies.insert("__Host-colloque-patient".to_owned(), "A".repeat(43));
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_whom_storage_keeps_waiting_delay_neither_a_note_nor_an_admission() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    jeanne.post("/api/patient/consent", &GiveConsent { text_version: CONSENT_TEXT_VERSION }).await.ok();
    let link = Link::of(&visit.invite(&entry).await.link);
    let scope = visit.room(&entry).await;
    let held = hold(&visit, "administrative.invitation, administrative.patient_session", 6).await;

    let face = format!("/api/invitations/{}", link.invitation);
    let strangers: Vec<_> = (0..60)
        .map(|number| {
            let (mut client, face) = (stranger(&visit, number), face.clone());
            tokio::spawn(async move {
                if number.is_multiple_of(2) { client.get("/api/patient").await } else { client.get(&face).await }
            })
        })
        .collect();
    let pages: Vec<_> = (0..30_u8)
        .map(|number| {
            let (records, id) = (visit.stage.service.records(), InvitationId::from_parts(START, [number; 10]));
            tokio::spawn(async move { records.invitation_face(id, [10, 1, number, 9].into()).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;

    let path = format!("/api/consultations/{}/notes", entry.consultation.full());
    let note = SaveNotes { text: "Fièvre depuis trois jours".to_owned(), base_revision: 0 };
    let saved = timeout(PATIENCE, visit.practitioner.put(&path, &note)).await.expect("the note is saved");
    assert_eq!(saved.json::<NotesSaved>().revision, 1);
    let records = visit.stage.service.records();
    let admitted = timeout(PATIENCE, records.admit(&scope, visit.claire.staff, visit.now())).await;
    admitted.expect("the admission is stored").unwrap();

    let mut busy = 0;
    for stranger in strangers {
        let answer = stranger.await.unwrap();
        if answer.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(answer.headers["retry-after"], "3");
            answer.refused("unavailable");
            busy += 1;
        }
    }
    for page in pages {
        busy += usize::from(matches!(page.await.unwrap(), Err(InvitationFaceError::Busy { retry_after_s: 3 })));
    }
    assert!(busy >= 60, "{busy} of 90 were told to come back");
    held.join().unwrap();
    stranger(&visit, 1).get("/api/patient").await.refused("not_signed_in");
}

#[tokio::test]
async fn one_host_and_one_network_ask_only_so_often_and_who_is_or_was_signed_in_there_is_not_held_back() {
    let mut visit = Visit::new().await;
    let mut flooding = stranger(&visit, 7);
    let mut refused = 0;
    for _ in 0..4_000 {
        refused += usize::from(flooding.get("/api/health").await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 1_000, "{refused}");
    let held_back = flooding.get("/api/patient").await.refused("too_many_attempts");
    assert!(held_back.headers.contains_key("retry-after"));
    let records = visit.stage.service.records();
    let face = records.invitation_face(InvitationId::from_parts(START, [1; 10]), [10, 0, 7, 9].into()).await;
    assert!(matches!(face, Err(InvitationFaceError::Busy { .. })), "{face:?}");
    visit.practitioner.get("/api/session").await.ok();
    visit.practitioner.clone().from("10.0.7.9").get("/api/session").await.ok();
    let mut known = visit.practitioner.clone().from("10.0.7.9");
    known.delete("/api/session").await.ok();
    visit.stage.give_password(&mut known, &visit.claire).await;
    let mut neighbour = visit.stage.client().from("10.0.7.10");
    neighbour.get("/api/health").await.ok();
    let mut answers = 0;
    while neighbour.get("/api/health").await.status != StatusCode::TOO_MANY_REQUESTS {
        answers += 1;
        // Each host of the network by itself asks less than one host may.
        neighbour = neighbour.from(&format!("10.0.7.{}", 10 + answers % 200));
        assert!(answers < 60_000, "one network asks as often as it likes");
    }
    known.get("/api/session").await.refused("second_factor_needed");
    stranger(&visit, 8).get("/api/patient").await.refused("not_signed_in");
}

#[tokio::test]
async fn who_exhausts_a_networks_passwords_keeps_no_patient_out() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let mut held_back = 0;
    for number in 0..45 {
        let guess = serde_json::json!({ "email": format!("guess{number}@tilleuls.example"), "password": "Wrong-1" });
        let answer = visit.stage.client().post("/api/session/password", &guess).await;
        held_back += usize::from(answer.refusal().as_deref() == Some("too_many_attempts"));
    }
    assert!(held_back > 0);
    link.redeem(&mut visit.stage.client()).await.ok();
    // A hundred wrong secrets for another link from the same address.
    let other = Link { invitation: "00000000-0000-7000-8000-000000000000".to_owned(), secret: "A".repeat(43) };
    let mut held_back = 0;
    for _ in 0..60 {
        let answer = other.redeem(&mut visit.stage.client()).await;
        held_back += usize::from(answer.refusal().as_deref() == Some("too_many_attempts"));
    }
    assert!(held_back > 0);
    let second = visit.book(visit.youssef.staff, entry.patient, 60).await.json();
    Link::of(&visit.invite(&second).await.link).redeem(&mut visit.stage.client()).await.ok();
}

#[tokio::test]
async fn an_appointment_is_moved_and_invited_to_at_a_pace() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let other = visit.book(visit.youssef.staff, entry.patient, 60).await.json();
    let path = format!("/api/appointments/{}/invitation", entry.appointment.full());
    for _ in 0..10 {
        visit.secretary.act(&path).await.ok();
        visit.pass(Duration::from_millis(200));
    }
    visit.secretary.act(&path).await.refused("too_many_attempts");
    let new = serde_json::json!({ "starts_at": visit.in_minutes(300), "duration_min": 20 });
    let moving = format!("/api/appointments/{}/move", entry.appointment.full());
    visit.secretary.post(&moving, &new).await.refused("too_many_attempts");
    visit.invite(&other).await;
    visit.pass(Duration::from_secs(60));
    visit.secretary.post(&moving, &new).await.ok();
}
