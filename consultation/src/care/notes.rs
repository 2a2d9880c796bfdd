//! The practitioner's notes: saved as they are typed, each save on the revision it started from.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_domain::{NotesRevision, SaveNotesError};
use colloque_ids::{ConsultationId, Timestamp, kind};
use colloque_protocol::http::consultation::{Notes, NotesSaved, SaveNotes};
use colloque_protocol::http::error::ErrorCode;
use sqlx::{PgConnection, Row};

use super::appointment;
use super::booking::{Booking, By};
use super::view::PRACTITIONER;
use crate::Consultation;
use crate::http::{Body, Context, PathId, Refusal, Routes};
use crate::secrets::Secrets;
use crate::session::SignedIn;
use crate::storage::{Columns, Recorded, StorageError};

/// Purpose of the seal on notes.
const SEAL: &str = "notes";

pub(super) fn routes() -> Routes {
    Routes::new().put("/api/consultations/{id}/notes", PRACTITIONER, save)
}

async fn save(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Consultation>,
    Body(SaveNotes { text, base_revision }): Body<SaveNotes>,
) -> Result<impl IntoResponse, Refusal> {
    Booking::for_staff(&service, &signed_in, context, By::Consultation(id)).await?;
    let (keys, now) = (service.clone(), context.now);
    let revision = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let booking = Booking::lock(connection, By::Consultation(id)).await?.ok_or(Refusal::not_found())?;
                let before = NotesRevision(revision(connection, id).await?);
                let decided = before.save(id, NotesRevision(base_revision), &text)?;
                let (next, entry) = decided.into_parts();
                write(connection, keys.secrets(), id, &text, next, now).await?;
                Ok::<_, Refusal>(Recorded::new(next.0, appointment::fact(&keys, &signed_in, &booking, now, entry)))
            })
        })
        .await?;
    Ok(Json(NotesSaved { revision, saved_at: now }))
}

async fn write(
    connection: &mut PgConnection,
    secrets: &Secrets,
    id: ConsultationId,
    text: &str,
    revision: NotesRevision,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO health.notes (consultation, sealed_text, revision, saved_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (consultation) DO UPDATE SET sealed_text = excluded.sealed_text, revision = excluded.revision,
             saved_at = excluded.saved_at",
    )
    .bind(id.uuid())
    .bind(secrets.seal(SEAL, id.uuid(), text.as_bytes()))
    .bind(i32::try_from(revision.0).unwrap_or(i32::MAX))
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

async fn revision(connection: &mut PgConnection, id: ConsultationId) -> Result<u32, StorageError> {
    let row = sqlx::query("SELECT revision FROM health.notes WHERE consultation = $1")
        .bind(id.uuid())
        .fetch_optional(connection)
        .await?;
    let revision = row.map(|row| row.try_get::<i32, _>("revision")).transpose()?;
    Ok(revision.map_or(0, |revision| u32::try_from(revision).unwrap_or(0)))
}

/// Loads the notes of a consultation.
pub(super) async fn load(
    connection: &mut PgConnection,
    secrets: &Secrets,
    id: ConsultationId,
) -> Result<Notes, StorageError> {
    let row = sqlx::query("SELECT sealed_text, revision, saved_at FROM health.notes WHERE consultation = $1")
        .bind(id.uuid())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(Notes { text: String::new(), revision: 0, saved_at: None }) };
    let sealed: Vec<u8> = row.try_get("sealed_text")?;
    let unreadable = || StorageError::Unreadable { what: "notes" };
    let plain = secrets.open(SEAL, id.uuid(), &sealed).map_err(|_| unreadable())?;
    Ok(Notes {
        text: String::from_utf8(plain).map_err(|_| unreadable())?,
        revision: u32::try_from(row.try_get::<i32, _>("revision")?).unwrap_or(0),
        saved_at: Some(row.instant("saved_at")?),
    })
}

impl From<SaveNotesError> for Refusal {
    fn from(error: SaveNotesError) -> Self {
        match error {
            SaveNotesError::Superseded { .. } => Self::new(ErrorCode::Conflict),
            SaveNotesError::TooLong { .. } => Self::invalid_field("text", "Ces notes sont trop longues."),
        }
    }
}
