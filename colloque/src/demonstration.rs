//! The invented people of a demonstration, as the terminal shows them.

use std::io;
use std::path::Path;

use serde::Serialize;
use totp_rs::{Builder, Secret};

use crate::data_folder::write_private;
use crate::welcome::Addresses;

/// File that says where a running demonstration is reached and who can sign in.
const FILE: &str = "demonstration.json";

/// One person who can sign in.
#[derive(Debug, Clone, Serialize)]
pub struct Person {
    /// Name shown.
    pub display_name: String,
    /// Role, in French.
    pub role_text: &'static str,
    /// E-mail address of the account.
    pub email: String,
    /// Password.
    pub password: String,
    /// Secret of the second factor, base32.
    pub totp_secret: String,
    /// Whether password and codes are the person's own by now, and those above serve no more.
    pub chose_own: bool,
}

impl Person {
    /// Gives the code that serves now; empty when the secret is not one.
    pub fn code(&self) -> String {
        Secret::try_from_base32(&self.totp_secret)
            .ok()
            .and_then(|secret| Builder::new().with_secret(secret).build().ok())
            .map_or_else(String::new, |totp| totp.generate_current().to_string())
    }
}

#[derive(Serialize)]
struct Demonstration<'a> {
    origin: &'a str,
    others: &'a [String],
    people: &'a [Person],
}

/// Writes for other programs what the terminal shows to people. It appears when the platform is ready.
pub fn write(data: &Path, addresses: &Addresses, people: &[Person]) -> io::Result<()> {
    let content = Demonstration { origin: &addresses.origin, others: &addresses.others, people };
    write_private(&data.join(FILE), serde_json::to_string_pretty(&content)?.as_bytes())
}

/// Removes what an earlier run wrote, so that the file never names a platform that is still starting.
pub fn forget(data: &Path) {
    let _ = std::fs::remove_file(data.join(FILE));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_a_code_of_six_digits() {
        let mut person = Person {
            display_name: String::new(),
            role_text: "médecin",
            email: String::new(),
            password: String::new(),
            totp_secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP".to_owned(),
            chose_own: false,
        };
        assert_eq!(person.code().len(), 6);
        person.totp_secret = "not base32!".to_owned();
        assert_eq!(person.code(), "");
    }
}
