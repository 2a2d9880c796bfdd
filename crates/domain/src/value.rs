//! Values that are right by construction.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::{is_printable, visible};

/// Longest name, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3).
const MAX_EMAIL_BYTES: usize = 254;
/// Longest local part, in bytes (RFC 5321 section 4.5.3.1.1).
const MAX_LOCAL_PART_BYTES: usize = 64;

/// A name of a person: 1 to 100 printable characters, at least one of them a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseNameError {
    /// Nothing is left after trimming.
    #[error("name is empty")]
    Empty,
    /// More than 100 characters.
    #[error("name is too long")]
    TooLong,
    /// A control or hidden character, or not one letter.
    #[error("name holds characters that names do not have")]
    Unprintable,
}

impl PersonName {
    /// Reads a name; white space around it and what nobody sees is dropped, runs inside become one space.
    ///
    /// # Errors
    ///
    /// See [`ParseNameError`].
    pub fn parse(text: &str) -> Result<Self, ParseNameError> {
        if text.len() > MAX_NAME_CHARS * 8 {
            return Err(ParseNameError::TooLong);
        }
        let name = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() {
            Err(ParseNameError::Empty)
        } else if name.chars().count() > MAX_NAME_CHARS {
            Err(ParseNameError::TooLong)
        } else if !is_printable(&name, false) || !name.chars().any(char::is_alphabetic) {
            Err(ParseNameError::Unprintable)
        } else {
            Ok(Self(name))
        }
    }

    /// Gives the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address, its domain in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

/// A text that is not an e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is not an e-mail address")]
pub struct ParseEmailError;

impl EmailAddress {
    /// Reads an address in its plain ASCII form, without name, quotes or comments.
    ///
    /// # Errors
    ///
    /// [`ParseEmailError`] for anything else, and past 254 bytes.
    pub fn parse(text: &str) -> Result<Self, ParseEmailError> {
        let text = text.trim();
        if text.len() > MAX_EMAIL_BYTES {
            return Err(ParseEmailError);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(ParseEmailError)?;
        let local_is_good = (1..=MAX_LOCAL_PART_BYTES).contains(&local.len())
            && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
            && local.split('.').all(|atom| !atom.is_empty());
        let labels: Vec<&str> = domain.split('.').collect();
        let domain_is_good = labels.len() >= 2
            && labels.iter().all(|label| {
                (1..=63).contains(&label.len())
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
        if local_is_good && domain_is_good {
            Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
        } else {
            Err(ParseEmailError)
        }
    }

    /// Gives the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Writes the address so that its owner knows it and nobody else does: `j•••@exemple.fr`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}•••@{domain}")
    }
}

/// A telephone number in international form: `+`, country code, at most fifteen digits.
///
/// # Source
///
/// ITU-T E.164; CSP art. R. 5132-3, 1° (number preceded by the international prefix `+33`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// A text that is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("text is not a telephone number")]
pub struct ParsePhoneError;

impl PhoneNumber {
    /// Reads `+33 6 12 34 56 78`, `0033612345678`, `06.12.34.56.78` or another country's `+…`.
    ///
    /// # Errors
    ///
    /// [`ParsePhoneError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ParsePhoneError> {
        if text.len() > 40 {
            return Err(ParsePhoneError);
        }
        let compact: String =
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '.' | '-' | '(' | ')' | '\u{2011}')).collect();
        let digits = if let Some(rest) = compact.strip_prefix('+') {
            rest.to_owned()
        } else if let Some(rest) = compact.strip_prefix("00") {
            rest.to_owned()
        } else if let Some(rest) = compact.strip_prefix('0') {
            format!("33{rest}")
        } else {
            return Err(ParsePhoneError);
        };
        let is_international = (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        // A French number has nine digits after the country code, the first of them not zero.
        let is_french_or_foreign =
            digits.strip_prefix("33").is_none_or(|national| national.len() == 9 && !national.starts_with('0'));
        if is_international && is_french_or_foreign { Ok(Self(format!("+{digits}"))) } else { Err(ParsePhoneError) }
    }

    /// Gives the number without spaces: `+33612345678`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Writes the number to be read: `+33 6 12 34 56 78`. Other countries' numbers stay in one piece.
    #[must_use]
    pub fn spaced(&self) -> String {
        let Some(national) = self.0.strip_prefix("+33") else { return self.0.clone() };
        let mut text = String::from("+33");
        for (place, digit) in national.chars().enumerate() {
            if place % 2 == 1 || place == 0 {
                text.push(' ');
            }
            text.push(digit);
        }
        text
    }

    /// Writes the last two digits only: `•••78`.
    #[must_use]
    pub fn masked(&self) -> String {
        let end: String = self.0.chars().skip(self.0.chars().count().saturating_sub(2)).collect();
        format!("•••{end}")
    }
}

/// A number of the register of health professionals: eleven digits, the last of them a Luhn key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RppsNumber(String);

/// Why a text is not an RPPS number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ParseRppsError {
    /// Not eleven digits.
    #[error("number does not have eleven digits")]
    NotElevenDigits,
    /// The last digit does not fit the others.
    #[error("key of the number is wrong")]
    WrongKey,
}

impl RppsNumber {
    /// Reads a number; spaces are dropped.
    ///
    /// # Errors
    ///
    /// See [`ParseRppsError`].
    pub fn parse(text: &str) -> Result<Self, ParseRppsError> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).take(12).collect();
        if digits.len() != 11 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseRppsError::NotElevenDigits);
        }
        if luhn_sum(&digits).is_multiple_of(10) { Ok(Self(digits)) } else { Err(ParseRppsError::WrongKey) }
    }

    /// Gives the eleven digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn luhn_sum(digits: &str) -> u32 {
    digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, doubled) if doubled > 9 => doubled - 9,
                (_, doubled) => doubled,
            }
        })
        .sum()
}

/// Sex, as the identity traits write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not determined.
    Undetermined,
}

impl Sex {
    /// The stored name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Undetermined => "undetermined",
        }
    }

    /// Reads the stored name back.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Female, Self::Male, Self::Undetermined].into_iter().find(|sex| sex.name() == name)
    }

    /// The word on a French document.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Female => "féminin",
            Self::Male => "masculin",
            Self::Undetermined => "indéterminé",
        }
    }
}

/// Serialises a checked text and checks it again when it is read.
macro_rules! checked_text {
    ($($name:ident, $error:ident;)*) => {$(
        impl TryFrom<String> for $name {
            type Error = $error;
            fn try_from(text: String) -> Result<Self, $error> {
                Self::parse(&text)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    )*};
}
checked_text! {
    PersonName, ParseNameError;
    EmailAddress, ParseEmailError;
    PhoneNumber, ParsePhoneError;
    RppsNumber, ParseRppsError;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn french_numbers_are_written_in_international_form() {
        for text in ["06 12 34 56 78", "06.12.34.56.78", "+33 6 12 34 56 78", "0033612345678", "(06)12-34-56-78"] {
            assert_eq!(PhoneNumber::parse(text).unwrap().as_str(), "+33612345678", "{text}");
        }
        assert_eq!(PhoneNumber::parse("0612345678").unwrap().spaced(), "+33 6 12 34 56 78");
        assert_eq!(PhoneNumber::parse("0612345678").unwrap().masked(), "•••78");
    }

    #[test]
    fn wrong_numbers_are_refused() {
        for text in ["", "12", "+33 0 12 34 56 78", "06 12 34 56", "+1234567890123456", "06a2345678", "+", "612345678"]
        {
            assert_eq!(PhoneNumber::parse(text), Err(ParsePhoneError), "{text}");
        }
        assert!(PhoneNumber::parse("+41 22 345 67 89").is_ok());
    }

    #[test]
    fn addresses_are_masked_after_their_first_letter() {
        let address = EmailAddress::parse(" jeanne.durand@Exemple.FR ").unwrap();
        assert_eq!(address.as_str(), "jeanne.durand@exemple.fr");
        assert_eq!(address.masked(), "j•••@exemple.fr");
    }

    #[test]
    fn texts_that_could_inject_a_header_are_not_addresses() {
        for text in ["a@b", "@b.fr", "a@b.fr\r\nBcc: x@y.fr", "a b@c.fr", "a@b..fr", "a..b@c.fr", "a@-b.fr", "<a@b.fr>"]
        {
            assert_eq!(EmailAddress::parse(text), Err(ParseEmailError), "{text}");
        }
    }

    #[test]
    fn a_register_number_with_one_wrong_digit_is_refused() {
        let good = RppsNumber::parse("10003456780").is_ok();
        let number = (0..10).map(|key| format!("1000345678{key}")).find(|n| RppsNumber::parse(n).is_ok()).unwrap();
        assert_eq!(good, number == "10003456780");
        assert_eq!(RppsNumber::parse("1000345678"), Err(ParseRppsError::NotElevenDigits));
        assert_eq!((0..10).filter(|key| RppsNumber::parse(&format!("1000345678{key}")).is_ok()).count(), 1);
    }

    #[test]
    fn names_lose_spare_spaces_and_refuse_hidden_characters() {
        assert_eq!(PersonName::parse("  Anne \t Sophie ").unwrap().as_str(), "Anne Sophie");
        assert_eq!(PersonName::parse("Du\u{ad}rand Zo\u{34f}e\u{ad}").unwrap().as_str(), "Durand Zoe");
        assert_eq!(PersonName::parse("   "), Err(ParseNameError::Empty));
        assert_eq!(PersonName::parse("12"), Err(ParseNameError::Unprintable));
        assert_eq!(PersonName::parse("Du\u{202e}rand"), Err(ParseNameError::Unprintable));
        assert_eq!(PersonName::parse(&"a".repeat(101)), Err(ParseNameError::TooLong));
    }

    proptest! {
        #[test]
        fn parsers_are_total_and_idempotent(text in ".{0,60}") {
            if let Ok(value) = PhoneNumber::parse(&text) { prop_assert_eq!(PhoneNumber::parse(value.as_str()), Ok(value)); }
            if let Ok(value) = EmailAddress::parse(&text) { prop_assert_eq!(EmailAddress::parse(value.as_str()), Ok(value)); }
            if let Ok(value) = PersonName::parse(&text) { prop_assert_eq!(PersonName::parse(value.as_str()), Ok(value)); }
            let _ = RppsNumber::parse(&text);
        }

        #[test]
        fn every_transposition_of_a_phone_number_stays_a_number(national in "[1-9][0-9]{8}") {
            let number = PhoneNumber::parse(&format!("0{national}")).unwrap();
            prop_assert_eq!(number.as_str(), format!("+33{national}"));
        }

        #[test]
        fn one_changed_digit_always_breaks_a_register_number(body in "[0-9]{10}", place in 0_usize..11, shift in 1_u8..10) {
            let number = (0..10).map(|key| format!("{body}{key}")).find(|n| RppsNumber::parse(n).is_ok()).unwrap();
            let mut digits = number.into_bytes();
            digits[place] = b'0' + (digits[place] - b'0' + shift) % 10;
            prop_assert_eq!(RppsNumber::parse(std::str::from_utf8(&digits).unwrap()), Err(ParseRppsError::WrongKey));
        }
    }
}
