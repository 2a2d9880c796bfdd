//! Appointments: book, move, cancel.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_domain::{
    AppointmentReason, AppointmentTerms, BookAppointmentError, BookedAppointment, CancelAppointmentError,
    MoveAppointmentError, PlanSlotError, Slot, WaitingConsultation,
};
use colloque_ids::{AppointmentId, ConsultationId, PracticeId, StaffId, Timestamp, kind};
use colloque_journal::Draft;
use colloque_protocol::Role;
use colloque_protocol::http::appointment::{AppointmentForm, MoveAppointment};
use colloque_protocol::http::error::ErrorCode;
use sqlx::{PgConnection, Row};

use super::booking::{Booking, By, Standing};
use super::message::{self, Destination, Message};
use super::patient::DAY_STAFF;
use super::people::{self, PatientRecord};
use super::{day, invitation, reason, trace};
use crate::Consultation;
use crate::http::{Body, Context, PathId, Refusal, Routes};
use crate::random::new_id;
use crate::secrets::Store;
use crate::session::{PatientSessions, SignedIn};
use crate::storage::{Columns, Recorded, StorageError};

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/api/appointments", DAY_STAFF, book)
        .post("/api/appointments/{id}/move", DAY_STAFF, move_to)
        .post("/api/appointments/{id}/cancel", DAY_STAFF, cancel)
}

async fn book(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Body(form): Body<AppointmentForm>,
) -> Result<impl IntoResponse, Refusal> {
    let slot = Slot::new(form.starts_at, form.duration_min)?;
    let reason = reason::read_field(form.reason.as_deref().unwrap_or_default())?;
    let mut connection = service.storage().read().await?;
    let patient = PatientRecord::load(&service, &mut connection, signed_in.practice, form.patient).await?;
    drop(connection);
    let is_theirs = signed_in.role != Role::Practitioner || form.practitioner == signed_in.staff;
    if patient.is_none() || !is_theirs {
        return Err(signed_in.refuse(&service, context.now).await);
    }
    let terms = AppointmentTerms {
        appointment: new_id(context.now),
        practitioner: form.practitioner,
        patient: form.patient,
        slot,
    };
    let booking = store_booking(&service, &signed_in, terms, reason, context.now).await?;
    let mut connection = service.storage().read().await?;
    let entry = day::entries(&service, &mut connection, &[booking], context.now).await?.pop();
    Ok((StatusCode::CREATED, Json(entry)))
}

/// Books a slot for a member of the staff, with its consultation.
pub(super) async fn store_booking(
    service: &Consultation,
    signed_in: &SignedIn,
    terms: AppointmentTerms,
    reason: Option<AppointmentReason>,
    now: Timestamp,
) -> Result<Booking, Refusal> {
    let (keys, author) = (service.clone(), signed_in.clone());
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                hold_day(connection, author.practice, terms.practitioner).await?;
                let taken = taken(connection, terms.practitioner, terms.slot, None).await?;
                let decided = BookedAppointment::book(terms, &taken, now)?;
                let (_, entry) = decided.into_parts();
                let consultation: ConsultationId = new_id(now);
                insert(connection, &keys, author.practice, terms, consultation, now).await?;
                let booking = Booking::load(connection, By::Consultation(consultation)).await?;
                let booking = booking.ok_or(StorageError::Unreadable { what: "appointment" })?;
                let mut recorded = Recorded::new(booking.clone(), fact(&keys, &author, &booking, now, entry));
                if reason.is_some() {
                    recorded = recorded.and(save_reason(connection, &keys, &author, &booking, reason, now).await?);
                }
                Ok::<_, Refusal>(recorded)
            })
        })
        .await
}

/// Writes an appointment and its consultation.
pub(super) async fn insert(
    connection: &mut PgConnection,
    service: &Consultation,
    practice: PracticeId,
    terms: AppointmentTerms,
    consultation: ConsultationId,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO administrative.appointment (appointment, practice, practitioner, patient, consultation, starts_at,
             duration_min, booked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(terms.appointment.uuid())
    .bind(practice.uuid())
    .bind(terms.practitioner.uuid())
    .bind(terms.patient.uuid())
    .bind(consultation.uuid())
    .bind(terms.slot.starts_at().as_millis())
    .bind(i32::from(terms.slot.duration_min()))
    .bind(now.as_millis())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO health.consultation (consultation, practice, practitioner, patient) VALUES ($1, $2, $3, $4)",
    )
    .bind(consultation.uuid())
    .bind(practice.uuid())
    .bind(terms.practitioner.uuid())
    .bind(service.secrets().patient_in(Store::Health, terms.patient))
    .execute(connection)
    .await?;
    Ok(())
}

async fn move_to(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Appointment>,
    Body(form): Body<MoveAppointment>,
) -> Result<impl IntoResponse, Refusal> {
    let slot = Slot::new(form.starts_at, form.duration_min)?;
    let states_reason = form.reason.is_some();
    let reason = reason::read_field(form.reason.as_deref().unwrap_or_default())?;
    Booking::for_staff(&service, &signed_in, context, By::Appointment(id)).await?;
    service.request_limits().message(id, context.now)?;
    let (keys, author, now) = (service.clone(), signed_in, context.now);
    let (booking, has_moved): (Booking, bool) = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let before = changeable(connection, id).await?;
                let kept = reason::load(connection, keys.secrets(), before.consultation).await?;
                let stated = if states_reason && kept != reason {
                    Some(save_reason(connection, &keys, &author, &before, reason, now).await?)
                } else {
                    None
                };
                // Where nothing moves nobody is written to, however often it is asked.
                let changed = if slot == before.slot {
                    Recorded::unchanged((before, false))
                } else {
                    let (booking, moved) = store_move(connection, &keys, &author, before, slot, now).await?;
                    Recorded::new((booking, true), moved)
                };
                Ok::<_, Refusal>(stated.into_iter().fold(changed, Recorded::and))
            })
        })
        .await?;
    if has_moved {
        service.outbox().wake();
        service.announcements().appointment_changed(booking.consultation);
    }
    let mut connection = service.storage().read().await?;
    let entry = day::entries(&service, &mut connection, &[booking], context.now).await?.pop();
    Ok(Json(entry))
}

/// Moves a booking that is held, and tells the patient when they were invited.
async fn store_move(
    connection: &mut PgConnection,
    service: &Consultation,
    author: &SignedIn,
    before: Booking,
    slot: Slot,
    now: Timestamp,
) -> Result<(Booking, Draft), Refusal> {
    let id = before.appointment;
    hold_day(connection, author.practice, before.practitioner).await?;
    let taken = taken(connection, before.practitioner, slot, Some(id)).await?;
    let decided = before.booked().move_to(slot, &taken, &waiting(&before)?, now)?;
    let (next, entry) = decided.into_parts();
    let slot = next.terms().slot;
    sqlx::query("UPDATE administrative.appointment SET starts_at = $2, duration_min = $3 WHERE appointment = $1")
        .bind(id.uuid())
        .bind(slot.starts_at().as_millis())
        .bind(i32::from(slot.duration_min()))
        .execute(&mut *connection)
        .await?;
    // Whoever was to be called was called.
    sqlx::query("UPDATE health.consultation SET refused_at = NULL WHERE consultation = $1 AND refused_at IS NOT NULL")
        .bind(before.consultation.uuid())
        .execute(&mut *connection)
        .await?;
    let expires_at = slot.closes_at().after(colloque_domain::INVITATION_LIFETIME_AFTER_CLOSE);
    // The patient is told of the new hour by message, and the link goes on: that is an invitation anew.
    let invited = sqlx::query(
        "UPDATE administrative.invitation SET expires_at = $2, issued_at = $3
         WHERE appointment = $1 AND superseded_at IS NULL",
    )
    .bind(id.uuid())
    .bind(expires_at.as_millis())
    .bind(now.as_millis())
    .execute(&mut *connection)
    .await?;
    PatientSessions::set_end(connection, id, expires_at).await?;
    if invited.rows_affected() > 0 {
        tell(connection, service, &before, now, |to, phone| message::words::moved(to, slot, phone)).await?;
    }
    let booking = Booking { slot, refused_at: None, ..before };
    let moved = fact(service, author, &booking, now, entry);
    Ok((booking, moved))
}

/// Writes down why the patient of a booking comes, or takes it away; gives the journal entry.
async fn save_reason(
    connection: &mut PgConnection,
    service: &Consultation,
    author: &SignedIn,
    booking: &Booking,
    reason: Option<AppointmentReason>,
    now: Timestamp,
) -> Result<Draft, Refusal> {
    let decided = AppointmentReason::save(booking.appointment, reason, &waiting(booking)?);
    let (reason, entry) = decided.into_parts();
    reason::write(connection, service.secrets(), booking.consultation, reason.as_ref(), now).await?;
    Ok(fact(service, author, booking, now, entry))
}

async fn cancel(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Appointment>,
) -> Result<impl IntoResponse, Refusal> {
    Booking::for_staff(&service, &signed_in, context, By::Appointment(id)).await?;
    let (keys, author, now) = (service.clone(), signed_in, context.now);
    let booking: Booking = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let before = changeable(connection, id).await?;
                let decided = before.booked().cancel(&waiting(&before)?, now)?;
                let (next, entry) = decided.into_parts();
                sqlx::query("UPDATE administrative.appointment SET cancelled_at = $2 WHERE appointment = $1")
                    .bind(id.uuid())
                    .bind(next.cancelled_at.as_millis())
                    .execute(&mut *connection)
                    .await?;
                let superseded = invitation::supersede(connection, id, now).await?;
                if !superseded.is_empty() {
                    let slot = before.slot;
                    tell(connection, &keys, &before, now, |to, phone| message::words::cancelled(to, slot, phone))
                        .await?;
                }
                let booking = Booking { cancelled_at: Some(next.cancelled_at), ..before };
                let mut recorded = Recorded::new(booking.clone(), fact(&keys, &author, &booking, now, entry));
                for entry in superseded {
                    recorded = recorded.and(fact(&keys, &author, &booking, now, entry));
                }
                Ok::<_, Refusal>(recorded)
            })
        })
        .await?;
    service.outbox().wake();
    service.announcements().appointment_changed(booking.consultation);
    Ok(StatusCode::NO_CONTENT)
}

/// Starts the journal entry of a decision on a booking.
pub(super) fn fact(
    service: &Consultation,
    author: &SignedIn,
    booking: &Booking,
    now: Timestamp,
    entry: colloque_domain::Entry,
) -> Draft {
    author
        .draft(now, trace::event(entry))
        .about(booking.consultation)
        .concerning(service.secrets().pseudonym(booking.practice, booking.patient))
}

/// Writes the patient a message about their appointment.
async fn tell(
    connection: &mut PgConnection,
    service: &Consultation,
    booking: &Booking,
    now: Timestamp,
    message: impl FnOnce(Destination, &colloque_domain::PhoneNumber) -> Message,
) -> Result<(), StorageError> {
    let practice = people::practice(connection, booking.practice).await?;
    let patient = PatientRecord::load(service, connection, booking.practice, booking.patient).await?;
    let Some(patient) = patient else { return Err(StorageError::Unreadable { what: "patient" }) };
    let message = message(Destination::Email(patient.email), &practice.phone);
    message::enqueue(connection, service.secrets(), message, now).await?;
    Ok(())
}

/// Holds an appointment that was not cancelled.
async fn changeable(connection: &mut PgConnection, id: AppointmentId) -> Result<Booking, Refusal> {
    match Booking::lock(connection, By::Appointment(id)).await? {
        Some(booking) if booking.cancelled_at.is_none() => Ok(booking),
        Some(_) => Err(Refusal::new(ErrorCode::WrongState)),
        None => Err(Refusal::not_found()),
    }
}

fn waiting(booking: &Booking) -> Result<WaitingConsultation, Refusal> {
    match booking.standing() {
        Standing::Waiting(waiting) => Ok(waiting),
        Standing::Open(_) | Standing::Ended => Err(Refusal::new(ErrorCode::WrongState)),
    }
}

/// Holds a practitioner's day until the transaction ends, so that two bookings cannot take one slot.
async fn hold_day(connection: &mut PgConnection, practice: PracticeId, practitioner: StaffId) -> Result<(), Refusal> {
    let held = sqlx::query(
        "SELECT staff FROM professionals.staff
         WHERE staff = $1 AND practice = $2 AND role = 'practitioner' AND active FOR NO KEY UPDATE",
    )
    .bind(practitioner.uuid())
    .bind(practice.uuid())
    .fetch_optional(connection)
    .await?;
    if held.is_some() { Ok(()) } else { Err(Refusal::not_found()) }
}

/// Slots of a practitioner that may touch `slot`, without the appointment that moves. A consultation that ended before `slot`
/// starts leaves the rest of its time free.
pub(super) async fn taken(
    connection: &mut PgConnection,
    practitioner: StaffId,
    slot: Slot,
    moving: Option<AppointmentId>,
) -> Result<Vec<Slot>, StorageError> {
    let longest = std::time::Duration::from_secs(120 * 60);
    let rows = sqlx::query(
        "SELECT a.starts_at, a.duration_min FROM administrative.appointment a JOIN health.consultation c USING (consultation)
         WHERE a.practitioner = $1 AND a.cancelled_at IS NULL AND a.starts_at > $2 AND a.starts_at < $3
             AND ($4::uuid IS NULL OR a.appointment <> $4) AND (c.ended_at IS NULL OR c.ended_at > $5)",
    )
    .bind(practitioner.uuid())
    .bind(slot.starts_at().before(longest).as_millis())
    .bind(slot.ends_at().as_millis())
    .bind(moving.map(|id| id.uuid()))
    .bind(slot.starts_at().as_millis())
    .fetch_all(connection)
    .await?;
    rows.iter()
        .map(|row| {
            let duration = u16::try_from(row.try_get::<i32, _>("duration_min")?).unwrap_or(0);
            Slot::new(row.instant("starts_at")?, duration).map_err(|_| StorageError::Unreadable { what: "slot" })
        })
        .collect()
}

impl From<PlanSlotError> for Refusal {
    fn from(error: PlanSlotError) -> Self {
        match error {
            PlanSlotError::WrongDuration => {
                Self::invalid_field("duration_min", "Un rendez-vous dure de 5 à 120 minutes.")
            }
            PlanSlotError::OutOfCalendar => {
                Self::invalid_field("starts_at", "Indiquez un jour et une heure qui existent.")
            }
        }
    }
}

fn slot_taken() -> Refusal {
    Refusal::invalid_field("starts_at", "Un autre rendez-vous occupe déjà cet horaire.")
}

fn slot_over() -> Refusal {
    Refusal::invalid_field("starts_at", "Cet horaire est passé.")
}

impl From<BookAppointmentError> for Refusal {
    fn from(error: BookAppointmentError) -> Self {
        match error {
            BookAppointmentError::SlotTaken { .. } => slot_taken(),
            BookAppointmentError::SlotOver => slot_over(),
        }
    }
}

impl From<MoveAppointmentError> for Refusal {
    fn from(error: MoveAppointmentError) -> Self {
        match error {
            MoveAppointmentError::SlotTaken { .. } => slot_taken(),
            MoveAppointmentError::SlotOver => slot_over(),
        }
    }
}

impl From<CancelAppointmentError> for Refusal {
    fn from(error: CancelAppointmentError) -> Self {
        match error {
            CancelAppointmentError::TimeOver { .. } => Self::new(ErrorCode::WrongState),
        }
    }
}
