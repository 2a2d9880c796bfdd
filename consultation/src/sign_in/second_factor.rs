//! Second factor: the code of an authenticator application.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use colloque_ids::{StaffId, Timestamp};
use colloque_journal::{Actor, Event, Proof, SessionEnd, SignInFailure, SignInStage};
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{SignInStep, TotpCode};
use sqlx::{PgConnection, Row};

use super::totp::Codes;
use super::wrong_codes::WrongCodes;
use super::{Account, KnownBrowser, Subject, hold_back};
use crate::Consultation;
use crate::http::{Body, Context, Refusal};
use crate::journal;
use crate::secrets::Secrets;
use crate::session::{SetCookie, StaffSession, StaffSessions, Stage, close_if_signed_out};
use crate::storage::{Columns, StorageError};

/// Wrong codes that end a session: of a million codes three are right at any moment.
const MAX_WRONG_CODES: i32 = 5;

/// A code that somebody gives, and all that is known of them.
struct Attempt {
    context: Context,
    session: StaffSession,
    account: Account,
    subject: Subject,
    browser: KnownBrowser,
    code: String,
}

/// What a code came to.
enum Judged {
    /// Right: the cookies of the session and of the browser.
    Right(SetCookie, SetCookie),
    /// Not looked at: too many were wrong before.
    TooSoon { wait_for: Duration },
    /// Refused, as journaled.
    Refused(Refusal),
    /// Refused, as journaled, and the session is over.
    Over,
}

pub(super) async fn sign_in(
    State(service): State<Consultation>,
    context: Context,
    session: StaffSession,
    headers: HeaderMap,
    Body(TotpCode { code }): Body<TotpCode>,
) -> Result<Response, Refusal> {
    match session.stage {
        Stage::Totp | Stage::SignedIn => {}
        Stage::Enrolment => return Err(Refusal::new(ErrorCode::WrongState)),
    }
    let mut connection = service.storage().read().await?;
    let account = Account::by_id(&mut connection, session.staff).await?;
    let account = account.ok_or(Refusal::new(ErrorCode::NotSignedIn))?;
    let browser = KnownBrowser::of(&headers);
    let subject = match browser.known_to(&mut connection, account.staff, context.now).await? {
        Some(hash) => Subject::known_browser(account.staff, hash),
        None => Subject::stranger(&account.email, context.origin),
    };
    drop(connection);
    let turn = service.limits().code_turn(&subject).await;
    let attempt = Attempt { context, session, account: account.clone(), subject: subject.clone(), browser, code };
    let secrets = service.clone();
    let judged = service.storage().transact(move |connection| {
        Box::pin(async move {
            // The turn goes along: a client that leaves does not let the next one in before the transaction is over.
            let _turn = turn;
            judge(connection, &secrets, attempt).await
        })
    });
    match judged.await? {
        Judged::Right(session, device) => {
            service.limits().succeed(&subject);
            Ok((session, device, Json(SignInStep::Done)).into_response())
        }
        Judged::TooSoon { wait_for } => {
            let throttled = service.limits().hold_back(context.origin, wait_for, context.now);
            Err(hold_back(&service, context, Some(&account), throttled).await)
        }
        Judged::Refused(refusal) => Err(refusal),
        Judged::Over => {
            close_if_signed_out(&service, account.staff).await;
            Err(Refusal::new(ErrorCode::NotSignedIn))
        }
    }
}

/// Judges a code in the present transaction. What it changes is held from the first look on, in the order in which an
/// administrator's reset takes it: person, codes, session. So attempts count one after the other, however many come at once.
async fn judge(connection: &mut PgConnection, service: &Consultation, attempt: Attempt) -> Result<Judged, Refusal> {
    let Attempt { context, session, account, subject, browser, code } = attempt;
    let (staff, now) = (account.staff, context.now);
    Account::hold(connection, staff).await?;
    let row = sqlx::query(
        "SELECT sealed_secret, last_used_step, strangers_full_at FROM professionals.totp WHERE staff = $1 FOR UPDATE",
    )
    .bind(staff.uuid())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Err(Refusal::new(ErrorCode::WrongState)) };
    let wrong_codes = WrongCodes::load(connection, staff, &subject, row.instant("strangers_full_at")?).await?;
    let wait_for = wrong_codes.wait(now);
    if !wait_for.is_zero() {
        return Ok(Judged::TooSoon { wait_for });
    }
    // Whoever signed out, was signed out or used this session's token a moment ago has nothing to prove here.
    let Some(tries) = count_try(connection, &session).await? else { return Err(Refusal::new(ErrorCode::NotSignedIn)) };
    let sealed: Vec<u8> = row.try_get("sealed_secret")?;
    let last_used: i64 = row.try_get("last_used_step")?;
    let codes = open_codes(service, &account, &sealed)?;
    if let Some(step) = codes.step_of(&code, now, Some(last_used)) {
        use_step(connection, staff, step).await?;
        wrong_codes.forgive(connection).await?;
        return raise(connection, service.secrets(), context, session, browser).await;
    }
    wrong_codes.count(connection, now).await?;
    let is_over = tries >= MAX_WRONG_CODES;
    if is_over {
        end(connection, &session, now).await?;
    }
    let reason = match () {
        () if is_over => SignInFailure::TooManyCodes,
        () if codes.is_replay(&code, now, last_used) => SignInFailure::CodeReplayed,
        () => SignInFailure::WrongSecret,
    };
    let event = Event::SignInFailed { account: Some(staff), stage: SignInStage::Totp, reason };
    journal::append(connection, context.draft(event).by(account.practice, Actor::Unknown)).await?;
    Ok(if is_over { Judged::Over } else { Judged::Refused(Refusal::new(ErrorCode::WrongCredentials)) })
}

/// Counts a code against its session before it is looked at; none when the session is over or at another stage.
async fn count_try(connection: &mut PgConnection, session: &StaffSession) -> Result<Option<i32>, StorageError> {
    let tries = sqlx::query_scalar(
        "UPDATE professionals.session SET wrong_codes = wrong_codes + 1 WHERE session = $1 AND stage = $2
         RETURNING wrong_codes",
    )
    .bind(session.session.uuid())
    .bind(session.stage.name())
    .fetch_optional(connection)
    .await?;
    Ok(tries)
}

fn open_codes(service: &Consultation, account: &Account, sealed: &[u8]) -> Result<Codes, StorageError> {
    let secret = service.secrets().open("totp", account.staff.uuid(), sealed).ok();
    let codes = secret.and_then(|secret| Codes::new(&secret, &account.email));
    codes.ok_or(StorageError::Unreadable { what: "totp secret" })
}

/// Uses up the step of a right code, which never serves again.
async fn use_step(connection: &mut PgConnection, staff: StaffId, step: i64) -> Result<(), StorageError> {
    sqlx::query("UPDATE professionals.totp SET last_used_step = $2 WHERE staff = $1")
        .bind(staff.uuid())
        .bind(step)
        .execute(connection)
        .await?;
    Ok(())
}

async fn end(connection: &mut PgConnection, session: &StaffSession, now: Timestamp) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM professionals.session WHERE session = $1")
        .bind(session.session.uuid())
        .execute(&mut *connection)
        .await?;
    journal::append(connection, session.draft(now, Event::SessionEnded { cause: SessionEnd::SignedOut })).await?;
    Ok(())
}

/// Signs the person in, or renews the proof of a person already signed in, under a new token.
async fn raise(
    connection: &mut PgConnection,
    secrets: &Secrets,
    context: Context,
    session: StaffSession,
    browser: KnownBrowser,
) -> Result<Judged, Refusal> {
    let now = context.now;
    let proof = AuthenticationMethod::Totp;
    let (cookie, methods) = StaffSessions::raise(connection, &session, Stage::SignedIn, proof, now).await?;
    let device = browser.remember(connection, secrets, session.staff, now).await?;
    let event = match session.stage {
        Stage::SignedIn => Event::SecondFactorConfirmed { proof: Proof::Totp },
        Stage::Totp | Stage::Enrolment => {
            Account::note_sign_in(connection, session.staff, now).await?;
            Event::SignInSucceeded { proofs: journal::proofs(&methods) }
        }
    };
    journal::append(connection, session.draft(now, event)).await?;
    Ok(Judged::Right(cookie, device))
}
