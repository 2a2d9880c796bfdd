//! Join tickets: signed, for one minute, for one browser's key.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_ids::{PracticeId, kind};
use colloque_journal::{Event, TicketScope};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{PatientStatus, TicketIssued, TicketRequest};
use colloque_protocol::key::{BrowserKey, KeyThumbprint};
use colloque_protocol::ticket::{Person, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_protocol::{IdentityCard, Role};

use super::booking::{Booking, By};
use super::day::visible_practitioners;
use super::patient::DAY_STAFF;
use super::people::{PatientRecord, Practitioner};
use crate::Consultation;
use crate::http::{Access, Body, Context, PathId, Refusal, Routes};
use crate::random::new_id;
use crate::session::{PatientSession, SignedIn};
use crate::storage::Columns;

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/api/patient/ticket", Access::Patient, for_patient)
        .post("/api/consultations/{id}/ticket", Access::Staff(&[Role::Practitioner]), for_practitioner)
        .post("/api/desk/ticket", DAY_STAFF, for_desk)
}

async fn for_patient(
    State(service): State<Consultation>,
    context: Context,
    patient: PatientSession,
    Body(TicketRequest { key }): Body<TicketRequest>,
) -> Result<impl IntoResponse, Refusal> {
    service.request_limits().ticket(Person::Patient(patient.patient), context.now)?;
    let mut connection = service.storage().read().await?;
    let booking = Booking::load(&mut connection, By::Appointment(patient.appointment)).await?;
    let booking = booking.ok_or(Refusal::not_found())?;
    may_enter(&booking, context)?;
    if booking.consent.is_none() {
        return Err(Refusal::new(ErrorCode::WrongState));
    }
    let record = PatientRecord::load(&service, &mut connection, patient.practice, patient.patient).await?;
    drop(connection);
    let record = record.ok_or(Refusal::not_found())?;
    let holder = Holder {
        practice: patient.practice,
        person: Person::Patient(patient.patient),
        role: Role::Patient,
        card: record.card(patient.verified_by.clone()),
    };
    let claims = claims(context, &key, Scope::Room(booking.room_scope()), holder);
    let fact = Event::TicketIssued { ticket: claims.ticket, scope: TicketScope::Room };
    service.storage().record(patient.draft(context.now, fact)).await?;
    Ok(Json(seal(&service, &claims)))
}

async fn for_practitioner(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(id): PathId<kind::Consultation>,
    Body(TicketRequest { key }): Body<TicketRequest>,
) -> Result<impl IntoResponse, Refusal> {
    service.request_limits().ticket(Person::Staff(signed_in.staff), context.now)?;
    let booking = Booking::for_staff(&service, &signed_in, context, By::Consultation(id)).await?;
    may_enter(&booking, context)?;
    let mut connection = service.storage().read().await?;
    let practitioner = Practitioner::find(&mut connection, signed_in.practice, signed_in.staff).await?;
    drop(connection);
    let practitioner = practitioner.ok_or(Refusal::not_found())?;
    let holder = Holder {
        practice: signed_in.practice,
        person: Person::Staff(signed_in.staff),
        role: Role::Practitioner,
        card: practitioner.card(signed_in.verified_by.clone()),
    };
    let claims = claims(context, &key, Scope::Room(booking.room_scope()), holder);
    let pseudonym = service.secrets().pseudonym(booking.practice, booking.patient);
    let fact = Event::TicketIssued { ticket: claims.ticket, scope: TicketScope::Room };
    let fact = signed_in.draft(context.now, fact).about(booking.consultation).concerning(pseudonym);
    service.storage().record(fact).await?;
    Ok(Json(seal(&service, &claims)))
}

async fn for_desk(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Body(TicketRequest { key }): Body<TicketRequest>,
) -> Result<impl IntoResponse, Refusal> {
    service.request_limits().ticket(Person::Staff(signed_in.staff), context.now)?;
    let mut connection = service.storage().read().await?;
    let practitioners = visible_practitioners(&mut connection, &signed_in).await?;
    let own = practitioners.iter().find(|practitioner| practitioner.staff == signed_in.staff);
    let card = match own {
        Some(practitioner) => practitioner.card(signed_in.verified_by.clone()),
        None => staff_card(&mut connection, &signed_in).await?,
    };
    drop(connection);
    let scope = Scope::Desk { practitioners: practitioners.iter().map(|practitioner| practitioner.staff).collect() };
    let holder =
        Holder { practice: signed_in.practice, person: Person::Staff(signed_in.staff), role: signed_in.role, card };
    let claims = claims(context, &key, scope, holder);
    let fact = Event::TicketIssued { ticket: claims.ticket, scope: TicketScope::Desk };
    service.storage().record(signed_in.draft(context.now, fact)).await?;
    Ok(Json(seal(&service, &claims)))
}

async fn staff_card(connection: &mut sqlx::PgConnection, signed_in: &SignedIn) -> Result<IdentityCard, Refusal> {
    let row = sqlx::query("SELECT given_name, family_name FROM professionals.staff WHERE staff = $1 AND practice = $2")
        .bind(signed_in.staff.uuid())
        .bind(signed_in.practice.uuid())
        .fetch_one(connection)
        .await?;
    Ok(IdentityCard {
        display_name: format!("{} {}", row.text("given_name")?, row.text("family_name")?),
        role: signed_in.role,
        profession: None,
        rpps: None,
        verified_by: signed_in.verified_by.clone(),
    })
}

/// The room's hours and state; the signaling server checks them again.
fn may_enter(booking: &Booking, context: Context) -> Result<(), Refusal> {
    match booking.patient_status(context.now) {
        PatientStatus::Ready | PatientStatus::InProgress => Ok(()),
        PatientStatus::TooEarly => Err(Refusal::new(ErrorCode::TooEarly)),
        PatientStatus::Cancelled => Err(Refusal::new(ErrorCode::AppointmentCancelled)),
        PatientStatus::Over => Err(Refusal::new(ErrorCode::WrongState)),
    }
}

/// Who is let in, and as what.
pub(super) struct Holder {
    pub(super) practice: PracticeId,
    pub(super) person: Person,
    pub(super) role: Role,
    pub(super) card: IdentityCard,
}

pub(super) fn claims(context: Context, key: &BrowserKey, scope: Scope, holder: Holder) -> TicketClaims {
    let Holder { practice, person, role, card } = holder;
    TicketClaims {
        ticket: new_id(context.now),
        practice,
        person,
        role,
        card,
        key_thumbprint: thumbprint(key),
        scope,
        issued_at: context.now,
        expires_at: context.now.after(TICKET_LIFETIME),
    }
}

pub(super) fn thumbprint(key: &BrowserKey) -> KeyThumbprint {
    KeyThumbprint::from_digest(digest(&SHA256, key.thumbprint_input().as_bytes()).as_ref())
}

pub(super) fn seal(service: &Consultation, claims: &TicketClaims) -> TicketIssued {
    let ticket = claims.seal(|bytes| service.secrets().sign_ticket(bytes));
    TicketIssued { ticket, expires_at: claims.expires_at }
}
