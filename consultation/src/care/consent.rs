//! The patient's consent, and all that the patient's page needs.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_domain::{GiveConsentError, GivenConsent, WithdrawConsentError};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{
    CONSENT_TEXT_VERSION, DocumentKind, GiveConsent, PatientDocument, PatientStatus, PatientView,
};

use super::booking::{Booking, By};
use super::people::{self, PatientRecord, Practitioner};
use super::{document, trace};
use crate::Consultation;
use crate::http::{Access, Body, Context, Refusal, Routes};
use crate::journal;
use crate::session::PatientSession;
use crate::storage::StorageError;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/api/patient", Access::Patient, view)
        .post("/api/patient/consent", Access::Patient, consent)
        .post("/api/patient/consent/withdraw", Access::Patient, withdraw)
}

async fn view(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
) -> Result<impl IntoResponse, Refusal> {
    let mut connection = service.storage().read().await?;
    let booking = Booking::load(&mut connection, By::Appointment(patient.appointment)).await?;
    let booking = booking.ok_or(Refusal::not_found())?;
    let record = PatientRecord::load(&service, &mut connection, patient.practice, patient.patient).await?;
    let practitioner = Practitioner::find(&mut connection, patient.practice, booking.practitioner).await?;
    let (Some(record), Some(practitioner)) = (record, practitioner) else { return Err(Refusal::not_found()) };
    let practice = people::practice(&mut connection, patient.practice).await?;
    let documents = document::of_consultation(&mut connection, booking.consultation).await?;
    let documents = documents.into_iter().map(|face| PatientDocument {
        document: face.document,
        kind: DocumentKind::Prescription,
        issued_at: face.issued_at,
        cancelled_at: face.withdrawn_at,
        version: face.version,
    });
    Ok(Json(PatientView {
        appointment: booking.appointment,
        room: booking.consultation.same_as(),
        you: record.card(patient.verified_by.clone()),
        // How the practitioner is authenticated is known once their ticket is checked.
        practitioner: practitioner.card(Vec::new()),
        practice_name: practice.name,
        practice_phone: practice.phone.as_str().to_owned(),
        starts_at: booking.slot.starts_at(),
        opens_at: booking.slot.opens_at(),
        closes_at: booking.slot.closes_at(),
        consent_given_at: booking.consent.as_ref().map(|consent| consent.given_at),
        status: booking.patient_status(context.now),
        documents: documents.collect(),
    }))
}

async fn consent(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
    Body(GiveConsent { text_version }): Body<GiveConsent>,
) -> Result<impl IntoResponse, Refusal> {
    let now = context.now;
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let booking = Booking::lock(connection, By::Appointment(patient.appointment)).await?;
                let booking = booking.ok_or(Refusal::not_found())?;
                if booking.consent.is_some() {
                    return Ok(());
                }
                match booking.patient_status(now) {
                    PatientStatus::TooEarly | PatientStatus::Ready | PatientStatus::InProgress => {}
                    PatientStatus::Cancelled => return Err(Refusal::new(ErrorCode::AppointmentCancelled)),
                    PatientStatus::Over => return Err(Refusal::new(ErrorCode::WrongState)),
                }
                let decided = GivenConsent::give(booking.consultation, text_version, CONSENT_TEXT_VERSION, now)?;
                let (given, entry) = decided.into_parts();
                sqlx::query(
                    "INSERT INTO health.consent (consultation, text_version, given_at) VALUES ($1, $2, $3)
                     ON CONFLICT (consultation) DO UPDATE SET text_version = excluded.text_version,
                         given_at = excluded.given_at, withdrawn_at = NULL",
                )
                .bind(given.consultation.uuid())
                .bind(i32::try_from(given.text_version).unwrap_or(i32::MAX))
                .bind(given.given_at.as_millis())
                .execute(&mut *connection)
                .await
                .map_err(StorageError::from)?;
                journal::append(connection, patient.draft(now, trace::event(entry))).await?;
                Ok::<_, Refusal>(())
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws the consent: before admission the patient is asked for it again, during the consultation their part ends.
///
/// # Source
///
/// RGPD art. 7, 3: withdrawing is as easy as giving. CSP art. L. 1111-4: at any moment.
async fn withdraw(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
) -> Result<impl IntoResponse, Refusal> {
    let (now, consultation) = (context.now, patient.consultation);
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let booking = Booking::lock(connection, By::Appointment(patient.appointment)).await?;
                let booking = booking.ok_or(Refusal::not_found())?;
                match booking.patient_status(now) {
                    PatientStatus::TooEarly | PatientStatus::Ready | PatientStatus::InProgress => {}
                    PatientStatus::Cancelled => return Err(Refusal::new(ErrorCode::AppointmentCancelled)),
                    PatientStatus::Over => return Err(Refusal::new(ErrorCode::WrongState)),
                }
                let Some(given) = booking.consent else { return Ok(()) };
                let (withdrawn, entry) = given.withdraw(now)?.into_parts();
                sqlx::query("UPDATE health.consent SET withdrawn_at = $2 WHERE consultation = $1")
                    .bind(withdrawn.consultation.uuid())
                    .bind(withdrawn.withdrawn_at.as_millis())
                    .execute(&mut *connection)
                    .await
                    .map_err(StorageError::from)?;
                journal::append(connection, patient.draft(now, trace::event(entry))).await?;
                Ok::<_, Refusal>(())
            })
        })
        .await?;
    service.announcements().consent_withdrawn(consultation);
    Ok(StatusCode::NO_CONTENT)
}

impl From<WithdrawConsentError> for Refusal {
    fn from(error: WithdrawConsentError) -> Self {
        match error {
            WithdrawConsentError::NotGivenYet { .. } => Self::new(ErrorCode::Conflict),
        }
    }
}

impl From<GiveConsentError> for Refusal {
    fn from(error: GiveConsentError) -> Self {
        match error {
            GiveConsentError::OutdatedText { .. } => Self::new(ErrorCode::Conflict),
        }
    }
}
