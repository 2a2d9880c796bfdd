//! Demonstration: fictional patients, a day, and a link that opens now.

use colloque_domain::{
    AppointmentReason, AppointmentTerms, BookedAppointment, ConsultationTerms, Slot, WaitingConsultation,
};
use colloque_ids::{AppointmentId, ConsultationId, PracticeId, StaffId, Timestamp};
use colloque_journal::{Actor, Draft, Event};
use colloque_protocol::http::appointment::{PatientForm, Sex};
use colloque_protocol::http::patient::PatientStatus;
use sqlx::PgConnection;
use thiserror::Error;

use super::booking::{Booking, By};
use super::people::PatientRecord;
use super::{appointment, invitation, paris, patient, reason, trace};
use crate::Consultation;
use crate::http::Refusal;
use crate::journal;
use crate::random::new_id;
use crate::storage::{Columns, StorageError};

/// A visit that can be held now.
#[derive(Debug, Clone)]
pub struct DemoVisit {
    /// The patient's name.
    pub patient_name: String,
    /// The practitioner who waits.
    pub practitioner: StaffId,
    /// When it starts.
    pub starts_at: Timestamp,
    /// The patient's link, fresh: the one of a start before no longer serves.
    pub link: String,
}

/// Why there is no visit.
#[derive(Debug, Error)]
pub enum SeedVisitError {
    /// The service does not run in demonstration mode.
    #[error("the service does not run in demonstration mode")]
    NotADemonstration,
    /// There is no practitioner: the people come first.
    #[error("demonstration has no practitioner")]
    NoPractitioner,
    /// A rule refuses the visit.
    #[error("a rule refuses the demonstration visit")]
    Refused,
    /// Nothing was stored.
    #[error("demonstration visit cannot be stored")]
    Storage(#[from] StorageError),
}

/// Makes sure that the demonstration practice has patients, a day, and a visit that can be held now.
///
/// # Errors
///
/// See [`SeedVisitError`].
pub async fn seed_visit(service: &Consultation) -> Result<DemoVisit, SeedVisitError> {
    if !service.config().demonstration {
        return Err(SeedVisitError::NotADemonstration);
    }
    let (keys, now) = (service.clone(), service.now());
    let seeded = service
        .storage()
        .transact(move |connection| {
            Box::pin(async move {
                let practitioners = practitioners(connection).await?;
                let Some((practice, practitioner)) = practitioners.first().copied() else { return Ok(None) };
                let patients = patients(connection, &keys, practice, now).await?;
                for (place, (practice, practitioner)) in practitioners.iter().enumerate() {
                    fill_day(connection, &keys, *practice, *practitioner, &patients, place, now).await?;
                }
                visit(connection, &keys, practice, practitioner, now).await
            })
        })
        .await
        .map_err(SeedError::into_public)?;
    service.outbox().wake();
    seeded.ok_or(SeedVisitError::NoPractitioner)
}

/// A refusal of the rules, or of storage, on its way out.
enum SeedError {
    Refused,
    Storage(StorageError),
}

impl SeedError {
    fn into_public(self) -> SeedVisitError {
        match self {
            Self::Refused => SeedVisitError::Refused,
            Self::Storage(error) => SeedVisitError::Storage(error),
        }
    }
}

impl From<StorageError> for SeedError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Refusal> for SeedError {
    fn from(_: Refusal) -> Self {
        Self::Refused
    }
}

async fn practitioners(connection: &mut PgConnection) -> Result<Vec<(PracticeId, StaffId)>, StorageError> {
    let rows = sqlx::query(
        "SELECT practice, staff FROM professionals.staff WHERE role = 'practitioner' AND active ORDER BY created_at, staff",
    )
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok((row.id("practice")?, row.id("staff")?))).collect()
}

async fn patients(
    connection: &mut PgConnection,
    service: &Consultation,
    practice: PracticeId,
    now: Timestamp,
) -> Result<Vec<PatientRecord>, SeedError> {
    let known = PatientRecord::search(service, connection, practice, &[], 20).await?;
    if !known.is_empty() {
        return Ok(known);
    }
    let mut records = Vec::new();
    for form in forms() {
        let record = patient::read_form(&form, new_id(now), now).map_err(|_| SeedError::Refused)?;
        record.insert(service.secrets(), connection, practice, now).await?;
        let pseudonym = service.secrets().pseudonym(practice, record.patient);
        let recorded = Draft::new(now, Event::PatientRecorded {}).by(practice, Actor::Platform).concerning(pseudonym);
        journal::append(connection, recorded).await?;
        records.push(record);
    }
    Ok(records)
}

/// Books one visit that starts now and some after it, unless the practitioner has one that can be held now.
async fn fill_day(
    connection: &mut PgConnection,
    service: &Consultation,
    practice: PracticeId,
    practitioner: StaffId,
    patients: &[PatientRecord],
    place: usize,
    now: Timestamp,
) -> Result<(), SeedError> {
    if current(connection, practice, practitioner, now).await?.is_some() {
        return Ok(());
    }
    let quarter = 15 * 60_000;
    let start = now.as_millis().div_euclid(quarter) * quarter;
    let reasons = REASONS.iter().cycle().skip(place);
    for ((step, record), words) in (0_i64..).zip(patients.iter().cycle().skip(place).take(4)).zip(reasons) {
        let starts_at = Timestamp::from_millis(start + step * 2 * quarter);
        let slot = Slot::new(starts_at, 20).map_err(|_| SeedError::Refused)?;
        let appointment: AppointmentId = new_id(now);
        let terms = AppointmentTerms { appointment, practitioner, patient: record.patient, slot };
        let taken = appointment::taken(connection, practitioner, slot, None).await?;
        // A day that is partly full stays as it is.
        let Ok(decided) = BookedAppointment::book(terms, &taken, now) else { continue };
        let (_, entry) = decided.into_parts();
        let consultation: ConsultationId = new_id(now);
        appointment::insert(connection, service, practice, terms, consultation, now).await?;
        let fact = |entry| {
            Draft::new(now, trace::event(entry))
                .by(practice, Actor::Platform)
                .about(consultation)
                .concerning(service.secrets().pseudonym(practice, record.patient))
        };
        journal::append(connection, fact(entry)).await?;
        let terms = ConsultationTerms { consultation, practitioner, patient: record.patient };
        let words = AppointmentReason::parse(words).map_err(|_| SeedError::Refused)?;
        let decided = AppointmentReason::save(appointment, Some(words), &WaitingConsultation::stored(terms));
        let (words, entry) = decided.into_parts();
        reason::write(connection, service.secrets(), consultation, words.as_ref(), now).await?;
        journal::append(connection, fact(entry)).await?;
    }
    Ok(())
}

/// The practitioner's visit that can be held now, if there is one.
async fn current(
    connection: &mut PgConnection,
    practice: PracticeId,
    practitioner: StaffId,
    now: Timestamp,
) -> Result<Option<Booking>, StorageError> {
    let (from, until) = paris::bounds(paris::date(now)).unwrap_or((now, now));
    let earlier = from.before(std::time::Duration::from_secs(3 * 3_600));
    let bookings = Booking::of_day(connection, practice, &[practitioner], (earlier, until)).await?;
    Ok(bookings.into_iter().find(|booking| {
        let status = booking.patient_status(now);
        matches!(status, PatientStatus::Ready | PatientStatus::InProgress)
    }))
}

async fn visit(
    connection: &mut PgConnection,
    service: &Consultation,
    practice: PracticeId,
    practitioner: StaffId,
    now: Timestamp,
) -> Result<Option<DemoVisit>, SeedError> {
    let Some(booking) = current(connection, practice, practitioner, now).await? else { return Ok(None) };
    let booking = Booking::lock(connection, By::Appointment(booking.appointment)).await?.ok_or(SeedError::Refused)?;
    let record = PatientRecord::load(service, connection, practice, booking.patient).await?;
    let record = record.ok_or(SeedError::Refused)?;
    let pseudonym = service.secrets().pseudonym(practice, booking.patient);
    let superseded = invitation::supersede(connection, booking.appointment, now).await?;
    let (invitation::Issued { link, .. }, issued) = invitation::issue(connection, service, &booking, now).await?;
    for entry in superseded.into_iter().chain([issued]) {
        let fact = Draft::new(now, trace::event(entry)).by(practice, Actor::Platform);
        journal::append(connection, fact.about(booking.consultation).concerning(pseudonym)).await?;
    }
    Ok(Some(DemoVisit {
        patient_name: record.identity.staff_name(),
        practitioner,
        starts_at: booking.slot.starts_at(),
        link,
    }))
}

/// Why they come.
const REASONS: [&str; 4] =
    ["Toux sèche depuis trois jours", "Renouvellement d’ordonnance", "Résultats d’analyses", "Douleur au genou"];

/// Fictional people. Nothing is ever sent to their addresses: the demonstration has its own mailbox.
fn forms() -> Vec<PatientForm> {
    let form = |birth_name: &str, used_name: Option<&str>, first_names: &str, birth_date: &str, sex, email: &str| {
        PatientForm {
            birth_name: birth_name.to_owned(),
            used_name: used_name.map(str::to_owned),
            first_names: first_names.to_owned(),
            birth_date: birth_date.to_owned(),
            sex,
            email: email.to_owned(),
            phone: None,
        }
    };
    vec![
        form("Moreau", Some("Durand"), "Jeanne", "1978-05-14", Sex::Female, "jeanne.durand@exemple.fr"),
        form("Diallo", None, "Amadou", "1991-11-02", Sex::Male, "amadou.diallo@exemple.fr"),
        form("Lefèvre", None, "Élise", "2001-02-28", Sex::Female, "elise.lefevre@exemple.fr"),
        form("Cœurderoy", None, "Louis Marie", "1949-08-30", Sex::Male, "louis.coeurderoy@exemple.fr"),
        form("Nguyễn", Some("Fabre"), "Linh", "1986-01-19", Sex::Female, "linh.fabre@exemple.fr"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patients_of_the_demonstration_pass_our_own_checks() {
        let now = Timestamp::from_millis(1_795_354_320_000);
        for form in forms() {
            assert!(patient::read_form(&form, new_id(now), now).is_ok(), "{form:?}");
        }
    }
}
