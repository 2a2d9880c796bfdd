//! The journal in storage.

mod export;
mod paris;
mod query;
mod reading;
mod words;

use colloque_ids::JournalEventId;
use colloque_journal::{Actor, Draft, Entry};
use sqlx::PgConnection;

use crate::random::new_id;
use crate::storage::StorageError;

pub(crate) use reading::routes;
pub(crate) use words::{disconnect_cause, guest_role, join_refusal, proof, proofs, role};

/// Adds one fact to the journal, in the transaction of the state that it tells of.
pub(crate) async fn append(connection: &mut PgConnection, draft: Draft) -> Result<JournalEventId, StorageError> {
    let entry = Entry { id: new_id(draft.occurred_at), draft };
    let leaf = entry.canonical();
    let Draft { occurred_at, practice, actor, session, origin, patient, consultation, event } = entry.draft;
    let kind = event.kind();
    sqlx::query(
        "INSERT INTO journal.event (event, occurred_at, practice, kind, outcome, actor, actor_role, session, origin,
             patient, consultation, leaf)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(entry.id.uuid())
    .bind(occurred_at.as_millis())
    .bind(practice.map(|practice| practice.uuid()))
    .bind(kind.name())
    .bind(kind.outcome().name())
    .bind(actor_name(actor))
    .bind(actor.role_name())
    .bind(session.map(|session| session.uuid()))
    .bind(origin.map(|origin| origin.to_string()))
    .bind(patient.map(|patient| patient.to_string()))
    .bind(consultation.map(|consultation| consultation.uuid()))
    .bind(leaf)
    .execute(connection)
    .await?;
    Ok(entry.id)
}

/// The stored name of who acted: searchable, and null for nobody known.
fn actor_name(actor: Actor) -> Option<String> {
    match actor {
        Actor::Unknown | Actor::Platform => None,
        Actor::Staff { staff, .. } => Some(staff.full()),
        Actor::Patient(pseudonym) => Some(pseudonym.to_string()),
        Actor::Guest { guest, .. } => Some(guest.full()),
    }
}
