//! The practitioner's consultation: notes, file, end.

use colloque_ids::{AppointmentId, ConsultationId, DocumentId, PatientId, PrescriptionId, RoomId, Timestamp};
use serde::{Deserialize, Serialize};

use super::appointment::PatientForm;
use super::patient::DocumentKind;

/// Longest notes, in characters.
pub const MAX_NOTES_CHARS: usize = 50_000;

/// `GET /api/consultations/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsultationView {
    /// The consultation.
    pub consultation: ConsultationId,
    /// Its appointment.
    pub appointment: AppointmentId,
    /// Its room.
    pub room: RoomId,
    /// The patient.
    pub patient: PatientId,
    /// The patient's identity traits.
    pub traits: PatientForm,
    /// When the appointment starts.
    pub starts_at: Timestamp,
    /// Why the patient comes; none when nobody said.
    #[serde(default)]
    pub reason: Option<String>,
    /// When the patient's next appointment with the same practitioner starts.
    #[serde(default)]
    pub next_appointment_at: Option<Timestamp>,
    /// Where the consultation stands.
    pub stage: ConsultationStage,
    /// When the patient's consent was recorded.
    pub consent_given_at: Option<Timestamp>,
    /// When the patient was admitted.
    pub admitted_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The notes.
    pub notes: Notes,
    /// Documents of this consultation, newest first.
    pub documents: Vec<DocumentEntry>,
}

/// Where a consultation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsultationStage {
    /// Nobody was admitted yet.
    Waiting,
    /// The patient was admitted.
    Open,
    /// It is over.
    Ended,
    /// The appointment was cancelled.
    Cancelled,
}

/// The practitioner's notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    /// Plain text.
    pub text: String,
    /// Counts the saves; a save names the revision it started from.
    pub revision: u32,
    /// When they were saved last.
    pub saved_at: Option<Timestamp>,
}

/// `PUT /api/consultations/{id}/notes`. A save on an older revision is refused with `conflict`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveNotes {
    /// Plain text, at most [`MAX_NOTES_CHARS`].
    pub text: String,
    /// Revision that the text started from.
    pub base_revision: u32,
}

/// Answer of a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotesSaved {
    /// New revision.
    pub revision: u32,
    /// When it was committed.
    pub saved_at: Timestamp,
}

/// A document in the practitioner's file; its bytes are at `GET /api/documents/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentEntry {
    /// The document.
    pub document: DocumentId,
    /// The prescription it is a version of.
    pub prescription: PrescriptionId,
    /// The consultation it was issued in.
    pub consultation: ConsultationId,
    /// What it is.
    pub kind: DocumentKind,
    /// Its version, from 1.
    pub version: u32,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was cancelled or replaced.
    pub cancelled_at: Option<Timestamp>,
    /// Why it was cancelled; none when a later version replaced it.
    pub cancel_reason: Option<String>,
    /// When the patient downloaded it first.
    pub read_by_patient_at: Option<Timestamp>,
}
