//! What signaling asks of the records: to journal its facts before they take effect.

use colloque_attestation::{Attestation, Statement};
use colloque_ids::{ConnectionId, TicketId, Timestamp};
use colloque_journal::{Actor, DisconnectCause, Draft, Event, GuestRole, NetworkPrefix, PatientPseudonym};
use colloque_protocol::connection::{ConnectedPerson, ConnectionEvent, ConnectionFact, IncidentKind};
use colloque_protocol::ticket::Person;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use crate::Consultation;
use crate::care::guest;
use crate::journal;
use crate::session::staff_role;
use crate::storage::{Columns, Recorded, StorageError};

/// The records, for signaling.
#[derive(Clone)]
pub struct Records {
    pub(crate) service: Consultation,
}

/// A fact that could not be journaled; it must not take effect.
#[derive(Debug, thiserror::Error)]
#[error("connection fact cannot be journaled")]
pub struct RecordConnectionError(#[from] StorageError);

/// What became of a person's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedEntry {
    /// It is written.
    Written,
    /// Another connection has entered by its ticket; nothing is written.
    TicketUsed,
    /// The session, the consent or the consultation that its ticket was signed for is over; no entry is written.
    Revoked,
}

/// Incidents kept of one side of a consultation: ten an hour of each kind over two hours.
///
/// More: somebody who breaks their own link again and again fills storage. Fewer: a bad call's end is not told.
const MAX_INCIDENTS: i64 = 100;

/// Incidents of a side above which none is kept that its own browser said.
///
/// More: a browser that lies takes the place of what the server sees. Fewer: freezes of a long call are not told.
const MAX_INCIDENTS_FOR_REPORTS: i64 = 50;

impl Records {
    pub(crate) const fn new(service: Consultation) -> Self {
        Self { service }
    }

    /// Signs whose an end-to-end key is; journaled before, by [`Self::record`].
    #[must_use]
    pub fn attest(&self, statement: &Statement) -> Attestation {
        self.service.secrets().attest(statement)
    }

    /// Journals that a person enters, and remembers that their ticket is used up; unless it was, or what it was signed for does not stand
    /// any more.
    ///
    /// # Errors
    ///
    /// [`RecordConnectionError`] when it is not committed: the entry must not take effect.
    pub async fn enter(
        &self,
        fact: ConnectionEvent,
        ticket: TicketId,
        expires_at: Timestamp,
    ) -> Result<RecordedEntry, RecordConnectionError> {
        let (Some(entry), Some(connection_id)) = (self.draft(&fact), fact.connection) else {
            return Err(StorageError::Unreadable { what: "entry" }.into());
        };
        let patient = self.patient_of(&fact);
        let outcome = self.service.storage().transact(move |connection| {
            Box::pin(async move {
                if !use_ticket(connection, ticket, connection_id, expires_at).await? {
                    return Ok(RecordedEntry::TicketUsed);
                }
                if !still_may_enter(connection, &fact).await? {
                    return Ok(RecordedEntry::Revoked);
                }
                note_presence(connection, &fact, patient).await?;
                journal::append(connection, entry).await?;
                Ok::<_, StorageError>(RecordedEntry::Written)
            })
        });
        Ok(outcome.await?)
    }

    /// Journals a fact of a connection; an incident of a call is kept with its consultation instead.
    ///
    /// # Errors
    ///
    /// [`RecordConnectionError`] when it is not committed: the fact must not take effect.
    pub async fn record(&self, fact: ConnectionEvent) -> Result<(), RecordConnectionError> {
        let Some(entry) = self.draft(&fact) else { return Ok(self.keep_incident(fact).await?) };
        let patient = self.patient_of(&fact);
        self.service
            .storage()
            .commit(move |connection| {
                Box::pin(async move {
                    note_presence(connection, &fact, patient).await?;
                    Ok::<_, StorageError>(Recorded::new((), entry))
                })
            })
            .await?;
        Ok(())
    }

    /// Keeps an incident of a call, while its side of the consultation has fewer than [`MAX_INCIDENTS`], or
    /// [`MAX_INCIDENTS_FOR_REPORTS`].
    async fn keep_incident(&self, event: ConnectionEvent) -> Result<(), StorageError> {
        let (ConnectionFact::Incident { what, side, began_at }, Some(room)) = (event.fact, event.room) else {
            return Ok(());
        };
        let ended_at = event.occurred_at.max(began_at);
        let most = match what {
            IncidentKind::Frozen => MAX_INCIDENTS_FOR_REPORTS,
            IncidentKind::Cut
            | IncidentKind::LossSent
            | IncidentKind::LossReceived
            | IncidentKind::NarrowLink
            | IncidentKind::Fallback => MAX_INCIDENTS,
        };
        self.service
            .storage()
            .transact(move |connection| {
                Box::pin(async move {
                    // Signaling writes the facts of one room one after the other, so that two cannot both be the last to fit.
                    sqlx::query(
                        "INSERT INTO health.call_incident (consultation, side, kind, began_at, ended_at)
                         SELECT $1, $2, $3, $4, $5
                         WHERE (SELECT count(*) FROM health.call_incident WHERE consultation = $1 AND side = $2) < $6
                         ON CONFLICT DO NOTHING",
                    )
                    .bind(room.consultation.uuid())
                    .bind(side.name())
                    .bind(what.name())
                    .bind(began_at.as_millis())
                    .bind(ended_at.as_millis())
                    .bind(most)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    fn patient_of(&self, fact: &ConnectionEvent) -> Option<PatientPseudonym> {
        let (who, room) = (fact.who.as_ref()?, fact.room.as_ref()?);
        Some(self.service.secrets().pseudonym(who.practice, room.patient))
    }

    /// What is journaled of a fact; none of an incident.
    fn draft(&self, fact: &ConnectionEvent) -> Option<Draft> {
        let connection = fact.connection;
        let proofs = || fact.who.as_ref().map(|who| journal::proofs(&who.verified_by)).unwrap_or_default();
        let event = match fact.fact {
            ConnectionFact::Joined => Event::ConnectionJoined { connection, proofs: proofs() },
            ConnectionFact::Resumed => Event::ConnectionResumed { connection, proofs: proofs() },
            ConnectionFact::JoinRefused { refusal } => {
                Event::JoinRefused { connection, refusal: journal::join_refusal(refusal) }
            }
            ConnectionFact::PatientRefused => Event::PatientRefused {},
            ConnectionFact::MediaConnected => Event::MediaConnected { connection },
            ConnectionFact::MediaLost => Event::MediaLost { connection },
            ConnectionFact::KeyAttested { leaf_key } => Event::KeyAttested { connection, leaf_key },
            ConnectionFact::WordsCompared { same: true } => Event::WordsCompared { connection },
            ConnectionFact::WordsCompared { same: false } => Event::WordsDiffered { connection },
            ConnectionFact::Disconnected { cause } => {
                Event::Disconnected { connection, cause: journal::disconnect_cause(cause) }
            }
            ConnectionFact::GuestAgreed { guest, agrees: true } => Event::GuestAgreed { guest },
            ConnectionFact::GuestAgreed { guest, agrees: false } => Event::GuestDeclined { guest },
            ConnectionFact::GuestAdmitted { guest } => Event::GuestAdmitted { guest },
            ConnectionFact::GuestRemoved { guest } => Event::GuestRemoved { guest },
            ConnectionFact::Incident { .. } => return None,
        };
        let mut draft = Draft::new(fact.occurred_at, event).from(fact.from.map(NetworkPrefix::of));
        if let Some(who) = &fact.who {
            draft = draft.by(who.practice, self.actor(who));
            if let Some(room) = &fact.room {
                draft = draft.concerning(self.service.secrets().pseudonym(who.practice, room.patient));
            }
        }
        if let Some(room) = &fact.room {
            draft = draft.about(room.consultation);
        }
        Some(draft)
    }

    fn actor(&self, who: &ConnectedPerson) -> Actor {
        match who.person {
            Person::Staff(staff) => Actor::Staff { staff, role: journal::role(who.role) },
            Person::Patient(patient) => Actor::Patient(self.service.secrets().pseudonym(who.practice, patient)),
            // Every ticket of a guest names one of their roles.
            Person::Guest(guest) => {
                journal::guest_role(who.role).map_or(Actor::Unknown, |role| Actor::Guest { guest, role })
            }
        }
    }
}

/// Uses a ticket up for a connection; tells whether no other one had. The same entry may be written twice.
async fn use_ticket(
    connection: &mut PgConnection,
    ticket: TicketId,
    used_by: ConnectionId,
    expires_at: Timestamp,
) -> Result<bool, StorageError> {
    let used = sqlx::query(
        "INSERT INTO administrative.used_ticket AS known (ticket, connection, expires_at) VALUES ($1, $2, $3)
         ON CONFLICT (ticket) DO UPDATE SET expires_at = excluded.expires_at
         WHERE known.connection = excluded.connection RETURNING ticket",
    )
    .bind(ticket.uuid())
    .bind(used_by.uuid())
    .bind(expires_at.as_millis())
    .fetch_optional(connection)
    .await?;
    Ok(used.is_some())
}

/// Whether what a ticket was signed for still stands: signaling forgets who was signed out when it starts anew.
async fn still_may_enter(connection: &mut PgConnection, fact: &ConnectionEvent) -> Result<bool, StorageError> {
    let Some(who) = &fact.who else { return Ok(false) };
    let room = fact.room.as_ref().map(|room| room.consultation.uuid());
    let query = match who.person {
        Person::Staff(staff) => sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM professionals.session s JOIN professionals.staff p USING (staff)
                            WHERE staff = $1 AND s.stage = 'signed_in' AND p.active)
                AND NOT EXISTS (SELECT FROM health.consultation WHERE consultation = $2 AND ended_at IS NOT NULL)",
        )
        .bind(staff.uuid()),
        Person::Patient(patient) => sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM administrative.patient_session
                            WHERE patient = $1 AND consultation = $2 AND stage = 'verified')
                AND EXISTS (SELECT FROM health.consent WHERE consultation = $2 AND withdrawn_at IS NULL)
                AND NOT EXISTS (SELECT FROM health.consultation WHERE consultation = $2 AND ended_at IS NOT NULL)",
        )
        .bind(patient.uuid()),
        Person::Guest(guest) => {
            let Some(room) = &fact.room else { return Ok(false) };
            return guest::may_still_enter(connection, guest, room.consultation, fact.occurred_at).await;
        }
    };
    Ok(query.bind(room).fetch_one(connection).await?)
}

/// Notes which connections are open: a member of the staff who is in a room does not idle out, and what a process that died left open
/// is closed in the journal by the next one.
async fn note_presence(
    connection: &mut PgConnection,
    fact: &ConnectionEvent,
    patient: Option<PatientPseudonym>,
) -> Result<(), StorageError> {
    let Some(id) = fact.connection else { return Ok(()) };
    match fact.fact {
        ConnectionFact::Joined | ConnectionFact::Resumed => {
            let Some(who) = &fact.who else { return Ok(()) };
            let (staff, guest) = match who.person {
                Person::Staff(staff) => (Some(staff.uuid()), None),
                Person::Patient(_) => (None, None),
                Person::Guest(guest) => (None, Some(guest.uuid())),
            };
            sqlx::query(
                "INSERT INTO professionals.room_presence (connection, staff, since, practice, patient, consultation,
                     guest)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (connection) DO NOTHING",
            )
            .bind(id.uuid())
            .bind(staff)
            .bind(fact.occurred_at.as_millis())
            .bind(who.practice.uuid())
            .bind(patient.map(|patient| patient.to_string()))
            .bind(fact.room.as_ref().map(|room| room.consultation.uuid()))
            .bind(guest)
            .execute(connection)
            .await?;
        }
        ConnectionFact::Disconnected { .. } => {
            if let (Some(ConnectedPerson { person: Person::Staff(staff), .. }), Some(_)) = (&fact.who, &fact.room) {
                // Leaving a room is the last moment at which the person was seen.
                sqlx::query(
                    "UPDATE professionals.session SET last_seen_at = greatest(last_seen_at, $2) WHERE staff = $1",
                )
                .bind(staff.uuid())
                .bind(fact.occurred_at.as_millis())
                .execute(&mut *connection)
                .await?;
            }
            forget_presence(connection, id).await?;
        }
        // An entry that could not be placed after it was written is refused.
        ConnectionFact::JoinRefused { .. } => forget_presence(connection, id).await?,
        ConnectionFact::PatientRefused
        | ConnectionFact::MediaConnected
        | ConnectionFact::MediaLost
        | ConnectionFact::KeyAttested { .. }
        | ConnectionFact::WordsCompared { .. }
        | ConnectionFact::GuestAgreed { .. }
        | ConnectionFact::GuestAdmitted { .. }
        | ConnectionFact::GuestRemoved { .. }
        | ConnectionFact::Incident { .. } => {}
    }
    Ok(())
}

async fn forget_presence(connection: &mut PgConnection, id: ConnectionId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM professionals.room_presence WHERE connection = $1")
        .bind(id.uuid())
        .execute(connection)
        .await?;
    Ok(())
}

/// Closes in the journal what a process that died left open: a process that starts has nobody in its rooms yet.
pub(crate) async fn close_left_open(service: &Consultation, now: Timestamp) -> Result<(), StorageError> {
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let left = sqlx::query(
                    "WITH left_open AS (DELETE FROM professionals.room_presence RETURNING *)
                     SELECT l.connection, l.staff, coalesce(l.practice, p.practice) AS practice, l.patient, l.consultation, p.role,
                         l.guest, g.role AS guest_role
                     FROM left_open l LEFT JOIN professionals.staff p ON p.staff = l.staff
                         LEFT JOIN administrative.guest g ON g.guest = l.guest ORDER BY l.since, l.connection",
                )
                .fetch_all(&mut *connection)
                .await?;
                for row in &left {
                    if let Some(entry) = disconnected(row, now)? {
                        journal::append(connection, entry).await?;
                    }
                }
                Ok(())
            })
        })
        .await
}

fn disconnected(row: &PgRow, now: Timestamp) -> Result<Option<Draft>, StorageError> {
    let patient = row.optional_text("patient")?.map(|name| name.parse::<PatientPseudonym>());
    let patient = patient.transpose().map_err(|_| StorageError::Unreadable { what: "pseudonym" })?;
    let actor = match (row.optional_id("staff")?, row.optional_id("guest")?, patient) {
        (Some(staff), _, _) => {
            let role = row.optional_text("role")?.and_then(|role| staff_role(&role));
            role.map(|role| Actor::Staff { staff, role: journal::role(role) })
        }
        (None, Some(guest), _) => {
            let role = row.optional_text("guest_role")?.and_then(|role| GuestRole::from_name(&role));
            role.map(|role| Actor::Guest { guest, role })
        }
        (None, None, patient) => patient.map(Actor::Patient),
    };
    let (Some(actor), Some(practice)) = (actor, row.optional_id("practice")?) else { return Ok(None) };
    let event = Event::Disconnected { connection: Some(row.id("connection")?), cause: DisconnectCause::ServerStopped };
    let mut entry = Draft::new(now, event).by(practice, actor);
    if let Some(patient) = patient {
        entry = entry.concerning(patient);
    }
    if let Some(consultation) = row.optional_id("consultation")? {
        entry = entry.about(consultation);
    }
    Ok(Some(entry))
}
