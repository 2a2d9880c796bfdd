//! Activation: an invited person follows a link, chooses a password, then enrols codes.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use colloque_ids::{StaffId, Timestamp};
use colloque_journal::{Event, SessionEnd, SignInFailure, SignInStage};
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{Activation, SignInStep};
use sqlx::PgConnection;

use super::weakness;
use crate::Consultation;
use crate::http::{Body, Context, Refusal};
use crate::random::Token;
use crate::session::{StaffSessions, Stage};
use crate::sign_in::{Account, HashPasswordError, Lane, Purpose, hold_back};
use crate::storage::{Columns, Recorded, StorageError};

/// How long an activation link serves.
///
/// Longer: a link forgotten in a mailbox stays dangerous. Shorter: who comes back from a week away asks for another.
pub(crate) const LINK_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The activation links in storage.
pub(crate) struct Activations;

impl Activations {
    /// Makes a link's secret in the present transaction; earlier ones of this person stop working.
    pub(crate) async fn make(
        connection: &mut PgConnection,
        staff: StaffId,
        now: Timestamp,
    ) -> Result<Token, StorageError> {
        let secret = Token::random();
        sqlx::query("DELETE FROM professionals.activation WHERE staff = $1")
            .bind(staff.uuid())
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO professionals.activation (secret_hash, staff, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(secret.hash())
        .bind(staff.uuid())
        .bind(now.as_millis())
        .bind(now.after(LINK_LIFETIME).as_millis())
        .execute(connection)
        .await?;
        Ok(secret)
    }

    /// Finds whom a secret activates.
    async fn find(
        connection: &mut PgConnection,
        secret: &Token,
        now: Timestamp,
    ) -> Result<Option<StaffId>, StorageError> {
        let row = sqlx::query("SELECT staff FROM professionals.activation WHERE secret_hash = $1 AND expires_at > $2")
            .bind(secret.hash())
            .bind(now.as_millis())
            .fetch_optional(connection)
            .await?;
        row.map(|row| row.id("staff")).transpose()
    }
}

/// Writes an activation link. The secret stays in the fragment, which browsers send to nobody.
pub(crate) fn activation_link(service: &Consultation, secret: &Token) -> String {
    format!("{}/activation#{}", service.config().public_origin(), secret.text())
}

pub(super) async fn redeem(
    State(service): State<Consultation>,
    context: Context,
    Body(form): Body<Activation>,
) -> Result<Response, Refusal> {
    if let Err(throttled) = service.limits().admit_network(Purpose::Activation, context.origin, context.now) {
        return Err(hold_back(&service, context, None, throttled).await);
    }
    let Some((secret, account, known_words)) = look_up(&service, &form.secret, context.now).await? else {
        return Err(refuse(&service, context).await?);
    };
    let known_words: Vec<&str> = known_words.iter().map(String::as_str).collect();
    if let Some(message) = weakness(&form.password, &known_words) {
        return Err(Refusal::invalid_field("password", message));
    }
    let hash = match service.hashing().hash(Lane::Known, form.password).await {
        Ok(hash) => hash,
        Err(HashPasswordError::Busy) => return Err(Refusal::too_many(2)),
        Err(error @ HashPasswordError::Failed) => return Err(Refusal::failed(error)),
    };
    let staff = account.staff;
    let (cookie, was_signed_in) = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let now = context.now;
                // The order in which an administrator's reset takes them: person, link, sessions.
                Account::hold(connection, staff).await?;
                let used = sqlx::query("DELETE FROM professionals.activation WHERE secret_hash = $1")
                    .bind(secret.hash())
                    .execute(&mut *connection)
                    .await?;
                // Two requests with one link: the first one had it.
                if used.rows_affected() == 0 {
                    return Err(Refusal::new(ErrorCode::InvitationUnknown));
                }
                sqlx::query(
                    "UPDATE professionals.staff SET password_hash = $2, activated_at = $3 WHERE staff = $1 AND active",
                )
                .bind(staff.uuid())
                .bind(hash)
                .bind(now.as_millis())
                .execute(&mut *connection)
                .await?;
                let was_signed_in = StaffSessions::end_all(connection, staff, now, SessionEnd::Reset).await?;
                let proofs = [AuthenticationMethod::Password];
                let (session, cookie) = StaffSessions::open(connection, staff, Stage::Enrolment, &proofs, now).await?;
                let entry = account.draft(context, Event::AccountActivated {}).in_session(session);
                Ok(Recorded::new((cookie, was_signed_in), entry))
            })
        })
        .await?;
    if was_signed_in {
        service.announcements().staff_ended(staff);
    }
    Ok((cookie, Json(SignInStep::EnrolTotp)).into_response())
}

/// Finds the account of a secret, and words that its password must not lean on.
async fn look_up(
    service: &Consultation,
    secret: &str,
    now: Timestamp,
) -> Result<Option<(Token, Account, Vec<String>)>, Refusal> {
    let Some(secret) = Token::parse(secret) else { return Ok(None) };
    let mut connection = service.storage().read().await?;
    let Some(staff) = Activations::find(&mut connection, &secret, now).await? else { return Ok(None) };
    let Some(account) = Account::by_id(&mut connection, staff).await? else { return Ok(None) };
    if !account.is_active {
        return Ok(None);
    }
    let names = sqlx::query("SELECT family_name, given_name FROM professionals.staff WHERE staff = $1")
        .bind(staff.uuid())
        .fetch_one(&mut *connection)
        .await?;
    let mut words =
        vec!["colloque".to_owned(), "cabinet".to_owned(), names.text("family_name")?, names.text("given_name")?];
    words.extend(account.email.split(['@', '.', '-', '_']).map(str::to_owned));
    let practice: String = sqlx::query_scalar("SELECT name FROM administrative.practice WHERE practice = $1")
        .bind(account.practice.uuid())
        .fetch_one(&mut *connection)
        .await?;
    words.extend(practice.split_whitespace().map(str::to_owned));
    Ok(Some((secret, account, words)))
}

async fn refuse(service: &Consultation, context: Context) -> Result<Refusal, StorageError> {
    let event =
        Event::SignInFailed { account: None, stage: SignInStage::Activation, reason: SignInFailure::LinkUnknown };
    service.storage().record(context.draft(event)).await?;
    Ok(Refusal::new(ErrorCode::InvitationUnknown))
}
