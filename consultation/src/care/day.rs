//! The day's appointments.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_domain::CalendarDate;
use colloque_ids::{StaffId, Timestamp};
use colloque_protocol::Role;
use colloque_protocol::http::appointment::{AppointmentEntry, Day, PractitionerEntry};
use serde::Deserialize;
use sqlx::PgConnection;

use super::booking::Booking;
use super::patient::DAY_STAFF;
use super::people::{PatientRecord, Practitioner};
use super::{paris, reason};
use crate::Consultation;
use crate::http::{Context, Params, Refusal, Routes};
use crate::session::SignedIn;
use crate::storage::{Columns, StorageError};

pub(super) fn routes() -> Routes {
    Routes::new().get("/api/day", DAY_STAFF, day)
}

#[derive(Deserialize)]
struct Which {
    #[serde(default)]
    date: Option<String>,
}

async fn day(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Params(Which { date }): Params<Which>,
) -> Result<impl IntoResponse, Refusal> {
    let no_day = || Refusal::invalid_field("date", "Indiquez un jour qui existe.");
    let date = match date {
        Some(text) => CalendarDate::parse(&text).map_err(|_| no_day())?,
        None => paris::date(context.now),
    };
    let bounds = paris::bounds(date).ok_or_else(no_day)?;
    let mut connection = service.storage().read().await?;
    let practitioners = visible_practitioners(&mut connection, &signed_in).await?;
    let ids: Vec<StaffId> = practitioners.iter().map(|practitioner| practitioner.staff).collect();
    let bookings = Booking::of_day(&mut connection, signed_in.practice, &ids, bounds).await?;
    let appointments = entries(&service, &mut connection, &bookings, context.now).await?;
    let practitioners = practitioners.into_iter().map(practitioner_entry).collect();
    Ok(Json(Day { date: date.to_string(), practitioners, appointments }))
}

/// A practitioner sees their own day, a secretary that of every practitioner of the practice.
pub(super) async fn visible_practitioners(
    connection: &mut PgConnection,
    signed_in: &SignedIn,
) -> Result<Vec<Practitioner>, StorageError> {
    let only = match signed_in.role {
        Role::Practitioner => Some(signed_in.staff),
        Role::Secretary | Role::Administrator => None,
        Role::Patient | Role::Expert | Role::AccompanyingPerson | Role::Interpreter => return Ok(Vec::new()),
    };
    Practitioner::load(connection, signed_in.practice, only).await
}

/// Writes bookings of one practice for the wire.
pub(super) async fn entries(
    service: &Consultation,
    connection: &mut PgConnection,
    bookings: &[Booking],
    now: Timestamp,
) -> Result<Vec<AppointmentEntry>, StorageError> {
    let Some(first) = bookings.first() else { return Ok(Vec::new()) };
    let patients: Vec<_> = bookings.iter().map(|booking| booking.patient).collect();
    let records = PatientRecord::load_all(service, connection, first.practice, &patients).await?;
    let invited = invited(connection, bookings).await?;
    let with_reason = reason::stated(connection, bookings).await?;
    let entry = |booking: &Booking| AppointmentEntry {
        appointment: booking.appointment,
        consultation: booking.consultation,
        practitioner: booking.practitioner,
        patient: booking.patient,
        patient_name: records.get(&booking.patient).map(|record| record.identity.staff_name()).unwrap_or_default(),
        starts_at: booking.slot.starts_at(),
        duration_min: booking.slot.duration_min(),
        status: booking.status(now),
        invited_at: invited.iter().find(|(id, _)| *id == booking.appointment).map(|(_, at)| *at),
        has_reason: with_reason.contains(&booking.consultation),
    };
    Ok(bookings.iter().map(entry).collect())
}

/// When each appointment's last invitation that still serves was issued.
async fn invited(
    connection: &mut PgConnection,
    bookings: &[Booking],
) -> Result<Vec<(colloque_ids::AppointmentId, Timestamp)>, StorageError> {
    let ids: Vec<_> = bookings.iter().map(|booking| booking.appointment.uuid()).collect();
    let rows = sqlx::query(
        "SELECT appointment, max(issued_at) AS issued_at FROM administrative.invitation
         WHERE appointment = ANY($1) AND superseded_at IS NULL GROUP BY appointment",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.id("appointment")?, row.instant("issued_at")?))).collect()
}

fn practitioner_entry(practitioner: Practitioner) -> PractitionerEntry {
    PractitionerEntry {
        staff: practitioner.staff,
        display_name: practitioner.prescriber.display_name(),
        specialty: practitioner.prescriber.specialty,
    }
}
