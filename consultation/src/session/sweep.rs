//! Ends what is over: sessions that nobody came back to, ceremonies, links and known browsers past their time.

use std::time::Duration;

use colloque_ids::{ConsultationId, StaffId, Timestamp};
use colloque_journal::{Actor, Draft, Event, SessionEnd};
use sqlx::Row;

use super::staff::{CONSULTATION_GRACE, IDLE_LIMIT, close_if_signed_out};
use super::staff_role;
use crate::Consultation;
use crate::journal;
use crate::storage::{Columns, StorageError};

/// Longest stay in one room: an appointment lasts two hours at most, and its room opens before and closes after.
const LONGEST_PRESENCE: Duration = Duration::from_secs(6 * 3_600);

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
                    "DELETE FROM administrative.used_ticket WHERE expires_at <= $1",
                ] {
                    sqlx::query(statement).bind(now.as_millis()).execute(&mut *connection).await?;
                }
                // A join that storage took after signaling had given it up has no end: it keeps nobody signed in for ever.
                sqlx::query("DELETE FROM professionals.room_presence WHERE consultation IS NOT NULL AND since <= $1")
                    .bind(now.before(LONGEST_PRESENCE).as_millis())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await
}

async fn end_staff_sessions(service: &Consultation, now: Timestamp) -> Result<(), StorageError> {
    let ended: Vec<StaffId> = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let ended = sqlx::query(
                    "WITH present AS (SELECT staff FROM professionals.room_presence WHERE consultation IS NOT NULL)
                     DELETE FROM professionals.session s USING professionals.staff p
                     WHERE p.staff = s.staff AND (s.expires_at <= $3 OR ((s.expires_at <= $1 OR s.last_seen_at <= $2)
                         AND NOT EXISTS (SELECT FROM present r WHERE r.staff = s.staff)))
                     RETURNING s.session, s.staff, p.practice, p.role, s.expires_at <= $1 AS expired",
                )
                .bind(now.as_millis())
                .bind(now.before(IDLE_LIMIT).as_millis())
                .bind(now.before(CONSULTATION_GRACE).as_millis())
                .fetch_all(&mut *connection)
                .await?;
                let mut people = Vec::new();
                for row in ended {
                    let cause = if row.try_get("expired")? { SessionEnd::Expired } else { SessionEnd::Idle };
                    let role = staff_role(&row.text("role")?).ok_or(StorageError::Unreadable { what: "role" })?;
                    let staff = row.id("staff")?;
                    let entry = Draft::new(now, Event::SessionEnded { cause })
                        .by(row.id("practice")?, Actor::Staff { staff, role: journal::role(role) })
                        .in_session(row.id("session")?);
                    journal::append(connection, entry).await?;
                    if !people.contains(&staff) {
                        people.push(staff);
                    }
                }
                Ok::<_, StorageError>(people)
            })
        })
        .await?;
    for staff in ended {
        close_if_signed_out(service, staff).await;
    }
    Ok(())
}

async fn end_patient_sessions(service: &Consultation, now: Timestamp) -> Result<(), StorageError> {
    let secrets = service.clone();
    let ended: Vec<ConsultationId> = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let mut consultations = Vec::new();
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
                    consultations.push(row.id("consultation")?);
                }
                Ok::<_, StorageError>(consultations)
            })
        })
        .await?;
    for consultation in ended {
        service.announcements().patient_signed_out(consultation);
    }
    Ok(())
}
