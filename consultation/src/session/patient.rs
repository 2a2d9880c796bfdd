//! Sessions of patients: they begin with an invitation, name one appointment, and end a day after it.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use colloque_ids::{AppointmentId, ConsultationId, InvitationId, PatientId, PracticeId, SessionId, Timestamp};
use colloque_journal::{Actor, Draft, Event, NetworkPrefix, SessionEnd};
use colloque_protocol::AuthenticationMethod;
use colloque_protocol::http::error::ErrorCode;
use sqlx::PgConnection;

use super::{Cookie, SetCookie, read_proofs, write_proofs};
use crate::Consultation;
use crate::http::{Context, Refusal};
use crate::journal;
use crate::random::{Token, new_id};
use crate::storage::{Columns, StorageError};

/// A session about to be opened for the bearer of an invitation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewPatientSession {
    /// The practice.
    pub(crate) practice: PracticeId,
    /// The patient invited.
    pub(crate) patient: PatientId,
    /// The invitation.
    pub(crate) invitation: InvitationId,
    /// Its appointment.
    pub(crate) appointment: AppointmentId,
    /// Its consultation.
    pub(crate) consultation: ConsultationId,
    /// When the session ends: a day after the room closes.
    pub(crate) expires_at: Timestamp,
}

/// The session of somebody who opened an invitation: taken by handlers behind [`Access::Arriving`](crate::http::Access::Arriving).
#[derive(Debug, Clone)]
pub(crate) struct PatientArrival {
    /// The session.
    pub(crate) session: SessionId,
    /// The practice.
    pub(crate) practice: PracticeId,
    /// The patient invited.
    pub(crate) patient: PatientId,
    /// The appointment.
    pub(crate) appointment: AppointmentId,
    /// The consultation.
    pub(crate) consultation: ConsultationId,
    /// Whether a second factor was given.
    pub(crate) is_verified: bool,
    /// What was proved.
    pub(crate) verified_by: Vec<AuthenticationMethod>,
    /// When a second factor was given.
    pub(crate) verified_at: Option<Timestamp>,
    /// When the session ends.
    pub(crate) expires_at: Timestamp,
    actor: Actor,
    origin: Option<NetworkPrefix>,
}

/// The session of a verified patient: taken by handlers behind [`Access::Patient`](crate::http::Access::Patient).
#[derive(Debug, Clone)]
pub(crate) struct PatientSession(PatientArrival);

impl std::ops::Deref for PatientSession {
    type Target = PatientArrival;

    fn deref(&self) -> &PatientArrival {
        &self.0
    }
}

impl PatientArrival {
    pub(super) fn verified(self) -> Option<PatientSession> {
        self.is_verified.then_some(PatientSession(self))
    }

    /// Starts a journal entry of this patient about their consultation.
    pub(crate) const fn draft(&self, now: Timestamp, event: Event) -> Draft {
        let draft = Draft::new(now, event)
            .by(self.practice, self.actor)
            .in_session(self.session)
            .from(self.origin)
            .about(self.consultation);
        match self.actor {
            Actor::Patient(pseudonym) => draft.concerning(pseudonym),
            Actor::Unknown | Actor::Platform | Actor::Staff { .. } | Actor::Guest { .. } => draft,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for PatientArrival {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or(Refusal::new(ErrorCode::NotSignedIn))
    }
}

impl<S: Sync> FromRequestParts<S> for PatientSession {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or(Refusal::new(ErrorCode::NotSignedIn))
    }
}

/// The sessions in storage.
pub(crate) struct PatientSessions<'a> {
    service: &'a Consultation,
}

impl<'a> PatientSessions<'a> {
    pub(crate) const fn new(service: &'a Consultation) -> Self {
        Self { service }
    }

    /// Finds the session of a token; one that is over is none, and the sweep ends it.
    pub(crate) async fn find(&self, token: &Token, context: Context) -> Result<Option<PatientArrival>, StorageError> {
        let mut connection = self.service.storage().read().await?;
        let row = sqlx::query(
            "SELECT session, practice, patient, appointment, consultation, stage, proofs, verified_at, expires_at
             FROM administrative.patient_session WHERE token_hash = $1 AND expires_at > $2",
        )
        .bind(token.hash())
        .bind(context.now.as_millis())
        .fetch_optional(&mut *connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (practice, patient) = (row.id("practice")?, row.id("patient")?);
        Ok(Some(PatientArrival {
            session: row.id("session")?,
            practice,
            patient,
            appointment: row.id("appointment")?,
            consultation: row.id("consultation")?,
            is_verified: row.text("stage")? == "verified",
            verified_by: read_proofs(&row.text("proofs")?),
            verified_at: row.optional_instant("verified_at")?,
            expires_at: row.instant("expires_at")?,
            actor: Actor::Patient(self.service.secrets().pseudonym(practice, patient)),
            origin: context.origin,
        }))
    }

    /// Opens a session that proved the link only, in the present transaction, and gives the cookie of its token.
    pub(crate) async fn open(
        connection: &mut PgConnection,
        new: NewPatientSession,
        now: Timestamp,
    ) -> Result<(SessionId, SetCookie), StorageError> {
        let (session, token) = (new_id(now), Token::random());
        sqlx::query(
            "INSERT INTO administrative.patient_session (session, token_hash, practice, patient, invitation, appointment,
                 consultation, stage, proofs, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'arriving', $8, $9, $10)",
        )
        .bind(session.uuid())
        .bind(token.hash())
        .bind(new.practice.uuid())
        .bind(new.patient.uuid())
        .bind(new.invitation.uuid())
        .bind(new.appointment.uuid())
        .bind(new.consultation.uuid())
        .bind(write_proofs(&[AuthenticationMethod::InvitationLink]))
        .bind(now.as_millis())
        .bind(new.expires_at.as_millis())
        .execute(connection)
        .await?;
        Ok((session, Cookie::Patient.set(&token, lifetime(now, new.expires_at))))
    }

    /// Marks a session as verified under a new token: the token of before opens nothing any more.
    pub(crate) async fn verify(
        connection: &mut PgConnection,
        arrival: &PatientArrival,
        proof: AuthenticationMethod,
        now: Timestamp,
    ) -> Result<(SetCookie, Vec<AuthenticationMethod>), StorageError> {
        let token = Token::random();
        let mut proofs = arrival.verified_by.clone();
        if !proofs.contains(&proof) {
            proofs.push(proof);
        }
        sqlx::query(
            "UPDATE administrative.patient_session SET token_hash = $2, stage = 'verified', proofs = $3, verified_at = $4
             WHERE session = $1",
        )
        .bind(arrival.session.uuid())
        .bind(token.hash())
        .bind(write_proofs(&proofs))
        .bind(now.as_millis())
        .execute(connection)
        .await?;
        Ok((Cookie::Patient.set(&token, lifetime(now, arrival.expires_at)), proofs))
    }

    /// Follows an appointment that moved, in the present transaction.
    pub(crate) async fn set_end(
        connection: &mut PgConnection,
        appointment: AppointmentId,
        expires_at: Timestamp,
    ) -> Result<(), StorageError> {
        sqlx::query("UPDATE administrative.patient_session SET expires_at = $2 WHERE appointment = $1")
            .bind(appointment.uuid())
            .bind(expires_at.as_millis())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Ends a session, closes with the last verified one what they opened, and gives the cookie that makes the browser forget it.
    pub(crate) async fn end(&self, arrival: &PatientArrival, now: Timestamp) -> Result<SetCookie, StorageError> {
        let entry = arrival.draft(now, Event::SessionEnded { cause: SessionEnd::SignedOut });
        let (session, appointment) = (arrival.session, arrival.appointment);
        let is_last = self
            .service
            .storage()
            .transact(move |connection| {
                Box::pin(async move {
                    let ended: Option<String> = sqlx::query_scalar(
                        "DELETE FROM administrative.patient_session WHERE session = $1 RETURNING stage",
                    )
                    .bind(session.uuid())
                    .fetch_optional(&mut *connection)
                    .await?;
                    let Some(stage) = ended else { return Ok(false) };
                    journal::append(&mut *connection, entry).await?;
                    // Who proved nothing opened nothing, and who is signed in elsewhere goes on there.
                    let goes_on: bool = sqlx::query_scalar(
                        "SELECT EXISTS (SELECT FROM administrative.patient_session
                         WHERE appointment = $1 AND stage = 'verified')",
                    )
                    .bind(appointment.uuid())
                    .fetch_one(connection)
                    .await?;
                    Ok::<_, StorageError>(stage == "verified" && !goes_on)
                })
            })
            .await?;
        if is_last {
            self.service.announcements().patient_signed_out(arrival.consultation);
        }
        Ok(Cookie::Patient.clear())
    }
}

fn lifetime(now: Timestamp, expires_at: Timestamp) -> Duration {
    expires_at.since(now)
}
