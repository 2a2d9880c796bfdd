//! The practitioner's side: make a link for a guest, take it back.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_domain::PersonName;
use colloque_ids::{AppointmentId, kind};
use colloque_journal::Event;
use colloque_protocol::Role;
use colloque_protocol::http::error::{ErrorCode, FieldError};
use colloque_protocol::http::guest::{GuestInvited, InviteGuest};
use colloque_protocol::http::patient::PatientStatus;
use sqlx::PgConnection;

use super::super::booking::{Booking, By};
use super::{Guest, NewGuest, journaled};
use crate::Consultation;
use crate::http::{Body, Context, PathId, Refusal};
use crate::random::{Token, new_id};
use crate::session::SignedIn;
use crate::storage::{Recorded, StorageError};

/// Guests of one appointment whose links were not taken back.
///
/// More: links that nobody remembers stay open. Fewer: a family and their interpreter do not fit.
const MAX_GUESTS: i64 = 5;

pub(super) async fn invite(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Appointment>,
    Body(form): Body<InviteGuest>,
) -> Result<impl IntoResponse, Refusal> {
    Booking::for_staff(&service, &signed_in, context, By::Appointment(id)).await?;
    let (name, role) = read_form(&form).map_err(Refusal::invalid)?;
    service.request_limits().guest(id, context.now)?;
    let (keys, now, token) = (service.clone(), context.now, Token::random());
    let new = NewGuest { guest: new_id(now), by: signed_in.staff, role, name, secret_hash: token.hash() };
    let guest = new.guest;
    let expires_at = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let booking = Booking::lock(connection, By::Appointment(id)).await?.ok_or(Refusal::not_found())?;
                match booking.patient_status(now) {
                    PatientStatus::TooEarly | PatientStatus::Ready | PatientStatus::InProgress => {}
                    PatientStatus::Over | PatientStatus::Cancelled => return Err(Refusal::new(ErrorCode::WrongState)),
                }
                if count(connection, id).await? >= MAX_GUESTS {
                    let message = "Cinq personnes sont déjà invitées : reprenez un lien avant d’en créer un autre.";
                    return Err(Refusal::invalid_field("name", message));
                }
                new.insert(&keys, connection, &booking, now).await?;
                let fact = Event::GuestInvited { guest, role: journaled(role)? };
                let fact = signed_in.draft(now, fact).about(booking.consultation);
                let fact = fact.concerning(keys.secrets().pseudonym(booking.practice, booking.patient));
                Ok::<_, Refusal>(Recorded::new(booking.slot.closes_at(), fact))
            })
        })
        .await?;
    let link = format!("{}/g/{}#{}", service.config().public_origin(), guest.full(), token.text());
    Ok((StatusCode::CREATED, Json(GuestInvited { guest, link, expires_at })))
}

/// Counts the guests of an appointment that is held.
async fn count(connection: &mut PgConnection, appointment: AppointmentId) -> Result<i64, StorageError> {
    let statement = "SELECT count(*) FROM administrative.guest WHERE appointment = $1 AND withdrawn_at IS NULL";
    Ok(sqlx::query_scalar(statement).bind(appointment.uuid()).fetch_one(connection).await?)
}

/// Reads a form, or names every field at fault.
fn read_form(form: &InviteGuest) -> Result<(PersonName, Role), Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut blame = |field: &str, message: &str| {
        faults.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    let name = PersonName::parse(&form.name);
    if name.is_err() {
        blame("name", "Indiquez le nom de la personne, en 100 caractères au plus.");
    }
    if !form.role.is_guest() {
        blame("role", "Choisissez expert, accompagnant ou interprète.");
    }
    match name {
        Ok(name) if faults.is_empty() => Ok((name, form.role)),
        Ok(_) | Err(_) => Err(faults),
    }
}

pub(super) async fn withdraw(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Guest>,
) -> Result<impl IntoResponse, Refusal> {
    let mut connection = service.storage().read().await?;
    let guest = Guest::load(&mut connection, id).await?;
    drop(connection);
    let Some(guest) = guest else { return Err(signed_in.refuse(&service, context.now).await) };
    let booking = Booking::for_staff(&service, &signed_in, context, By::Appointment(guest.appointment)).await?;
    let (consultation, now) = (booking.consultation, context.now);
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let fact = signed_in.draft(now, Event::GuestWithdrawn { guest: id }).about(consultation).concerning(pseudonym);
    let was_open = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let withdrawn = sqlx::query(
                    "UPDATE administrative.guest SET withdrawn_at = $2 WHERE guest = $1 AND withdrawn_at IS NULL",
                )
                .bind(id.uuid())
                .bind(now.as_millis())
                .execute(connection)
                .await?;
                // Asked again, nothing changes.
                Ok::<_, Refusal>(match withdrawn.rows_affected() {
                    0 => Recorded::unchanged(false),
                    _ => Recorded::new(true, fact),
                })
            })
        })
        .await?;
    if was_open {
        service.announcements().guest_withdrawn(consultation, id);
    }
    Ok(StatusCode::NO_CONTENT)
}
