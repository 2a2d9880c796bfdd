//! The patient's own code application, an option in place of messages.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_ids::{PatientId, Timestamp, kind};
use colloque_journal::{Event, SessionEnd};
use colloque_protocol::http::appointment::PatientTotp;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{TotpCode, TotpEnrolment};
use qrcode::QrCode;
use qrcode::render::svg;
use sqlx::{PgConnection, Row};

use super::message::{self, Destination};
use super::patient::DAY_STAFF;
use super::people::{self, PatientRecord};
use super::sign_out::{self, Whose, end_sessions};
use crate::Consultation;
use crate::http::{Access, Body, Context, PathId, Refusal, Routes};
use crate::journal;
use crate::random::random_bytes;
use crate::session::{PatientSession, SignedIn};
use crate::sign_in::totp::{Codes, SECRET_BYTES, base32};
use crate::storage::{Recorded, StorageError};

/// Purpose of the seal on a secret.
const SEAL: &str = "patient totp";

/// How long after a second factor an application may be enrolled: a visit, from the waiting room to the end of the longest appointment.
const RECENT_FOR: Duration = Duration::from_secs(4 * 3_600);

/// Until when it is of use to tell a patient that their application was taken away, or that one was enrolled.
const MESSAGE_SERVES_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Name of the account in the application: it says nothing of health.
const ACCOUNT: &str = "Rendez-vous vidéo";

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/api/patient/totp/start", Access::Patient, start)
        .post("/api/patient/totp/finish", Access::Patient, finish)
        .get("/api/patients/{id}/totp", DAY_STAFF, face)
        .post("/api/patients/{id}/totp/reset", DAY_STAFF, reset)
}

async fn start(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
) -> Result<impl IntoResponse, Refusal> {
    must_be_recent(&patient, context)?;
    let secret = random_bytes::<SECRET_BYTES>();
    let failed = || Refusal::new(ErrorCode::ServerFailed);
    let address = Codes::new(&secret, ACCOUNT).and_then(|codes| codes.address()).ok_or_else(failed)?;
    let sealed = service.secrets().seal(SEAL, patient.patient.uuid(), &secret);
    let id = patient.patient;
    let stored = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                // A secret in use is not replaced by one that nobody proved to have received.
                let stored = sqlx::query(
                    "INSERT INTO administrative.patient_totp (patient, sealed_secret) VALUES ($1, $2)
                     ON CONFLICT (patient) DO UPDATE SET sealed_secret = excluded.sealed_secret
                     WHERE administrative.patient_totp.enrolled_at IS NULL",
                )
                .bind(id.uuid())
                .bind(sealed)
                .execute(connection)
                .await?;
                Ok::<_, StorageError>(stored.rows_affected())
            })
        })
        .await?;
    if stored == 0 {
        return Err(Refusal::new(ErrorCode::WrongState));
    }
    let qr_svg = QrCode::new(&address).map_err(Refusal::failed)?;
    let qr_svg = qr_svg.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    Ok(Json(TotpEnrolment { secret: base32(&secret), address, qr_svg }))
}

async fn finish(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
    Body(TotpCode { code }): Body<TotpCode>,
) -> Result<impl IntoResponse, Refusal> {
    must_be_recent(&patient, context)?;
    let (keys, now) = (service.clone(), context.now);
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let step = match load(connection, &keys, patient.patient).await? {
                    Some(stored) if stored.is_enrolled => return Err(Refusal::new(ErrorCode::WrongState)),
                    Some(stored) => stored.codes.step_of(&code, now, None),
                    None => return Err(Refusal::new(ErrorCode::WrongState)),
                };
                let step = step.ok_or(Refusal::new(ErrorCode::WrongCredentials))?;
                sqlx::query(
                    "UPDATE administrative.patient_totp SET enrolled_at = $2, last_used_step = $3 WHERE patient = $1",
                )
                .bind(patient.patient.uuid())
                .bind(now.as_millis())
                .bind(step)
                .execute(&mut *connection)
                .await?;
                journal::append(connection, patient.draft(now, Event::PatientTotpEnrolled {})).await?;
                tell(connection, &keys, &patient, now).await
            })
        })
        .await?;
    service.outbox().wake();
    Ok(StatusCode::NO_CONTENT)
}

/// Tells the patient that codes come from an application from now on: whoever enrolled somebody else's is found out.
async fn tell(
    connection: &mut PgConnection,
    service: &Consultation,
    patient: &PatientSession,
    now: Timestamp,
) -> Result<(), Refusal> {
    let record = PatientRecord::load(service, connection, patient.practice, patient.patient).await?;
    let record = record.ok_or(StorageError::Unreadable { what: "patient" })?;
    let phone = people::practice(connection, patient.practice).await?.phone;
    let to = Destination::Email(record.email);
    let message = message::words::codes_by_application(to, &phone, now.after(MESSAGE_SERVES_FOR));
    message::enqueue(connection, service.secrets(), message, now).await?;
    Ok(())
}

/// A browser that was left open a day ago enrols nothing.
fn must_be_recent(patient: &PatientSession, context: Context) -> Result<(), Refusal> {
    match patient.verified_at {
        Some(verified_at) if context.now.since(verified_at) < RECENT_FOR => Ok(()),
        Some(_) | None => Err(Refusal::new(ErrorCode::SecondFactorNeeded)),
    }
}

/// Tells the practice whether a patient of theirs uses an application.
async fn face(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Patient>,
) -> Result<impl IntoResponse, Refusal> {
    let mut connection = service.storage().read().await?;
    let record = PatientRecord::load(&service, &mut connection, signed_in.practice, id).await?;
    let enrolled = is_enrolled(&mut connection, id).await?;
    drop(connection);
    match record {
        Some(_) => Ok(Json(PatientTotp { enrolled })),
        None => Err(signed_in.refuse(&service, context.now).await),
    }
}

/// Takes a patient's application away: a lost telephone, or somebody else's.
///
/// Verified sessions end with it, since whoever enrolled a foreign application holds one and would enrol it again.
async fn reset(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Patient>,
) -> Result<impl IntoResponse, Refusal> {
    let (keys, author, now) = (service.clone(), signed_in.clone(), context.now);
    let reset = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let practice = signed_in.practice;
                let record = PatientRecord::load(&keys, connection, practice, id).await?.ok_or(Refusal::not_found())?;
                let taken = sqlx::query(
                    "DELETE FROM administrative.patient_totp WHERE patient = $1 AND enrolled_at IS NOT NULL",
                )
                .bind(id.uuid())
                .execute(&mut *connection)
                .await?;
                if taken.rows_affected() == 0 {
                    return Err(Refusal::new(ErrorCode::WrongState));
                }
                let whose = Whose::Verified(practice, id);
                let signed_out = end_sessions(connection, &keys, whose, SessionEnd::Reset, now).await?;
                let phone = people::practice(connection, practice).await?.phone;
                let to = Destination::Email(record.email);
                let message = message::words::codes_by_message(to, &phone, now.after(MESSAGE_SERVES_FOR));
                message::enqueue(connection, keys.secrets(), message, now).await?;
                let pseudonym = keys.secrets().pseudonym(practice, id);
                let fact = signed_in.draft(now, Event::PatientTotpReset {}).concerning(pseudonym);
                Ok(Recorded::new(signed_out, fact))
            })
        })
        .await;
    match reset {
        Ok(signed_out) => {
            service.outbox().wake();
            sign_out::announce(&service, &signed_out);
            Ok(StatusCode::NO_CONTENT)
        }
        Err(refusal) if refusal.code() == ErrorCode::NotFound => Err(author.refuse(&service, now).await),
        Err(refusal) => Err(refusal),
    }
}

struct Stored {
    codes: Codes,
    is_enrolled: bool,
    last_used_step: i64,
}

async fn load(
    connection: &mut PgConnection,
    service: &Consultation,
    patient: PatientId,
) -> Result<Option<Stored>, StorageError> {
    let row = sqlx::query(
        "SELECT sealed_secret, enrolled_at IS NOT NULL AS enrolled, last_used_step FROM administrative.patient_totp
         WHERE patient = $1 FOR UPDATE",
    )
    .bind(patient.uuid())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let sealed: Vec<u8> = row.try_get("sealed_secret")?;
    let unreadable = || StorageError::Unreadable { what: "secret of codes" };
    let secret = service.secrets().open(SEAL, patient.uuid(), &sealed).map_err(|_| unreadable())?;
    Ok(Some(Stored {
        codes: Codes::new(&secret, ACCOUNT).ok_or_else(unreadable)?,
        is_enrolled: row.try_get("enrolled")?,
        last_used_step: row.try_get("last_used_step")?,
    }))
}

/// Whether a patient uses an application.
pub(super) async fn is_enrolled(connection: &mut PgConnection, patient: PatientId) -> Result<bool, StorageError> {
    let row = sqlx::query("SELECT FROM administrative.patient_totp WHERE patient = $1 AND enrolled_at IS NOT NULL")
        .bind(patient.uuid())
        .fetch_optional(connection)
        .await?;
    Ok(row.is_some())
}

/// The step whose code was typed, unless it served before.
pub(super) async fn matching_step(
    connection: &mut PgConnection,
    service: &Consultation,
    patient: PatientId,
    code: &str,
    now: Timestamp,
) -> Result<Option<i64>, StorageError> {
    let stored = load(connection, service, patient).await?.filter(|stored| stored.is_enrolled);
    Ok(stored.and_then(|stored| stored.codes.step_of(code, now, Some(stored.last_used_step))))
}

/// Notes that a step's code served.
pub(super) async fn use_step(connection: &mut PgConnection, patient: PatientId, step: i64) -> Result<(), StorageError> {
    sqlx::query("UPDATE administrative.patient_totp SET last_used_step = $2 WHERE patient = $1")
        .bind(patient.uuid())
        .bind(step)
        .execute(connection)
        .await?;
    Ok(())
}
