//! The patient's second factor: a code by message, or the patient's own application.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use colloque_domain::{CodeVerdict, CodesSent, PendingCode, SendCodeError};
use colloque_ids::{PatientId, PracticeId, SessionId, Timestamp};
use colloque_journal::{CodeChannel, CodeRefusal, Event};
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::patient::{self as wire, PatientStep, SecondFactor};
use sqlx::{PgConnection, Row};
use subtle::ConstantTimeEq;

use super::message::{self, Destination};
use super::people::PatientRecord;
use super::totp;
use crate::Consultation;
use crate::http::{Access, Body, Context, Refusal, Routes};
use crate::journal;
use crate::random::random_bytes;
use crate::session::{PatientArrival, PatientSessions, SetCookie};
use crate::storage::{Columns, StorageError};

/// Purpose of the seal on a code.
const SEAL: &str = "patient code";

/// How long to wait once no further code is sent: the patient asks for another link.
const NO_MORE_CODES_S: u32 = 3_600;

pub(super) fn routes() -> Routes {
    Routes::new().post("/api/patient/second-factor", Access::Arriving, verify).post(
        "/api/patient/second-factor/resend",
        Access::Arriving,
        resend,
    )
}

/// What a session was asked to prove.
pub(super) struct Challenge {
    pub(super) channel: CodeChannel,
    destination: String,
    expires_at: Timestamp,
}

impl Challenge {
    pub(super) fn step(self) -> PatientStep {
        let channel = match self.channel {
            CodeChannel::Email => wire::CodeChannel::Email,
            CodeChannel::Sms => wire::CodeChannel::Sms,
            CodeChannel::Totp => wire::CodeChannel::Totp,
        };
        PatientStep::SecondFactor { channel, destination: self.destination, expires_at: self.expires_at }
    }
}

/// Asks for a second factor: writes the code and its message, in the present transaction.
pub(super) async fn challenge(
    connection: &mut PgConnection,
    service: &Consultation,
    session: SessionId,
    practice: PracticeId,
    patient: PatientId,
    now: Timestamp,
) -> Result<Challenge, Refusal> {
    let record = PatientRecord::load(service, connection, practice, patient).await?;
    let record = record.ok_or(StorageError::Unreadable { what: "patient" })?;
    if totp::is_enrolled(connection, patient).await? {
        store(connection, service, session, CodeChannel::Totp, None, now).await?;
        return Ok(Challenge {
            channel: CodeChannel::Totp,
            destination: String::new(),
            expires_at: PendingCode::sent(now).expires_at(),
        });
    }
    let (channel, to, destination) = route(service, &record);
    let code = draw_code();
    store(connection, service, session, channel, Some(&code), now).await?;
    let expires_at = PendingCode::sent(now).expires_at();
    message::enqueue(connection, service.secrets(), message::words::code(to, &code, expires_at), now).await?;
    Ok(Challenge { channel, destination, expires_at })
}

/// A text message when it can be sent, since the link itself came by e-mail.
fn route(service: &Consultation, record: &PatientRecord) -> (CodeChannel, Destination, String) {
    match &record.phone {
        Some(phone) if service.outbox().sends_sms() => {
            (CodeChannel::Sms, Destination::Sms(phone.clone()), phone.masked())
        }
        Some(_) | None => (CodeChannel::Email, Destination::Email(record.email.clone()), record.email.masked()),
    }
}

async fn store(
    connection: &mut PgConnection,
    service: &Consultation,
    session: SessionId,
    channel: CodeChannel,
    code: Option<&str>,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO administrative.patient_code (session, channel, sealed_code, sent_at, codes_sent)
         VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (session) DO UPDATE SET channel = excluded.channel, sealed_code = excluded.sealed_code,
             sent_at = excluded.sent_at, wrong_tries = 0, tried_at = NULL,
             codes_sent = administrative.patient_code.codes_sent + 1",
    )
    .bind(session.uuid())
    .bind(channel.name())
    .bind(code.map(|code| service.secrets().seal(SEAL, session.uuid(), code.as_bytes())))
    .bind(now.as_millis())
    .execute(connection)
    .await?;
    Ok(())
}

/// What a session that is not verified was asked for.
pub(super) async fn pending(
    service: &Consultation,
    connection: &mut PgConnection,
    arrival: &PatientArrival,
) -> Result<Option<Challenge>, StorageError> {
    let Some(stored) = load(connection, arrival.session).await? else { return Ok(None) };
    let record = PatientRecord::load(service, connection, arrival.practice, arrival.patient).await?;
    let destination = match (stored.channel, record) {
        (CodeChannel::Totp, _) | (_, None) => String::new(),
        (CodeChannel::Sms, Some(record)) => record.phone.map(|phone| phone.masked()).unwrap_or_default(),
        (CodeChannel::Email, Some(record)) => record.email.masked(),
    };
    Ok(Some(Challenge { channel: stored.channel, destination, expires_at: stored.code.expires_at() }))
}

/// Holds a session until the transaction ends, before its code: the order in which a new invitation takes them.
async fn hold_session(connection: &mut PgConnection, session: SessionId) -> Result<(), Refusal> {
    let held = sqlx::query("SELECT FROM administrative.patient_session WHERE session = $1 FOR UPDATE")
        .bind(session.uuid())
        .fetch_optional(connection)
        .await?;
    // Whoever was signed out a moment ago has nothing to prove here.
    held.map(drop).ok_or(Refusal::new(ErrorCode::NotSignedIn))
}

/// A code of storage.
struct Stored {
    channel: CodeChannel,
    sealed: Option<Vec<u8>>,
    code: PendingCode,
    sent: CodesSent,
}

async fn load(connection: &mut PgConnection, session: SessionId) -> Result<Option<Stored>, StorageError> {
    let row = sqlx::query(
        "SELECT channel, sealed_code, sent_at, wrong_tries, tried_at, codes_sent FROM administrative.patient_code
         WHERE session = $1 FOR UPDATE",
    )
    .bind(session.uuid())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let name = row.text("channel")?;
    let channel = CodeChannel::ALL.iter().copied().find(|channel| channel.name() == name);
    let count = |column: &str| Ok::<_, StorageError>(u32::try_from(row.try_get::<i32, _>(column)?).unwrap_or(u32::MAX));
    let sent_at = row.instant("sent_at")?;
    Ok(Some(Stored {
        channel: channel.ok_or(StorageError::Unreadable { what: "channel" })?,
        sealed: row.try_get("sealed_code")?,
        code: PendingCode { sent_at, wrong_tries: count("wrong_tries")?, tried_at: row.optional_instant("tried_at")? },
        sent: CodesSent { count: count("codes_sent")?, last_at: Some(sent_at) },
    }))
}

/// What a try came to.
enum Tried {
    Verified(SetCookie),
    Refused(Refusal),
}

async fn verify(
    State(service): State<Consultation>,
    context: Context,
    arrival: PatientArrival,
    Body(SecondFactor { code }): Body<SecondFactor>,
) -> Result<Response, Refusal> {
    if arrival.is_verified {
        return Ok(Json(PatientStep::Done).into_response());
    }
    let code: String = code.chars().filter(|character| !character.is_whitespace()).take(7).collect();
    let keys = service.clone();
    let tried = service
        .storage()
        .transact(move |connection| Box::pin(async move { judge(connection, &keys, context, &arrival, &code).await }))
        .await?;
    match tried {
        Tried::Verified(cookie) => Ok((cookie, Json(PatientStep::Done)).into_response()),
        Tried::Refused(refusal) => Err(refusal),
    }
}

async fn judge(
    connection: &mut PgConnection,
    service: &Consultation,
    context: Context,
    arrival: &PatientArrival,
    code: &str,
) -> Result<Tried, Refusal> {
    let now = context.now;
    let expired = || Tried::Refused(Refusal::new(ErrorCode::CodeExpired));
    hold_session(connection, arrival.session).await?;
    let Some(stored) = load(connection, arrival.session).await? else { return Ok(expired()) };
    let channel = stored.channel;
    let step = match channel {
        CodeChannel::Totp => totp::matching_step(connection, service, arrival.patient, code, now).await?,
        CodeChannel::Email | CodeChannel::Sms => None,
    };
    let matches = match channel {
        CodeChannel::Totp => step.is_some(),
        CodeChannel::Email | CodeChannel::Sms => is_code(service, arrival.session, stored.sealed.as_deref(), code),
    };
    let refused = |reason| arrival.draft(now, Event::CodeRefused { channel, reason });
    match stored.code.try_with(matches, now) {
        CodeVerdict::Right => {
            if let Some(step) = step {
                totp::use_step(connection, arrival.patient, step).await?;
            }
            let proof = match channel {
                CodeChannel::Email => AuthenticationMethod::EmailCode,
                CodeChannel::Sms => AuthenticationMethod::SmsCode,
                CodeChannel::Totp => AuthenticationMethod::Totp,
            };
            let (cookie, proofs) = PatientSessions::verify(connection, arrival, proof, now).await?;
            sqlx::query("DELETE FROM administrative.patient_code WHERE session = $1")
                .bind(arrival.session.uuid())
                .execute(&mut *connection)
                .await?;
            let proofs = journal::proofs(&proofs);
            journal::append(connection, arrival.draft(now, Event::PatientVerified { proofs })).await?;
            Ok(Tried::Verified(cookie))
        }
        CodeVerdict::Wrong(next) => {
            count_try(connection, arrival.session, next.wrong_tries, now, false).await?;
            journal::append(connection, refused(CodeRefusal::Wrong)).await?;
            Ok(Tried::Refused(Refusal::new(ErrorCode::WrongCredentials)))
        }
        CodeVerdict::TooSoon { wait_for } => Ok(Tried::Refused(Refusal::too_many(seconds(wait_for)))),
        CodeVerdict::Burnt => {
            let is_old = now >= stored.code.expires_at();
            let reason = if is_old { CodeRefusal::Expired } else { CodeRefusal::TooMany };
            count_try(connection, arrival.session, stored.code.wrong_tries.saturating_add(1), now, true).await?;
            journal::append(connection, refused(reason)).await?;
            Ok(expired())
        }
    }
}

async fn count_try(
    connection: &mut PgConnection,
    session: SessionId,
    wrong_tries: u32,
    now: Timestamp,
    burnt: bool,
) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE administrative.patient_code SET wrong_tries = $2, tried_at = $3,
             sealed_code = CASE WHEN $4 THEN NULL ELSE sealed_code END
         WHERE session = $1",
    )
    .bind(session.uuid())
    .bind(i32::try_from(wrong_tries).unwrap_or(i32::MAX))
    .bind(now.as_millis())
    .bind(burnt)
    .execute(connection)
    .await?;
    Ok(())
}

async fn resend(
    State(service): State<Consultation>,
    context: Context,
    arrival: PatientArrival,
) -> Result<impl IntoResponse, Refusal> {
    if arrival.is_verified {
        return Ok(Json(PatientStep::Done));
    }
    let (keys, now) = (service.clone(), context.now);
    let challenge = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                hold_session(connection, arrival.session).await?;
                let sent = load(connection, arrival.session).await?.map(|stored| stored.sent).unwrap_or_default();
                sent.send(now)?;
                let PatientArrival { session, practice, patient, .. } = arrival;
                let challenge = challenge(connection, &keys, session, practice, patient, now).await?;
                let fact = arrival.draft(now, Event::CodeSent { channel: challenge.channel });
                journal::append(connection, fact).await?;
                Ok::<_, Refusal>(challenge)
            })
        })
        .await?;
    service.outbox().wake();
    Ok(Json(challenge.step()))
}

fn is_code(service: &Consultation, session: SessionId, sealed: Option<&[u8]>, code: &str) -> bool {
    let expected = sealed.and_then(|sealed| service.secrets().open(SEAL, session.uuid(), sealed).ok());
    expected.is_some_and(|expected| expected.as_slice().ct_eq(code.as_bytes()).into())
}

/// Draws six digits, each code as likely as any other.
fn draw_code() -> String {
    loop {
        let number = u32::from_be_bytes(random_bytes()) >> 12;
        // 2^20 is a little more than a million: what is above is drawn again.
        if number < 1_000_000 {
            return format!("{number:06}");
        }
    }
}

fn seconds(wait_for: Duration) -> u32 {
    u32::try_from(wait_for.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

impl From<SendCodeError> for Refusal {
    fn from(error: SendCodeError) -> Self {
        match error {
            SendCodeError::TooSoon { wait_for } => Self::too_many(seconds(wait_for)),
            SendCodeError::TooMany => Self::too_many(NO_MORE_CODES_S),
        }
    }
}
