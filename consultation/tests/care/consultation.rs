//! The practitioner's consultation: reading, notes, end, and who may not.

use colloque_protocol::http::consultation::{ConsultationView, NotesSaved, SaveNotes};

use crate::visit::Visit;

fn notes(text: &str, base_revision: u32) -> SaveNotes {
    SaveNotes { text: text.to_owned(), base_revision }
}

#[tokio::test]
async fn notes_saved_on_an_older_revision_are_refused_and_nothing_is_lost() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let path = format!("/api/consultations/{}", entry.consultation.full());
    let notes_path = format!("{path}/notes");
    let saved: NotesSaved = visit.practitioner.put(&notes_path, &notes("Fièvre depuis 3 jours", 0)).await.json();
    assert_eq!(saved.revision, 1);
    visit.practitioner.put(&notes_path, &notes("d’un autre onglet", 0)).await.refused("conflict");
    let saved: NotesSaved = visit.practitioner.put(&notes_path, &notes("Fièvre depuis 3 jours, toux", 1)).await.json();
    assert_eq!(saved.revision, 2);
    let view: ConsultationView = visit.practitioner.get(&path).await.json();
    assert_eq!((view.notes.text.as_str(), view.notes.revision), ("Fièvre depuis 3 jours, toux", 2));
    assert_eq!(view.traits.birth_name, "Cœurderoy");
    assert_eq!(visit.stage.count("notes_saved"), 2);
    assert_eq!(visit.stage.count("consultation_read"), 1);
    assert!(!visit.stage.psql("SELECT n::text FROM health.notes n").contains("toux"), "notes are sealed");
}

#[tokio::test]
async fn of_saves_at_the_same_time_on_one_revision_one_is_kept() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let path = format!("/api/consultations/{}/notes", entry.consultation.full());
    let mut clients: Vec<_> = (0..6).map(|_| visit.practitioner.clone()).collect();
    let body = notes("texte", 0);
    let answers = futures_util::future::join_all(clients.iter_mut().map(|client| client.put(&path, &body))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
}

#[tokio::test]
async fn endless_notes_are_refused() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let path = format!("/api/consultations/{}/notes", entry.consultation.full());
    visit.practitioner.put(&path, &notes(&"é".repeat(50_001), 0)).await.refused("invalid");
    visit.practitioner.put(&path, &notes(&"é".repeat(50_000), 0)).await.ok();
}

#[tokio::test]
async fn secretaries_administrators_and_colleagues_read_nothing_clinical() {
    let mut visit = Visit::new().await;
    let (mut patient, entry) = visit.admitted().await;
    let mut youssef = visit.stage.signed_in(&visit.youssef).await;
    let mut administrator = visit.stage.signed_in(&visit.paul).await;
    let path = format!("/api/consultations/{}", entry.consultation.full());
    let unknown = "/api/consultations/00000000-0000-7000-8000-000000000000";
    let body = notes("x", 0);
    for client in [&mut visit.secretary, &mut youssef, &mut administrator] {
        let answer = client.get(&path).await;
        let other = client.get(unknown).await;
        assert_eq!((answer.status, answer.refusal()), (other.status, other.refusal()));
        assert_eq!(answer.refusal().as_deref(), Some("not_found"));
        client.put(&format!("{path}/notes"), &body).await.refused("not_found");
        client.act(&format!("{path}/end")).await.refused("not_found");
        client.get(&format!("/api/patients/{}/documents", entry.patient.full())).await.ok_or_not_found();
    }
    patient.get(&path).await.refused("not_signed_in");
    assert_eq!(visit.stage.count("consultation_ended"), 0);
}

trait OkOrNotFound {
    fn ok_or_not_found(self);
}

impl OkOrNotFound for colloque_test_support::Answer {
    /// A colleague's own file of a patient of the practice is empty; for anybody else there is none.
    fn ok_or_not_found(self) {
        assert!(self.refusal().as_deref() == Some("not_found") || self.text() == "[]", "{}", self.text());
    }
}

#[tokio::test]
async fn a_consultation_that_nobody_was_admitted_to_cannot_be_ended() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let path = format!("/api/consultations/{}/end", entry.consultation.full());
    visit.practitioner.act(&path).await.refused("wrong_state");
}
