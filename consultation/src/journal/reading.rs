//! Reading the journal: an administrator, their own practice, every reading journaled before it is answered.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use colloque_ids::{GuestId, PracticeId, kind};
use colloque_journal::{Actor, Entry, Event, GuestRole, Kind};
use colloque_protocol::Role;
use colloque_protocol::http::journal::{JournalDetail, JournalLine, JournalPage, JournalQuery, MAX_PAGE};

use super::query::{Criteria, Row, Scope};
use super::{export, paris};
use crate::Consultation;
use crate::http::{Access, Context, Params, PathId, Refusal, Routes};
use crate::session::SignedIn;
use crate::storage::{Columns, StorageError};

/// Lines of a page when the query does not say.
const DEFAULT_PAGE: u32 = 50;

/// Events of the same consultation shown beside one.
const MAX_RELATED: u32 = 100;

/// Most lines of one export: about fifteen megabytes.
///
/// More: memory and a long transaction. Fewer: a busy practice exports a month in several files.
const MAX_EXPORT: u32 = 100_000;

/// The routes of the journal.
pub(crate) fn routes() -> Routes {
    const ADMINISTRATOR: Access = Access::Staff(&[Role::Administrator]);
    Routes::new()
        .get("/api/journal", ADMINISTRATOR, page)
        .get("/api/journal/kinds", ADMINISTRATOR, kinds)
        .get("/api/journal/export", ADMINISTRATOR, csv)
        .get("/api/journal/{id}", ADMINISTRATOR, detail)
}

async fn page(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Params(query): Params<JournalQuery>,
) -> Result<Json<JournalPage>, Refusal> {
    let limit = query.limit.unwrap_or(DEFAULT_PAGE).clamp(1, MAX_PAGE);
    let criteria = Criteria::read(query)?;
    let mut connection = service.storage().read().await?;
    let scope = Scope::of(&mut connection, signed_in.practice).await?;
    let mut rows = criteria.newest(&mut connection, scope, limit + 1).await?;
    let names = Names::of(&mut connection, signed_in.practice).await?;
    drop(connection);
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).map(|row| row.sequence.to_string());
    let lines: Vec<JournalLine> = rows.into_iter().map(|row| names.line(row)).collect();
    let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    service.storage().record(signed_in.draft(context.now, Event::JournalRead { lines: count })).await?;
    Ok(Json(JournalPage { lines, next }))
}

async fn kinds() -> Json<Vec<(&'static str, &'static str)>> {
    Json(Kind::ALL.iter().map(|kind| (kind.name(), kind.label())).collect())
}

async fn detail(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    PathId(event): PathId<kind::JournalEvent>,
) -> Result<Json<JournalDetail>, Refusal> {
    let mut connection = service.storage().read().await?;
    let scope = Scope::of(&mut connection, signed_in.practice).await?;
    let Some((row, leaf)) = Row::find(&mut connection, scope, event).await? else {
        drop(connection);
        return Err(signed_in.refuse(&service, context.now).await);
    };
    let related = match row.consultation {
        Some(consultation) => Row::of_consultation(&mut connection, scope, consultation, MAX_RELATED).await?,
        None => Vec::new(),
    };
    let names = Names::of(&mut connection, signed_in.practice).await?;
    drop(connection);
    let entry = Entry::parse(&leaf).map_err(|_| StorageError::Unreadable { what: "journal entry" })?;
    service.storage().record(signed_in.draft(context.now, Event::JournalEventRead { event })).await?;
    let actor = names.actor(entry.draft.actor);
    let fields = entry.fields(paris::readable).into_iter().map(|(name, value)| {
        let value = names.of_staff(&value).map_or(value.clone(), |person| format!("{person} ({value})"));
        (name.to_owned(), value)
    });
    Ok(Json(JournalDetail {
        sentence: entry.sentence(&actor),
        fields: fields.collect(),
        related: related.into_iter().map(|row| names.line(row)).collect(),
        line: names.line(row),
    }))
}

async fn csv(
    State(service): State<Consultation>,
    context: Context,
    signed_in: SignedIn,
    Params(query): Params<JournalQuery>,
) -> Result<Response, Refusal> {
    let criteria = Criteria::read(JournalQuery { cursor: None, limit: None, ..query })?;
    let _turn = service.request_limits().export_turn(signed_in.staff).await;
    let mut connection = service.storage().read().await?;
    let scope = Scope::of(&mut connection, signed_in.practice).await?;
    let rows = criteria.newest(&mut connection, scope, MAX_EXPORT + 1).await?;
    let names = Names::of(&mut connection, signed_in.practice).await?;
    drop(connection);
    if rows.len() > MAX_EXPORT as usize {
        return Err(Refusal::invalid_field("from", "Choisissez une période plus courte : 100 000 lignes au plus."));
    }
    let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    // Oldest first, as a register is read.
    let lines = rows.into_iter().rev().map(|row| names.line(row));
    let table = export::write(lines).map_err(Refusal::failed)?;
    service.storage().record(signed_in.draft(context.now, Event::JournalExported { lines: count })).await?;
    let name = format!("attachment; filename=\"journal-{}.csv\"", paris::day(context.now));
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, table).into_response())
}

/// Names of a practice's staff, for people who read the journal.
struct Names(HashMap<String, String>);

impl Names {
    async fn of(connection: &mut sqlx::PgConnection, practice: PracticeId) -> Result<Self, StorageError> {
        let rows =
            sqlx::query("SELECT staff, title, given_name, family_name FROM professionals.staff WHERE practice = $1")
                .bind(practice.uuid())
                .fetch_all(connection)
                .await?;
        let named = |row: &sqlx::postgres::PgRow| {
            let staff = row.id::<kind::Staff>("staff")?;
            Ok::<_, StorageError>((staff.full(), crate::sign_in::display_name(row)?))
        };
        Ok(Self(rows.iter().map(named).collect::<Result<_, _>>()?))
    }

    /// Gives the name of a member of the staff, by identifier in full.
    fn of_staff(&self, staff: &str) -> Option<&str> {
        self.0.get(staff).map(String::as_str)
    }

    fn actor(&self, actor: Actor) -> String {
        match actor {
            Actor::Staff { staff, .. } => self.0.get(&staff.full()).cloned().unwrap_or_else(|| actor.french()),
            Actor::Unknown | Actor::Platform | Actor::Patient(_) | Actor::Guest { .. } => actor.french(),
        }
    }

    fn line(&self, row: Row) -> JournalLine {
        let actor = match &row.actor {
            Some(actor) => self.0.get(actor).cloned().unwrap_or_else(|| unnamed(actor, &row.actor_role)),
            None if row.actor_role == Actor::Platform.role_name() => Actor::Platform.french(),
            None => Actor::Unknown.french(),
        };
        let label = Kind::from_name(&row.kind).map_or_else(|| row.kind.clone(), |kind| kind.label().to_owned());
        JournalLine {
            event: row.event,
            sequence: row.sequence,
            occurred_at: row.occurred_at,
            kind: row.kind,
            label,
            outcome: row.outcome,
            actor,
            person: row.actor,
            actor_role: row.actor_role,
            consultation: row.consultation.map(|consultation| consultation.to_string()),
            from: row.origin,
        }
    }
}

/// What somebody is called whom the journal does not name: a guest who came with the patient could tell who the patient is.
fn unnamed(actor: &str, role: &str) -> String {
    match (GuestRole::from_name(role), actor.parse::<GuestId>()) {
        (Some(role), Ok(guest)) => Actor::Guest { guest, role }.french(),
        (Some(_), Err(_)) | (None, _) => actor.to_owned(),
    }
}
