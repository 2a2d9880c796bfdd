//! Prescriptions and their documents.

use std::io::Write;
use std::process::{Command, Stdio};

use colloque_protocol::http::consultation::DocumentEntry;
use colloque_protocol::http::error::ErrorBody;
use colloque_protocol::http::patient::PatientView;
use colloque_protocol::http::prescription::{
    CancelPrescription, PrescriptionCheck, PrescriptionForm, PrescriptionIssued, PrescriptionLineForm,
};
use colloque_test_support::Answer;

use crate::visit::{Link, Visit};

fn line(name: &str) -> PrescriptionLineForm {
    PrescriptionLineForm {
        name: name.to_owned(),
        strength: "500 mg, gélule".to_owned(),
        dosage: "1 gélule matin, midi et soir".to_owned(),
        duration: Some("7 jours".to_owned()),
        ..PrescriptionLineForm::default()
    }
}

fn form(names: &[&str]) -> PrescriptionForm {
    PrescriptionForm { lines: names.iter().map(|name| line(name)).collect(), ..PrescriptionForm::default() }
}

/// Reads a PDF, every run of white space as one space.
fn text(answer: &Answer) -> String {
    assert_eq!(answer.headers["content-type"], "application/pdf");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the tests need Debian's package poppler-utils");
    child.stdin.take().unwrap().write_all(&answer.body).unwrap();
    let text = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_check_names_every_missing_mention_and_every_refused_line() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let mut draft = form(&["Amoxicilline", "Tramadol"]);
    draft.lines.push(PrescriptionLineForm::default());
    draft.weight_kg = Some("lourd".to_owned());
    let check: PrescriptionCheck = visit.practitioner.post(&format!("{path}/check"), &draft).await.json();
    let fields: Vec<_> = check.fields.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["lines.2.name", "lines.2.strength", "lines.2.dosage", "lines.2.duration", "weight_kg"]);
    assert_eq!((check.refused[0].line, check.refused[0].substance.as_str()), (1, "Tramadol"));
    let missing = visit.practitioner.post(&path, &form(&[""])).await.refused("invalid");
    let body: ErrorBody = serde_json::from_slice(&missing.body).unwrap();
    assert_eq!(body.fields[0].field, "lines.0.name");
    let strange = visit.practitioner.post(&path, &form(&["明"])).await.refused("invalid");
    assert!(strange.text().contains("lines.0.name"));
}

#[tokio::test]
async fn a_secured_substance_gives_no_document_and_the_reason() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let refused = visit.practitioner.post(&path, &form(&["Paracétamol codéine"])).await.refused("secured_prescription");
    assert!(refused.text().contains("ordonnance sécurisée"), "{}", refused.text());
    assert_eq!(visit.stage.psql("SELECT count(*) FROM documents.document").trim(), "0");
    assert_eq!(visit.stage.count("prescription_refused"), 1);
}

#[tokio::test]
async fn an_issued_prescription_is_read_by_its_two_parties_and_each_read_is_journaled() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let issued: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.json();
    assert_eq!(issued.version, 1);
    let document = issued.document.full();
    let own = visit.practitioner.get(&format!("/api/documents/{document}")).await.ok();
    let text = text(&own);
    for mention in [
        "Dre Claire Martin",
        "10003456786",
        "Médecine générale",
        "France",
        "+33 2 61 91 00 12",
        "DURAND Jeanne Élise",
        "CŒURDEROY",
        "14/05/1978",
        "féminin",
        "Amoxicilline",
        "7 jours",
        "Non renouvelable",
        "Le 23 novembre 2026 à 10 h 00",
        "mot de passe et code à usage unique",
        "Spécimen d'une démonstration",
        "Page 1 sur 1",
    ] {
        assert!(text.contains(mention), "{mention} is missing from: {text}");
    }
    let view: PatientView = patient.get("/api/patient").await.json();
    assert_eq!(view.documents[0].document, issued.document);
    let theirs = patient.get(&format!("/api/patient/documents/{document}")).await.ok();
    assert_eq!(theirs.body, own.body);
    let listed: Vec<DocumentEntry> =
        visit.practitioner.get(&format!("/api/patients/{}/documents", entry.patient.full())).await.json();
    assert_eq!(listed[0].read_by_patient_at, Some(visit.now()));
    assert_eq!(visit.stage.count("document_issued"), 1);
    assert_eq!(visit.stage.count("document_read"), 2);
    assert_eq!(visit.stage.count("documents_listed"), 1);
    let journaled = visit.stage.psql(
        "SELECT position(d.sha256 IN e.leaf) > 0 FROM documents.document d, journal.event e WHERE e.kind = 'document_issued'",
    );
    assert_eq!(journaled.trim(), "t", "the journal holds the digest of the bytes");
}

#[tokio::test]
async fn a_cancelled_prescription_is_stamped_on_every_copy_and_its_bytes_are_not_touched() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let issued: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.json();
    let before = visit.stage.psql("SELECT md5(sealed_bytes) FROM documents.document");
    let cancel = format!("/api/prescriptions/{}/cancel", issued.prescription.full());
    let reason = |reason: &str| CancelPrescription { reason: reason.to_owned() };
    visit.practitioner.post(&cancel, &reason("x")).await.refused("invalid");
    visit.practitioner.post(&cancel, &reason("erreur de dose")).await.ok();
    visit.practitioner.post(&cancel, &reason("erreur de dose")).await.refused("wrong_state");
    let copy = patient.get(&format!("/api/patient/documents/{}", issued.document.full())).await.ok();
    assert!(text(&copy).contains("Ordonnance annulée le 23 novembre 2026"), "{}", text(&copy));
    assert_eq!(visit.stage.psql("SELECT md5(sealed_bytes) FROM documents.document"), before);
    let listed: Vec<DocumentEntry> =
        visit.practitioner.get(&format!("/api/patients/{}/documents", entry.patient.full())).await.json();
    assert_eq!(listed[0].cancel_reason.as_deref(), Some("erreur de dose"));
    assert_eq!(visit.stage.count("document_cancelled"), 1);
    for statement in ["DELETE FROM documents.document", "UPDATE documents.document SET sealed_bytes = ''"] {
        assert!(visit.stage.as_application(statement).unwrap_err().contains("permission denied"), "{statement}");
    }
}

#[tokio::test]
async fn a_replacement_is_a_new_version_and_the_one_before_says_so() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let first: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.json();
    let next = PrescriptionForm { replaces: Some(first.prescription), ..form(&["Azithromycine"]) };
    let second: PrescriptionIssued = visit.practitioner.post(&path, &next).await.json();
    assert_eq!((second.prescription, second.version), (first.prescription, 2));
    let old = patient.get(&format!("/api/patient/documents/{}", first.document.full())).await.ok();
    assert!(text(&old).contains("Ordonnance remplacée"), "{}", text(&old));
    let new = patient.get(&format!("/api/patient/documents/{}", second.document.full())).await.ok();
    assert!(text(&new).contains("Azithromycine") && text(&new).contains("version 2"));
    let path = format!("/api/patients/{}/documents", entry.patient.full());
    let listed: Vec<DocumentEntry> = visit.practitioner.get(&path).await.json();
    let replaced = listed.iter().find(|listed| listed.document == first.document).unwrap();
    assert_eq!((replaced.cancelled_at, &replaced.cancel_reason), (Some(visit.now()), &None));
    let mut youssef = visit.stage.signed_in(&visit.youssef).await;
    let cancel = CancelPrescription { reason: "pas la mienne".to_owned() };
    youssef
        .post(&format!("/api/prescriptions/{}/cancel", first.prescription.full()), &cancel)
        .await
        .refused("not_found");
    youssef.get(&format!("/api/documents/{}", first.document.full())).await.refused("not_found");
}

#[tokio::test]
async fn a_request_that_comes_twice_issues_once() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let first: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.json();
    visit.pass(std::time::Duration::from_secs(90));
    let again: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.json();
    assert_eq!(again, first);
    let other: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Azithromycine"])).await.json();
    assert_ne!(other.prescription, first.prescription);
    let replaces = Some(first.prescription);
    let next = PrescriptionForm { replaces, ..form(&["Doxycycline"]) };
    let second: PrescriptionIssued = visit.practitioner.post(&path, &next).await.json();
    let second_again: PrescriptionIssued = visit.practitioner.post(&path, &next).await.json();
    assert_eq!((second_again, second.version), (second.clone(), 2));
    assert_eq!(visit.stage.count("document_issued"), 3);
    let cancel = CancelPrescription { reason: "erreur de dose".to_owned() };
    visit.practitioner.post(&format!("/api/prescriptions/{}/cancel", second.prescription.full()), &cancel).await.ok();
    let anew: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Doxycycline"])).await.json();
    assert_ne!(anew.prescription, second.prescription, "what was cancelled can be prescribed again");
}

#[tokio::test]
async fn another_patient_does_not_find_the_document() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.admitted().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    let issued: PrescriptionIssued = visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.json();
    visit.pass(std::time::Duration::from_secs(1));
    let other = visit.patient().await;
    let other = visit.book(visit.claire.staff, other, 60).await.json();
    let link = Link::of(&visit.invite(&other).await.link);
    let mut stranger = visit.stage.client();
    link.redeem(&mut stranger).await.ok();
    let document = format!("/api/patient/documents/{}", issued.document.full());
    stranger.get(&document).await.refused("second_factor_needed");
    let code = colloque_protocol::http::patient::SecondFactor { code: visit.code(4).await };
    stranger.post("/api/patient/second-factor", &code).await.ok();
    stranger.get(&document).await.refused("not_found");
    visit.stage.client().get(&document).await.refused("not_signed_in");
    assert_eq!(visit.stage.count("document_read"), 0);
}

#[tokio::test]
async fn nothing_is_prescribed_to_somebody_who_was_not_admitted() {
    let mut visit = Visit::new().await;
    let (_, entry) = visit.verified().await;
    let path = format!("/api/consultations/{}/prescriptions", entry.consultation.full());
    visit.practitioner.post(&path, &form(&["Amoxicilline"])).await.refused("wrong_state");
}
