//! Changes of a person's role, right to sign in, and means of signing in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use colloque_ids::{PracticeId, StaffId, Timestamp};
use colloque_journal::{Event, SessionEnd};
use colloque_protocol::Role;
use colloque_protocol::http::admin::{ActivationSent, ChangeStaff};
use colloque_protocol::http::error::ErrorCode;
use sqlx::{PgConnection, Row};

use super::form::check_practitioner;
use super::{StaffPath, send};
use crate::Consultation;
use crate::account::{Activations, activation_link};
use crate::care::message::words;
use crate::care::practice;
use crate::http::{ALL_STAFF, Body, Context, PathId, Refusal};
use crate::journal;
use crate::session::{SignedIn, StaffSessions, staff_role};
use crate::storage::{Columns, Recorded, StorageError};

/// A person as the change finds them.
struct Present {
    role: Role,
    is_active: bool,
    has_details: bool,
    email: String,
}

pub(super) async fn change(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(staff): StaffPath,
    Body(change): Body<ChangeStaff>,
) -> Result<StatusCode, Refusal> {
    if change.role.is_some_and(|role| !ALL_STAFF.contains(&role)) {
        return Err(Refusal::invalid_field("role", "Choisissez praticien, secrétaire ou administrateur."));
    }
    let mut faults = Vec::new();
    let details = change.practitioner.as_ref().map(|details| check_practitioner(details, &mut faults));
    if !faults.is_empty() {
        return Err(Refusal::invalid(faults));
    }
    let author = signed_in.clone();
    let changed = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let (practice, now) = (signed_in.practice, context.now);
                let present = lock(connection, practice, staff).await?;
                let role = change.role.unwrap_or(present.role);
                let is_active = change.active.unwrap_or(present.is_active);
                if role == Role::Practitioner && details.is_none() && !present.has_details {
                    return Err(Refusal::invalid_field(
                        "practitioner",
                        "Indiquez la profession, la spécialité et le numéro RPPS.",
                    ));
                }
                sqlx::query(
                    "UPDATE professionals.staff SET role = $2, active = $3, title = coalesce($4, title),
                         profession = coalesce($5, profession), specialty = coalesce($6, specialty), rpps = coalesce($7, rpps)
                     WHERE staff = $1",
                )
                .bind(staff.uuid())
                .bind(role.name())
                .bind(is_active)
                .bind(details.as_ref().map(|details| &details.title))
                .bind(details.as_ref().map(|details| &details.profession))
                .bind(details.as_ref().map(|details| &details.specialty))
                .bind(details.as_ref().map(|details| &details.rpps))
                .execute(&mut *connection)
                .await?;
                must_keep_an_administrator(connection, practice).await?;
                StaffSessions::end_all(connection, staff, now, SessionEnd::RightsChanged).await?;
                let event = Event::StaffChanged { staff, role: journal::role(role), active: is_active };
                Ok(Recorded::new((), signed_in.draft(now, event)))
            })
        })
        .await;
    told(changed, &service, &author, context.now).await?;
    service.announcements().staff_ended(staff);
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a person's proofs away and sends them a link for new ones.
///
/// The link goes to the address on file and nowhere else, and no route changes that address: an administrator who held the link
/// could become any practitioner and read what they wrote.
pub(super) async fn reset(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(staff): StaffPath,
) -> Result<impl IntoResponse, Refusal> {
    // Who resets their own account and loses the link has locked themselves out; another administrator does it.
    if staff == signed_in.staff {
        return Err(Refusal::new(ErrorCode::WrongState));
    }
    let (author, shared) = (signed_in.clone(), service.clone());
    let email = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let now = context.now;
                let present = lock(connection, signed_in.practice, staff).await?;
                forget_credentials(connection, staff).await?;
                StaffSessions::end_all(connection, staff, now, SessionEnd::Reset).await?;
                let secret = Activations::make(connection, staff, now).await?;
                let link = activation_link(&shared, &secret);
                let phone = practice(connection, signed_in.practice).await?.phone;
                let write = |to, until| words::access_reset(to, link, &phone, until);
                send(&shared, connection, &present.email, now, write).await?;
                Ok(Recorded::new(present.email, signed_in.draft(now, Event::StaffReset { staff })))
            })
        })
        .await;
    let email = told(email, &service, &author, context.now).await?;
    service.outbox().wake();
    service.announcements().staff_ended(staff);
    Ok(Json(ActivationSent { staff, email }))
}

/// Finds a person of the practice and holds all of the practice's people, so that two changes cannot pass each other.
async fn lock(connection: &mut PgConnection, practice: PracticeId, staff: StaffId) -> Result<Present, Refusal> {
    let rows = sqlx::query(
        "SELECT staff, role, active, rpps IS NOT NULL AS has_details, email FROM professionals.staff
         WHERE practice = $1 ORDER BY staff FOR UPDATE",
    )
    .bind(practice.uuid())
    .fetch_all(connection)
    .await?;
    for row in &rows {
        if row.id("staff")? == staff {
            return Ok(Present {
                role: staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?,
                is_active: row.try_get("active")?,
                has_details: row.try_get("has_details")?,
                email: row.text("email")?,
            });
        }
    }
    Err(Refusal::not_found())
}

/// Refuses a change after which nobody could administer the practice.
async fn must_keep_an_administrator(connection: &mut PgConnection, practice: PracticeId) -> Result<(), Refusal> {
    let remains: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM professionals.staff
             WHERE practice = $1 AND role = 'administrator' AND active AND activated_at IS NOT NULL)",
    )
    .bind(practice.uuid())
    .fetch_one(connection)
    .await?;
    if remains { Ok(()) } else { Err(Refusal::new(ErrorCode::WrongState)) }
}

async fn forget_credentials(connection: &mut PgConnection, staff: StaffId) -> Result<(), StorageError> {
    for statement in [
        "UPDATE professionals.staff SET password_hash = NULL, activated_at = NULL WHERE staff = $1",
        "DELETE FROM professionals.totp WHERE staff = $1",
        "DELETE FROM professionals.totp_enrolment WHERE staff = $1",
        "DELETE FROM professionals.passkey WHERE staff = $1",
        "DELETE FROM professionals.passkey_ceremony WHERE staff = $1",
        "DELETE FROM professionals.known_device WHERE staff = $1",
    ] {
        sqlx::query(statement).bind(staff.uuid()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Journals that the object was not this administrator's, when that is the reason.
async fn told<T>(
    result: Result<T, Refusal>,
    service: &Consultation,
    author: &SignedIn,
    now: Timestamp,
) -> Result<T, Refusal> {
    match result {
        Err(refusal) if refusal.code() == ErrorCode::NotFound => Err(author.refuse(service, now).await),
        other => other,
    }
}
