//! People and roles of a practice, for its administrators.

mod change;
mod form;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use colloque_domain::EmailAddress;
use colloque_ids::{PracticeId, StaffId, Timestamp, kind};
use colloque_journal::Event;
use colloque_protocol::Role;
use colloque_protocol::http::admin::{ActivationSent, StaffEntry, StaffForm};
use sqlx::{PgConnection, Row};

use crate::Consultation;
use crate::account::{Activations, LINK_LIFETIME, activation_link};
use crate::care::message::{self, Destination, Message, words};
use crate::http::{Access, Body, Context, PathId, Refusal, Routes};
use crate::journal;
use crate::random::new_id;
use crate::session::{SignedIn, staff_role};
use crate::sign_in::{count, display_name, practitioner_details};
use crate::storage::{Columns, Recorded, StorageError};

pub(crate) use form::check;

/// The routes of administration.
pub(crate) fn routes() -> Routes {
    const ADMINISTRATOR: Access = Access::Staff(&[Role::Administrator]);
    Routes::new()
        .get("/api/admin/staff", ADMINISTRATOR, list)
        .post("/api/admin/staff", ADMINISTRATOR, invite)
        .post("/api/admin/staff/{id}", ADMINISTRATOR, change::change)
        .post("/api/admin/staff/{id}/reset", ADMINISTRATOR, change::reset)
}

async fn list(State(service): State<Consultation>, signed_in: SignedIn) -> Result<Json<Vec<StaffEntry>>, Refusal> {
    let rows = sqlx::query(
        "SELECT p.staff, p.family_name, p.given_name, p.title, p.email, p.role, p.active, p.activated_at, p.signed_in_at,
             p.profession, p.specialty, p.rpps,
             EXISTS (SELECT FROM professionals.totp t WHERE t.staff = p.staff) AS has_totp,
             (SELECT count(*) FROM professionals.passkey k WHERE k.staff = p.staff) AS passkeys
         FROM professionals.staff p WHERE p.practice = $1 ORDER BY p.family_name, p.given_name, p.staff",
    )
    .bind(signed_in.practice.uuid())
    .fetch_all(&mut *service.storage().read().await?)
    .await?;
    Ok(Json(rows.iter().map(entry).collect::<Result<_, _>>()?))
}

fn entry(row: &sqlx::postgres::PgRow) -> Result<StaffEntry, StorageError> {
    Ok(StaffEntry {
        staff: row.id("staff")?,
        display_name: display_name(row)?,
        email: row.text("email")?,
        role: staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?,
        active: row.try_get("active")?,
        activated: row.optional_instant("activated_at")?.is_some(),
        totp: row.try_get("has_totp")?,
        passkeys: count(row, "passkeys")?,
        signed_in_at: row.optional_instant("signed_in_at")?,
        practitioner: practitioner_details(row)?,
    })
}

async fn invite(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Body(form): Body<StaffForm>,
) -> Result<impl IntoResponse, Refusal> {
    let form = check(form).map_err(Refusal::invalid)?;
    let staff: StaffId = new_id(context.now);
    let shared = service.clone();
    let email = form.email.clone();
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let now = context.now;
                match insert(connection, staff, signed_in.practice, &form, now).await {
                    Ok(()) => {}
                    Err(error) if error.is_duplicate("staff_email_key") => {
                        return Err(Refusal::invalid_field("email", "Cette adresse a déjà un compte."));
                    }
                    Err(error) => return Err(error.into()),
                }
                let secret = Activations::make(connection, staff, now).await?;
                let link = activation_link(&shared, &secret);
                send(&shared, connection, &form.email, now, |to, until| words::account(to, link, until)).await?;
                let event = Event::StaffInvited { staff, role: journal::role(form.role) };
                Ok(Recorded::new((), signed_in.draft(now, event)))
            })
        })
        .await?;
    service.outbox().wake();
    Ok(Json(ActivationSent { staff, email }))
}

/// Adds a person in the present transaction.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    staff: StaffId,
    practice: PracticeId,
    form: &StaffForm,
    now: Timestamp,
) -> Result<(), StorageError> {
    let details = form.practitioner.as_ref();
    sqlx::query(
        "INSERT INTO professionals.staff (staff, practice, family_name, given_name, email, role, active, title, profession,
             specialty, rpps, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, true, $7, $8, $9, $10, $11)",
    )
    .bind(staff.uuid())
    .bind(practice.uuid())
    .bind(&form.family_name)
    .bind(&form.given_name)
    .bind(&form.email)
    .bind(form.role.name())
    .bind(details.map(|details| &details.title).filter(|title| !title.is_empty()))
    .bind(details.map(|details| &details.profession))
    .bind(details.map(|details| &details.specialty))
    .bind(details.map(|details| &details.rpps))
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes a message that carries an activation link into the outbox, in the present transaction.
async fn send(
    service: &Consultation,
    connection: &mut PgConnection,
    email: &str,
    now: Timestamp,
    write: impl FnOnce(Destination, Timestamp) -> Message,
) -> Result<(), StorageError> {
    let to = EmailAddress::parse(email).map_err(|_| StorageError::Unreadable { what: "e-mail address" })?;
    let message = write(Destination::Email(to), now.after(LINK_LIFETIME));
    message::enqueue(connection, service.secrets(), message, now).await?;
    Ok(())
}

/// A person of the administrator's own practice.
type StaffPath = PathId<kind::Staff>;
