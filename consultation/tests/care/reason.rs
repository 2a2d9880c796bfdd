//! Why a patient comes: who writes it, who reads it, and where it never stands.

use colloque_protocol::http::appointment::{AppointmentEntry, AppointmentForm, Day, MoveAppointment, StatedReason};
use colloque_protocol::http::consultation::ConsultationView;
use colloque_test_support::Client;
use serde_json::json;

use crate::stage::{Stage, Told};
use crate::visit::Visit;

const REASON: &str = "Toux sèche, fièvre";

/// Books Jeanne with Claire, in ten minutes, with a reason.
async fn booked(visit: &mut Visit) -> AppointmentEntry {
    let form = AppointmentForm {
        practitioner: visit.claire.staff,
        patient: visit.patient().await,
        starts_at: visit.in_minutes(10),
        duration_min: 20,
        reason: Some(format!("  {REASON} ")),
    };
    visit.secretary.post("/api/appointments", &form).await.json()
}

fn reason_path(entry: &AppointmentEntry) -> String {
    format!("/api/appointments/{}/reason", entry.appointment.full())
}

async fn read(client: &mut Client, entry: &AppointmentEntry) -> Option<String> {
    let stated: StatedReason = client.get(&reason_path(entry)).await.json();
    stated.reason
}

/// Changes the reason alone.
async fn say(client: &mut Client, entry: &AppointmentEntry, reason: &str) -> AppointmentEntry {
    let form = MoveAppointment {
        starts_at: entry.starts_at,
        duration_min: entry.duration_min,
        reason: Some(reason.to_owned()),
    };
    client.post(&format!("/api/appointments/{}/move", entry.appointment.full()), &form).await.json()
}

#[tokio::test]
async fn a_reason_is_found_by_the_practitioner_and_the_secretary_and_each_reading_is_journaled() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    assert!(entry.has_reason);
    assert_eq!(read(&mut visit.practitioner, &entry).await.as_deref(), Some(REASON));
    assert_eq!(read(&mut visit.secretary, &entry).await.as_deref(), Some(REASON));
    let path = format!("/api/consultations/{}", entry.consultation.full());
    let view: ConsultationView = visit.practitioner.get(&path).await.json();
    assert_eq!(view.reason.as_deref(), Some(REASON));
    let count = |kind| visit.stage.count(kind);
    assert_eq!((count("appointment_booked"), count("appointment_reason_saved")), (1, 1));
    assert_eq!((count("appointment_reason_read"), count("consultation_read")), (2, 1));
}

#[tokio::test]
async fn the_day_says_that_there_is_a_reason_and_not_which() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    let other = visit.book(visit.youssef.staff, entry.patient, 60).await.json::<AppointmentEntry>();
    assert!(!other.has_reason);
    let answer = visit.secretary.get("/api/day").await;
    assert!(!answer.text().contains("Toux"), "{}", answer.text());
    let day: Day = answer.json();
    let flags: Vec<_> = day.appointments.iter().map(|entry| entry.has_reason).collect();
    assert_eq!(flags, [true, false]);
}

#[tokio::test]
async fn a_changed_reason_is_kept_and_a_removed_one_is_gone() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    let changed = say(&mut visit.practitioner, &entry, "Renouvellement").await;
    assert_eq!((changed.has_reason, changed.starts_at), (true, entry.starts_at));
    assert_eq!(read(&mut visit.secretary, &entry).await.as_deref(), Some("Renouvellement"));
    assert!(!say(&mut visit.secretary, &entry, "  ").await.has_reason);
    assert_eq!(read(&mut visit.practitioner, &entry).await, None);
    assert_eq!(visit.stage.psql("SELECT count(sealed_text) FROM health.reason").trim(), "0");
    assert_eq!(visit.stage.count("appointment_reason_saved"), 3);
}

#[tokio::test]
async fn a_changed_reason_alone_moves_nothing_and_writes_to_nobody() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    visit.invite(&entry).await;
    visit.mail(1).await;
    visit.stage.heard.take();
    say(&mut visit.secretary, &entry, "Renouvellement").await;
    // Pressed again because the answer was lost, and a dialog closed with what it held.
    say(&mut visit.secretary, &entry, "Renouvellement").await;
    let path = format!("/api/appointments/{}/move", entry.appointment.full());
    let as_it_is = MoveAppointment { starts_at: entry.starts_at, duration_min: entry.duration_min, reason: None };
    visit.secretary.post(&path, &as_it_is).await.ok();
    assert_eq!(visit.stage.heard.take(), []);
    assert_eq!((visit.stage.count("appointment_moved"), visit.stage.count("appointment_reason_saved")), (0, 2));
    assert_eq!(visit.stage.psql("SELECT count(*) FROM administrative.message").trim(), "1");
}

#[tokio::test]
async fn an_appointment_that_moves_keeps_its_reason_unless_another_is_given() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    let path = format!("/api/appointments/{}/move", entry.appointment.full());
    let form = MoveAppointment { starts_at: visit.in_minutes(60), duration_min: 20, reason: None };
    visit.secretary.post(&path, &form).await.ok();
    assert_eq!(read(&mut visit.secretary, &entry).await.as_deref(), Some(REASON));
    let form = MoveAppointment {
        starts_at: visit.in_minutes(90),
        duration_min: 30,
        reason: Some("Renouvellement".to_owned()),
    };
    let moved: AppointmentEntry = visit.secretary.post(&path, &form).await.json();
    assert_eq!((moved.starts_at, moved.duration_min, moved.has_reason), (form.starts_at, 30, true));
    assert_eq!(read(&mut visit.secretary, &entry).await.as_deref(), Some("Renouvellement"));
    assert_eq!(visit.stage.heard.take(), [Told::AppointmentChanged(entry.consultation); 2]);
    assert_eq!((visit.stage.count("appointment_moved"), visit.stage.count("appointment_reason_saved")), (2, 2));
}

#[tokio::test]
async fn a_refused_booking_or_move_keeps_no_reason() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    let path = format!("/api/appointments/{}/move", entry.appointment.full());
    for reason in ["é".repeat(201), "toux\nfièvre".to_owned(), "to\u{202e}ux".to_owned()] {
        let form = MoveAppointment { starts_at: entry.starts_at, duration_min: 20, reason: Some(reason.clone()) };
        visit.secretary.post(&path, &form).await.refused("invalid");
        let form = AppointmentForm {
            practitioner: visit.claire.staff,
            patient: entry.patient,
            starts_at: visit.in_minutes(90),
            duration_min: 20,
            reason: Some(reason),
        };
        visit.secretary.post("/api/appointments", &form).await.refused("invalid");
    }
    let form = MoveAppointment { starts_at: visit.in_minutes(-60), duration_min: 20, reason: Some("autre".to_owned()) };
    visit.secretary.post(&path, &form).await.refused("invalid");
    assert_eq!(read(&mut visit.secretary, &entry).await.as_deref(), Some(REASON));
    assert_eq!((visit.stage.count("appointment_booked"), visit.stage.count("appointment_reason_saved")), (1, 1));
}

#[tokio::test]
async fn the_reason_of_an_open_or_cancelled_appointment_stays_as_it_was() {
    let mut visit = Visit::new().await;
    let (_, open) = visit.admitted().await;
    let form = MoveAppointment {
        starts_at: open.starts_at,
        duration_min: open.duration_min,
        reason: Some("autre".to_owned()),
    };
    let path = |entry: &AppointmentEntry| format!("/api/appointments/{}/move", entry.appointment.full());
    visit.practitioner.post(&path(&open), &form).await.refused("wrong_state");
    let other: AppointmentEntry = visit.book(visit.claire.staff, open.patient, 90).await.json();
    visit.secretary.act(&format!("/api/appointments/{}/cancel", other.appointment.full())).await.ok();
    let form = MoveAppointment { starts_at: other.starts_at, ..form };
    visit.secretary.post(&path(&other), &form).await.refused("wrong_state");
    assert_eq!(visit.stage.psql("SELECT count(*) FROM health.reason").trim(), "0");
}

#[tokio::test]
async fn colleagues_administrators_patients_and_other_practices_read_no_reason() {
    let stage = Stage::new().await;
    let mut port = stage.other_practice().await;
    let form = json!({
        "family_name": "Kerjean", "given_name": "Yves", "email": "yves.kerjean@port.example", "role": "practitioner",
        "practitioner": {
            "title": "Dr", "profession": "Médecin", "specialty": "Médecine générale", "rpps": "10009876540"
        }
    });
    port.post("/api/admin/staff", &form).await.ok();
    let mut stranger = stage.activated(&stage.mailed_link("yves.kerjean@port.example", 1).await).await;
    let mut visit = Visit::on(stage).await;
    let entry = booked(&mut visit).await;
    let mut youssef = visit.stage.signed_in(&visit.youssef).await;
    let mut administrator = visit.stage.signed_in(&visit.paul).await;
    let form = MoveAppointment { starts_at: entry.starts_at, duration_min: 20, reason: Some("x".to_owned()) };
    for client in [&mut youssef, &mut administrator, &mut port, &mut stranger] {
        client.get(&reason_path(&entry)).await.refused("not_found");
        client.post(&format!("/api/appointments/{}/move", entry.appointment.full()), &form).await.refused("not_found");
    }
    visit.stage.client().get(&reason_path(&entry)).await.refused("not_signed_in");
    assert_eq!(visit.stage.count("appointment_reason_read"), 0);
    assert_eq!(read(&mut visit.secretary, &entry).await.as_deref(), Some(REASON));
}

#[tokio::test]
async fn the_words_are_sealed_in_the_store_of_health_and_stand_in_no_journal() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    read(&mut visit.secretary, &entry).await;
    let seen = visit.stage.psql(
        "SELECT string_agg(t, '|') FROM (
             SELECT r::text AS t FROM health.reason r
             UNION ALL SELECT encode(sealed_text, 'escape') FROM health.reason
             UNION ALL SELECT e::text FROM journal.event e
             UNION ALL SELECT encode(leaf, 'escape') FROM journal.event
             UNION ALL SELECT a::text FROM administrative.appointment a) AS texts",
    );
    assert!(seen.len() > 200 && !seen.contains("Toux"), "{seen}");
    let journal: String = visit.stage.signed_in(&visit.paul).await.get("/api/journal").await.text();
    assert!(journal.contains("appointment_reason_saved") && !journal.contains("Toux"), "{journal}");
    let refused = visit.stage.as_application("DELETE FROM health.reason").unwrap_err();
    assert!(refused.contains("permission denied"), "{refused}");
}

#[tokio::test]
async fn the_file_says_when_the_patient_comes_next() {
    let mut visit = Visit::new().await;
    let entry = booked(&mut visit).await;
    let path = format!("/api/consultations/{}", entry.consultation.full());
    let next = |view: ConsultationView| view.next_appointment_at;
    visit.book(visit.youssef.staff, entry.patient, 60).await.ok();
    assert_eq!(next(visit.practitioner.get(&path).await.json()), None);
    let second: AppointmentEntry = visit.book(visit.claire.staff, entry.patient, 120).await.json();
    visit.book(visit.claire.staff, entry.patient, 240).await.ok();
    assert_eq!(next(visit.practitioner.get(&path).await.json()), Some(second.starts_at));
    visit.secretary.act(&format!("/api/appointments/{}/cancel", second.appointment.full())).await.ok();
    assert_eq!(next(visit.practitioner.get(&path).await.json()), Some(visit.in_minutes(240)));
}
