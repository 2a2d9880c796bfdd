//! Prescriptions.

use colloque_ids::{DocumentId, PrescriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::FieldError;

/// Most lines of one prescription.
pub const MAX_LINES: usize = 30;

/// `POST /api/consultations/{id}/prescriptions/check` and `POST /api/consultations/{id}/prescriptions`.
///
/// The prescriber, the practice, the patient's traits and the date come from the record, not from the form.
///
/// # Source
///
/// Code de la santé publique, art. R. 5132-3.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PrescriptionForm {
    /// The lines, 1 to [`MAX_LINES`].
    pub lines: Vec<PrescriptionLineForm>,
    /// Weight in kilograms, when the treatment needs it: `18,5`.
    #[serde(default)]
    pub weight_kg: Option<String>,
    /// Height in centimetres, when the treatment needs it.
    #[serde(default)]
    pub height_cm: Option<String>,
    /// Special mentions: free text.
    #[serde(default)]
    pub mentions: Option<String>,
    /// The prescription that this one replaces.
    #[serde(default)]
    pub replaces: Option<PrescriptionId>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PrescriptionLineForm {
    /// International nonproprietary name or product: `Amoxicilline`.
    pub name: String,
    /// Strength and form: `500 mg, gélule`.
    pub strength: String,
    /// Dosage and directions: `1 gélule matin, midi et soir pendant le repas`.
    pub dosage: String,
    /// Duration: `7 jours`. Either this or `units` is required.
    #[serde(default)]
    pub duration: Option<String>,
    /// Number of packs: `2`.
    #[serde(default)]
    pub units: Option<String>,
    /// Renewals: 0 to 11.
    #[serde(default)]
    pub refills: u8,
    /// Whether substitution is excluded, with the legal reason's code: `MTE`, `EFG`, `CIF`.
    #[serde(default)]
    pub not_substitutable: Option<String>,
}

/// Answer of a check: what is missing and what is refused; nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrescriptionCheck {
    /// Fields at fault.
    pub fields: Vec<FieldError>,
    /// Lines refused because of their substance.
    pub refused: Vec<RefusedLine>,
}

/// A line that may not be prescribed on this support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedLine {
    /// The line, counted from 0.
    pub line: u32,
    /// The substance recognised.
    pub substance: String,
    /// Why and what to do instead, in French.
    pub reason: String,
}

/// Answer of an issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrescriptionIssued {
    /// The prescription.
    pub prescription: PrescriptionId,
    /// Its document.
    pub document: DocumentId,
    /// Version, from 1.
    pub version: u32,
    /// When it was committed.
    pub issued_at: Timestamp,
}

/// `POST /api/prescriptions/{id}/cancel`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelPrescription {
    /// Why, 3 to 500 characters.
    pub reason: String,
}
