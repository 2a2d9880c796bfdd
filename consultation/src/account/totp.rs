//! Enrolment of codes.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use colloque_ids::StaffId;
use colloque_journal::Event;
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::session::{SignInStep, TotpCode, TotpEnrolment};
use qrcode::QrCode;
use qrcode::render::svg;
use sqlx::PgConnection;

use crate::Consultation;
use crate::http::{Body, Context, Refusal};
use crate::journal;
use crate::random::random_bytes;
use crate::session::{StaffSession, StaffSessions, Stage};
use crate::sign_in::totp::{Codes, SECRET_BYTES, base32};
use crate::sign_in::{Account, KnownBrowser, Subject, hold_back};
use crate::storage::{Recorded, StorageError};

/// How long an enrolment may take.
const ENROLMENT_LIMIT: Duration = Duration::from_secs(10 * 60);

pub(super) async fn start(
    State(service): State<Consultation>,
    context: Context,
    session: StaffSession,
) -> Result<Json<TotpEnrolment>, Refusal> {
    may_enrol(&session, context)?;
    let account = account(&service, session.staff).await?;
    let secret = random_bytes::<SECRET_BYTES>();
    let codes = Codes::new(&secret, &account.email).ok_or(Refusal::new(ErrorCode::ServerFailed))?;
    let address = codes.address().ok_or(Refusal::new(ErrorCode::ServerFailed))?;
    let sealed = service.secrets().seal("totp", session.staff.uuid(), &secret);
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO professionals.totp_enrolment (staff, sealed_secret, expires_at) VALUES ($1, $2, $3)
                     ON CONFLICT (staff) DO UPDATE
                     SET sealed_secret = excluded.sealed_secret, expires_at = excluded.expires_at",
                )
                .bind(session.staff.uuid())
                .bind(sealed)
                .bind(context.now.after(ENROLMENT_LIMIT).as_millis())
                .execute(connection)
                .await?;
                Ok::<_, StorageError>(())
            })
        })
        .await?;
    Ok(Json(TotpEnrolment { secret: base32(&secret), qr_svg: qr(&address)?, address }))
}

pub(super) async fn finish(
    State(service): State<Consultation>,
    context: Context,
    session: StaffSession,
    headers: HeaderMap,
    Body(TotpCode { code }): Body<TotpCode>,
) -> Result<Response, Refusal> {
    may_enrol(&session, context)?;
    let account = account(&service, session.staff).await?;
    let subject = Subject::stranger(&account.email, context.origin);
    if let Err(throttled) = service.limits().admit_subject(context.origin, &subject, context.now) {
        return Err(hold_back(&service, context, Some(&account), throttled).await);
    }
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT sealed_secret FROM professionals.totp_enrolment WHERE staff = $1 AND expires_at > $2",
    )
    .bind(session.staff.uuid())
    .bind(context.now.as_millis())
    .fetch_optional(&mut *service.storage().read().await?)
    .await?;
    let sealed = sealed.ok_or(Refusal::new(ErrorCode::CodeExpired))?;
    let secret = service.secrets().open("totp", session.staff.uuid(), &sealed).map_err(Refusal::failed)?;
    let codes = Codes::new(&secret, &account.email).ok_or(Refusal::new(ErrorCode::ServerFailed))?;
    let Some(step) = codes.step_of(&code, context.now, None) else {
        return Err(Refusal::new(ErrorCode::WrongCredentials));
    };
    let (browser, keys) = (KnownBrowser::of(&headers), service.clone());
    let cookies = service
        .storage()
        .commit(move |connection| {
            Box::pin(async move {
                let now = context.now;
                Account::hold(connection, session.staff).await?;
                enrol(connection, &session, &sealed, step, now).await?;
                let proof = AuthenticationMethod::Totp;
                let (cookie, methods) = StaffSessions::raise(connection, &session, Stage::SignedIn, proof, now).await?;
                let device = browser.remember(connection, keys.secrets(), session.staff, now).await?;
                let recorded = Recorded::new((cookie, device), session.draft(now, Event::TotpEnrolled {}));
                Ok::<_, Refusal>(match session.stage {
                    Stage::SignedIn => recorded,
                    Stage::Totp | Stage::Enrolment => {
                        Account::note_sign_in(connection, session.staff, now).await?;
                        let event = Event::SignInSucceeded { proofs: journal::proofs(&methods) };
                        recorded.and(session.draft(now, event))
                    }
                })
            })
        })
        .await?;
    service.limits().succeed(&subject);
    Ok((cookies, Json(SignInStep::Done)).into_response())
}

/// Puts a proved secret in use, in the present transaction; the step that proved it is used up.
///
/// Of several sessions that proved a password only, one enrols; what is in use is replaced by somebody signed in.
async fn enrol(
    connection: &mut PgConnection,
    session: &StaffSession,
    sealed: &[u8],
    step: i64,
    now: colloque_ids::Timestamp,
) -> Result<(), Refusal> {
    let staff = session.staff;
    let pending = sqlx::query("DELETE FROM professionals.totp_enrolment WHERE staff = $1 AND sealed_secret = $2")
        .bind(staff.uuid())
        .bind(sealed)
        .execute(&mut *connection)
        .await?;
    if pending.rows_affected() == 0 {
        return Err(Refusal::new(ErrorCode::CodeExpired));
    }
    let enrolled = sqlx::query(
        "INSERT INTO professionals.totp (staff, sealed_secret, enrolled_at, last_used_step) VALUES ($1, $2, $3, $4)
         ON CONFLICT (staff) DO UPDATE SET sealed_secret = excluded.sealed_secret, enrolled_at = excluded.enrolled_at,
             last_used_step = excluded.last_used_step
         WHERE $5",
    )
    .bind(staff.uuid())
    .bind(sealed)
    .bind(now.as_millis())
    .bind(step)
    .bind(session.stage == Stage::SignedIn)
    .execute(&mut *connection)
    .await?;
    if enrolled.rows_affected() == 0 {
        return Err(Refusal::new(ErrorCode::WrongState));
    }
    StaffSessions::end_other_enrolments(connection, session, now).await?;
    Ok(())
}

/// Whoever has no second factor yet enrols the first; whoever has one proves it again before it is replaced.
fn may_enrol(session: &StaffSession, context: Context) -> Result<(), Refusal> {
    match session.stage {
        Stage::Enrolment => Ok(()),
        Stage::SignedIn if session.is_fresh(context.now) => Ok(()),
        Stage::SignedIn | Stage::Totp => Err(Refusal::new(ErrorCode::SecondFactorNeeded)),
    }
}

async fn account(service: &Consultation, staff: StaffId) -> Result<Account, Refusal> {
    let account = Account::by_id(&mut *service.storage().read().await?, staff).await?;
    account.ok_or(Refusal::new(ErrorCode::NotSignedIn))
}

fn qr(address: &str) -> Result<String, Refusal> {
    let code = QrCode::new(address.as_bytes()).map_err(Refusal::failed)?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(200, 200).quiet_zone(true).build())
}
