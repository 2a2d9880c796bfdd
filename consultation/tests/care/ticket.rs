//! Consent, tickets, admission.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use colloque_consultation::AdmitPatientError;
use colloque_protocol::Role;
use colloque_protocol::http::appointment::MoveAppointment;
use colloque_protocol::http::consultation::{ConsultationStage, ConsultationView};
use colloque_protocol::http::patient::{CONSENT_TEXT_VERSION, GiveConsent, PatientStatus, PatientView, TicketIssued};
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::ticket::{Person, Scope};

use crate::visit::{Visit, browser_key, ticket_request};

const CONSENT: GiveConsent = GiveConsent { text_version: CONSENT_TEXT_VERSION };

#[tokio::test]
async fn a_patients_ticket_names_one_minute_one_key_and_how_they_were_verified() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.verified().await;
    patient.post("/api/patient/ticket", &ticket_request()).await.refused("wrong_state");
    patient.post("/api/patient/consent", &CONSENT).await.ok();
    let issued: TicketIssued = patient.post("/api/patient/ticket", &ticket_request()).await.json();
    let claims = visit.claims(&issued.ticket);
    assert_eq!(claims.expires_at.since(claims.issued_at), Duration::from_secs(60));
    let thumbprint = digest(&SHA256, browser_key().thumbprint_input().as_bytes());
    assert_eq!(claims.key_thumbprint, KeyThumbprint::from_digest(thumbprint.as_ref()));
    assert_eq!((claims.person, claims.role), (Person::Patient(entry.patient), Role::Patient));
    assert_eq!(claims.card.display_name, "Jeanne D.");
    assert_eq!(claims.card.verified_by.len(), 2);
    let Scope::Room(scope) = claims.scope else { panic!("the ticket opens a room") };
    assert_eq!(scope.consultation, entry.consultation);
    assert_eq!(scope.consent_given_at, Some(visit.now()));
    assert_eq!(visit.stage.count("ticket_issued"), 1);
}

#[tokio::test]
async fn consent_is_recorded_once_and_to_the_text_in_force_only() {
    let mut visit = Visit::new().await;
    let (mut patient, _) = visit.verified().await;
    patient.post("/api/patient/consent", &GiveConsent { text_version: 99 }).await.refused("conflict");
    patient.post("/api/patient/consent", &CONSENT).await.ok();
    let given_at = visit.now();
    visit.pass(Duration::from_secs(60));
    patient.post("/api/patient/consent", &CONSENT).await.ok();
    let view: PatientView = patient.get("/api/patient").await.json();
    assert_eq!((view.consent_given_at, view.status), (Some(given_at), PatientStatus::Ready));
    assert_eq!(visit.stage.count("consent_given"), 1);
}

#[tokio::test]
async fn nobody_enters_before_the_room_opens_or_after_it_closes() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.verified().await;
    patient.post("/api/patient/consent", &CONSENT).await.ok();
    let later = MoveAppointment { starts_at: visit.in_minutes(31), duration_min: 20, reason: None };
    let path = format!("/api/appointments/{}/move", entry.appointment.full());
    visit.practitioner.post(&path, &later).await.ok();
    patient.post("/api/patient/ticket", &ticket_request()).await.refused("too_early");
    let path = format!("/api/consultations/{}/ticket", entry.consultation.full());
    visit.practitioner.post(&path, &ticket_request()).await.refused("too_early");
    visit.pass(Duration::from_secs(60));
    patient.post("/api/patient/ticket", &ticket_request()).await.ok();
    visit.pass(Duration::from_secs((30 + 20 + 60) * 60));
    patient.post("/api/patient/ticket", &ticket_request()).await.refused("wrong_state");
}

#[tokio::test]
async fn a_desk_ticket_shows_a_practitioner_their_queue_and_a_secretary_every_queue() {
    let mut visit = Visit::new().await;
    let issued: TicketIssued = visit.practitioner.post("/api/desk/ticket", &ticket_request()).await.json();
    let claims = visit.claims(&issued.ticket);
    assert_eq!(claims.scope, Scope::Desk { practitioners: vec![visit.claire.staff] });
    assert_eq!(claims.card.profession.as_deref(), Some("Médecin, médecine générale"));
    let issued: TicketIssued = visit.secretary.post("/api/desk/ticket", &ticket_request()).await.json();
    let Scope::Desk { practitioners } = visit.claims(&issued.ticket).scope else { panic!("the ticket opens a desk") };
    assert_eq!(practitioners.len(), 2);
    assert_eq!(visit.claims(&issued.ticket).card.display_name, "Nadia Petit");
}

#[tokio::test]
async fn without_consent_the_patient_keeps_waiting() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.verified().await;
    let scope = visit.room(&entry).await;
    let refused = visit.stage.service.records().admit(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(refused, Err(AdmitPatientError::NoConsent { .. })), "{refused:?}");
    assert_eq!(visit.stage.count("consultation_admitted"), 0);
}

#[tokio::test]
async fn only_the_booked_practitioner_admits_and_asking_again_changes_nothing() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.verified().await;
    patient.post("/api/patient/consent", &CONSENT).await.ok();
    let scope = visit.room(&entry).await;
    let records = visit.stage.service.records();
    let stranger = records.admit(&scope, visit.youssef.staff, visit.now()).await;
    assert!(matches!(stranger, Err(AdmitPatientError::Rule(_))), "{stranger:?}");
    let admitted_at = records.admit(&scope, visit.claire.staff, visit.now()).await.unwrap();
    let again = records.admit(&scope, visit.claire.staff, visit.in_minutes(1)).await.unwrap();
    assert_eq!(admitted_at, again);
    assert_eq!(visit.room(&entry).await.admitted_at, Some(admitted_at));
    assert_eq!(visit.stage.count("consultation_admitted"), 1);
    records.end(&scope, visit.claire.staff, visit.now()).await.unwrap();
    records.end(&scope, visit.claire.staff, visit.now()).await.unwrap();
    assert_eq!(visit.stage.count("consultation_ended"), 1);
    let over = records.admit(&scope, visit.claire.staff, visit.now()).await;
    assert!(matches!(over, Err(AdmitPatientError::Over { .. })), "{over:?}");
    let path = format!("/api/consultations/{}", entry.consultation.full());
    let view: ConsultationView = visit.practitioner.get(&path).await.json();
    assert_eq!(view.stage, ConsultationStage::Ended);
    let view: PatientView = patient.get("/api/patient").await.json();
    assert_eq!(view.status, PatientStatus::Over);
}
