//! The prescription being written: its lines as the form holds them, and what they lack. No IO.

use colloque_kit::Text;
use colloque_protocol::http::prescription::{MAX_LINES, PrescriptionForm, PrescriptionLineForm};
use serde::{Deserialize, Serialize};

use super::text::Msg;

/// A text field of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineField {
    /// Substance or product.
    Name,
    /// Strength and form.
    Strength,
    /// Dosage and directions.
    Dosage,
    /// Duration.
    Duration,
    /// Number of packs.
    Units,
}

impl LineField {
    /// Its wire name.
    pub const fn wire_name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Strength => "strength",
            Self::Dosage => "dosage",
            Self::Duration => "duration",
            Self::Units => "units",
        }
    }

    /// Its text in a line.
    pub fn of(self, line: &PrescriptionLineForm) -> &str {
        match self {
            Self::Name => &line.name,
            Self::Strength => &line.strength,
            Self::Dosage => &line.dosage,
            Self::Duration => line.duration.as_deref().unwrap_or_default(),
            Self::Units => line.units.as_deref().unwrap_or_default(),
        }
    }

    /// Puts a text into a line.
    pub fn set(self, line: &mut PrescriptionLineForm, text: String) {
        let optional = Some(text.clone()).filter(|text| !text.trim().is_empty());
        match self {
            Self::Name => line.name = text,
            Self::Strength => line.strength = text,
            Self::Dosage => line.dosage = text,
            Self::Duration => line.duration = optional,
            Self::Units => line.units = optional,
        }
    }
}

/// A line and a number that stays with it when it moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftLine {
    /// The number.
    pub key: u32,
    /// What it says.
    pub line: PrescriptionLineForm,
}

/// The prescription being written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftPrescription {
    /// Its lines, never none.
    pub lines: Vec<DraftLine>,
    /// All but the lines.
    pub rest: PrescriptionForm,
    next_key: u32,
}

impl Default for DraftPrescription {
    fn default() -> Self {
        let first = DraftLine { key: 0, line: PrescriptionLineForm::default() };
        Self { lines: vec![first], rest: PrescriptionForm::default(), next_key: 1 }
    }
}

impl DraftPrescription {
    /// Whether nothing was written.
    pub fn is_blank(&self) -> bool {
        let blank = PrescriptionForm { replaces: self.rest.replaces, ..PrescriptionForm::default() };
        self.rest == blank && self.lines.iter().all(|line| line.line == PrescriptionLineForm::default())
    }

    /// What is sent.
    pub fn form(&self) -> PrescriptionForm {
        PrescriptionForm { lines: self.lines.iter().map(|line| line.line.clone()).collect(), ..self.rest.clone() }
    }

    /// Writes a prescription again, to replace another.
    pub fn take(&mut self, form: PrescriptionForm) {
        *self = Self { lines: Vec::new(), rest: PrescriptionForm { lines: Vec::new(), ..form.clone() }, next_key: 0 };
        for line in form.lines {
            self.lines.push(DraftLine { key: self.next_key, line });
            self.next_key += 1;
        }
        if self.lines.is_empty() {
            self.add();
        }
    }

    /// Adds an empty line at the end; gives its number, none when there are as many as allowed.
    pub fn add(&mut self) -> Option<u32> {
        (self.lines.len() < MAX_LINES).then(|| {
            let key = self.next_key;
            self.next_key += 1;
            self.lines.push(DraftLine { key, line: PrescriptionLineForm::default() });
            key
        })
    }

    /// Takes a line away; the last one is emptied instead.
    pub fn remove(&mut self, key: u32) {
        self.lines.retain(|line| line.key != key);
        if self.lines.is_empty() {
            self.add();
        }
    }

    /// Moves a line by one place; gives its new place, counted from 1, none when it cannot move.
    pub fn shift(&mut self, key: u32, down: bool) -> Option<usize> {
        let at = self.place(key)?;
        let to = if down { at + 1 } else { at.checked_sub(1)? };
        if to >= self.lines.len() {
            return None;
        }
        self.lines.swap(at, to);
        Some(to + 1)
    }

    /// Place of a line, counted from 0.
    pub fn place(&self, key: u32) -> Option<usize> {
        self.lines.iter().position(|line| line.key == key)
    }

    /// Changes a line.
    pub fn change(&mut self, key: u32, change: impl FnOnce(&mut PrescriptionLineForm)) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.key == key) {
            change(&mut line.line);
        }
    }

    /// What is missing, by wire name, before the service is asked.
    pub fn missing(&self) -> Vec<(String, String)> {
        let mut missing = Vec::new();
        for (at, DraftLine { line, .. }) in self.lines.iter().enumerate() {
            for field in [LineField::Name, LineField::Strength, LineField::Dosage] {
                if field.of(line).trim().is_empty() {
                    missing.push((field_name(at, field), Msg::Missing.t().to_owned()));
                }
            }
            if line.duration.is_none() && line.units.is_none() {
                missing.push((field_name(at, LineField::Duration), Msg::DurationOrUnits.t().to_owned()));
            }
        }
        missing
    }
}

/// Wire name of a field of a line, counted from 0.
pub fn field_name(at: usize, field: LineField) -> String {
    format!("lines.{at}.{}", field.wire_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> DraftPrescription {
        let mut draft = DraftPrescription::default();
        draft.take(PrescriptionForm {
            lines: names
                .iter()
                .map(|name| PrescriptionLineForm { name: (*name).to_owned(), ..PrescriptionLineForm::default() })
                .collect(),
            ..PrescriptionForm::default()
        });
        draft
    }

    fn names(draft: &DraftPrescription) -> Vec<&str> {
        draft.lines.iter().map(|line| line.line.name.as_str()).collect()
    }

    #[test]
    fn lines_move_by_one_place_and_stay_inside() {
        let mut draft = named(&["a", "b", "c"]);
        let key = draft.lines[0].key;
        assert_eq!(draft.shift(key, true), Some(2));
        assert_eq!(names(&draft), ["b", "a", "c"]);
        assert_eq!(draft.shift(draft.lines[0].key, false), None);
        assert_eq!(draft.shift(draft.lines[2].key, true), None);
    }

    #[test]
    fn the_last_line_is_emptied_instead_of_removed() {
        let mut draft = named(&["a"]);
        draft.remove(draft.lines[0].key);
        assert_eq!(names(&draft), [""]);
        assert!(draft.is_blank());
    }

    #[test]
    fn what_is_missing_is_named_by_line_and_field() {
        let mut draft = named(&["Amoxicilline"]);
        let missing: Vec<String> = draft.missing().into_iter().map(|(name, _)| name).collect();
        assert_eq!(missing, ["lines.0.strength", "lines.0.dosage", "lines.0.duration"]);
        let key = draft.lines[0].key;
        draft.change(key, |line| LineField::Units.set(line, "2".to_owned()));
        assert_eq!(draft.missing().len(), 2);
    }

    #[test]
    fn no_more_lines_than_allowed() {
        let mut draft = DraftPrescription::default();
        while draft.add().is_some() {}
        assert_eq!(draft.lines.len(), MAX_LINES);
    }
}
