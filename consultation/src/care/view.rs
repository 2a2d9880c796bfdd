//! The practitioner's consultation: read it, end it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_ids::kind;
use colloque_journal::Event;
use colloque_protocol::Role;
use colloque_protocol::http::consultation::ConsultationView;
use colloque_protocol::http::error::ErrorCode;

use super::booking::{Booking, By, Standing};
use super::people::PatientRecord;
use super::room::{self, EndRoomError};
use super::{document, notes, reason};
use crate::Consultation;
use crate::http::{Access, Context, PathId, Refusal, Routes};
use crate::session::SignedIn;

pub(super) const PRACTITIONER: Access = Access::Staff(&[Role::Practitioner]);

pub(super) fn routes() -> Routes {
    Routes::new().get("/api/consultations/{id}", PRACTITIONER, view).post(
        "/api/consultations/{id}/end",
        PRACTITIONER,
        end,
    )
}

async fn view(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Consultation>,
) -> Result<impl IntoResponse, Refusal> {
    let booking = Booking::for_staff(&service, &signed_in, context, By::Consultation(id)).await?;
    // No read without a trace: the entry is committed before anything is read.
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let fact = signed_in.draft(context.now, Event::ConsultationRead {}).about(id).concerning(pseudonym);
    service.storage().record(fact).await?;
    let mut connection = service.storage().read().await?;
    let record = PatientRecord::load(&service, &mut connection, booking.practice, booking.patient).await?;
    let record = record.ok_or(Refusal::not_found())?;
    let reason = reason::load(&mut connection, service.secrets(), id).await?;
    let next_appointment_at = booking.next_of_patient(&mut connection, context.now).await?;
    let notes = notes::load(&mut connection, service.secrets(), id).await?;
    let documents = document::of_consultation(&mut connection, id).await?;
    let documents = document::entries(&service, &mut connection, documents).await?;
    Ok(Json(ConsultationView {
        consultation: booking.consultation,
        appointment: booking.appointment,
        room: booking.consultation.same_as(),
        patient: booking.patient,
        traits: record.form(),
        starts_at: booking.slot.starts_at(),
        reason: reason.map(|reason| reason.as_str().to_owned()),
        next_appointment_at,
        stage: booking.stage(),
        consent_given_at: booking.consent.as_ref().map(|consent| consent.given_at),
        admitted_at: booking.admitted_at,
        ended_at: booking.ended_at,
        notes,
        documents,
    }))
}

async fn end(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Consultation>,
) -> Result<impl IntoResponse, Refusal> {
    let booking = Booking::for_staff(&service, &signed_in, context, By::Consultation(id)).await?;
    match booking.standing() {
        Standing::Waiting(_) => return Err(Refusal::new(ErrorCode::WrongState)),
        Standing::Ended => return Ok(StatusCode::NO_CONTENT),
        Standing::Open(_) => {}
    }
    let (keys, by, now) = (service.clone(), signed_in.staff, context.now);
    let was_open = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move { room::end(connection, &keys, id, by, now).await.map_err(Refusal::from) })
        })
        .await?;
    if was_open {
        service.announcements().consultation_ended(id);
    }
    Ok(StatusCode::NO_CONTENT)
}

impl From<EndRoomError> for Refusal {
    fn from(error: EndRoomError) -> Self {
        match error {
            EndRoomError::Unknown { .. } | EndRoomError::NotPractising { .. } | EndRoomError::Rule(_) => {
                Self::not_found()
            }
            EndRoomError::Storage(error) => error.into(),
        }
    }
}
