//! What signaling asks of the records: to journal its facts before they take effect.

use colloque_journal::{Actor, Draft, Event, NetworkPrefix, StaffRole};
use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectedPerson, ConnectionEvent, ConnectionFact};
use colloque_protocol::ticket::Person;

use crate::Consultation;
use crate::journal;
use crate::storage::{Recorded, StorageError};

/// The records, for signaling.
#[derive(Clone)]
pub struct Records {
    pub(crate) service: Consultation,
}

/// A fact that could not be journaled; it must not take effect.
#[derive(Debug, thiserror::Error)]
#[error("connection fact cannot be journaled")]
pub struct RecordConnectionError(#[from] StorageError);

impl Records {
    pub(crate) const fn new(service: Consultation) -> Self {
        Self { service }
    }

    /// Journals a fact of a connection.
    ///
    /// # Errors
    ///
    /// [`RecordConnectionError`] when it is not committed: the fact must not take effect.
    pub async fn record(&self, fact: ConnectionEvent) -> Result<(), RecordConnectionError> {
        let entry = self.draft(&fact);
        self.service
            .storage()
            .commit(move |connection| {
                Box::pin(async move {
                    note_presence(connection, &fact).await?;
                    Ok::<_, StorageError>(Recorded::new((), entry))
                })
            })
            .await?;
        Ok(())
    }

    fn draft(&self, fact: &ConnectionEvent) -> Draft {
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
            ConnectionFact::Disconnected { cause } => {
                Event::Disconnected { connection, cause: journal::disconnect_cause(cause) }
            }
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
        draft
    }

    fn actor(&self, who: &ConnectedPerson) -> Actor {
        match who.person {
            Person::Staff(staff) => {
                let role = match who.role {
                    Role::Practitioner => StaffRole::Practitioner,
                    Role::Administrator => StaffRole::Administrator,
                    Role::Secretary | Role::Patient => StaffRole::Secretary,
                };
                Actor::Staff { staff, role }
            }
            Person::Patient(patient) => Actor::Patient(self.service.secrets().pseudonym(who.practice, patient)),
        }
    }
}

/// Notes which members of the staff are in a room: their sessions do not idle out during a consultation.
async fn note_presence(connection: &mut sqlx::PgConnection, fact: &ConnectionEvent) -> Result<(), StorageError> {
    let (Some(id), Some(ConnectedPerson { person: Person::Staff(staff), .. }), Some(_)) =
        (fact.connection, &fact.who, &fact.room)
    else {
        return Ok(());
    };
    match fact.fact {
        ConnectionFact::Joined | ConnectionFact::Resumed => {
            sqlx::query(
                "INSERT INTO professionals.room_presence (connection, staff, since) VALUES ($1, $2, $3)
                 ON CONFLICT (connection) DO NOTHING",
            )
            .bind(id.uuid())
            .bind(staff.uuid())
            .bind(fact.occurred_at.as_millis())
            .execute(connection)
            .await?;
        }
        ConnectionFact::Disconnected { .. } => {
            // Leaving a room is the last moment at which the person was seen.
            sqlx::query("UPDATE professionals.session SET last_seen_at = greatest(last_seen_at, $2) WHERE staff = $1")
                .bind(staff.uuid())
                .bind(fact.occurred_at.as_millis())
                .execute(&mut *connection)
                .await?;
            sqlx::query("DELETE FROM professionals.room_presence WHERE connection = $1")
                .bind(id.uuid())
                .execute(connection)
                .await?;
        }
        ConnectionFact::JoinRefused { .. }
        | ConnectionFact::PatientRefused
        | ConnectionFact::MediaConnected
        | ConnectionFact::MediaLost => {}
    }
    Ok(())
}
