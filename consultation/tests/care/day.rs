//! Patients and appointments.

use std::time::Duration;

use colloque_protocol::http::appointment::{
    AppointmentEntry, AppointmentForm, AppointmentStatus, Day, MoveAppointment, PatientEntry, PatientForm,
    PatientSearch,
};
use colloque_protocol::http::error::ErrorBody;

use crate::visit::{Link, Visit, jeanne};

#[tokio::test]
async fn a_form_with_faults_names_every_one_of_them() {
    let mut visit = Visit::new().await;
    let form = PatientForm {
        birth_name: " ".to_owned(),
        used_name: Some("12".to_owned()),
        first_names: String::new(),
        birth_date: "2027-01-01".to_owned(),
        email: "jeanne".to_owned(),
        phone: Some("12".to_owned()),
        ..jeanne()
    };
    let refused = visit.secretary.post("/api/patients", &form).await.refused("invalid");
    let body: ErrorBody = serde_json::from_slice(&refused.body).unwrap();
    let fields: Vec<_> = body.fields.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["birth_name", "used_name", "first_names", "birth_date", "email", "phone"]);
}

#[tokio::test]
async fn patients_are_found_by_any_of_their_names_without_accents_and_the_search_is_journaled() {
    let mut visit = Visit::new().await;
    let patient = visit.patient().await;
    let search = |query: &str| PatientSearch { query: query.to_owned() };
    for query in ["dur", "jeanne durand", "COEURD", "elise", "Élise"] {
        let found: Vec<PatientEntry> = visit.practitioner.post("/api/patients/search", &search(query)).await.json();
        assert_eq!(found.iter().map(|entry| entry.patient).collect::<Vec<_>>(), [patient], "{query}");
    }
    for query in ["", "%", "_", "x", "urand"] {
        let found: Vec<PatientEntry> = visit.practitioner.post("/api/patients/search", &search(query)).await.json();
        assert!(found.is_empty(), "{query}");
    }
    assert_eq!(visit.stage.count("patients_searched"), 10);
    assert_eq!(visit.stage.count("patient_recorded"), 1);
}

#[tokio::test]
async fn no_route_takes_a_name_in_its_address() {
    let mut visit = Visit::new().await;
    visit.patient().await;
    visit.practitioner.get("/api/patients?query=durand").await.refused("not_found");
    visit.practitioner.get("/api/patients/search?query=durand").await.refused("not_found");
    assert_eq!(visit.stage.count("patients_searched"), 0);
}

#[tokio::test]
async fn the_day_lists_appointments_with_names_as_staff_read_them() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    assert_eq!(entry.patient_name, "DURAND Jeanne Élise");
    let day: Day = visit.practitioner.get("/api/day?date=2026-11-23").await.json();
    assert_eq!(day.appointments, std::slice::from_ref(&entry));
    assert_eq!(day.practitioners.len(), 1);
    let day: Day = visit.secretary.get("/api/day").await.json();
    assert_eq!((day.date.as_str(), day.practitioners.len()), ("2026-11-23", 2));
    let other: Day = visit.secretary.get("/api/day?date=2026-11-24").await.json();
    assert!(other.appointments.is_empty());
    visit.secretary.get("/api/day?date=2026-13-01").await.refused("invalid");
    visit.pass(Duration::from_secs(3 * 3_600));
    let status = visit.stage.psql("SELECT count(*) FROM health.consultation WHERE admitted_at IS NULL");
    assert_eq!(status.trim(), "1");
    assert_eq!(entry.status, AppointmentStatus::Booked);
}

#[tokio::test]
async fn of_two_bookings_of_one_slot_at_the_same_time_one_is_refused() {
    let mut visit = Visit::new().await;
    let patient = visit.patient().await;
    let form = AppointmentForm {
        practitioner: visit.claire.staff,
        patient,
        starts_at: visit.in_minutes(30),
        duration_min: 20,
        reason: None,
    };
    let mut clients: Vec<_> = (0..6).map(|_| visit.secretary.clone()).collect();
    let answers = clients.iter_mut().map(|client| client.post("/api/appointments", &form));
    let answers = futures_util::future::join_all(answers).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.refusal().as_deref() == Some("invalid")).count(), 5);
    assert_eq!(visit.stage.count("appointment_booked"), 1);
}

#[tokio::test]
async fn an_ended_consultation_leaves_the_rest_of_its_time_free() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.admitted().await;
    visit.pass(Duration::from_secs(60));
    visit.book(visit.claire.staff, entry.patient, 15).await.refused("invalid");
    visit.practitioner.act(&format!("/api/consultations/{}/end", entry.consultation.full())).await.ok();
    visit.book(visit.claire.staff, entry.patient, -2).await.refused("invalid");
    visit.book(visit.claire.staff, entry.patient, 15).await.ok();
}

#[tokio::test]
async fn nobody_books_for_a_colleague_an_unknown_patient_or_the_past() {
    let mut visit = Visit::new().await;
    let patient = visit.patient().await;
    let form = |practitioner, patient| AppointmentForm {
        practitioner,
        patient,
        starts_at: visit.in_minutes(30),
        duration_min: 20,
        reason: None,
    };
    let colleague = form(visit.youssef.staff, patient);
    let unknown = form(visit.claire.staff, visit.claire.staff.same_as());
    let secretary_of_nobody = form(visit.paul.staff, patient);
    visit.practitioner.post("/api/appointments", &colleague).await.refused("not_found");
    visit.practitioner.post("/api/appointments", &unknown).await.refused("not_found");
    visit.secretary.post("/api/appointments", &secretary_of_nobody).await.refused("not_found");
    visit.book(visit.claire.staff, patient, -60).await.refused("invalid");
    let mut administrator = visit.stage.signed_in(&visit.paul).await;
    administrator.get("/api/day").await.refused("not_found");
    administrator.post("/api/appointments", &colleague).await.refused("not_found");
}

#[tokio::test]
async fn a_moved_appointment_keeps_its_link_and_tells_the_patient_the_new_hour() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let link = Link::of(&visit.invite(&entry).await.link);
    let form = MoveAppointment { starts_at: visit.in_minutes(300), duration_min: 30, reason: None };
    visit.pass(Duration::from_secs(1));
    let path = format!("/api/appointments/{}/move", entry.appointment.full());
    let moved: AppointmentEntry = visit.secretary.post(&path, &form).await.json();
    assert_eq!((moved.starts_at, moved.duration_min), (form.starts_at, 30));
    assert_eq!(moved.invited_at, Some(visit.now()));
    let messages = visit.mail(2).await;
    let text = messages[0]["text"].as_str().unwrap();
    assert!(text.contains("lundi 23 novembre 2026 à 15\u{a0}h\u{a0}00"), "{text}");
    link.redeem(&mut visit.stage.client()).await.ok();
    assert_eq!(visit.stage.count("appointment_moved"), 1);
}

#[tokio::test]
async fn a_cancelled_appointment_closes_its_link_and_tells_the_patient() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.verified().await;
    let path = format!("/api/appointments/{}/cancel", entry.appointment.full());
    visit.pass(Duration::from_secs(1));
    visit.practitioner.act(&path).await.ok();
    visit.practitioner.act(&path).await.refused("wrong_state");
    assert!(visit.mail(3).await[0]["text"].as_str().unwrap().contains("est annulé"));
    let view = patient.get("/api/patient").await;
    assert!(view.text().contains(r#""status":"cancelled""#), "{}", view.text());
    patient.post("/api/patient/ticket", &crate::visit::ticket_request()).await.refused("appointment_cancelled");
    assert_eq!(visit.stage.count("invitation_superseded"), 1);
}

#[tokio::test]
async fn a_colleague_moves_cancels_and_invites_nothing_that_is_not_theirs() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let mut youssef = visit.stage.signed_in(&visit.youssef).await;
    let form = MoveAppointment { starts_at: visit.in_minutes(300), duration_min: 30, reason: None };
    let path = |action: &str| format!("/api/appointments/{}/{action}", entry.appointment.full());
    youssef.post(&path("move"), &form).await.refused("not_found");
    youssef.act(&path("cancel")).await.refused("not_found");
    youssef.act(&path("invitation")).await.refused("not_found");
    youssef.act("/api/appointments/00000000-0000-7000-8000-000000000000/cancel").await.refused("not_found");
    assert_eq!(visit.stage.count("access_refused"), 4);
}

#[tokio::test]
async fn a_patient_who_was_not_received_is_to_be_called_until_the_appointment_moves() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.verified().await;
    let (scope, records) = (visit.room(&entry).await, visit.stage.service.records());
    records.refuse_patient(&scope, visit.claire.staff, visit.now()).await.unwrap();
    assert_eq!(status(&mut visit).await, AppointmentStatus::NotReceived);
    for _ in 0..9 {
        visit.pass(Duration::from_secs(20 * 60));
        assert_eq!(status(&mut visit).await, AppointmentStatus::NotReceived, "nobody forgets the call");
    }
    let path = format!("/api/appointments/{}/move", entry.appointment.full());
    let form = MoveAppointment { starts_at: visit.in_minutes(30), duration_min: 20, reason: None };
    let moved: AppointmentEntry = visit.secretary.post(&path, &form).await.json();
    assert_eq!(moved.status, AppointmentStatus::Booked);
    assert_eq!(visit.stage.count("patient_refused"), 1);
}

async fn status(visit: &mut Visit) -> AppointmentStatus {
    let day: Day = visit.secretary.get("/api/day").await.json();
    day.appointments[0].status
}
