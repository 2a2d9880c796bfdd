//! What signaling asks of care: admission, end, refusal, the face of an invitation.

use std::net::IpAddr;

use colloque_domain::{AdmitError, AuthenticatedPractitioner, EndConsultationError};
use colloque_ids::{ConsultationId, InvitationId, PracticeId, StaffId, Timestamp};
use colloque_journal::{Actor, Draft, Event, StaffRole};
use colloque_protocol::http::patient::InvitationFace;
use colloque_protocol::ticket::RoomScope;
use sqlx::PgConnection;
use thiserror::Error;

use super::booking::{Booking, By, Standing};
use super::{invitation, trace};
use crate::http::{Refusal, Source};
use crate::journal;
use crate::storage::{Recorded, StorageError};
use crate::{Consultation, Records};

/// Why a patient was not admitted.
#[derive(Debug, Error)]
pub enum AdmitPatientError {
    /// There is no such consultation, or its appointment was cancelled.
    #[error("{consultation} cannot be opened")]
    NotBooked {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// It was held.
    #[error("{consultation} is over")]
    Over {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The patient did not consent, or withdrew.
    #[error("consent for {consultation} is not recorded")]
    NoConsent {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The practitioner lost the right to hold consultations.
    #[error("{by} may not hold consultations any more")]
    NotPractising {
        /// The practitioner.
        by: StaffId,
    },
    /// The practitioner is signed in nowhere any more.
    #[error("{by} is not signed in")]
    NotSignedIn {
        /// The practitioner.
        by: StaffId,
    },
    /// A rule of care refuses.
    #[error("rules of care refuse the admission")]
    Rule(#[from] AdmitError),
    /// Nothing was committed.
    #[error("admission cannot be stored")]
    Storage(#[from] StorageError),
}

/// Why a consultation was not ended.
#[derive(Debug, Error)]
pub enum EndRoomError {
    /// There is no such consultation.
    #[error("{consultation} does not exist")]
    Unknown {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The practitioner lost the right to hold consultations.
    #[error("{by} may not hold consultations any more")]
    NotPractising {
        /// The practitioner.
        by: StaffId,
    },
    /// A rule of care refuses.
    #[error("rules of care refuse the end")]
    Rule(#[from] EndConsultationError),
    /// Nothing was committed.
    #[error("end cannot be stored")]
    Storage(#[from] StorageError),
}

/// Why the face of an invitation was not loaded.
#[derive(Debug, Error)]
pub enum InvitationFaceError {
    /// Too many strangers ask, or too many from one network.
    #[error("too many strangers ask for invitations")]
    Busy {
        /// When to ask again, in seconds.
        retry_after_s: u32,
    },
    /// Storage failed.
    #[error("invitation cannot be loaded")]
    Storage(#[source] StorageError),
}

impl Records {
    /// Admits the waiting patient: state and journal are committed when this returns. Asked again, gives the same instant.
    ///
    /// # Errors
    ///
    /// See [`AdmitPatientError`]; nothing was committed.
    pub async fn admit(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<Timestamp, AdmitPatientError> {
        let (service, consultation) = (self.service.clone(), scope.consultation);
        self.service
            .storage()
            .transact(move |connection| {
                Box::pin(async move { admit(connection, &service, consultation, by, at).await })
            })
            .await
    }

    /// Ends the consultation for everybody. Ending one that is over, or that nobody was admitted to, changes nothing.
    ///
    /// # Errors
    ///
    /// See [`EndRoomError`]; nothing was committed.
    pub async fn end(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<(), EndRoomError> {
        let (service, consultation) = (self.service.clone(), scope.consultation);
        self.service
            .storage()
            .transact(move |connection| {
                Box::pin(async move { end(connection, &service, consultation, by, at).await.map(|_| ()) })
            })
            .await
    }

    /// Journals that the practitioner does not receive the patient now. The appointment stays as it is, and the day says that they are to be called.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when it is not committed.
    pub async fn refuse_patient(&self, scope: &RoomScope, by: StaffId, at: Timestamp) -> Result<(), StorageError> {
        let (service, consultation) = (self.service.clone(), scope.consultation);
        self.service
            .storage()
            .commit(move |connection| {
                Box::pin(async move {
                    let booking = Booking::load(connection, By::Consultation(consultation)).await?;
                    let booking = booking.ok_or(StorageError::Unreadable { what: "consultation" })?;
                    // The day says so until the appointment moves: the patient was told that the practice calls.
                    sqlx::query("UPDATE health.consultation SET refused_at = $2 WHERE consultation = $1")
                        .bind(consultation.uuid())
                        .bind(at.as_millis())
                        .execute(connection)
                        .await?;
                    Ok(Recorded::new((), fact(&service, &booking, by, at, Event::PatientRefused {})))
                })
            })
            .await
    }

    /// Loads what a page may show of an invitation before anything was proved, to whoever asks from an address; nothing for one that
    /// does not exist.
    ///
    /// # Errors
    ///
    /// - [`InvitationFaceError::Busy`] when strangers ask too often.
    /// - [`InvitationFaceError::Storage`] when storage fails.
    pub async fn invitation_face(
        &self,
        id: InvitationId,
        from: IpAddr,
    ) -> Result<Option<InvitationFace>, InvitationFaceError> {
        let busy = |refusal: Refusal| InvitationFaceError::Busy { retry_after_s: refusal.retry_after_s().unwrap_or(1) };
        self.service.request_limits().stranger(Source::host(Some(from))).map_err(busy)?;
        invitation::load_face(&self.service.for_strangers(), id).await.map_err(|error| match error {
            StorageError::Busy => busy(Refusal::busy()),
            other => InvitationFaceError::Storage(other),
        })
    }
}

async fn admit(
    connection: &mut PgConnection,
    service: &Consultation,
    consultation: ConsultationId,
    by: StaffId,
    at: Timestamp,
) -> Result<Timestamp, AdmitPatientError> {
    let booking = Booking::lock(connection, By::Consultation(consultation)).await?;
    let booking = booking.filter(|booking| booking.cancelled_at.is_none());
    let booking = booking.ok_or(AdmitPatientError::NotBooked { consultation })?;
    if !practises(connection, booking.practice, by).await? {
        return Err(AdmitPatientError::NotPractising { by });
    }
    let waiting = match booking.standing() {
        Standing::Waiting(waiting) => waiting,
        Standing::Open(open) if open.terms().practitioner == by => return Ok(open.admitted_at()),
        Standing::Open(_) => return Err(AdmitError::WrongPractitioner { consultation, by }.into()),
        Standing::Ended => return Err(AdmitPatientError::Over { consultation }),
    };
    let consent = booking.consent.as_ref().ok_or(AdmitPatientError::NoConsent { consultation })?;
    // Signaling admits the bearer of a ticket only, and tickets are signed for sessions with two factors or a passkey. A connection
    // that outlived its session admits nobody.
    let is_signed_in = is_signed_in(connection, by, at).await?;
    let by = AuthenticatedPractitioner::with_two_factors(by);
    // Consent and admission are clocked by two parts of the process, which may differ by a moment.
    let at = at.max(consent.given_at);
    let (open, entry) = waiting.admit(by, consent, at)?.into_parts();
    if !is_signed_in {
        return Err(AdmitPatientError::NotSignedIn { by: by.staff() });
    }
    sqlx::query("UPDATE health.consultation SET admitted_at = $2 WHERE consultation = $1")
        .bind(consultation.uuid())
        .bind(open.admitted_at().as_millis())
        .execute(&mut *connection)
        .await
        .map_err(StorageError::from)?;
    journal::append(connection, fact(service, &booking, by.staff(), at, trace::event(entry))).await?;
    Ok(open.admitted_at())
}

/// Ends an open consultation, in the present transaction; says whether it was open.
pub(super) async fn end(
    connection: &mut PgConnection,
    service: &Consultation,
    consultation: ConsultationId,
    by: StaffId,
    at: Timestamp,
) -> Result<bool, EndRoomError> {
    let booking = Booking::lock(connection, By::Consultation(consultation)).await?;
    let booking = booking.ok_or(EndRoomError::Unknown { consultation })?;
    if !practises(connection, booking.practice, by).await? {
        return Err(EndRoomError::NotPractising { by });
    }
    let open = match booking.standing() {
        Standing::Open(open) => open,
        Standing::Waiting(_) | Standing::Ended => return Ok(false),
    };
    let (ended, entry) = open.end(AuthenticatedPractitioner::with_two_factors(by), at)?.into_parts();
    sqlx::query("UPDATE health.consultation SET ended_at = $2 WHERE consultation = $1")
        .bind(consultation.uuid())
        .bind(ended.ended_at().as_millis())
        .execute(&mut *connection)
        .await
        .map_err(StorageError::from)?;
    journal::append(connection, fact(service, &booking, by, at, trace::event(entry))).await?;
    Ok(true)
}

/// Whether a person may hold consultations. Their rights are held until the transaction ends: a change of them comes before or
/// after the decision, and never between.
async fn practises(connection: &mut PgConnection, practice: PracticeId, by: StaffId) -> Result<bool, StorageError> {
    let row = sqlx::query(
        "SELECT FROM professionals.staff
         WHERE staff = $1 AND practice = $2 AND role = 'practitioner' AND active FOR SHARE",
    )
    .bind(by.uuid())
    .bind(practice.uuid())
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

/// Whether a person is signed in.
async fn is_signed_in(connection: &mut PgConnection, staff: StaffId, at: Timestamp) -> Result<bool, StorageError> {
    let row = sqlx::query(
        "SELECT FROM professionals.session WHERE staff = $1 AND stage = 'signed_in' AND expires_at > $2 LIMIT 1",
    )
    .bind(staff.uuid())
    .bind(at.as_millis())
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}

fn fact(service: &Consultation, booking: &Booking, by: StaffId, at: Timestamp, event: Event) -> Draft {
    Draft::new(at, event)
        .by(booking.practice, Actor::Staff { staff: by, role: StaffRole::Practitioner })
        .about(booking.consultation)
        .concerning(service.secrets().pseudonym(booking.practice, booking.patient))
}
