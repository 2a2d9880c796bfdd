//! Who stands on a prescription.

use crate::date::CalendarDate;
use crate::text::is_printable;
use crate::value::{EmailAddress, PersonName, PhoneNumber, RppsNumber, Sex};

/// A practice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Practice {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: PostalAddress,
    /// Its telephone number.
    pub phone: PhoneNumber,
}

/// A postal address in France.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalAddress {
    lines: Vec<String>,
}

impl PostalAddress {
    /// Reads an address, one line a line; the last one is always `France`, which the law asks for.
    ///
    /// Gives nothing for an address without a line, with more than six, or with a line past 120 characters.
    ///
    /// # Source
    ///
    /// CSP art. R. 5132-3, 1°: the professional address says « France ».
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines: Vec<String> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        if lines.last().is_some_and(|line| line.eq_ignore_ascii_case("france")) {
            lines.pop();
        }
        let is_good = (1..=6).contains(&lines.len())
            && lines.iter().all(|line| line.chars().count() <= 120 && is_printable(line, false));
        if !is_good {
            return None;
        }
        lines.push("France".to_owned());
        Some(Self { lines })
    }

    /// Gives the lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// The prescriber, as a prescription must name them.
///
/// # Source
///
/// CSP art. R. 5132-3, 1°.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prescriber {
    /// Title: `Dr`, `Dre`.
    pub title: String,
    /// Given name.
    pub given_name: PersonName,
    /// Family name.
    pub family_name: PersonName,
    /// Profession: `Médecin`.
    pub profession: String,
    /// Specialty: `Médecine générale`.
    pub specialty: String,
    /// RPPS number.
    pub rpps: RppsNumber,
    /// Professional e-mail address.
    pub email: EmailAddress,
}

impl Prescriber {
    /// Writes title and names: `Dre Claire Martin`.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{} {} {}", self.title, self.given_name.as_str(), self.family_name.as_str()).trim().to_owned()
    }
}

/// A patient's identity traits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatientIdentity {
    /// Birth name.
    pub birth_name: PersonName,
    /// Name used every day, when it is another.
    pub used_name: Option<PersonName>,
    /// Birth first names.
    pub first_names: PersonName,
    /// Birth date.
    pub birth_date: CalendarDate,
    /// Sex.
    pub sex: Sex,
}

impl PatientIdentity {
    /// Writes the name as staff read it: `DURAND Jeanne`, with the name used every day first when it is another.
    #[must_use]
    pub fn staff_name(&self) -> String {
        let family = self.used_name.as_ref().unwrap_or(&self.birth_name);
        format!("{} {}", family.as_str().to_uppercase(), self.first_names.as_str())
    }

    /// Writes given name and initial, for the identity card in a call: `Jeanne D.`.
    #[must_use]
    pub fn card_name(&self) -> String {
        let family = self.used_name.as_ref().unwrap_or(&self.birth_name);
        let given = self.first_names.as_str().split(' ').next().unwrap_or_default();
        let initial: String = family.as_str().chars().take(1).flat_map(char::to_uppercase).collect();
        format!("{given} {initial}.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_always_ends_with_the_country() {
        let address = PostalAddress::parse("12 rue des Lilas\n 31000 Toulouse \n").unwrap();
        assert_eq!(address.lines(), ["12 rue des Lilas", "31000 Toulouse", "France"]);
        assert_eq!(PostalAddress::parse("1 rue A\nFRANCE").unwrap().lines(), ["1 rue A", "France"]);
        assert_eq!(PostalAddress::parse(" \n"), None);
        assert_eq!(PostalAddress::parse("France"), None);
    }

    #[test]
    fn the_card_shows_no_family_name() {
        let patient = PatientIdentity {
            birth_name: PersonName::parse("Élan").unwrap(),
            used_name: None,
            first_names: PersonName::parse("Anne Sophie").unwrap(),
            birth_date: CalendarDate::new(1990, 1, 1).unwrap(),
            sex: Sex::Female,
        };
        assert_eq!(patient.card_name(), "Anne É.");
        assert_eq!(patient.staff_name(), "ÉLAN Anne Sophie");
    }
}
