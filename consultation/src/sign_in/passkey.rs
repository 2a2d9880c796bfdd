//! Signing in with a passkey: possession and user verification in one, so no second factor follows.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use colloque_ids::{StaffId, Timestamp};
use colloque_journal::{Event, SignInFailure, SignInStage};
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{PasskeyAnswer, PasskeyChallenge, SignInStep};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{PgConnection, Row};
use webauthn_rs::Webauthn;
use webauthn_rs::prelude::{DiscoverableAuthentication, DiscoverableKey, Passkey, PublicKeyCredential};

use super::{Account, KnownBrowser, PreviousSession, Purpose, fail, hold_back, replace_session};
use crate::Consultation;
use crate::http::{Body, Context, Refusal};
use crate::journal;
use crate::random::Token;
use crate::session::{Cookie, SetCookie, StaffSessions, Stage, close_if_signed_out};
use crate::storage::{Recorded, StorageError};

/// How long a ceremony may take: people look for their telephone.
pub(crate) const CEREMONY_LIMIT: Duration = Duration::from_secs(5 * 60);

pub(super) async fn start(
    State(service): State<Consultation>,
    context: Context,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    admit(&service, context, &headers).await?;
    let (challenge, state) = webauthn(&service)?.start_discoverable_authentication().map_err(Refusal::failed)?;
    let cookie = Ceremony::begin(&service, None, &state, context.now).await?;
    Ok((cookie, Json(PasskeyChallenge { options: as_json(&challenge.public_key)? })).into_response())
}

pub(super) async fn finish(
    State(service): State<Consultation>,
    context: Context,
    headers: HeaderMap,
    Body(answer): Body<PasskeyAnswer>,
) -> Result<Response, Refusal> {
    admit(&service, context, &headers).await?;
    let webauthn = webauthn(&service)?;
    let ceremony: Option<(Option<StaffId>, DiscoverableAuthentication)> =
        Ceremony::finish(&service, &headers, context.now).await?;
    let Some((None, state)) = ceremony else {
        return Err(fail(&service, context, None, SignInStage::Passkey, SignInFailure::LinkUnknown).await?);
    };
    let Ok(credential) = serde_json::from_value::<PublicKeyCredential>(answer.credential) else {
        return Err(Refusal::new(ErrorCode::Malformed));
    };
    let Some((account, passkey)) = find(&service, webauthn, &credential).await? else {
        return Err(fail(&service, context, None, SignInStage::Passkey, SignInFailure::KeyUnknown).await?);
    };
    let key = DiscoverableKey::from(&passkey);
    let Ok(result) = webauthn.finish_discoverable_authentication_v2(&credential, state, &key) else {
        let reason = SignInFailure::WrongSecret;
        return Err(fail(&service, context, Some(&account), SignInStage::Passkey, reason).await?);
    };
    if !account.is_active {
        let reason = SignInFailure::InactiveAccount;
        return Err(fail(&service, context, Some(&account), SignInStage::Passkey, reason).await?);
    }
    let mut passkey = passkey;
    passkey.update_credential(&result);
    let cookies = match open(&service, context, &headers, account.clone(), passkey).await {
        Err(refusal) if refusal.code() == ErrorCode::WrongCredentials => {
            let reason = SignInFailure::KeyUnknown;
            return Err(fail(&service, context, Some(&account), SignInStage::Passkey, reason).await?);
        }
        opened => opened?,
    };
    Ok((cookies, Cookie::Ceremony.clear(), Json(SignInStep::Done)).into_response())
}

/// Counts a step of a ceremony: by browser where somebody signed in before, by network elsewhere.
async fn admit(service: &Consultation, context: Context, headers: &HeaderMap) -> Result<(), Refusal> {
    let browser = KnownBrowser::of(headers);
    let known = match browser.has_cookie() {
        true => browser.known(&mut *service.storage().read().await?, context.now).await?,
        false => None,
    };
    let admitted = match known {
        Some(hash) => service.limits().admit_browser(hash, context.origin, context.now),
        None => service.limits().admit_network(Purpose::Passkey, context.origin, context.now),
    };
    match admitted {
        Ok(()) => Ok(()),
        Err(throttled) => Err(hold_back(service, context, None, throttled).await),
    }
}

/// The relying party, when the service has a host name that one can be.
pub(crate) fn webauthn(service: &Consultation) -> Result<&Webauthn, Refusal> {
    service.webauthn().ok_or(Refusal::new(ErrorCode::Unavailable))
}

/// Writes options for a browser.
pub(crate) fn as_json(options: &impl Serialize) -> Result<serde_json::Value, Refusal> {
    serde_json::to_value(options).map_err(Refusal::failed)
}

async fn find(
    service: &Consultation,
    webauthn: &Webauthn,
    credential: &PublicKeyCredential,
) -> Result<Option<(Account, Passkey)>, Refusal> {
    let Ok((user, credential_id)) = webauthn.identify_discoverable_authentication(credential) else { return Ok(None) };
    let staff = StaffId::from_uuid(user);
    let mut connection = service.storage().read().await?;
    let stored: Option<String> =
        sqlx::query_scalar("SELECT credential FROM professionals.passkey WHERE staff = $1 AND credential_id = $2")
            .bind(staff.uuid())
            .bind(credential_id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(stored) = stored else { return Ok(None) };
    let passkey = serde_json::from_str(&stored).map_err(|_| StorageError::Unreadable { what: "passkey" })?;
    let account = Account::by_id(&mut connection, staff).await?;
    Ok(account.map(|account| (account, passkey)))
}

/// Opens a session, unless an administrator took the passkey or the right to sign in away meanwhile.
async fn open(
    service: &Consultation,
    context: Context,
    headers: &HeaderMap,
    account: Account,
    passkey: Passkey,
) -> Result<(SetCookie, SetCookie), Refusal> {
    let (previous, browser) = (PreviousSession::of(headers), KnownBrowser::of(headers));
    let (credential, keys) = (serde_json::to_string(&passkey).map_err(Refusal::failed)?, service.clone());
    let (cookies, replaced) = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let now = context.now;
                Account::hold(connection, account.staff).await?;
                let present = Account::by_id(connection, account.staff).await?;
                let account = present.filter(|present| present.is_active);
                let account = account.ok_or(Refusal::new(ErrorCode::WrongCredentials))?;
                let used = sqlx::query(
                    "UPDATE professionals.passkey SET credential = $2, used_at = $3 WHERE credential_id = $1 AND staff = $4",
                )
                .bind(passkey.cred_id().as_slice())
                .bind(credential)
                .bind(now.as_millis())
                .bind(account.staff.uuid())
                .execute(&mut *connection)
                .await?;
                if used.rows_affected() == 0 {
                    return Err(Refusal::new(ErrorCode::WrongCredentials));
                }
                let replaced = replace_session(connection, &previous, now).await?;
                Account::note_sign_in(connection, account.staff, now).await?;
                let proofs = [AuthenticationMethod::Passkey];
                let (session, cookie) =
                    StaffSessions::open(connection, account.staff, Stage::SignedIn, &proofs, now).await?;
                let device = browser.remember(connection, keys.secrets(), account.staff, now).await?;
                let event = Event::SignInSucceeded { proofs: journal::proofs(&proofs) };
                let entry = account.draft(context, event).in_session(session);
                Ok::<_, Refusal>(Recorded::new(((cookie, device), replaced), entry))
            })
        })
        .await?;
    if let Some(replaced) = replaced {
        close_if_signed_out(service, replaced).await;
    }
    Ok(cookies)
}

/// A ceremony under way: its state stays here, the browser holds a token of it, and it ends the first time it is asked for.
pub(crate) struct Ceremony;

impl Ceremony {
    /// Keeps the state of a ceremony and gives the cookie of its token.
    pub(crate) async fn begin(
        service: &Consultation,
        staff: Option<StaffId>,
        state: &impl Serialize,
        now: Timestamp,
    ) -> Result<SetCookie, Refusal> {
        let state = serde_json::to_string(state).map_err(Refusal::failed)?;
        let token = Token::random();
        let hash = token.hash();
        service
            .storage()
            .transact(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO professionals.passkey_ceremony (token_hash, staff, state, expires_at)
                         VALUES ($1, $2, $3, $4)",
                    )
                    .bind(hash)
                    .bind(staff.map(|staff| staff.uuid()))
                    .bind(state)
                    .bind(now.after(CEREMONY_LIMIT).as_millis())
                    .execute(connection)
                    .await?;
                    Ok::<_, StorageError>(())
                })
            })
            .await?;
        Ok(Cookie::Ceremony.set(&token, CEREMONY_LIMIT))
    }

    /// Takes the state of the browser's ceremony, which is over with that, and the person it was begun for.
    pub(crate) async fn finish<T: DeserializeOwned>(
        service: &Consultation,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<(Option<StaffId>, T)>, StorageError> {
        let Some(token) = Cookie::Ceremony.read(headers) else { return Ok(None) };
        let taken = service.storage().transact(move |connection| Box::pin(take(connection, token.hash(), now))).await?;
        let Some((staff, state)) = taken else { return Ok(None) };
        // A ceremony of another kind has another state: it is none of this one.
        Ok(serde_json::from_str(&state).ok().map(|state| (staff, state)))
    }
}

async fn take(
    connection: &mut PgConnection,
    hash: Vec<u8>,
    now: Timestamp,
) -> Result<Option<(Option<StaffId>, String)>, StorageError> {
    let row = sqlx::query(
        "DELETE FROM professionals.passkey_ceremony WHERE token_hash = $1 AND expires_at > $2 RETURNING staff, state",
    )
    .bind(hash)
    .bind(now.as_millis())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((crate::storage::Columns::optional_id(&row, "staff")?, row.try_get("state")?)))
}
