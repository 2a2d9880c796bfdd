use colloque_ids::{ConsultationId, Timestamp};
use thiserror::Error;

use crate::decided::{Decided, Entry};

/// The patient's agreement to one consultation, as storage keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Agreed.
    Given(GivenConsent),
    /// Agreed, then withdrawn.
    Withdrawn(WithdrawnConsent),
}

/// An agreement in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenConsent {
    /// The consultation agreed to.
    pub consultation: ConsultationId,
    /// The text that was on the screen.
    pub text_version: u32,
    /// When it was given.
    pub given_at: Timestamp,
}

/// An agreement withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawnConsent {
    /// The consultation.
    pub consultation: ConsultationId,
    /// The text that had been agreed to.
    pub text_version: u32,
    /// When it was withdrawn.
    pub withdrawn_at: Timestamp,
}

/// Why an agreement is not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GiveConsentError {
    /// The text on the screen is not the one in force: the page is out of date.
    #[error("text {shown} is not the consent text in force")]
    OutdatedText {
        /// The version that was shown.
        shown: u32,
    },
}

/// Why an agreement cannot be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WithdrawConsentError {
    /// The clock says that it was given later.
    #[error("consent for {consultation} was given later than that")]
    NotGivenYet {
        /// The consultation.
        consultation: ConsultationId,
    },
}

impl GivenConsent {
    /// Records the patient's agreement to the text in force.
    ///
    /// # Errors
    ///
    /// [`GiveConsentError::OutdatedText`] when `shown` is not `in_force`.
    ///
    /// # Source
    ///
    /// CSP art. L. 1111-4 and R. 6316-2: free and informed consent to the act.
    pub fn give(
        consultation: ConsultationId,
        shown: u32,
        in_force: u32,
        now: Timestamp,
    ) -> Result<Decided<Self>, GiveConsentError> {
        if shown != in_force {
            return Err(GiveConsentError::OutdatedText { shown });
        }
        let next = Self { consultation, text_version: shown, given_at: now };
        Ok(Decided::new(next, Entry::ConsentGiven { consultation, text_version: shown }))
    }

    /// Withdraws the agreement.
    ///
    /// # Errors
    ///
    /// [`WithdrawConsentError::NotGivenYet`] when `now` is before it was given.
    ///
    /// # Source
    ///
    /// CSP art. L. 1111-4: consent may be withdrawn at any moment.
    pub fn withdraw(self, now: Timestamp) -> Result<Decided<WithdrawnConsent>, WithdrawConsentError> {
        let Self { consultation, text_version, given_at } = self;
        if now < given_at {
            return Err(WithdrawConsentError::NotGivenYet { consultation });
        }
        let next = WithdrawnConsent { consultation, text_version, withdrawn_at: now };
        Ok(Decided::new(next, Entry::ConsentWithdrawn { consultation }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn agreement_to_an_old_text_is_not_agreement() {
        let consultation = ConsultationId::from_parts(NOW, [1; 10]);
        assert_eq!(GivenConsent::give(consultation, 1, 2, NOW), Err(GiveConsentError::OutdatedText { shown: 1 }));
    }

    #[test]
    fn a_withdrawal_names_its_consultation_in_the_journal() {
        let consultation = ConsultationId::from_parts(NOW, [1; 10]);
        let (given, _) = GivenConsent::give(consultation, 1, 1, NOW).unwrap().into_parts();
        let (withdrawn, entry) = given.withdraw(NOW).unwrap().into_parts();
        assert_eq!(withdrawn.withdrawn_at, NOW);
        assert_eq!(entry, Entry::ConsentWithdrawn { consultation });
    }
}
