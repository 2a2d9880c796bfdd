//! Documents: immutable once stored, read only after the journal says so.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use colloque_documents::{PrescriptionSheet, Stamp};
use colloque_ids::{ConsultationId, DocumentId, PatientId, PracticeId, PrescriptionId, StaffId, Timestamp, kind};
use colloque_journal::Event;
use colloque_protocol::http::consultation::DocumentEntry;
use colloque_protocol::http::patient::DocumentKind;
use colloque_protocol::ticket::Person;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::booking::{Booking, By};
use super::people::PatientRecord;
use super::view::PRACTITIONER;
use super::{paris, prescription};
use crate::Consultation;
use crate::http::{Access, Context, PathId, Refusal, Routes};
use crate::secrets::{Secrets, Store};
use crate::session::{PatientSession, SignedIn};
use crate::storage::{Columns, Recorded, StorageError};

/// Purposes of the seals.
const SEAL_BYTES: &str = "document";
const SEAL_SHEET: &str = "document sheet";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/api/documents/{id}", PRACTITIONER, for_practitioner)
        .get("/api/patients/{id}/documents", PRACTITIONER, of_patient)
        .get("/api/patient/documents/{id}", Access::Patient, for_patient)
}

/// What is known of a document without opening it.
#[derive(Debug, Clone)]
pub(super) struct DocumentFace {
    pub(super) document: DocumentId,
    pub(super) practice: PracticeId,
    pub(super) practitioner: StaffId,
    pub(super) prescription: PrescriptionId,
    pub(super) consultation: ConsultationId,
    pub(super) version: u32,
    pub(super) issued_at: Timestamp,
    pub(super) withdrawn_as: Option<String>,
    pub(super) withdrawn_at: Option<Timestamp>,
    pub(super) read_by_patient_at: Option<Timestamp>,
}

/// A document about to be stored.
pub(super) struct NewDocument {
    pub(super) face: DocumentFace,
    pub(super) patient: PatientId,
    pub(super) sha256: [u8; 32],
    pub(super) bytes: Vec<u8>,
    pub(super) sheet: Vec<u8>,
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT document, practice, practitioner, prescription, consultation, version, issued_at, withdrawn_as,
                 withdrawn_at, read_by_patient_at
             FROM documents.document ",
            $tail
        )
    };
}

impl DocumentFace {
    fn read(row: &PgRow) -> Result<Self, StorageError> {
        Ok(Self {
            document: row.id("document")?,
            practice: row.id("practice")?,
            practitioner: row.id("practitioner")?,
            prescription: row.id("prescription")?,
            consultation: row.id("consultation")?,
            version: u32::try_from(row.try_get::<i32, _>("version")?).unwrap_or(0),
            issued_at: row.instant("issued_at")?,
            withdrawn_as: row.optional_text("withdrawn_as")?,
            withdrawn_at: row.optional_instant("withdrawn_at")?,
            read_by_patient_at: row.optional_instant("read_by_patient_at")?,
        })
    }

    async fn load(connection: &mut PgConnection, id: DocumentId) -> Result<Option<Self>, StorageError> {
        let row = sqlx::query(select!("WHERE document = $1")).bind(id.uuid()).fetch_optional(connection).await?;
        row.as_ref().map(Self::read).transpose()
    }

    fn is_cancelled(&self) -> bool {
        self.withdrawn_as.as_deref() == Some("cancelled")
    }

    /// What every copy bears once the document is no longer in force. The stored bytes are never touched.
    fn stamp(&self) -> Option<Stamp> {
        let withdrawn_at = self.withdrawn_at?;
        let day = paris::date(withdrawn_at).long();
        Some(if self.is_cancelled() {
            Stamp {
                word: "ANNULÉE".to_owned(),
                sentence: format!("Ordonnance annulée le {day}. Elle n’est plus valable : ne pas délivrer."),
            }
        } else {
            Stamp {
                word: "REMPLACÉE".to_owned(),
                sentence: format!(
                    "Ordonnance remplacée le {day} par une nouvelle version. Celle-ci n’est plus valable : ne pas délivrer."
                ),
            }
        })
    }
}

/// Documents of a consultation, newest first.
pub(super) async fn of_consultation(
    connection: &mut PgConnection,
    consultation: ConsultationId,
) -> Result<Vec<DocumentFace>, StorageError> {
    let rows = sqlx::query(select!("WHERE consultation = $1 ORDER BY issued_at DESC, document DESC"))
        .bind(consultation.uuid())
        .fetch_all(connection)
        .await?;
    rows.iter().map(DocumentFace::read).collect()
}

/// Documents of a consultation that are in force, each with what it was made from.
pub(super) async fn sheets_in_force(
    connection: &mut PgConnection,
    secrets: &Secrets,
    consultation: ConsultationId,
) -> Result<Vec<(DocumentFace, PrescriptionSheet)>, StorageError> {
    let rows = sqlx::query(
        "SELECT document, practice, practitioner, prescription, consultation, version, issued_at, withdrawn_as,
             withdrawn_at, read_by_patient_at, sealed_sheet
         FROM documents.document WHERE consultation = $1 AND withdrawn_at IS NULL",
    )
    .bind(consultation.uuid())
    .fetch_all(connection)
    .await?;
    let unreadable = || StorageError::Unreadable { what: "document sheet" };
    rows.iter()
        .map(|row| {
            let face = DocumentFace::read(row)?;
            let sealed: Vec<u8> = row.try_get("sealed_sheet")?;
            let plain = secrets.open(SEAL_SHEET, face.document.uuid(), &sealed).map_err(|_| unreadable())?;
            let sheet = serde_json::from_slice(&plain).map_err(|_| unreadable())?;
            Ok((face, sheet))
        })
        .collect()
}

/// Writes documents for their practitioner.
pub(super) async fn entries(
    service: &Consultation,
    connection: &mut PgConnection,
    faces: Vec<DocumentFace>,
) -> Result<Vec<DocumentEntry>, StorageError> {
    let mut entries = Vec::with_capacity(faces.len());
    for face in faces {
        let cancel_reason = match face.withdrawn_at {
            Some(_) if face.is_cancelled() => {
                prescription::cancel_reason(connection, service.secrets(), face.prescription).await?
            }
            // What a later version replaced was withdrawn for no reason that anybody wrote.
            _ => None,
        };
        entries.push(DocumentEntry {
            document: face.document,
            prescription: face.prescription,
            consultation: face.consultation,
            kind: DocumentKind::Prescription,
            version: face.version,
            issued_at: face.issued_at,
            cancelled_at: face.withdrawn_at,
            cancel_reason,
            read_by_patient_at: face.read_by_patient_at,
        });
    }
    Ok(entries)
}

/// Stores a document, in the present transaction.
pub(super) async fn insert(
    connection: &mut PgConnection,
    secrets: &Secrets,
    new: &NewDocument,
) -> Result<(), StorageError> {
    let face = &new.face;
    let id = face.document.uuid();
    sqlx::query(
        "INSERT INTO documents.document (document, practice, practitioner, patient, consultation, prescription, version, kind,
             issued_at, sha256, sealed_bytes, sealed_sheet)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'prescription', $8, $9, $10, $11)",
    )
    .bind(id)
    .bind(face.practice.uuid())
    .bind(face.practitioner.uuid())
    .bind(secrets.patient_in(Store::Documents, new.patient))
    .bind(face.consultation.uuid())
    .bind(face.prescription.uuid())
    .bind(i32::try_from(face.version).unwrap_or(i32::MAX))
    .bind(face.issued_at.as_millis())
    .bind(new.sha256.as_slice())
    .bind(secrets.seal(SEAL_BYTES, id, &new.bytes))
    .bind(secrets.seal(SEAL_SHEET, id, &new.sheet))
    .execute(connection)
    .await?;
    Ok(())
}

/// Marks a document as no longer in force, in the present transaction.
pub(super) async fn withdraw(
    connection: &mut PgConnection,
    document: DocumentId,
    withdrawn_as: &str,
    at: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE documents.document SET withdrawn_as = $2, withdrawn_at = $3 WHERE document = $1 AND withdrawn_at IS NULL",
    )
    .bind(document.uuid())
    .bind(withdrawn_as)
    .bind(at.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

async fn for_practitioner(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Document>,
) -> Result<Response, Refusal> {
    let mut connection = service.storage().read().await?;
    let face = DocumentFace::load(&mut connection, id).await?;
    drop(connection);
    let is_theirs = |face: &DocumentFace| face.practice == signed_in.practice && face.practitioner == signed_in.staff;
    let Some(face) = face.filter(is_theirs) else { return Err(signed_in.refuse(&service, context.now).await) };
    let booking = Booking::for_staff(&service, &signed_in, context, By::Consultation(face.consultation)).await?;
    let person = Person::Staff(signed_in.staff);
    service.request_limits().document(person, context.now)?;
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let read = signed_in.draft(context.now, Event::DocumentRead { document: id });
    service.storage().record(read.about(face.consultation).concerning(pseudonym)).await?;
    answer(&service, person, id).await
}

async fn for_patient(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
    PathId(id): PathId<kind::Document>,
) -> Result<Response, Refusal> {
    let mut connection = service.storage().read().await?;
    let face = DocumentFace::load(&mut connection, id).await?;
    drop(connection);
    let is_theirs =
        |face: &DocumentFace| face.practice == patient.practice && face.consultation == patient.consultation;
    if face.filter(is_theirs).is_none() {
        return Err(Refusal::not_found());
    }
    let (person, now) = (Person::Patient(patient.patient), context.now);
    service.request_limits().document(person, now)?;
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE documents.document SET read_by_patient_at = $2
                     WHERE document = $1 AND read_by_patient_at IS NULL",
                )
                .bind(id.uuid())
                .bind(now.as_millis())
                .execute(connection)
                .await?;
                Ok::<_, StorageError>(Recorded::new((), patient.draft(now, Event::DocumentRead { document: id })))
            })
        })
        .await?;
    answer(&service, person, id).await
}

async fn of_patient(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Patient>,
) -> Result<impl IntoResponse, Refusal> {
    let mut connection = service.storage().read().await?;
    let known = PatientRecord::load(&service, &mut connection, signed_in.practice, id).await?;
    if known.is_none() {
        drop(connection);
        return Err(signed_in.refuse(&service, context.now).await);
    }
    let rows = sqlx::query(select!(
        "WHERE practice = $1 AND practitioner = $2 AND patient = $3 ORDER BY issued_at DESC, document DESC"
    ))
    .bind(signed_in.practice.uuid())
    .bind(signed_in.staff.uuid())
    .bind(service.secrets().patient_in(Store::Documents, id))
    .fetch_all(&mut *connection)
    .await?;
    let faces: Vec<DocumentFace> = rows.iter().map(DocumentFace::read).collect::<Result<_, _>>()?;
    let documents = u32::try_from(faces.len()).unwrap_or(u32::MAX);
    let entries = entries(&service, &mut connection, faces).await?;
    drop(connection);
    let pseudonym = service.secrets().pseudonym(signed_in.practice, id);
    let listed = signed_in.draft(context.now, Event::DocumentsListed { documents }).concerning(pseudonym);
    service.storage().record(listed).await?;
    Ok(Json(entries))
}

/// Opens a document whose reading was journaled, and gives its bytes: as stored, or a stamped copy once it is not in force.
async fn answer(service: &Consultation, person: Person, id: DocumentId) -> Result<Response, Refusal> {
    let mut connection = service.storage().read().await?;
    // Read again after the journal's commit: a cancellation in between is seen.
    let face = DocumentFace::load(&mut connection, id).await?.ok_or(Refusal::not_found())?;
    let row = sqlx::query("SELECT sha256, sealed_bytes, sealed_sheet FROM documents.document WHERE document = $1")
        .bind(id.uuid())
        .fetch_one(&mut *connection)
        .await?;
    drop(connection);
    let open = |seal: &str, column: &str| -> Result<Vec<u8>, Refusal> {
        let sealed: Vec<u8> = row.try_get(column)?;
        service.secrets().open(seal, id.uuid(), &sealed).map_err(Refusal::failed)
    };
    let stored = open(SEAL_BYTES, "sealed_bytes")?;
    let sha256: Vec<u8> = row.try_get("sha256")?;
    if digest(&SHA256, &stored).as_ref() != sha256 {
        return Err(StorageError::Unreadable { what: "document" }.into());
    }
    let bytes = match face.stamp() {
        None => stored,
        Some(stamp) => {
            let sheet: PrescriptionSheet =
                serde_json::from_slice(&open(SEAL_SHEET, "sealed_sheet")?).map_err(Refusal::failed)?;
            stamped(service, person, sheet, stamp).await?
        }
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"ordonnance.pdf\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// Lays a stamped copy out, one at a time for each person.
async fn stamped(
    service: &Consultation,
    person: Person,
    sheet: PrescriptionSheet,
    stamp: Stamp,
) -> Result<Vec<u8>, Refusal> {
    let turn = service.request_limits().layout_turn(person).await;
    // In a task of its own: who asks and leaves, again and again, does not get the next turn before this copy is done.
    let printed = tokio::spawn(async move {
        let _turn = turn;
        prescription::print(sheet, Some(stamp)).await
    });
    printed.await.map_err(Refusal::failed)?
}
