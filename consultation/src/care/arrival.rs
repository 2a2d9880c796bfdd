//! The patient's way in: the link's secret opens a session, once.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use colloque_domain::{RedeemInvitationError, SecretDigest};
use colloque_ids::{InvitationId, kind};
use colloque_journal::{Actor, Draft, Event, InvitationRefusal};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{PatientStep, RedeemInvitation};
use sqlx::PgConnection;

use super::booking::{Booking, By};
use super::factor::{self, Challenge};
use super::{invitation, trace};
use crate::Consultation;
use crate::http::{Access, Body, Context, PathId, Refusal, Routes};
use crate::journal;
use crate::random::Token;
use crate::session::{Cookie, NewPatientSession, PatientArrival, PatientSessions, SetCookie};
use crate::sign_in::{Link, hold_back};
use crate::storage::StorageError;

pub(super) fn routes() -> Routes {
    Routes::new().post("/api/invitations/{id}/redeem", Access::Anyone, redeem).delete(
        "/api/patient/session",
        Access::Arriving,
        leave,
    )
}

/// What redeeming came to.
enum Redeemed {
    Opened(SetCookie, Challenge),
    Refused(ErrorCode),
}

async fn redeem(
    State(service): State<Consultation>,
    context: Context,
    headers: HeaderMap,
    PathId(id): PathId<kind::Invitation>,
    Body(RedeemInvitation { secret }): Body<RedeemInvitation>,
) -> Result<Response, Refusal> {
    if let Some(step) = step_of_this_browser(&service, context, &headers, id).await? {
        return Ok(Json(step).into_response());
    }
    if let Err(throttled) =
        service.limits().admit_link(Link::Invitation(id), context.address, context.origin, context.now)
    {
        return Err(hold_back(&service, context, None, throttled).await);
    }
    let presented = Token::parse(&secret).and_then(|token| token.hash().try_into().ok()).map(SecretDigest);
    let keys = service.clone();
    let redeemed = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                match presented {
                    Some(presented) => open(connection, &keys, context, id, presented).await,
                    None => {
                        let draft = context.draft(refused(None, InvitationRefusal::Unknown));
                        journal::append(connection, draft).await?;
                        Ok(Redeemed::Refused(ErrorCode::InvitationUnknown))
                    }
                }
            })
        })
        .await?;
    match redeemed {
        Redeemed::Opened(cookie, challenge) => {
            service.outbox().wake();
            Ok((cookie, Json(challenge.step())).into_response())
        }
        Redeemed::Refused(code) => Err(Refusal::new(code)),
    }
}

/// A browser that already holds a session of this appointment uses no secret.
async fn step_of_this_browser(
    service: &Consultation,
    context: Context,
    headers: &HeaderMap,
    id: InvitationId,
) -> Result<Option<PatientStep>, Refusal> {
    let Some(token) = Cookie::Patient.read(headers) else { return Ok(None) };
    let Some(arrival) = PatientSessions::new(service).find(&token, context).await? else { return Ok(None) };
    let mut connection = service.storage().read().await?;
    let belongs = sqlx::query("SELECT FROM administrative.invitation WHERE invitation = $1 AND appointment = $2")
        .bind(id.uuid())
        .bind(arrival.appointment.uuid())
        .fetch_optional(&mut *connection)
        .await?;
    if belongs.is_none() {
        return Ok(None);
    }
    if arrival.is_verified {
        return Ok(Some(PatientStep::Done));
    }
    Ok(factor::pending(service, &mut connection, &arrival).await?.map(Challenge::step))
}

async fn open(
    connection: &mut PgConnection,
    service: &Consultation,
    context: Context,
    id: InvitationId,
    presented: SecretDigest,
) -> Result<Redeemed, Refusal> {
    let now = context.now;
    let Some(appointment) = invitation::appointment_of(connection, id).await? else {
        journal::append(connection, context.draft(refused(None, InvitationRefusal::Unknown))).await?;
        return Ok(Redeemed::Refused(ErrorCode::InvitationUnknown));
    };
    let booking = Booking::lock(connection, By::Appointment(appointment)).await?;
    let booking = booking.ok_or(StorageError::Unreadable { what: "appointment" })?;
    let stored = invitation::lock(connection, id).await?.ok_or(StorageError::Unreadable { what: "invitation" })?;
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let about = |draft: Draft| draft.about(booking.consultation).concerning(pseudonym);
    let is_right = presented == stored.issued.digest;
    let (reason, code) = match () {
        () if !is_right => (Some(InvitationRefusal::Unknown), ErrorCode::InvitationUnknown),
        () if booking.cancelled_at.is_some() => {
            (Some(InvitationRefusal::AppointmentCancelled), ErrorCode::AppointmentCancelled)
        }
        () if stored.redeemed_at.is_some() => (Some(InvitationRefusal::AlreadyUsed), ErrorCode::InvitationUnknown),
        () if stored.superseded_at.is_some() => (Some(InvitationRefusal::Unknown), ErrorCode::InvitationUnknown),
        () if !invitation::is_usable(&booking, now) => (Some(InvitationRefusal::Expired), ErrorCode::InvitationExpired),
        () => (None, ErrorCode::ServerFailed),
    };
    if let Some(reason) = reason {
        let draft = context.draft(refused(Some(id), reason)).by(booking.practice, Actor::Unknown);
        journal::append(connection, about(draft)).await?;
        return Ok(Redeemed::Refused(code));
    }
    let expires_at = stored.issued.expires_at;
    let (redeemed, entry) = stored.issued.redeem(presented, now)?.into_parts();
    sqlx::query("UPDATE administrative.invitation SET redeemed_at = $2 WHERE invitation = $1")
        .bind(id.uuid())
        .bind(redeemed.redeemed_at.as_millis())
        .execute(&mut *connection)
        .await?;
    let new = NewPatientSession {
        practice: booking.practice,
        patient: booking.patient,
        invitation: id,
        appointment: booking.appointment,
        consultation: booking.consultation,
        expires_at,
    };
    let (session, cookie) = PatientSessions::open(connection, new, now).await?;
    let by_patient =
        |event| about(context.draft(event)).by(booking.practice, Actor::Patient(pseudonym)).in_session(session);
    journal::append(connection, by_patient(trace::event(entry))).await?;
    let challenge = factor::challenge(connection, service, session, booking.practice, booking.patient, now).await?;
    journal::append(connection, by_patient(Event::CodeSent { channel: challenge.channel })).await?;
    Ok(Redeemed::Opened(cookie, challenge))
}

const fn refused(invitation: Option<InvitationId>, reason: InvitationRefusal) -> Event {
    Event::InvitationRefused { invitation, reason }
}

async fn leave(
    State(service): State<Consultation>,
    context: Context,
    arrival: PatientArrival,
) -> Result<impl IntoResponse, Refusal> {
    let cookie = PatientSessions::new(&service).end(&arrival, context.now).await?;
    Ok((cookie, StatusCode::NO_CONTENT))
}

impl From<RedeemInvitationError> for Refusal {
    fn from(error: RedeemInvitationError) -> Self {
        match error {
            RedeemInvitationError::WrongSecret { .. } => Self::new(ErrorCode::InvitationUnknown),
            RedeemInvitationError::Expired { .. } => Self::new(ErrorCode::InvitationExpired),
        }
    }
}
