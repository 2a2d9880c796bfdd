use crate::prescription::{Exclusion, Measures, PrescriptionLine, Quantity, ValidPrescription};
use crate::secured::{SecuredSupportRequired, secured_substance};
use crate::text::{is_printable, visible};

/// Most lines of one prescription.
pub const MAX_LINES: usize = 30;
/// Renewals that keep a treatment within twelve months.
const MAX_REFILLS: u8 = 11;

/// A prescription as it is being written: texts that nobody checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrescriptionDraft {
    /// The lines.
    pub lines: Vec<DraftLine>,
    /// Weight in kilograms: `18,5`.
    pub weight_kg: Option<String>,
    /// Height in centimetres.
    pub height_cm: Option<String>,
    /// Special mentions.
    pub mentions: Option<String>,
}

/// A line as it is being written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftLine {
    /// International nonproprietary name or product.
    pub name: String,
    /// Strength and form.
    pub strength: String,
    /// Dosage and directions.
    pub dosage: String,
    /// Duration.
    pub duration: Option<String>,
    /// Number of packs.
    pub units: Option<String>,
    /// Renewals.
    pub refills: u8,
    /// Code of the reason that excludes substitution.
    pub not_substitutable: Option<String>,
}

/// What is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftRefusal {
    /// Fields at fault.
    pub faults: Vec<DraftFault>,
    /// Lines that need a secured support, counted from 0. A mention that names a secured substance counts as line
    /// [`DraftRefusal::MENTIONS`].
    pub secured: Vec<(usize, SecuredSupportRequired)>,
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftFault {
    /// The field: `lines.2.dosage`, lines counted from 0.
    pub field: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// There is no line.
    NoLine,
    /// There are more than [`MAX_LINES`].
    TooManyLines,
    /// The name is missing.
    NameMissing,
    /// Strength and form are missing.
    StrengthMissing,
    /// The dosage is missing.
    DosageMissing,
    /// Both duration and units are missing.
    QuantityMissing,
    /// More than 11 renewals.
    TooManyRefills,
    /// Not a legal reason to exclude substitution.
    UnknownExclusion,
    /// Not a weight between 0.3 and 650 kg.
    WrongWeight,
    /// Not a height between 20 and 280 cm.
    WrongHeight,
    /// Longer than the form allows.
    TooLong,
    /// Characters that cannot be printed.
    Unprintable,
}

impl Fault {
    /// Says in French what is wrong.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoLine => "Ajoutez au moins un médicament.",
            Self::TooManyLines => "Une ordonnance porte au plus 30 lignes.",
            Self::NameMissing => "Indiquez le nom du médicament.",
            Self::StrengthMissing => "Indiquez le dosage et la forme, par exemple « 500 mg, gélule ».",
            Self::DosageMissing => "Indiquez la posologie, par exemple « 1 gélule matin et soir ».",
            Self::QuantityMissing => "Indiquez la durée du traitement ou le nombre de boîtes.",
            Self::TooManyRefills => "Une ordonnance se renouvelle au plus 11 fois.",
            Self::UnknownExclusion => "Choisissez le motif légal : MTE, EFG ou CIF.",
            Self::WrongWeight => "Indiquez un poids en kilogrammes, par exemple « 18,5 ».",
            Self::WrongHeight => "Indiquez une taille en centimètres, par exemple « 172 ».",
            Self::TooLong => "Ce texte est trop long.",
            Self::Unprintable => "Ce texte contient des caractères qui ne s’impriment pas.",
        }
    }
}

impl DraftRefusal {
    /// Place of the special mentions among the refused lines.
    pub const MENTIONS: usize = usize::MAX;

    fn is_empty(&self) -> bool {
        self.faults.is_empty() && self.secured.is_empty()
    }

    fn blame(&mut self, field: impl Into<String>, fault: Fault) {
        self.faults.push(DraftFault { field: field.into(), fault });
    }

    /// Takes a required text, or blames its field.
    fn required(&mut self, field: String, text: &str, max_chars: usize, missing: Fault) -> String {
        match self.optional(field.clone(), Some(text), max_chars) {
            Some(text) => text,
            None => {
                if visible(text).is_empty() {
                    self.blame(field, missing);
                }
                String::new()
            }
        }
    }

    /// Takes a text that may be absent; blames its field when it is there and unfit.
    fn optional(&mut self, field: String, text: Option<&str>, max_chars: usize) -> Option<String> {
        let text = visible(text?);
        if text.is_empty() {
            return None;
        }
        if text.chars().count() > max_chars {
            self.blame(field, Fault::TooLong);
            return None;
        }
        if !is_printable(&text, true) {
            self.blame(field, Fault::Unprintable);
            return None;
        }
        Some(text)
    }
}

impl PrescriptionDraft {
    /// Checks every mention that the form gives; prescriber, patient, practice and date come from the record.
    ///
    /// # Errors
    ///
    /// [`DraftRefusal`] with all faults and all secured lines at once.
    ///
    /// # Source
    ///
    /// CSP art. R. 5132-3, 2° to 4°.
    pub fn validate(&self) -> Result<ValidPrescription, DraftRefusal> {
        let mut refusal = DraftRefusal::default();
        if self.lines.is_empty() {
            refusal.blame("lines", Fault::NoLine);
        }
        if self.lines.len() > MAX_LINES {
            refusal.blame("lines", Fault::TooManyLines);
        }
        let lines = self
            .lines
            .iter()
            .take(MAX_LINES)
            .enumerate()
            .map(|(place, line)| line.validate(place, &mut refusal))
            .collect();
        let mentions = refusal.optional("mentions".to_owned(), self.mentions.as_deref(), 1_000);
        if let Some(secured) = mentions.as_deref().and_then(secured_substance) {
            refusal.secured.push((DraftRefusal::MENTIONS, secured));
        }
        let measures = Measures {
            weight_hg: measure(self.weight_kg.as_deref(), 10, 3..=6_500).unwrap_or_else(|()| {
                refusal.blame("weight_kg", Fault::WrongWeight);
                None
            }),
            height_cm: measure(self.height_cm.as_deref(), 1, 20..=280).unwrap_or_else(|()| {
                refusal.blame("height_cm", Fault::WrongHeight);
                None
            }),
        };
        if refusal.is_empty() { Ok(ValidPrescription { lines, measures, mentions }) } else { Err(refusal) }
    }
}

impl DraftLine {
    fn validate(&self, place: usize, refusal: &mut DraftRefusal) -> PrescriptionLine {
        let field = |name: &str| format!("lines.{place}.{name}");
        let name = refusal.required(field("name"), &self.name, 200, Fault::NameMissing);
        let strength = refusal.required(field("strength"), &self.strength, 200, Fault::StrengthMissing);
        let dosage = refusal.required(field("dosage"), &self.dosage, 500, Fault::DosageMissing);
        let duration = refusal.optional(field("duration"), self.duration.as_deref(), 100);
        let units = refusal.optional(field("units"), self.units.as_deref(), 50);
        let is_blank = |text: &Option<String>| text.as_deref().is_none_or(|text| visible(text).is_empty());
        if is_blank(&self.duration) && is_blank(&self.units) {
            refusal.blame(field("duration"), Fault::QuantityMissing);
        }
        if self.refills > MAX_REFILLS {
            refusal.blame(field("refills"), Fault::TooManyRefills);
        }
        let exclusion = match self.not_substitutable.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
            None => None,
            Some(code) => Exclusion::from_code(code).or_else(|| {
                refusal.blame(field("not_substitutable"), Fault::UnknownExclusion);
                None
            }),
        };
        let everything =
            [Some(&self.name), Some(&self.strength), Some(&self.dosage), self.duration.as_ref(), self.units.as_ref()];
        let everything = everything.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
        if let Some(secured) = secured_substance(&everything) {
            refusal.secured.push((place, secured));
        }
        PrescriptionLine {
            name,
            strength,
            dosage,
            quantity: Quantity { duration, units },
            refills: self.refills,
            exclusion,
        }
    }
}

/// Reads a measure with at most one decimal, as a whole number of `1 / scale`.
fn measure(text: Option<&str>, scale: u32, bounds: std::ops::RangeInclusive<u32>) -> Result<Option<u32>, ()> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let (whole, tenths) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let is_number =
        |digits: &str, max: usize| (1..=max).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole, 4) || !is_number(tenths, 1) || (scale == 1 && tenths != "0") {
        return Err(());
    }
    let whole: u32 = whole.parse().map_err(|_| ())?;
    let tenths: u32 = tenths.parse().map_err(|_| ())?;
    let value = whole * scale + tenths * scale / 10;
    if bounds.contains(&value) { Ok(Some(value)) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    fn faults(draft: &PrescriptionDraft) -> Vec<(String, Fault)> {
        let refusal = draft.validate().unwrap_err();
        refusal.faults.into_iter().map(|fault| (fault.field, fault.fault)).collect()
    }

    #[test]
    fn every_missing_mention_is_named_at_once() {
        let empty = DraftLine { refills: 12, not_substitutable: Some("XYZ".to_owned()), ..DraftLine::default() };
        let field = |name: &str| format!("lines.1.{name}");
        assert_eq!(
            faults(&draft(vec![line(), empty])),
            vec![
                (field("name"), Fault::NameMissing),
                (field("strength"), Fault::StrengthMissing),
                (field("dosage"), Fault::DosageMissing),
                (field("duration"), Fault::QuantityMissing),
                (field("refills"), Fault::TooManyRefills),
                (field("not_substitutable"), Fault::UnknownExclusion),
            ]
        );
    }

    #[test]
    fn no_line_and_too_many_lines_are_faults() {
        assert_eq!(faults(&draft(vec![])), vec![("lines".to_owned(), Fault::NoLine)]);
        assert_eq!(faults(&draft(vec![line(); 31])), vec![("lines".to_owned(), Fault::TooManyLines)]);
    }

    #[test]
    fn a_secured_substance_is_refused_wherever_it_is_written() {
        let by_name = DraftLine { name: "Tramadol".to_owned(), ..line() };
        let by_dosage = DraftLine { dosage: "1 cp de codéine 30 mg le soir".to_owned(), ..line() };
        let mut draft = draft(vec![line(), by_name, by_dosage]);
        draft.mentions = Some("Prévoir aussi du zolpidem".to_owned());
        draft.lines.push(DraftLine { name: "Mor\u{ad}phine".to_owned(), ..line() });
        draft.lines.push(DraftLine { duration: Some("7 jours, tramadol 50 mg au besoin".to_owned()), ..line() });
        draft.lines.push(DraftLine { units: Some("1 boîte d'oxycodone".to_owned()), ..line() });
        let refused: Vec<_> =
            draft.validate().unwrap_err().secured.iter().map(|(place, secured)| (*place, secured.substance)).collect();
        let lines = [(1, "Tramadol"), (2, "Codéine"), (3, "Morphine"), (4, "Tramadol"), (5, "Oxycodone")];
        assert_eq!(refused, [&lines[..], &[(DraftRefusal::MENTIONS, "Zolpidem")]].concat());
    }

    #[test]
    fn hyphenation_points_of_a_copied_name_are_left_out() {
        let copied = DraftLine { name: "Amoxi\u{ad}cilline".to_owned(), ..line() };
        assert_eq!(draft(vec![copied]).validate().unwrap().lines()[0].name, "Amoxicilline");
        let blank = DraftLine { name: "\u{ad}".to_owned(), ..line() };
        assert_eq!(faults(&draft(vec![blank])), vec![("lines.0.name".to_owned(), Fault::NameMissing)]);
        let unseen = DraftLine { duration: Some("\u{ad} ".to_owned()), ..line() };
        assert_eq!(faults(&draft(vec![unseen])), vec![("lines.0.duration".to_owned(), Fault::QuantityMissing)]);
    }

    #[test]
    fn measures_take_a_comma_and_keep_to_human_bounds() {
        let with = |weight: &str, height: &str| PrescriptionDraft {
            weight_kg: Some(weight.to_owned()),
            height_cm: Some(height.to_owned()),
            ..draft(vec![line()])
        };
        let measures = with("18,5", "112").validate().unwrap().measures();
        assert_eq!((measures.weight().unwrap(), measures.height().unwrap()), ("18,5 kg".into(), "112 cm".into()));
        assert_eq!(with("70", "172").validate().unwrap().measures().weight().unwrap(), "70 kg");
        for (weight, height) in [("0", "5"), ("-3", "1,72"), ("9999", "999"), ("12,34", "x"), ("kg", "١٧٢")] {
            let found: Vec<_> = faults(&with(weight, height)).into_iter().map(|(_, fault)| fault).collect();
            assert_eq!(found, [Fault::WrongWeight, Fault::WrongHeight], "{weight} {height}");
        }
    }

    prop_compose! {
        fn any_line()(
            name in ".{0,40}", strength in "[ a-z0-9é,]{0,30}", dosage in ".{0,40}",
            duration in prop::option::of("[ 0-9a-z]{0,10}"), units in prop::option::of("[ 0-9]{0,4}"),
            refills in 0_u8..20, not_substitutable in prop::option::of(prop::sample::select(vec!["MTE", "cif", "", "zz"])),
        ) -> DraftLine {
            DraftLine { name, strength, dosage, duration, units, refills, not_substitutable: not_substitutable.map(str::to_owned) }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn whatever_is_valid_bears_every_mention_and_no_secured_substance(lines in prop::collection::vec(any_line(), 0..4)) {
            if let Ok(valid) = draft(lines).validate() {
                prop_assert!(!valid.lines().is_empty());
                for line in valid.lines() {
                    prop_assert!(!line.name.trim().is_empty() && !line.strength.trim().is_empty() && !line.dosage.trim().is_empty());
                    prop_assert!(line.quantity.duration.is_some() || line.quantity.units.is_some());
                    prop_assert!(line.refills <= 11);
                    for text in [&line.name, &line.strength, &line.dosage] {
                        prop_assert!(secured_substance(text).is_none());
                    }
                }
            }
        }
    }
}
