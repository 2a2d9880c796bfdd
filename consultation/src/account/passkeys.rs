//! A person's passkeys.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use colloque_ids::{StaffId, Timestamp};
use colloque_journal::Event;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{PasskeyAnswer, PasskeyChallenge, PasskeyEntry};
use sqlx::{PgConnection, Row};
use uuid::Uuid;
use webauthn_rs::prelude::{CredentialID, Passkey, PasskeyRegistration, RegisterPublicKeyCredential};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::Consultation;
use crate::http::{Body, Context, Refusal};
use crate::random::random_bytes;
use crate::session::{Cookie, SignedIn};
use crate::sign_in::{Account, Ceremony, as_json, display_name, webauthn};
use crate::storage::{Columns, Recorded, StorageError};

/// Most passkeys of one person.
const MAX_PASSKEYS: usize = 10;

/// Longest name of a passkey, in characters.
const MAX_LABEL_CHARS: usize = 60;

/// Name of a passkey whose owner gave it none.
const DEFAULT_LABEL: &str = "Clé d’accès";

pub(super) async fn start(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
) -> Result<Response, Refusal> {
    must_be_fresh(&signed_in, context)?;
    let mut connection = service.storage().read().await?;
    let known = credential_ids(&mut connection, signed_in.staff).await?;
    if known.len() >= MAX_PASSKEYS {
        return Err(Refusal::new(ErrorCode::WrongState));
    }
    let row = sqlx::query("SELECT email, title, given_name, family_name FROM professionals.staff WHERE staff = $1")
        .bind(signed_in.staff.uuid())
        .fetch_one(&mut *connection)
        .await?;
    drop(connection);
    let (email, name) = (row.text("email")?, display_name(&row)?);
    let (mut challenge, state) = webauthn(&service)?
        .start_passkey_registration(signed_in.staff.uuid(), &email, &name, Some(known))
        .map_err(Refusal::failed)?;
    // Signing in asks for no address first, so the authenticator must be able to say whose passkey it is.
    if let Some(selection) = &mut challenge.public_key.authenticator_selection {
        selection.resident_key = Some(ResidentKeyRequirement::Required);
        selection.require_resident_key = true;
    }
    let cookie = Ceremony::begin(&service, Some(signed_in.staff), &state, context.now).await?;
    Ok((cookie, Json(PasskeyChallenge { options: as_json(&challenge.public_key)? })).into_response())
}

pub(super) async fn finish(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    headers: HeaderMap,
    Body(answer): Body<PasskeyAnswer>,
) -> Result<Response, Refusal> {
    must_be_fresh(&signed_in, context)?;
    let ceremony: Option<(Option<StaffId>, PasskeyRegistration)> =
        Ceremony::finish(&service, &headers, context.now).await?;
    let state = match ceremony {
        Some((Some(staff), state)) if staff == signed_in.staff => state,
        Some(_) | None => return Err(Refusal::new(ErrorCode::CodeExpired)),
    };
    let credential: RegisterPublicKeyCredential =
        serde_json::from_value(answer.credential).map_err(|_| Refusal::new(ErrorCode::Malformed))?;
    let passkey = webauthn(&service)?
        .finish_passkey_registration(&credential, &state)
        .map_err(|_| Refusal::new(ErrorCode::WrongCredentials))?;
    let entry = add(&service, context, signed_in, passkey, label(answer.label)).await?;
    Ok((Cookie::Ceremony.clear(), Json(entry)).into_response())
}

pub(super) async fn list(
    State(service): State<Consultation>,
    signed_in: SignedIn,
) -> Result<Json<Vec<PasskeyEntry>>, Refusal> {
    let rows = sqlx::query(
        "SELECT passkey, label, created_at, used_at FROM professionals.passkey WHERE staff = $1 ORDER BY created_at",
    )
    .bind(signed_in.staff.uuid())
    .fetch_all(&mut *service.storage().read().await?)
    .await?;
    let entry = |row: &sqlx::postgres::PgRow| {
        Ok::<_, StorageError>(PasskeyEntry {
            id: row.try_get::<Uuid, _>("passkey")?.to_string(),
            label: row.text("label")?,
            created_at: row.instant("created_at")?,
            used_at: row.optional_instant("used_at")?,
        })
    };
    Ok(Json(rows.iter().map(entry).collect::<Result<_, _>>()?))
}

pub(super) async fn remove(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    axum::extract::Path(id): axum::extract::Path<String>,
) -> Result<StatusCode, Refusal> {
    let Ok(id) = Uuid::try_parse(&id) else { return Err(Refusal::not_found()) };
    must_be_fresh(&signed_in, context)?;
    let person = signed_in.clone();
    let removed = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let removed = sqlx::query("DELETE FROM professionals.passkey WHERE passkey = $1 AND staff = $2")
                    .bind(id)
                    .bind(signed_in.staff.uuid())
                    .execute(connection)
                    .await?;
                if removed.rows_affected() == 0 {
                    return Err(Refusal::not_found());
                }
                Ok(Recorded::new((), signed_in.draft(context.now, Event::PasskeyRemoved {})))
            })
        })
        .await;
    match removed {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(refusal) if refusal.code() == ErrorCode::NotFound => Err(person.refuse(&service, context.now).await),
        Err(refusal) => Err(refusal),
    }
}

async fn add(
    service: &Consultation,
    context: Context,
    signed_in: SignedIn,
    passkey: Passkey,
    label: String,
) -> Result<PasskeyEntry, Refusal> {
    let credential = serde_json::to_string(&passkey).map_err(Refusal::failed)?;
    let now = context.now;
    let id = new_passkey_id(now);
    let entry = PasskeyEntry { id: id.to_string(), label: label.clone(), created_at: now, used_at: None };
    service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                // Whoever was signed out by a reset meanwhile leaves no key behind.
                Account::hold(connection, signed_in.staff).await?;
                if !signed_in.goes_on(connection).await? {
                    return Err(Refusal::new(ErrorCode::NotSignedIn));
                }
                let added = sqlx::query(
                    "INSERT INTO professionals.passkey (passkey, staff, credential_id, credential, label, created_at)
                     VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(id)
                .bind(signed_in.staff.uuid())
                .bind(passkey.cred_id().as_slice())
                .bind(credential)
                .bind(label)
                .bind(now.as_millis())
                .execute(connection)
                .await
                .map_err(StorageError::from);
                match added {
                    Ok(_) => {}
                    Err(error) if error.is_duplicate("passkey_credential_id_key") => {
                        return Err(Refusal::new(ErrorCode::Conflict));
                    }
                    Err(error) => return Err(error.into()),
                }
                Ok(Recorded::new(entry, signed_in.draft(now, Event::PasskeyRegistered {})))
            })
        })
        .await
}

async fn credential_ids(connection: &mut PgConnection, staff: StaffId) -> Result<Vec<CredentialID>, StorageError> {
    Ok(sqlx::query_scalar("SELECT credential_id FROM professionals.passkey WHERE staff = $1")
        .bind(staff.uuid())
        .fetch_all(connection)
        .await?)
}

/// What changes the proofs of an account asks for a proof given a moment ago: a browser left open adds no passkey.
fn must_be_fresh(signed_in: &SignedIn, context: Context) -> Result<(), Refusal> {
    if signed_in.is_fresh(context.now) { Ok(()) } else { Err(Refusal::new(ErrorCode::SecondFactorNeeded)) }
}

fn label(given: Option<String>) -> String {
    let label: String =
        given.unwrap_or_default().chars().filter(|character| !character.is_control()).take(MAX_LABEL_CHARS).collect();
    let label = label.trim();
    if label.is_empty() { DEFAULT_LABEL.to_owned() } else { label.to_owned() }
}

fn new_passkey_id(now: Timestamp) -> Uuid {
    StaffId::from_parts(now, random_bytes()).uuid()
}
