//! Ends what is over: sessions that nobody came back to, ceremonies, links and known browsers past their time.

use colloque_ids::Timestamp;
use colloque_journal::{Actor, Draft, Event, SessionEnd};
use sqlx::Row;

use super::staff::IDLE_LIMIT;
use super::staff_role;
use crate::Consultation;
use crate::journal;
use crate::storage::{Columns, StorageError};

/// Ends and journals the sessions that are over at `now`, and forgets what no longer serves.
pub(crate) async fn sweep(service: &Consultation, now: Timestamp) -> Result<(), StorageError> {
    end_staff_sessions(service, now).await?;
    end_patient_sessions(service, now).await?;
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                for statement in [
                    "DELETE FROM professionals.passkey_ceremony WHERE expires_at <= $1",
                    "DELETE FROM professionals.totp_enrolment WHERE expires_at <= $1",
                    "DELETE FROM professionals.activation WHERE expires_at <= $1",
                    "DELETE FROM professionals.known_device WHERE expires_at <= $1",
                    "DELETE FROM professionals.wrong_code WHERE expires_at <= $1",
                ] {
                    sqlx::query(statement).bind(now.as_millis()).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn end_staff_sessions(service: &Consultation, now: Timestamp) -> Result<(), StorageError> {
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let ended = sqlx::query(
                    "DELETE FROM professionals.session s USING professionals.staff p
                     WHERE p.staff = s.staff AND (s.expires_at <= $1 OR (s.last_seen_at <= $2
                         AND NOT EXISTS (SELECT FROM professionals.room_presence r WHERE r.staff = s.staff)))
                     RETURNING s.session, s.staff, p.practice, p.role, s.expires_at <= $1 AS expired",
                )
                .bind(now.as_millis())
                .bind(now.before(IDLE_LIMIT).as_millis())
                .fetch_all(&mut *connection)
                .await?;
                for row in ended {
                    let cause = if row.try_get("expired")? { SessionEnd::Expired } else { SessionEnd::Idle };
                    let role = staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?;
                    let entry = Draft::new(now, Event::SessionEnded { cause })
                        .by(row.id("practice")?, Actor::Staff { staff: row.id("staff")?, role: journal::role(role) })
                        .in_session(row.id("session")?);
                    journal::append(connection, entry).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn end_patient_sessions(service: &Consultation, now: Timestamp) -> Result<(), StorageError> {
    let secrets = service.clone();
    service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let ended = sqlx::query(
                    "DELETE FROM administrative.patient_session WHERE expires_at <= $1
                     RETURNING session, practice, patient, consultation",
                )
                .bind(now.as_millis())
                .fetch_all(&mut *connection)
                .await?;
                for row in ended {
                    let practice = row.id("practice")?;
                    let pseudonym = secrets.secrets().pseudonym(practice, row.id("patient")?);
                    let entry = Draft::new(now, Event::SessionEnded { cause: SessionEnd::Expired })
                        .by(practice, Actor::Patient(pseudonym))
                        .in_session(row.id("session")?)
                        .concerning(pseudonym)
                        .about(row.id("consultation")?);
                    journal::append(connection, entry).await?;
                }
                Ok(())
            })
        })
        .await
}
