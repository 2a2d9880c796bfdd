use colloque_domain::{
    CalendarDate, PatientIdentity, Practice, Prescriber, PrescriptionLine, Quantity, ValidPrescription,
};
use colloque_ids::{DocumentId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::world;

/// Longest run of characters without a place to break a line, past which one is made.
const LONGEST_WORD_CHARS: usize = 32;

/// What a prescription says beside its lines.
#[derive(Debug, Clone)]
pub struct SheetHeader<'a> {
    /// The document: printed on every page and hashed into the PDF's identifier.
    pub document: DocumentId,
    /// Version of the prescription, from 1.
    pub version: u32,
    /// When it is issued; also the PDF's creation date.
    pub issued_at: Timestamp,
    /// The day it is issued, where the practice is.
    pub date: CalendarDate,
    /// The hour it is issued, where the practice is: hours and minutes.
    pub time: (u8, u8),
    /// Who prescribes.
    pub prescriber: &'a Prescriber,
    /// Where the prescriber practises.
    pub practice: &'a Practice,
    /// For whom.
    pub patient: &'a PatientIdentity,
    /// How the prescriber was authenticated, in French: `mot de passe et code à usage unique`.
    pub authentication: &'a str,
    /// Whether nobody may take it for a prescription: a demonstration makes it.
    pub is_specimen: bool,
}

/// All that stands on a prescription, in French, ready to be laid out. Kept beside the PDF for stamped copies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrescriptionSheet {
    pub(crate) document: String,
    pub(crate) version: u32,
    pub(crate) issued_at_ms: i64,
    date: String,
    time: String,
    prescriber: PrescriberText,
    practice: PracticeText,
    patient: PatientText,
    lines: Vec<LineText>,
    mentions: Option<String>,
    authentication: String,
    closing: String,
    /// Whether nobody may take it for a prescription: a demonstration made it.
    #[serde(default)]
    is_specimen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PrescriberText {
    name: String,
    profession: String,
    specialty: String,
    rpps: String,
    email: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PracticeText {
    name: String,
    address: Vec<String>,
    phone: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PatientText {
    name: String,
    birth_name: Option<String>,
    sex: String,
    born: String,
    weight: Option<String>,
    height: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct LineText {
    name: String,
    strength: String,
    dosage: String,
    quantity: String,
    refills: String,
    exclusion: Option<String>,
}

/// Why a sheet cannot be composed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ComposeSheetError {
    /// A text holds a character that the embedded fonts do not have.
    #[error("a text holds a character that cannot be printed")]
    Unprintable,
}

impl PrescriptionSheet {
    /// Composes the sheet of a valid prescription.
    ///
    /// # Errors
    ///
    /// [`ComposeSheetError::Unprintable`] when a text cannot be printed with the embedded fonts; ask [`is_printable`] before.
    ///
    /// # Source
    ///
    /// CSP art. R. 5132-3 (mentions), R. 5132-4 (nothing can be added after the last line).
    pub fn compose(header: &SheetHeader<'_>, prescription: &ValidPrescription) -> Result<Self, ComposeSheetError> {
        let SheetHeader { prescriber, practice, patient, .. } = header;
        let sheet = Self {
            document: header.document.full(),
            version: header.version,
            issued_at_ms: header.issued_at.as_millis(),
            date: header.date.long(),
            time: format!("{} h {:02}", header.time.0, header.time.1),
            prescriber: PrescriberText {
                name: breakable(&prescriber.display_name()),
                profession: breakable(&prescriber.profession),
                specialty: breakable(&prescriber.specialty),
                rpps: prescriber.rpps.as_str().to_owned(),
                email: breakable(prescriber.email.as_str()),
            },
            practice: PracticeText {
                name: breakable(&practice.name),
                address: practice.address.lines().iter().map(|line| breakable(line)).collect(),
                phone: practice.phone.spaced(),
            },
            patient: PatientText {
                name: breakable(&patient.staff_name()),
                birth_name: patient.used_name.as_ref().map(|_| breakable(&patient.birth_name.as_str().to_uppercase())),
                sex: patient.sex.word().to_owned(),
                born: patient.birth_date.short(),
                weight: prescription.measures().weight(),
                height: prescription.measures().height(),
            },
            lines: prescription.lines().iter().map(LineText::of).collect(),
            mentions: prescription.mentions().map(breakable),
            authentication: header.authentication.to_owned(),
            closing: closing(prescription.lines().len()),
            is_specimen: header.is_specimen,
        };
        if sheet.texts().all(is_printable) { Ok(sheet) } else { Err(ComposeSheetError::Unprintable) }
    }

    /// Says whether both prescribe the same to the same patient by the same prescriber, whenever each was issued.
    #[must_use]
    pub fn prescribes_the_same(&self, other: &Self) -> bool {
        (&self.prescriber, &self.practice, &self.patient, &self.lines, &self.mentions)
            == (&other.prescriber, &other.practice, &other.patient, &other.lines, &other.mentions)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let Self { prescriber, practice, patient, .. } = self;
        let people = [
            &prescriber.name,
            &prescriber.profession,
            &prescriber.specialty,
            &prescriber.email,
            &practice.name,
            &patient.name,
            &self.authentication,
        ];
        let lines = self.lines.iter().flat_map(|line| [&line.name, &line.strength, &line.dosage, &line.quantity]);
        let optional = [patient.birth_name.as_ref(), self.mentions.as_ref()].into_iter().flatten();
        people.into_iter().chain(lines).chain(optional).chain(&practice.address).map(String::as_str)
    }
}

impl LineText {
    fn of(line: &PrescriptionLine) -> Self {
        Self {
            name: breakable(&line.name),
            strength: breakable(&line.strength),
            dosage: breakable(&line.dosage),
            quantity: quantity(&line.quantity),
            refills: match line.refills {
                0 => "Non renouvelable".to_owned(),
                1 => "À renouveler 1 fois".to_owned(),
                count => format!("À renouveler {count} fois"),
            },
            exclusion: line.exclusion.map(|exclusion| format!("Non substituable ({})", exclusion.code())),
        }
    }
}

/// Says whether the embedded fonts have every character of a text.
#[must_use]
pub fn is_printable(text: &str) -> bool {
    text.chars().all(|character| matches!(character, '\n' | '\u{200b}') || world::has_glyph(character))
}

fn quantity(quantity: &Quantity) -> String {
    let duration = quantity.duration.as_ref().map(|duration| format!("Durée : {}", breakable(duration)));
    let units = quantity.units.as_ref().map(|units| match units.parse::<u32>() {
        Ok(1) => "Quantité : 1 boîte".to_owned(),
        Ok(count) => format!("Quantité : {count} boîtes"),
        Err(_) => format!("Quantité : {}", breakable(units)),
    });
    [duration, units].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn closing(count: usize) -> String {
    match count {
        1 => "Fin de l’ordonnance : 1 médicament prescrit.".to_owned(),
        _ => format!("Fin de l’ordonnance : {count} médicaments prescrits."),
    }
}

/// Gives endless words a place to break, so that none runs off the page.
fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    for character in text.chars() {
        run = if character.is_whitespace() { 0 } else { run + 1 };
        if run > LONGEST_WORD_CHARS {
            out.push('\u{200b}');
            run = 1;
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_letters_of_french_and_the_units_of_medicine_can_be_printed() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyzÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸàâæçéèêëîïôœùûüÿ0123456789";
        let signs = "µμ°‰%½¼¾≤≥±×÷αβγδ«»‹›“”‘’…–—·•€²³₂ ‑\u{a0}\u{202f}!\"#$&'()*+,-./:;<=>?@[]^_{|}~\\`";
        assert!(is_printable(letters));
        for sign in signs.chars() {
            assert!(is_printable(&sign.to_string()), "{sign:?}");
        }
        assert!(is_printable("Łukasz Nguyễn Ştefan Γιώργος Дмитрий"));
    }

    #[test]
    fn what_no_font_here_has_is_said_before_printing() {
        assert!(!is_printable("😀"));
        assert!(!is_printable("明"));
    }

    #[test]
    fn endless_words_get_places_to_break() {
        let text = breakable(&"x".repeat(100));
        assert!(text.split('\u{200b}').all(|part| part.len() <= LONGEST_WORD_CHARS));
        assert_eq!(breakable("court et simple"), "court et simple");
    }
}
