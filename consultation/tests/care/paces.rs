//! What a person asks for again and again is held back: tickets and documents each write a line that nobody can delete.

use std::time::Duration;

use colloque_protocol::http::prescription::{
    CancelPrescription, PrescriptionForm, PrescriptionIssued, PrescriptionLineForm,
};
use colloque_test_support::Client;

use crate::visit::{Visit, ticket_request};

/// Asks until it is held back, and gives how often it was answered and how long it has to wait.
async fn until_held_back(
    client: &mut Client,
    mut ask: impl AsyncFnMut(&mut Client) -> colloque_test_support::Answer,
) -> (u32, u64) {
    for answered in 0..35 {
        let answer = ask(client).await;
        if !answer.status.is_success() {
            let wait = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            answer.refused("too_many_attempts");
            return (answered, wait);
        }
    }
    panic!("nothing holds this person back");
}

#[tokio::test]
async fn a_patient_who_asks_for_tickets_without_end_gets_twenty_a_minute() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.admitted().await;
    visit.pass(Duration::from_secs(120));
    let before = visit.stage.count("ticket_issued");
    let ask = async |client: &mut Client| client.post("/api/patient/ticket", &ticket_request()).await;
    assert_eq!(until_held_back(&mut patient, ask).await, (20, 3));
    assert_eq!(visit.stage.count("ticket_issued") - before, 20);
    // Nobody else is held back, nor is the patient for anything else.
    visit.room(&entry).await;
    patient.get("/api/patient").await.ok();
    visit.pass(Duration::from_secs(60));
    assert_eq!(until_held_back(&mut patient, ask).await, (20, 3));
}

#[tokio::test]
async fn a_practitioner_gets_twenty_tickets_a_minute_whatever_they_open() {
    let mut visit = Visit::new().await;
    visit.practitioner.post("/api/desk/ticket", &ticket_request()).await.ok();
    let (_, entry) = visit.verified().await;
    let path = format!("/api/consultations/{}/ticket", entry.consultation.full());
    visit.practitioner.post(&path, &ticket_request()).await.ok();
    let desk = async |client: &mut Client| client.post("/api/desk/ticket", &ticket_request()).await;
    assert_eq!(until_held_back(&mut visit.practitioner, desk).await.0, 18);
    visit.practitioner.post(&path, &ticket_request()).await.refused("too_many_attempts");
    visit.secretary.post("/api/desk/ticket", &ticket_request()).await.ok();
}

#[tokio::test]
async fn a_patient_who_reads_a_cancelled_prescription_without_end_is_held_back() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.admitted().await;
    let line = PrescriptionLineForm {
        name: "Amoxicilline".to_owned(),
        strength: "500 mg, gélule".to_owned(),
        dosage: "1 gélule matin, midi et soir".to_owned(),
        duration: Some("7 jours".to_owned()),
        ..PrescriptionLineForm::default()
    };
    let form = PrescriptionForm { lines: vec![line], ..PrescriptionForm::default() };
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let issued: PrescriptionIssued = visit.practitioner.post(&path, &form).await.json();
    let cancel = CancelPrescription { reason: "erreur de dose".to_owned() };
    visit.practitioner.post(&format!("/api/prescriptions/{}/cancel", issued.prescription.full()), &cancel).await.ok();
    let document = issued.document.full();
    let theirs = format!("/api/patient/documents/{document}");
    let read = async |client: &mut Client| client.get(&theirs).await;
    assert_eq!(until_held_back(&mut patient, read).await, (10, 2));
    assert_eq!(visit.stage.count("document_read"), 10);
    visit.practitioner.get(&format!("/api/documents/{document}")).await.ok();
    visit.pass(Duration::from_secs(2));
    assert_eq!(until_held_back(&mut patient, read).await, (1, 2));
}
