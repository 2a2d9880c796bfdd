//! An appointment with its consultation, as storage keeps both.

use colloque_domain::{
    AppointmentTerms, BookedAppointment, ConsultationTerms, GivenConsent, OpenConsultation, Slot, WaitingConsultation,
};
use colloque_ids::{AppointmentId, ConsultationId, PatientId, PracticeId, StaffId, Timestamp};
use colloque_protocol::Role;
use colloque_protocol::http::appointment::AppointmentStatus;
use colloque_protocol::http::consultation::ConsultationStage;
use colloque_protocol::http::patient::PatientStatus;
use colloque_protocol::ticket::RoomScope;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::Consultation;
use crate::http::{Context, Refusal};
use crate::session::SignedIn;
use crate::storage::{Columns, StorageError};

/// An appointment with its consultation.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    pub(crate) practice: PracticeId,
    pub(crate) appointment: AppointmentId,
    pub(crate) consultation: ConsultationId,
    pub(crate) practitioner: StaffId,
    pub(crate) patient: PatientId,
    pub(crate) slot: Slot,
    pub(crate) cancelled_at: Option<Timestamp>,
    pub(crate) admitted_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) refused_at: Option<Timestamp>,
    pub(crate) consent: Option<GivenConsent>,
}

/// Where a consultation stands, as the state of the rules.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    Waiting(WaitingConsultation),
    Open(OpenConsultation),
    Ended,
}

/// How a booking is looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Appointment(AppointmentId),
    Consultation(ConsultationId),
}

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT a.practice, a.appointment, a.consultation, a.practitioner, a.patient, a.starts_at, a.duration_min,
                 a.cancelled_at, c.admitted_at, c.ended_at, c.refused_at, k.text_version, k.given_at, k.withdrawn_at
             FROM administrative.appointment a
             JOIN health.consultation c USING (consultation)
             LEFT JOIN health.consent k USING (consultation) ",
            $tail
        )
    };
}

impl Booking {
    /// Loads a booking.
    pub(crate) async fn load(connection: &mut PgConnection, by: By) -> Result<Option<Self>, StorageError> {
        let (statement, id) = match by {
            By::Appointment(id) => (select!("WHERE a.appointment = $1"), id.uuid()),
            By::Consultation(id) => (select!("WHERE a.consultation = $1"), id.uuid()),
        };
        let row = sqlx::query(statement).bind(id).fetch_optional(connection).await?;
        row.as_ref().map(Self::read).transpose()
    }

    /// Loads a booking and holds it until the transaction ends: of two decisions the second sees what the first left.
    pub(crate) async fn lock(connection: &mut PgConnection, by: By) -> Result<Option<Self>, StorageError> {
        let (statement, id) = match by {
            By::Appointment(id) => (select!("WHERE a.appointment = $1 FOR UPDATE OF a, c"), id.uuid()),
            By::Consultation(id) => (select!("WHERE a.consultation = $1 FOR UPDATE OF a, c"), id.uuid()),
        };
        let held = sqlx::query(statement).bind(id).fetch_optional(&mut *connection).await?;
        // Read anew once the rows are held: a statement that waited for them shows consent as it was before it waited.
        match held {
            Some(_) => Self::load(connection, by).await,
            None => Ok(None),
        }
    }

    /// Loads the bookings of practitioners that start between two instants, in order of start.
    pub(crate) async fn of_day(
        connection: &mut PgConnection,
        practice: PracticeId,
        practitioners: &[StaffId],
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Vec<Self>, StorageError> {
        let practitioners: Vec<_> = practitioners.iter().map(|staff| staff.uuid()).collect();
        let rows = sqlx::query(select!(
            "WHERE a.practice = $1 AND a.practitioner = ANY($2) AND a.starts_at >= $3 AND a.starts_at < $4
             ORDER BY a.starts_at, a.appointment"
        ))
        .bind(practice.uuid())
        .bind(practitioners)
        .bind(from.as_millis())
        .bind(until.as_millis())
        .fetch_all(connection)
        .await?;
        rows.iter().map(Self::read).collect()
    }

    /// When the patient's next appointment with the same practitioner starts.
    pub(crate) async fn next_of_patient(
        &self,
        connection: &mut PgConnection,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StorageError> {
        let row = sqlx::query(
            "SELECT min(starts_at) AS starts_at FROM administrative.appointment
             WHERE practice = $1 AND patient = $2 AND practitioner = $3 AND appointment <> $4 AND cancelled_at IS NULL
                 AND starts_at > $5",
        )
        .bind(self.practice.uuid())
        .bind(self.patient.uuid())
        .bind(self.practitioner.uuid())
        .bind(self.appointment.uuid())
        .bind(now.max(self.slot.starts_at()).as_millis())
        .fetch_one(connection)
        .await?;
        row.optional_instant("starts_at")
    }

    fn read(row: &PgRow) -> Result<Self, StorageError> {
        let unreadable = StorageError::Unreadable { what: "slot" };
        let duration = u16::try_from(row.try_get::<i32, _>("duration_min")?).unwrap_or(0);
        let Ok(slot) = Slot::new(row.instant("starts_at")?, duration) else { return Err(unreadable) };
        let consultation = row.id("consultation")?;
        let consent = match (row.optional_instant("given_at")?, row.optional_instant("withdrawn_at")?) {
            (Some(given_at), None) => Some(GivenConsent {
                consultation,
                text_version: u32::try_from(row.try_get::<i32, _>("text_version")?).unwrap_or(0),
                given_at,
            }),
            (Some(_), Some(_)) | (None, _) => None,
        };
        Ok(Self {
            practice: row.id("practice")?,
            appointment: row.id("appointment")?,
            consultation,
            practitioner: row.id("practitioner")?,
            patient: row.id("patient")?,
            slot,
            cancelled_at: row.optional_instant("cancelled_at")?,
            admitted_at: row.optional_instant("admitted_at")?,
            ended_at: row.optional_instant("ended_at")?,
            refused_at: row.optional_instant("refused_at")?,
            consent,
        })
    }

    /// Whether a member of the staff may deal with this booking: their own, or any of the practice for a secretary.
    pub(crate) fn is_for(&self, signed_in: &SignedIn) -> bool {
        self.practice == signed_in.practice
            && match signed_in.role {
                Role::Practitioner => self.practitioner == signed_in.staff,
                Role::Secretary => true,
                Role::Administrator | Role::Patient | Role::Expert | Role::AccompanyingPerson | Role::Interpreter => {
                    false
                }
            }
    }

    /// Loads a booking that a member of the staff may deal with; anything else is refused alike.
    pub(crate) async fn for_staff(
        service: &Consultation,
        signed_in: &SignedIn,
        context: Context,
        by: By,
    ) -> Result<Self, Refusal> {
        let mut connection = service.storage().read().await?;
        let found = Self::load(&mut connection, by).await?;
        drop(connection);
        match found.filter(|booking| booking.is_for(signed_in)) {
            Some(booking) => Ok(booking),
            None => Err(signed_in.refuse(service, context.now).await),
        }
    }

    pub(crate) fn booked(&self) -> BookedAppointment {
        BookedAppointment::stored(AppointmentTerms {
            appointment: self.appointment,
            practitioner: self.practitioner,
            patient: self.patient,
            slot: self.slot,
        })
    }

    pub(crate) fn standing(&self) -> Standing {
        let terms = ConsultationTerms {
            consultation: self.consultation,
            practitioner: self.practitioner,
            patient: self.patient,
        };
        match (self.admitted_at, self.ended_at) {
            (None, _) => Standing::Waiting(WaitingConsultation::stored(terms)),
            (Some(admitted_at), None) => Standing::Open(OpenConsultation::stored(terms, admitted_at)),
            (Some(_), Some(_)) => Standing::Ended,
        }
    }

    pub(crate) fn stage(&self) -> ConsultationStage {
        match self.standing() {
            _ if self.cancelled_at.is_some() => ConsultationStage::Cancelled,
            Standing::Waiting(_) => ConsultationStage::Waiting,
            Standing::Open(_) => ConsultationStage::Open,
            Standing::Ended => ConsultationStage::Ended,
        }
    }

    /// Where the appointment stands for the day's list. An open consultation whose room closed was held.
    pub(crate) fn status(&self, now: Timestamp) -> AppointmentStatus {
        let is_closed = now >= self.slot.closes_at();
        match self.standing() {
            _ if self.cancelled_at.is_some() => AppointmentStatus::Cancelled,
            Standing::Waiting(_) if self.refused_at.is_some() => AppointmentStatus::NotReceived,
            Standing::Waiting(_) if is_closed => AppointmentStatus::Missed,
            Standing::Waiting(_) => AppointmentStatus::Booked,
            Standing::Open(_) if !is_closed => AppointmentStatus::InProgress,
            Standing::Open(_) | Standing::Ended => AppointmentStatus::Held,
        }
    }

    /// Where the consultation stands for its patient.
    pub(crate) fn patient_status(&self, now: Timestamp) -> PatientStatus {
        let is_closed = now >= self.slot.closes_at();
        match self.standing() {
            _ if self.cancelled_at.is_some() => PatientStatus::Cancelled,
            Standing::Ended => PatientStatus::Over,
            Standing::Waiting(_) | Standing::Open(_) if is_closed => PatientStatus::Over,
            Standing::Open(_) => PatientStatus::InProgress,
            Standing::Waiting(_) if now < self.slot.opens_at() => PatientStatus::TooEarly,
            Standing::Waiting(_) => PatientStatus::Ready,
        }
    }

    pub(crate) fn room_scope(&self) -> RoomScope {
        RoomScope {
            room: self.consultation.same_as(),
            consultation: self.consultation,
            appointment: self.appointment,
            practitioner: self.practitioner,
            patient: self.patient,
            consent_given_at: self.consent.as_ref().map(|consent| consent.given_at),
            admitted_at: self.admitted_at,
            opens_at: self.slot.opens_at(),
            closes_at: self.slot.closes_at(),
        }
    }
}
