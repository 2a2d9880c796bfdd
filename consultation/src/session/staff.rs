//! Sessions of the staff.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use colloque_ids::{PracticeId, SessionId, StaffId, Timestamp};
use colloque_journal::{AccessRefusal, Actor, Draft, Event, NetworkPrefix, SessionEnd};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::{AuthenticationMethod, Role};
use sqlx::{PgConnection, Row};

use super::{Cookie, SetCookie, read_proofs, staff_role, write_proofs};
use crate::Consultation;
use crate::http::{Context, Refusal};
use crate::journal;
use crate::random::{Token, new_id};
use crate::storage::{Columns, StorageError};

/// How long a signed-in session lasts whatever happens.
///
/// # Source
///
/// research of the field's rules: a working day; OWASP ASVS 5.0, 7.3.2.
pub(crate) const ABSOLUTE_LIMIT: Duration = Duration::from_secs(12 * 3_600);

/// How much longer at most what a session opened stays open while its person is in a consultation.
///
/// Longer: somebody who signed in half a day ago stays in a room. Shorter: a consultation that lasts is cut.
pub(crate) const CONSULTATION_GRACE: Duration = Duration::from_secs(3_600);

/// How long a signed-in session lasts without a request, outside a consultation.
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How long a person may take between the first factor and the second.
pub(crate) const SECOND_FACTOR_LIMIT: Duration = Duration::from_secs(10 * 60);

/// How long a proof counts as fresh, for what changes the account's own proofs.
pub(crate) const FRESH_FOR: Duration = Duration::from_secs(5 * 60);

/// How exactly the last request is remembered: a write for each request would cost more than it tells.
const SEEN_EVERY: Duration = Duration::from_secs(60);

/// How far a person is with signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The first factor was given; the code is next.
    Totp,
    /// The first factor was given; a second one must be enrolled.
    Enrolment,
    /// Signed in.
    SignedIn,
}

impl Stage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Enrolment => "enrolment",
            Self::SignedIn => "signed_in",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Totp, Self::Enrolment, Self::SignedIn].into_iter().find(|stage| stage.name() == name)
    }

    const fn lifetime(self) -> Duration {
        match self {
            Self::Totp | Self::Enrolment => SECOND_FACTOR_LIMIT,
            Self::SignedIn => ABSOLUTE_LIMIT,
        }
    }
}

/// A session of the staff, at any stage.
#[derive(Debug, Clone)]
pub(crate) struct StaffSession {
    /// The session.
    pub(crate) session: SessionId,
    /// The person.
    pub(crate) staff: StaffId,
    /// Their practice.
    pub(crate) practice: PracticeId,
    /// Their role now.
    pub(crate) role: Role,
    /// How far they are.
    pub(crate) stage: Stage,
    /// What they proved.
    pub(crate) verified_by: Vec<AuthenticationMethod>,
    /// When they proved something last.
    pub(crate) authenticated_at: Timestamp,
    /// When the session ends whatever happens.
    pub(crate) expires_at: Timestamp,
    /// From which network this request came.
    pub(crate) origin: Option<NetworkPrefix>,
}

/// A signed-in member of the staff: what a handler behind [`Access::Staff`](crate::http::Access::Staff) takes.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// The session.
    pub(crate) session: SessionId,
    /// The person.
    pub(crate) staff: StaffId,
    /// Their practice: every query names it.
    pub(crate) practice: PracticeId,
    /// Their role.
    pub(crate) role: Role,
    /// What they proved.
    pub(crate) verified_by: Vec<AuthenticationMethod>,
    /// When they proved something last.
    pub(crate) authenticated_at: Timestamp,
    /// When the session ends whatever happens.
    pub(crate) expires_at: Timestamp,
    /// From which network this request came.
    origin: Option<NetworkPrefix>,
}

impl StaffSession {
    /// Starts a journal entry of this person.
    pub(crate) fn draft(&self, now: Timestamp, event: Event) -> Draft {
        Draft::new(now, event)
            .by(self.practice, Actor::Staff { staff: self.staff, role: journal::role(self.role) })
            .in_session(self.session)
            .from(self.origin)
    }

    /// Whether the person proved who they are a moment ago.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.authenticated_at) < FRESH_FOR
    }
}

impl SignedIn {
    pub(super) fn from_session(session: StaffSession) -> Option<Self> {
        let StaffSession { session, staff, practice, role, stage, verified_by, authenticated_at, expires_at, origin } =
            session;
        match stage {
            Stage::SignedIn => {
                Some(Self { session, staff, practice, role, verified_by, authenticated_at, expires_at, origin })
            }
            Stage::Totp | Stage::Enrolment => None,
        }
    }

    /// Starts a journal entry of this person.
    pub(crate) fn draft(&self, now: Timestamp, event: Event) -> Draft {
        Draft::new(now, event)
            .by(self.practice, Actor::Staff { staff: self.staff, role: journal::role(self.role) })
            .in_session(self.session)
            .from(self.origin)
    }

    /// Whether the person proved who they are a moment ago.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.authenticated_at) < FRESH_FOR
    }

    /// Whether the session was not ended since the request began. Hold the account first.
    pub(crate) async fn goes_on(&self, connection: &mut PgConnection) -> Result<bool, StorageError> {
        let statement = "SELECT EXISTS (SELECT FROM professionals.session WHERE session = $1 AND stage = 'signed_in')";
        Ok(sqlx::query_scalar(statement).bind(self.session.uuid()).fetch_one(connection).await?)
    }

    /// Journals that this person was refused something, and gives the refusal: the same as for what does not exist.
    pub(crate) async fn refuse(&self, service: &Consultation, now: Timestamp) -> Refusal {
        self.journal_refusal(service, now, AccessRefusal::NotTheirs).await
    }

    pub(super) async fn refuse_role(&self, service: &Consultation, context: Context) -> Refusal {
        self.journal_refusal(service, context.now, AccessRefusal::WrongRole).await
    }

    async fn journal_refusal(&self, service: &Consultation, now: Timestamp, reason: AccessRefusal) -> Refusal {
        match service.storage().record(self.draft(now, Event::AccessRefused { reason })).await {
            Ok(()) => Refusal::not_found(),
            Err(error) => error.into(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or(Refusal::new(ErrorCode::NotSignedIn))
    }
}

impl<S: Sync> FromRequestParts<S> for StaffSession {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().cloned().ok_or(Refusal::new(ErrorCode::NotSignedIn))
    }
}

/// The sessions in storage.
pub(crate) struct StaffSessions<'a> {
    service: &'a Consultation,
}

impl<'a> StaffSessions<'a> {
    pub(crate) const fn new(service: &'a Consultation) -> Self {
        Self { service }
    }

    /// Finds the session of a token, ends it when it is over, and notes that it was seen, unless a page asked by itself.
    pub(crate) async fn find(&self, token: &Token, context: Context) -> Result<Option<StaffSession>, StorageError> {
        let now = context.now;
        let mut connection = self.service.storage().read().await?;
        let row = sqlx::query(
            "SELECT s.session, s.staff, p.practice, p.role, s.stage, s.proofs, s.authenticated_at, s.last_seen_at, s.expires_at,
                 EXISTS (SELECT FROM professionals.room_presence r WHERE r.staff = s.staff AND r.consultation IS NOT NULL)
                     AS in_room
             FROM professionals.session s JOIN professionals.staff p USING (staff)
             WHERE s.token_hash = $1 AND p.active",
        )
        .bind(token.hash())
        .fetch_optional(&mut *connection)
        .await?;
        drop(connection);
        let Some(row) = row else { return Ok(None) };
        let session = StaffSession {
            session: row.id("session")?,
            staff: row.id("staff")?,
            practice: row.id("practice")?,
            role: staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?,
            stage: Stage::from_name(&row.text("stage")?).ok_or(StorageError::Unreadable { what: "stage" })?,
            verified_by: read_proofs(&row.text("proofs")?),
            authenticated_at: row.instant("authenticated_at")?,
            expires_at: row.instant("expires_at")?,
            origin: context.origin,
        };
        let seen_at = row.instant("last_seen_at")?;
        let in_room: bool = row.try_get("in_room")?;
        if session.expires_at <= now {
            // It opens nothing any more; a consultation under way is not cut in the middle, and the sweep ends it after.
            if !in_room {
                self.end(&session, now, SessionEnd::Expired).await?;
            }
            return Ok(None);
        }
        if now.since(seen_at) >= IDLE_LIMIT && !in_room {
            self.end(&session, now, SessionEnd::Idle).await?;
            return Ok(None);
        }
        if now.since(seen_at) >= SEEN_EVERY && !context.is_background {
            self.see(session.session, now).await?;
        }
        Ok(Some(session))
    }

    /// Ends one session, and with the last one all that its person has open.
    pub(crate) async fn end(
        &self,
        session: &StaffSession,
        now: Timestamp,
        cause: SessionEnd,
    ) -> Result<(), StorageError> {
        let entry = session.draft(now, Event::SessionEnded { cause });
        let id = session.session;
        self.service
            .storage()
            .transact(move |connection| {
                Box::pin(async move {
                    let ended = sqlx::query("DELETE FROM professionals.session WHERE session = $1")
                        .bind(id.uuid())
                        .execute(&mut *connection)
                        .await?;
                    // Two requests may both find the session over; one of them ends it.
                    if ended.rows_affected() == 1 {
                        journal::append(connection, entry).await?;
                    }
                    Ok::<_, StorageError>(())
                })
            })
            .await?;
        close_if_signed_out(self.service, session.staff).await;
        Ok(())
    }

    async fn see(&self, session: SessionId, now: Timestamp) -> Result<(), StorageError> {
        self.service
            .storage()
            .transact(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "UPDATE professionals.session SET last_seen_at = $2 WHERE session = $1 AND last_seen_at < $2",
                    )
                    .bind(session.uuid())
                    .bind(now.as_millis())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Opens a session in the present transaction and gives the cookie of its new token.
    pub(crate) async fn open(
        connection: &mut PgConnection,
        staff: StaffId,
        stage: Stage,
        proofs: &[AuthenticationMethod],
        now: Timestamp,
    ) -> Result<(SessionId, SetCookie), StorageError> {
        let (session, token) = (new_id(now), Token::random());
        sqlx::query(
            "INSERT INTO professionals.session (session, token_hash, staff, stage, proofs, created_at, authenticated_at,
                 last_seen_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $6, $6, $7)",
        )
        .bind(session.uuid())
        .bind(token.hash())
        .bind(staff.uuid())
        .bind(stage.name())
        .bind(write_proofs(proofs))
        .bind(now.as_millis())
        .bind(now.after(stage.lifetime()).as_millis())
        .execute(connection)
        .await?;
        Ok((session, Cookie::Staff.set(&token, ABSOLUTE_LIMIT)))
    }

    /// Raises a session to another stage under a new token: the token of before opens nothing any more. Refuses when the session
    /// ended meanwhile: nothing that was proved for it holds.
    pub(crate) async fn raise(
        connection: &mut PgConnection,
        session: &StaffSession,
        stage: Stage,
        proof: AuthenticationMethod,
        now: Timestamp,
    ) -> Result<(SetCookie, Vec<AuthenticationMethod>), Refusal> {
        let token = Token::random();
        let mut proofs = session.verified_by.clone();
        if !proofs.contains(&proof) {
            proofs.push(proof);
        }
        // A session already signed in keeps its end: proving again does not make it longer.
        let expires_at = match session.stage {
            Stage::SignedIn => session.expires_at,
            Stage::Totp | Stage::Enrolment => now.after(stage.lifetime()),
        };
        let raised = sqlx::query(
            "UPDATE professionals.session
             SET token_hash = $2, stage = $3, proofs = $4, wrong_codes = 0, authenticated_at = $5, last_seen_at = $5,
                 expires_at = $6
             WHERE session = $1",
        )
        .bind(session.session.uuid())
        .bind(token.hash())
        .bind(stage.name())
        .bind(write_proofs(&proofs))
        .bind(now.as_millis())
        .bind(expires_at.as_millis())
        .execute(connection)
        .await?;
        if raised.rows_affected() != 1 {
            return Err(Refusal::new(ErrorCode::NotSignedIn));
        }
        Ok((Cookie::Staff.set(&token, ABSOLUTE_LIMIT), proofs))
    }

    /// Ends every session of a person in the present transaction; says whether there was one.
    pub(crate) async fn end_all(
        connection: &mut PgConnection,
        staff: StaffId,
        now: Timestamp,
        cause: SessionEnd,
    ) -> Result<bool, StorageError> {
        let ended = sqlx::query(
            "DELETE FROM professionals.session s USING professionals.staff p
             WHERE s.staff = $1 AND p.staff = s.staff RETURNING s.session, p.practice, p.role",
        )
        .bind(staff.uuid())
        .fetch_all(&mut *connection)
        .await?;
        for row in &ended {
            let role = staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?;
            let entry = Draft::new(now, Event::SessionEnded { cause })
                .by(row.id("practice")?, Actor::Staff { staff, role: journal::role(role) })
                .in_session(row.id("session")?);
            journal::append(connection, entry).await?;
        }
        Ok(!ended.is_empty())
    }

    /// Ends the other sessions in which a person was about to enrol codes, in the present transaction: they proved no more than a
    /// password, and enrol nothing in place of what was enrolled.
    pub(crate) async fn end_other_enrolments(
        connection: &mut PgConnection,
        session: &StaffSession,
        now: Timestamp,
    ) -> Result<(), StorageError> {
        let ended = sqlx::query(
            "DELETE FROM professionals.session WHERE staff = $1 AND session <> $2 AND stage = 'enrolment' RETURNING session",
        )
        .bind(session.staff.uuid())
        .bind(session.session.uuid())
        .fetch_all(&mut *connection)
        .await?;
        for row in &ended {
            let entry = Draft::new(now, Event::SessionEnded { cause: SessionEnd::Reset })
                .by(session.practice, Actor::Staff { staff: session.staff, role: journal::role(session.role) })
                .in_session(row.id("session")?);
            journal::append(connection, entry).await?;
        }
        Ok(())
    }
}

/// Closes what a person has open once they are signed in nowhere any more. Call it after the commit that ended a session.
pub(crate) async fn close_if_signed_out(service: &Consultation, staff: StaffId) {
    // When storage does not say, what is open closes: the person signs in again.
    if !is_signed_in(service, staff).await.unwrap_or(false) {
        service.announcements().staff_ended(staff);
    }
}

async fn is_signed_in(service: &Consultation, staff: StaffId) -> Result<bool, StorageError> {
    // However many strangers wait: what they do closes no consultation.
    let mut connection = service.for_known().storage().read().await?;
    let statement = "SELECT EXISTS (SELECT FROM professionals.session WHERE staff = $1 AND stage = 'signed_in')";
    Ok(sqlx::query_scalar(statement).bind(staff.uuid()).fetch_one(&mut *connection).await?)
}
