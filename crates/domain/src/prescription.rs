use colloque_ids::{ConsultationId, DocumentId, PrescriptionId, StaffId, Timestamp};
use thiserror::Error;

use crate::decided::{Decided, Entry};
use crate::text::is_printable;

/// Bounds of a cancellation's reason, in characters.
const REASON_CHARS: std::ops::RangeInclusive<usize> = 3..=500;

/// A prescription that bears every mention and no secured substance. Only [`crate::PrescriptionDraft::validate`] builds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidPrescription {
    pub(crate) lines: Vec<PrescriptionLine>,
    pub(crate) measures: Measures,
    pub(crate) mentions: Option<String>,
}

/// One item of a valid prescription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrescriptionLine {
    /// International nonproprietary name or product.
    pub name: String,
    /// Strength and form.
    pub strength: String,
    /// Dosage and directions.
    pub dosage: String,
    /// How much is dispensed.
    pub quantity: Quantity,
    /// Renewals, 0 to 11.
    pub refills: u8,
    /// Why substitution is excluded, if it is.
    pub exclusion: Option<Exclusion>,
}

/// How much is dispensed: a duration, a number of units, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// Duration of the treatment: `7 jours`.
    pub duration: Option<String>,
    /// Number of units: `2`.
    pub units: Option<String>,
}

/// Why the pharmacist may not substitute.
///
/// # Source
///
/// CSP art. L. 5125-23; arrêté of 12 November 2019.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusion {
    /// Narrow therapeutic margin.
    NarrowMargin,
    /// Child under six without a suitable generic form.
    ChildForm,
    /// Contraindication to an excipient.
    Excipient,
}

/// Body measures, when the treatment needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measures {
    /// Weight in hundreds of grams.
    pub(crate) weight_hg: Option<u32>,
    /// Height in centimetres.
    pub(crate) height_cm: Option<u32>,
}

impl Measures {
    /// Writes the weight: `18,5 kg`.
    #[must_use]
    pub fn weight(self) -> Option<String> {
        self.weight_hg.map(|weight| match weight % 10 {
            0 => format!("{} kg", weight / 10),
            tenths => format!("{},{tenths} kg", weight / 10),
        })
    }

    /// Writes the height: `172 cm`.
    #[must_use]
    pub fn height(self) -> Option<String> {
        self.height_cm.map(|height| format!("{height} cm"))
    }
}

impl Exclusion {
    /// Reads the code that a prescription bears.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::NarrowMargin, Self::ChildForm, Self::Excipient]
            .into_iter()
            .find(|exclusion| exclusion.code().eq_ignore_ascii_case(code))
    }

    /// Gives the code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NarrowMargin => "MTE",
            Self::ChildForm => "EFG",
            Self::Excipient => "CIF",
        }
    }
}

impl ValidPrescription {
    /// Reads the lines.
    #[must_use]
    pub fn lines(&self) -> &[PrescriptionLine] {
        &self.lines
    }

    /// Reads the measures.
    #[must_use]
    pub const fn measures(&self) -> Measures {
        self.measures
    }

    /// Reads the special mentions.
    #[must_use]
    pub fn mentions(&self) -> Option<&str> {
        self.mentions.as_deref()
    }

    /// Issues the first version. `document_sha256` is the digest of the bytes that are stored with it.
    pub fn issue(
        self,
        prescription: PrescriptionId,
        document: DocumentId,
        consultation: ConsultationId,
        prescriber: StaffId,
        document_sha256: [u8; 32],
        now: Timestamp,
    ) -> Decided<IssuedPrescription> {
        IssuedPrescription { prescription, document, consultation, prescriber, version: 1, issued_at: now }
            .decided(document_sha256)
    }
}

/// A prescription in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedPrescription {
    /// The prescription, all versions together.
    pub prescription: PrescriptionId,
    /// The document of this version.
    pub document: DocumentId,
    /// The consultation of this version.
    pub consultation: ConsultationId,
    /// Who prescribes.
    pub prescriber: StaffId,
    /// Version, from 1.
    pub version: u32,
    /// When it was issued.
    pub issued_at: Timestamp,
}

/// A prescription that is no longer in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledPrescription {
    /// The prescription.
    pub prescription: PrescriptionId,
    /// Why.
    pub reason: CancelReason,
    /// Since when.
    pub cancelled_at: Timestamp,
}

/// Why a prescription is cancelled, in the prescriber's words: 3 to 500 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelReason(String);

/// Why a prescription is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CancelPrescriptionError {
    /// Somebody else prescribed.
    #[error("{by} is not the prescriber of {prescription}")]
    WrongPrescriber {
        /// The prescription.
        prescription: PrescriptionId,
        /// Who tried.
        by: StaffId,
    },
}

/// Why a prescription is not replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReplacePrescriptionError {
    /// Somebody else prescribed.
    #[error("{by} is not the prescriber of {prescription}")]
    WrongPrescriber {
        /// The prescription.
        prescription: PrescriptionId,
        /// Who tried.
        by: StaffId,
    },
    /// It was issued in another consultation: another act, another prescription.
    #[error("{prescription} was issued in another consultation")]
    OtherConsultation {
        /// The prescription.
        prescription: PrescriptionId,
    },
}

impl IssuedPrescription {
    /// Replaces this version by the next one. The document of this version stays stored, and is no longer in force.
    ///
    /// # Errors
    ///
    /// - [`ReplacePrescriptionError::WrongPrescriber`] if `by` did not issue it.
    /// - [`ReplacePrescriptionError::OtherConsultation`] if it was issued in another consultation.
    pub fn replace(
        self,
        _with: &ValidPrescription,
        document: DocumentId,
        consultation: ConsultationId,
        by: StaffId,
        document_sha256: [u8; 32],
        now: Timestamp,
    ) -> Result<Decided<Self>, ReplacePrescriptionError> {
        let prescription = self.prescription;
        if by != self.prescriber {
            return Err(ReplacePrescriptionError::WrongPrescriber { prescription, by });
        }
        if consultation != self.consultation {
            return Err(ReplacePrescriptionError::OtherConsultation { prescription });
        }
        let next = Self { document, version: self.version.saturating_add(1), issued_at: now, ..self };
        Ok(next.decided(document_sha256))
    }

    /// Cancels the prescription. Its stored bytes are not touched.
    ///
    /// # Errors
    ///
    /// [`CancelPrescriptionError::WrongPrescriber`] if `by` did not issue it.
    pub fn cancel(
        self,
        by: StaffId,
        reason: CancelReason,
        now: Timestamp,
    ) -> Result<Decided<CancelledPrescription>, CancelPrescriptionError> {
        let prescription = self.prescription;
        if by != self.prescriber {
            return Err(CancelPrescriptionError::WrongPrescriber { prescription, by });
        }
        let entry = Entry::PrescriptionCancelled { prescription, version: self.version, document: self.document };
        Ok(Decided::new(CancelledPrescription { prescription, reason, cancelled_at: now }, entry))
    }

    fn decided(self, document_sha256: [u8; 32]) -> Decided<Self> {
        let entry = Entry::PrescriptionIssued {
            prescription: self.prescription,
            document: self.document,
            consultation: self.consultation,
            version: self.version,
            document_sha256,
        };
        Decided::new(self, entry)
    }
}

impl CancelReason {
    /// Reads a reason; gives nothing outside 3 to 500 characters or with characters that cannot be printed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_good = REASON_CHARS.contains(&text.chars().count()) && is_printable(text, true);
        is_good.then(|| Self(text.to_owned()))
    }

    /// Gives the reason.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::{DraftLine, PrescriptionDraft};

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn line() -> DraftLine {
        DraftLine {
            name: "Amoxicilline".to_owned(),
            strength: "500 mg, gélule".to_owned(),
            dosage: "1 gélule matin, midi et soir".to_owned(),
            duration: Some("7 jours".to_owned()),
            ..DraftLine::default()
        }
    }

    fn draft(lines: Vec<DraftLine>) -> PrescriptionDraft {
        PrescriptionDraft { lines, ..PrescriptionDraft::default() }
    }

    fn issued() -> IssuedPrescription {
        let valid = draft(vec![line()]).validate().unwrap();
        let decided = valid.issue(
            PrescriptionId::from_parts(NOW, [1; 10]),
            DocumentId::from_parts(NOW, [2; 10]),
            ConsultationId::from_parts(NOW, [3; 10]),
            StaffId::from_parts(NOW, [4; 10]),
            [0; 32],
            NOW,
        );
        decided.into_parts().0
    }

    #[test]
    fn a_replacement_is_the_next_version_of_the_same_prescription() {
        let valid = draft(vec![line()]).validate().unwrap();
        let first = issued();
        let document = DocumentId::from_parts(NOW, [9; 10]);
        let decided =
            first.clone().replace(&valid, document, first.consultation, first.prescriber, [0; 32], NOW).unwrap();
        assert_eq!((decided.next().version, decided.next().prescription), (2, first.prescription));
    }

    #[test]
    fn nobody_cancels_or_replaces_a_colleagues_prescription() {
        let valid = draft(vec![line()]).validate().unwrap();
        let (first, by) = (issued(), StaffId::from_parts(NOW, [5; 10]));
        let reason = CancelReason::parse("erreur de dose").unwrap();
        let prescription = first.prescription;
        assert_eq!(
            first.clone().cancel(by, reason, NOW),
            Err(CancelPrescriptionError::WrongPrescriber { prescription, by })
        );
        let consultation = first.consultation;
        assert_eq!(
            first.replace(&valid, DocumentId::from_parts(NOW, [9; 10]), consultation, by, [0; 32], NOW),
            Err(ReplacePrescriptionError::WrongPrescriber { prescription, by })
        );
    }

    #[test]
    fn a_reason_has_three_characters_at_least() {
        assert!(CancelReason::parse(" ab ").is_none());
        assert!(CancelReason::parse("dose").is_some());
        assert!(CancelReason::parse(&"x".repeat(501)).is_none());
    }
}
