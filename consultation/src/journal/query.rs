//! Questions to the journal.

use colloque_ids::{ConsultationId, JournalEventId, PracticeId, Timestamp};
use colloque_journal::{Kind, PatientPseudonym};
use colloque_protocol::http::error::ErrorCode;
use colloque_protocol::http::journal::{JournalQuery, Outcome};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::http::Refusal;
use crate::storage::{Columns, StorageError};

/// The columns of a line.
const COLUMNS: &str =
    "sequence, event, occurred_at, kind, outcome, actor, actor_role, consultation, origin FROM journal.event WHERE ";

/// What a reader may see: their practice, and what belongs to no practice when the platform serves theirs only.
///
/// Nobody can tell to which practice a wrong address was typed; where there is one practice, it is its affair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    practice: PracticeId,
    is_alone: bool,
}

/// A line as stored.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) sequence: i64,
    pub(super) event: JournalEventId,
    pub(super) occurred_at: Timestamp,
    pub(super) kind: String,
    pub(super) outcome: Outcome,
    pub(super) actor: Option<String>,
    pub(super) actor_role: String,
    pub(super) consultation: Option<ConsultationId>,
    pub(super) origin: Option<String>,
}

/// A question, checked.
#[derive(Debug)]
pub(super) struct Criteria {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    actor: Option<String>,
    kind: Option<Kind>,
    outcome: Option<Outcome>,
    below: Option<i64>,
}

impl Scope {
    pub(super) async fn of(connection: &mut PgConnection, practice: PracticeId) -> Result<Self, StorageError> {
        let is_alone =
            sqlx::query_scalar("SELECT count(*) = 1 FROM administrative.practice").fetch_one(connection).await?;
        Ok(Self { practice, is_alone })
    }

    fn push(self, query: &mut QueryBuilder<Postgres>) {
        query.push("(practice = ").push_bind(self.practice.uuid());
        query.push(if self.is_alone { " OR practice IS NULL)" } else { ")" });
    }
}

impl Criteria {
    /// Checks a query.
    pub(super) fn read(query: JournalQuery) -> Result<Self, Refusal> {
        let JournalQuery { from, until, person, kind, outcome, cursor, limit: _ } = query;
        let actor = person.filter(|person| !person.trim().is_empty()).map(|person| read_person(&person)).transpose()?;
        let kind = match kind.filter(|kind| !kind.is_empty()) {
            None => None,
            Some(kind) => Some(Kind::from_name(&kind).ok_or(Refusal::new(ErrorCode::Malformed))?),
        };
        let below = cursor.map(|cursor| cursor.parse()).transpose().map_err(|_| Refusal::new(ErrorCode::Malformed))?;
        Ok(Self { from, until, actor, kind, outcome, below })
    }

    /// Gives at most `limit` lines, newest first.
    pub(super) async fn newest(
        &self,
        connection: &mut PgConnection,
        scope: Scope,
        limit: u32,
    ) -> Result<Vec<Row>, StorageError> {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(COLUMNS);
        scope.push(&mut query);
        if let Some(from) = self.from {
            query.push(" AND occurred_at >= ").push_bind(from.as_millis());
        }
        if let Some(until) = self.until {
            query.push(" AND occurred_at < ").push_bind(until.as_millis());
        }
        if let Some(actor) = &self.actor {
            query.push(" AND actor = ").push_bind(actor);
        }
        if let Some(kind) = self.kind {
            query.push(" AND kind = ").push_bind(kind.name());
        }
        if let Some(outcome) = self.outcome {
            query.push(" AND outcome = ").push_bind(outcome_name(outcome));
        }
        if let Some(below) = self.below {
            query.push(" AND sequence < ").push_bind(below);
        }
        query.push(" ORDER BY sequence DESC LIMIT ").push_bind(i64::from(limit));
        query.build().fetch_all(connection).await?.iter().map(Row::read).collect()
    }
}

impl Row {
    /// Finds an event and its bytes.
    pub(super) async fn find(
        connection: &mut PgConnection,
        scope: Scope,
        event: JournalEventId,
    ) -> Result<Option<(Self, Vec<u8>)>, StorageError> {
        let mut query = QueryBuilder::new("SELECT leaf, ");
        query.push(COLUMNS);
        scope.push(&mut query);
        query.push(" AND event = ").push_bind(event.uuid());
        let row = query.build().fetch_optional(connection).await?;
        row.map(|row| Ok((Self::read(&row)?, sqlx::Row::try_get(&row, "leaf")?))).transpose()
    }

    /// Gives the first events of a consultation, in order.
    pub(super) async fn of_consultation(
        connection: &mut PgConnection,
        scope: Scope,
        consultation: ConsultationId,
        limit: u32,
    ) -> Result<Vec<Self>, StorageError> {
        let mut query = QueryBuilder::new("SELECT ");
        query.push(COLUMNS);
        scope.push(&mut query);
        query.push(" AND consultation = ").push_bind(consultation.uuid());
        query.push(" ORDER BY sequence LIMIT ").push_bind(i64::from(limit));
        query.build().fetch_all(connection).await?.iter().map(Self::read).collect()
    }

    fn read(row: &PgRow) -> Result<Self, StorageError> {
        Ok(Self {
            sequence: sqlx::Row::try_get(row, "sequence")?,
            event: row.id("event")?,
            occurred_at: row.instant("occurred_at")?,
            kind: row.text("kind")?,
            outcome: read_outcome(&row.text("outcome")?)?,
            actor: row.optional_text("actor")?,
            actor_role: row.text("actor_role")?,
            consultation: row.optional_id("consultation")?,
            origin: row.optional_text("origin")?,
        })
    }
}

/// Reads a person: the full identifier of a member of the staff or of a guest, or a patient's pseudonym.
fn read_person(person: &str) -> Result<String, Refusal> {
    let person = person.trim();
    if let Ok(pseudonym) = person.parse::<PatientPseudonym>() {
        return Ok(pseudonym.to_string());
    }
    let known = Uuid::try_parse(person);
    known.map(|known| known.as_hyphenated().to_string()).map_err(|_| {
        Refusal::invalid_field("person", "Choisissez une personne de la liste, ou recopiez un pseudonyme du journal.")
    })
}

const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

fn read_outcome(stored: &str) -> Result<Outcome, StorageError> {
    let outcomes = [Outcome::Success, Outcome::Refused, Outcome::Failed];
    let found = outcomes.into_iter().find(|outcome| outcome_name(*outcome) == stored);
    found.ok_or(StorageError::Unreadable { what: "outcome" })
}
