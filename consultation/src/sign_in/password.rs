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
    Account, HashPasswordError, KnownBrowser, Lane, PreviousSession, Subject, fail, hold_back, replace_session,
};
use crate::Consultation;
use crate::account::MAX_PASSWORD_CHARS;
use crate::http::{Body, Context, Refusal};
use crate::session::{StaffSessions, Stage};
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
    let (account, known_browser) = look_up(&service, &headers, &email, context).await?;
    let (subject, lane) = match (&account, &known_browser) {
        (Some(account), Some(hash)) => (Subject::known_browser(account.staff, hash), Lane::Known),
        (None | Some(_), _) => (Subject::stranger(&email, context.origin), Lane::Strangers),
    };
    if let Err(throttled) = service.limits().admit(context.origin, &subject, context.now) {
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
    open(&service, context, &headers, account).await
}

/// Finds the account that was typed, and the hash of the browser's cookie when it is known to that account.
async fn look_up(
    service: &Consultation,
    headers: &HeaderMap,
    email: &str,
    context: Context,
) -> Result<(Option<Account>, Option<Vec<u8>>), Refusal> {
    let mut connection = service.storage().read().await?;
    let Some(account) = Account::by_email(&mut connection, email).await? else { return Ok((None, None)) };
    let browser = KnownBrowser::of(headers);
    let known = browser.known_to(&mut connection, account.staff, context.now).await?.map(<[u8]>::to_vec);
    Ok((Some(account), known))
}

async fn open(
    service: &Consultation,
    context: Context,
    headers: &HeaderMap,
    account: Account,
) -> Result<Response, Refusal> {
    let (stage, step) =
        if account.has_totp { (Stage::Totp, SignInStep::Totp) } else { (Stage::Enrolment, SignInStep::EnrolTotp) };
    let previous = PreviousSession::of(headers);
    let cookie = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                replace_session(connection, &previous, context.now).await?;
                let proofs = [AuthenticationMethod::Password];
                let (session, cookie) =
                    StaffSessions::open(connection, account.staff, stage, &proofs, context.now).await?;
                let entry = account.draft(context, Event::FirstFactorAccepted { proof: Proof::Password });
                Ok::<_, Refusal>(Recorded::new(cookie, entry.in_session(session)))
            })
        })
        .await?;
    Ok((cookie, Json(step)).into_response())
}
