//! Why a patient comes: written by whoever books, read by the practitioner of the appointment and the secretariat.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_domain::{AppointmentReason, ParseAppointmentReasonError};
use colloque_ids::{ConsultationId, Timestamp, kind};
use colloque_journal::Event;
use colloque_protocol::http::appointment::StatedReason;
use sqlx::{PgConnection, Row};

use super::booking::{Booking, By};
use super::patient::DAY_STAFF;
use crate::Consultation;
use crate::http::{Context, PathId, Refusal, Routes};
use crate::secrets::Secrets;
use crate::session::SignedIn;
use crate::storage::{Columns, StorageError};

/// Purpose of the seal on a reason.
const SEAL: &str = "appointment reason";

pub(super) fn routes() -> Routes {
    Routes::new().get("/api/appointments/{id}/reason", DAY_STAFF, read)
}

async fn read(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Appointment>,
) -> Result<impl IntoResponse, Refusal> {
    let booking = Booking::for_staff(&service, &signed_in, context, By::Appointment(id)).await?;
    // No read without a trace: the entry is committed before anything is read.
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let fact = signed_in
        .draft(context.now, Event::AppointmentReasonRead { appointment: id })
        .about(booking.consultation)
        .concerning(pseudonym);
    service.storage().record(fact).await?;
    let mut connection = service.storage().read().await?;
    let reason = load(&mut connection, service.secrets(), booking.consultation).await?;
    Ok(Json(StatedReason { reason: reason.map(|reason| reason.as_str().to_owned()) }))
}

/// Reads the field of a form; an empty one states nothing.
pub(super) fn read_field(text: &str) -> Result<Option<AppointmentReason>, Refusal> {
    match AppointmentReason::parse(text) {
        Ok(reason) => Ok(Some(reason)),
        Err(ParseAppointmentReasonError::Empty) => Ok(None),
        Err(ParseAppointmentReasonError::TooLong) => {
            Err(Refusal::invalid_field("reason", "Écrivez le motif en 200 caractères au plus."))
        }
        Err(ParseAppointmentReasonError::Unprintable) => {
            Err(Refusal::invalid_field("reason", "Écrivez le motif sur une seule ligne, sans caractère caché."))
        }
    }
}

/// Writes the reason of a consultation's appointment, or takes it away.
pub(super) async fn write(
    connection: &mut PgConnection,
    secrets: &Secrets,
    id: ConsultationId,
    reason: Option<&AppointmentReason>,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO health.reason (consultation, sealed_text, saved_at) VALUES ($1, $2, $3)
         ON CONFLICT (consultation) DO UPDATE SET sealed_text = excluded.sealed_text, saved_at = excluded.saved_at",
    )
    .bind(id.uuid())
    .bind(reason.map(|reason| secrets.seal(SEAL, id.uuid(), reason.as_str().as_bytes())))
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// Loads the reason of a consultation's appointment.
pub(super) async fn load(
    connection: &mut PgConnection,
    secrets: &Secrets,
    id: ConsultationId,
) -> Result<Option<AppointmentReason>, StorageError> {
    let row = sqlx::query("SELECT sealed_text FROM health.reason WHERE consultation = $1")
        .bind(id.uuid())
        .fetch_optional(connection)
        .await?;
    let sealed: Option<Vec<u8>> = row.map(|row| row.try_get("sealed_text")).transpose()?.flatten();
    let Some(sealed) = sealed else { return Ok(None) };
    let unreadable = || StorageError::Unreadable { what: "reason" };
    let plain = secrets.open(SEAL, id.uuid(), &sealed).map_err(|_| unreadable())?;
    let text = String::from_utf8(plain).map_err(|_| unreadable())?;
    AppointmentReason::parse(&text).map(Some).map_err(|_| unreadable())
}

/// Says of which bookings a reason is kept; the words themselves are not read.
pub(super) async fn stated(
    connection: &mut PgConnection,
    bookings: &[Booking],
) -> Result<Vec<ConsultationId>, StorageError> {
    let ids: Vec<_> = bookings.iter().map(|booking| booking.consultation.uuid()).collect();
    let rows =
        sqlx::query("SELECT consultation FROM health.reason WHERE consultation = ANY($1) AND sealed_text IS NOT NULL")
            .bind(ids)
            .fetch_all(connection)
            .await?;
    rows.iter().map(|row| row.id("consultation")).collect()
}
