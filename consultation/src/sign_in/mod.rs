//! Signing in: password then code, or passkey.
//!
//! # Source
//!
//! CNIL, délibération 2025-019 of 20 March 2025: two factors of different kinds. OWASP ASVS 5.0, V6 and V7.

mod accounts;
mod delays;
mod devices;
mod hashing;
mod limits;
mod passkey;
mod password;
mod second_factor;
pub(crate) mod totp;
mod wrong_codes;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::{Json, response::Response};
use colloque_ids::StaffId;
use colloque_journal::{Actor, Draft, Event, SessionEnd, SignInFailure, SignInStage};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{Me, PractitionerDetails};
use sqlx::{PgConnection, Row};

use crate::Consultation;
use crate::http::{ALL_STAFF, Access, Context, Refusal, Routes};
use crate::journal;
use crate::session::{Cookie, SignedIn, StaffSession, StaffSessions, Stage};
use crate::storage::{Columns, StorageError};

pub(crate) use accounts::{Account, normal_email};
pub(crate) use devices::KnownBrowser;
pub use hashing::HashPasswordError;
pub(crate) use hashing::{Lane, PasswordHashing};
pub(crate) use limits::{Link, Purpose, SignInLimits, Subject, Throttled};
pub(crate) use passkey::{Ceremony, as_json, webauthn};

/// The routes of signing in and out.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/api/session/password", Access::Anyone, password::sign_in)
        .post("/api/session/totp", Access::FirstFactor, second_factor::sign_in)
        .post("/api/session/passkey/start", Access::Anyone, passkey::start)
        .post("/api/session/passkey/finish", Access::Anyone, passkey::finish)
        .get("/api/session", Access::Staff(ALL_STAFF), me)
        .delete("/api/session", Access::FirstFactor, sign_out)
}

async fn me(State(service): State<Consultation>, signed_in: SignedIn) -> Result<Json<Me>, Refusal> {
    let mut connection = service.storage().read().await?;
    let row = sqlx::query(
        "SELECT p.family_name, p.given_name, p.title, p.profession, p.specialty, p.rpps,
             (SELECT count(*) FROM professionals.passkey k WHERE k.staff = p.staff) AS passkeys
         FROM professionals.staff p WHERE p.staff = $1",
    )
    .bind(signed_in.staff.uuid())
    .fetch_one(&mut *connection)
    .await?;
    let practice_name: String = sqlx::query_scalar("SELECT name FROM administrative.practice WHERE practice = $1")
        .bind(signed_in.practice.uuid())
        .fetch_one(&mut *connection)
        .await?;
    let practitioner = practitioner_details(&row)?;
    Ok(Json(Me {
        staff: signed_in.staff,
        display_name: display_name(&row)?,
        role: signed_in.role,
        practice: signed_in.practice,
        practice_name,
        verified_by: signed_in.verified_by,
        expires_at: signed_in.expires_at,
        passkeys: count(&row, "passkeys")?,
        practitioner,
        demonstration: service.config().demonstration,
    }))
}

async fn sign_out(
    State(service): State<Consultation>,
    context: Context,
    session: StaffSession,
) -> Result<Response, Refusal> {
    StaffSessions::new(&service).end(&session, context.now, SessionEnd::SignedOut).await?;
    Ok((Cookie::Staff.clear(), StatusCode::NO_CONTENT).into_response())
}

/// Name shown: title, given name, family name.
pub(crate) fn display_name(row: &sqlx::postgres::PgRow) -> Result<String, StorageError> {
    let (given, family) = (row.text("given_name")?, row.text("family_name")?);
    Ok(match row.optional_text("title")? {
        Some(title) => format!("{title} {given} {family}"),
        None => format!("{given} {family}"),
    })
}

/// Practitioner's details, for those who have them.
pub(crate) fn practitioner_details(row: &sqlx::postgres::PgRow) -> Result<Option<PractitionerDetails>, StorageError> {
    let Some(rpps) = row.optional_text("rpps")? else { return Ok(None) };
    Ok(Some(PractitionerDetails {
        title: row.optional_text("title")?.unwrap_or_default(),
        profession: row.optional_text("profession")?.unwrap_or_default(),
        specialty: row.optional_text("specialty")?.unwrap_or_default(),
        rpps,
    }))
}

/// Reads a count.
pub(crate) fn count(row: &sqlx::postgres::PgRow, column: &str) -> Result<u32, StorageError> {
    Ok(u32::try_from(row.try_get::<i64, _>(column).map_err(StorageError::from)?).unwrap_or(u32::MAX))
}

/// Journals a failed step, then refuses in the same words whatever the reason.
async fn fail(
    service: &Consultation,
    context: Context,
    account: Option<&Account>,
    stage: SignInStage,
    reason: SignInFailure,
) -> Result<Refusal, StorageError> {
    let event = Event::SignInFailed { account: account.map(|account| account.staff), stage, reason };
    let mut draft = context.draft(event);
    if let Some(account) = account {
        draft = draft.by(account.practice, Actor::Unknown);
    }
    service.storage().record(draft).await?;
    Ok(Refusal::new(ErrorCode::WrongCredentials))
}

/// Journals that attempts are held back, once a minute at most, and refuses.
pub(crate) async fn hold_back(
    service: &Consultation,
    context: Context,
    account: Option<&Account>,
    throttled: Throttled,
) -> Refusal {
    if let Some(attempts) = throttled.journal {
        let mut draft = context.draft(Event::SignInThrottled { scope: throttled.scope, attempts });
        if let Some(account) = account {
            draft = draft.by(account.practice, Actor::Unknown);
        }
        if let Err(error) = service.storage().record(draft).await {
            return error.into();
        }
    }
    Refusal::too_many(throttled.retry_after_s)
}

/// Ends the session that the browser held before, in the present transaction: signing in never adds to an older session. Gives its
/// person when they were signed in with it.
async fn replace_session(
    connection: &mut PgConnection,
    headers: &PreviousSession,
    now: colloque_ids::Timestamp,
) -> Result<Option<StaffId>, StorageError> {
    let Some(hash) = &headers.0 else { return Ok(None) };
    let ended = sqlx::query(
        "DELETE FROM professionals.session s USING professionals.staff p
         WHERE s.token_hash = $1 AND p.staff = s.staff RETURNING s.session, s.staff, s.stage, p.practice, p.role",
    )
    .bind(hash)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = ended else { return Ok(None) };
    let role = crate::session::staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?;
    let entry = Draft::new(now, Event::SessionEnded { cause: SessionEnd::SignedOut })
        .by(row.id("practice")?, Actor::Staff { staff: row.id("staff")?, role: journal::role(role) })
        .in_session(row.id("session")?);
    journal::append(connection, entry).await?;
    Ok(if row.text("stage")? == Stage::SignedIn.name() { Some(row.id("staff")?) } else { None })
}

/// The session cookie that came with a request to sign in.
struct PreviousSession(Option<Vec<u8>>);

impl PreviousSession {
    fn of(headers: &HeaderMap) -> Self {
        Self(Cookie::Staff.read(headers).map(|token| token.hash()))
    }
}
