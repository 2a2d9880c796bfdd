use colloque_ids::{ConsultationId, PatientId, StaffId, Timestamp};
use thiserror::Error;

use crate::consent::GivenConsent;
use crate::decided::{Decided, Entry};

/// What a consultation is about, whatever its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsultationTerms {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The booked practitioner.
    pub practitioner: StaffId,
    /// The booked patient.
    pub patient: PatientId,
}

/// A consultation that nobody was admitted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingConsultation(ConsultationTerms);

/// A consultation in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenConsultation {
    terms: ConsultationTerms,
    admitted_at: Timestamp,
}

/// A consultation that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedConsultation {
    terms: ConsultationTerms,
    admitted_at: Timestamp,
    ended_at: Timestamp,
}

/// A practitioner whose session was opened with two factors or a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticatedPractitioner(StaffId);

/// Why a patient is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AdmitError {
    /// Somebody else is booked.
    #[error("{by} is not the practitioner of {consultation}")]
    WrongPractitioner {
        /// The consultation.
        consultation: ConsultationId,
        /// Who tried.
        by: StaffId,
    },
    /// The consent is for another consultation.
    #[error("consent was not given for {consultation}")]
    ConsentElsewhere {
        /// The consultation.
        consultation: ConsultationId,
    },
    /// The consent was given after the admission.
    #[error("consent for {consultation} was not given yet")]
    ConsentNotYetGiven {
        /// The consultation.
        consultation: ConsultationId,
    },
}

/// Why a consultation cannot be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EndConsultationError {
    /// Somebody else is booked.
    #[error("{by} is not the practitioner of {consultation}")]
    WrongPractitioner {
        /// The consultation.
        consultation: ConsultationId,
        /// Who tried.
        by: StaffId,
    },
}

impl AuthenticatedPractitioner {
    /// Takes a practitioner whose ticket or session storage says that two factors, or a passkey, were checked.
    #[must_use]
    pub const fn with_two_factors(staff: StaffId) -> Self {
        Self(staff)
    }

    /// Gives the person.
    #[must_use]
    pub const fn staff(self) -> StaffId {
        self.0
    }
}

impl WaitingConsultation {
    /// Takes a waiting consultation that storage kept.
    #[must_use]
    pub const fn stored(terms: ConsultationTerms) -> Self {
        Self(terms)
    }

    /// Reads what it is about.
    #[must_use]
    pub const fn terms(&self) -> &ConsultationTerms {
        &self.0
    }

    /// Admits the waiting patient and opens the consultation.
    ///
    /// # Errors
    ///
    /// - [`AdmitError::WrongPractitioner`] if `by` is not the booked practitioner.
    /// - [`AdmitError::ConsentElsewhere`] if `consent` is for another consultation.
    /// - [`AdmitError::ConsentNotYetGiven`] if `consent` was given after `now`.
    ///
    /// # Source
    ///
    /// Code de la santé publique, art. R. 6316-3: practitioner authenticated, patient identified.
    pub fn admit(
        self,
        by: AuthenticatedPractitioner,
        consent: &GivenConsent,
        now: Timestamp,
    ) -> Result<Decided<OpenConsultation>, AdmitError> {
        let consultation = self.0.consultation;
        if by.staff() != self.0.practitioner {
            return Err(AdmitError::WrongPractitioner { consultation, by: by.staff() });
        }
        if consent.consultation != consultation {
            return Err(AdmitError::ConsentElsewhere { consultation });
        }
        if consent.given_at > now {
            return Err(AdmitError::ConsentNotYetGiven { consultation });
        }
        let entry = Entry::ConsultationAdmitted { consultation, practitioner: by.staff() };
        Ok(Decided::new(OpenConsultation { terms: self.0, admitted_at: now }, entry))
    }
}

impl OpenConsultation {
    /// Takes an open consultation that storage kept.
    #[must_use]
    pub const fn stored(terms: ConsultationTerms, admitted_at: Timestamp) -> Self {
        Self { terms, admitted_at }
    }

    /// Reads what it is about.
    #[must_use]
    pub const fn terms(&self) -> &ConsultationTerms {
        &self.terms
    }

    /// Gives the instant of admission.
    #[must_use]
    pub const fn admitted_at(&self) -> Timestamp {
        self.admitted_at
    }

    /// Ends the consultation.
    ///
    /// # Errors
    ///
    /// [`EndConsultationError::WrongPractitioner`] if `by` is not the booked practitioner.
    pub fn end(
        self,
        by: AuthenticatedPractitioner,
        now: Timestamp,
    ) -> Result<Decided<EndedConsultation>, EndConsultationError> {
        let Self { terms, admitted_at } = self;
        let consultation = terms.consultation;
        if by.staff() != terms.practitioner {
            return Err(EndConsultationError::WrongPractitioner { consultation, by: by.staff() });
        }
        // A server's clock may step back; a consultation never ends before it began.
        let next = EndedConsultation { terms, admitted_at, ended_at: now.max(admitted_at) };
        Ok(Decided::new(next, Entry::ConsultationEnded { consultation, practitioner: by.staff() }))
    }
}

impl EndedConsultation {
    /// Takes an ended consultation that storage kept.
    #[must_use]
    pub const fn stored(terms: ConsultationTerms, admitted_at: Timestamp, ended_at: Timestamp) -> Self {
        Self { terms, admitted_at, ended_at }
    }

    /// Reads what it is about.
    #[must_use]
    pub const fn terms(&self) -> &ConsultationTerms {
        &self.terms
    }

    /// Gives the instant of admission.
    #[must_use]
    pub const fn admitted_at(&self) -> Timestamp {
        self.admitted_at
    }

    /// Gives the instant of the end.
    #[must_use]
    pub const fn ended_at(&self) -> Timestamp {
        self.ended_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn terms() -> ConsultationTerms {
        ConsultationTerms {
            consultation: ConsultationId::from_parts(NOW, [1; 10]),
            practitioner: StaffId::from_parts(NOW, [2; 10]),
            patient: PatientId::from_parts(NOW, [3; 10]),
        }
    }

    fn consent(given_at: Timestamp) -> GivenConsent {
        GivenConsent { consultation: terms().consultation, text_version: 1, given_at }
    }

    #[test]
    fn only_the_booked_practitioner_admits() {
        let stranger = StaffId::from_parts(NOW, [9; 10]);
        let refused = WaitingConsultation::stored(terms()).admit(
            AuthenticatedPractitioner::with_two_factors(stranger),
            &consent(NOW),
            NOW,
        );
        let expected = AdmitError::WrongPractitioner { consultation: terms().consultation, by: stranger };
        assert_eq!(refused, Err(expected));
    }

    #[test]
    fn consent_to_another_consultation_keeps_the_patient_waiting() {
        let elsewhere =
            GivenConsent { consultation: ConsultationId::from_parts(NOW, [8; 10]), text_version: 1, given_at: NOW };
        let by = AuthenticatedPractitioner::with_two_factors(terms().practitioner);
        let refused = WaitingConsultation::stored(terms()).admit(by, &elsewhere, NOW);
        assert_eq!(refused, Err(AdmitError::ConsentElsewhere { consultation: terms().consultation }));
    }

    #[test]
    fn consent_of_the_future_keeps_the_patient_waiting() {
        let by = AuthenticatedPractitioner::with_two_factors(terms().practitioner);
        let later = NOW.after(std::time::Duration::from_millis(1));
        let refused = WaitingConsultation::stored(terms()).admit(by, &consent(later), NOW);
        assert_eq!(refused, Err(AdmitError::ConsentNotYetGiven { consultation: terms().consultation }));
    }

    #[test]
    fn an_admitted_consultation_ends_once_and_not_before_it_began() {
        let by = AuthenticatedPractitioner::with_two_factors(terms().practitioner);
        let (open, _) = WaitingConsultation::stored(terms()).admit(by, &consent(NOW), NOW).unwrap().into_parts();
        let (ended, entry) = open.end(by, NOW.before(std::time::Duration::from_secs(5))).unwrap().into_parts();
        assert_eq!(ended.ended_at(), NOW);
        let expected =
            Entry::ConsultationEnded { consultation: terms().consultation, practitioner: terms().practitioner };
        assert_eq!(entry, expected);
    }
}
