//! Ends sessions of patients from the practice's side.

use colloque_ids::{AppointmentId, ConsultationId, PatientId, PracticeId, Timestamp};
use colloque_journal::{Actor, Draft, Event, SessionEnd};
use sqlx::PgConnection;

use crate::Consultation;
use crate::journal;
use crate::storage::{Columns, StorageError};

/// Which sessions end.
#[derive(Debug, Clone, Copy)]
pub(super) enum Whose {
    /// Those of an appointment, whatever they proved.
    Appointment(AppointmentId),
    /// Those in which a patient proved a second factor.
    Verified(PracticeId, PatientId),
}

/// Ends sessions and journals it, in the present transaction; gives their consultations, whose rooms are told after the commit.
pub(super) async fn end_sessions(
    connection: &mut PgConnection,
    service: &Consultation,
    whose: Whose,
    cause: SessionEnd,
    now: Timestamp,
) -> Result<Vec<ConsultationId>, StorageError> {
    let ended = match whose {
        Whose::Appointment(appointment) => sqlx::query(
            "DELETE FROM administrative.patient_session WHERE appointment = $1
             RETURNING session, practice, patient, consultation",
        )
        .bind(appointment.uuid()),
        Whose::Verified(practice, patient) => sqlx::query(
            "DELETE FROM administrative.patient_session WHERE practice = $1 AND patient = $2 AND stage = 'verified'
             RETURNING session, practice, patient, consultation",
        )
        .bind(practice.uuid())
        .bind(patient.uuid()),
    };
    let mut consultations = Vec::new();
    for row in ended.fetch_all(&mut *connection).await? {
        let (practice, consultation) = (row.id("practice")?, row.id("consultation")?);
        let pseudonym = service.secrets().pseudonym(practice, row.id("patient")?);
        let entry = Draft::new(now, Event::SessionEnded { cause })
            .by(practice, Actor::Patient(pseudonym))
            .in_session(row.id("session")?)
            .concerning(pseudonym)
            .about(consultation);
        journal::append(connection, entry).await?;
        consultations.push(consultation);
    }
    Ok(consultations)
}

/// Closes what the sessions that ended still have open. Call it after the commit.
pub(super) fn announce(service: &Consultation, consultations: &[ConsultationId]) {
    for consultation in consultations {
        service.announcements().patient_signed_out(*consultation);
    }
}
