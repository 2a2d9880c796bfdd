//! First factor: password.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use colloque_journal::{Event, Proof, SignInFailure, SignInStage};
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{PasswordSignIn, SignInStep};

use super::accounts::normal_email;
use super::{
    Account, HashPasswordError, KnownBrowser, Lane, PreviousSession, Purpose, Subject, fail, hold_back, replace_session,
};
use crate::Consultation;
use crate::account::MAX_PASSWORD_CHARS;
use crate::http::{Body, Context, Refusal};
use crate::session::{StaffSessions, Stage, close_if_signed_out};
use crate::storage::Recorded;

pub(super) async fn sign_in(
    State(service): State<Consultation>,
    context: Context,
    headers: HeaderMap,
    Body(form): Body<PasswordSignIn>,
) -> Result<Response, Refusal> {
    if form.password.chars().count() > MAX_PASSWORD_CHARS {
        return Err(Refusal::new(ErrorCode::Malformed));
    }
    let email = normal_email(&form.email);
    let browser = KnownBrowser::of(&headers);
    // Without a cookie nothing can turn out to be known: the attempt is counted before storage is asked.
    if !browser.has_cookie()
        && let Err(throttled) = service.limits().admit_stranger(Purpose::Password, context.origin, context.now)
    {
        return Err(hold_back(&service, context, None, throttled).await);
    }
    let (account, known_browser) = look_up(&service, &browser, &email, context).await?;
    let (subject, lane) = match (&account, &known_browser) {
        (Some(account), Some(hash)) => (Subject::known_browser(account.staff, hash), Lane::Known),
        (None | Some(_), _) => (Subject::stranger(&email, context.origin), Lane::Strangers),
    };
    let admitted = if browser.has_cookie() {
        service.limits().admit(context.origin, &subject, context.now)
    } else {
        service.limits().admit_account(context.origin, &subject, context.now)
    };
    if let Err(throttled) = admitted {
        return Err(hold_back(&service, context, account.as_ref(), throttled).await);
    }
    let stored = account.as_ref().and_then(|account| account.password_hash.clone());
    let is_right = match service.hashing().verify(lane, form.password, stored).await {
        Ok(is_right) => is_right,
        Err(HashPasswordError::Busy) => {
            let throttled = service.limits().busy(context.origin, &subject, context.now);
            return Err(hold_back(&service, context, account.as_ref(), throttled).await);
        }
        Err(error @ HashPasswordError::Failed) => return Err(Refusal::failed(error)),
    };
    let reason = match &account {
        None => Some(SignInFailure::UnknownAccount),
        Some(_) if !is_right => Some(SignInFailure::WrongSecret),
        Some(account) if !account.is_active => Some(SignInFailure::InactiveAccount),
        Some(_) => None,
    };
    let account = match (account, reason) {
        (Some(account), None) => account,
        (account, reason) => {
            let reason = reason.unwrap_or(SignInFailure::UnknownAccount);
            return Err(fail(&service, context, account.as_ref(), SignInStage::Password, reason).await?);
        }
    };
    service.limits().give_back(&subject);
    match open(&service, context, &headers, account.clone()).await {
        Err(refusal) if refusal.code() == ErrorCode::WrongCredentials => {
            Err(fail(&service, context, Some(&account), SignInStage::Password, SignInFailure::WrongSecret).await?)
        }
        opened => opened,
    }
}

/// Finds the account that was typed, and the hash of the browser's cookie when it is known to that account.
async fn look_up(
    service: &Consultation,
    browser: &KnownBrowser,
    email: &str,
    context: Context,
) -> Result<(Option<Account>, Option<Vec<u8>>), Refusal> {
    let mut connection = service.storage().read().await?;
    let Some(account) = Account::by_email(&mut connection, email).await? else { return Ok((None, None)) };
    let known = browser.known_to(&mut connection, account.staff, context.now).await?.map(<[u8]>::to_vec);
    Ok((Some(account), known))
}

/// Opens a session that proved the password, unless an administrator took the right to it away meanwhile.
async fn open(
    service: &Consultation,
    context: Context,
    headers: &HeaderMap,
    account: Account,
) -> Result<Response, Refusal> {
    let (previous, staff) = (PreviousSession::of(headers), account.staff);
    let (cookie, step, replaced) = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                Account::hold(connection, account.staff).await?;
                let present = Account::by_id(connection, account.staff).await?;
                let present =
                    present.filter(|present| present.is_active && present.password_hash == account.password_hash);
                let account = present.ok_or(Refusal::new(ErrorCode::WrongCredentials))?;
                let (stage, step) = match account.has_totp {
                    true => (Stage::Totp, SignInStep::Totp),
                    false => (Stage::Enrolment, SignInStep::EnrolTotp),
                };
                let replaced = replace_session(connection, &previous, context.now).await?;
                let proofs = [AuthenticationMethod::Password];
                let (session, cookie) =
                    StaffSessions::open(connection, account.staff, stage, &proofs, context.now).await?;
                let entry = account.draft(context, Event::FirstFactorAccepted { proof: Proof::Password });
                Ok::<_, Refusal>(Recorded::new((cookie, step, replaced), entry.in_session(session)))
            })
        })
        .await?;
    // Whoever signs in again in a consultation stays there until the code, and leaves with the session that never got one.
    if let Some(other) = replaced.filter(|replaced| *replaced != staff) {
        close_if_signed_out(service, other).await;
    }
    Ok((cookie, Json(step)).into_response())
}
