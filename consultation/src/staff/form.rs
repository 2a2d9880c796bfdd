//! What a person of the practice must be made of.

use colloque_domain::{EmailAddress, RppsNumber};
use colloque_protocol::Role;
use colloque_protocol::http::admin::StaffForm;
use colloque_protocol::http::error::FieldError;
use colloque_protocol::http::session::PractitionerDetails;

use crate::http::ALL_STAFF;
use crate::sign_in::normal_email;

/// Longest name, profession or specialty, in characters.
const MAX_NAME_CHARS: usize = 100;

/// Checks the form of a person and brings it into the form that is stored.
pub(crate) fn check(form: StaffForm) -> Result<StaffForm, Vec<FieldError>> {
    let mut faults = Vec::new();
    let family_name = name("family_name", &form.family_name, &mut faults);
    let given_name = name("given_name", &form.given_name, &mut faults);
    let email = normal_email(&form.email);
    if EmailAddress::parse(&email).is_err() {
        faults.push(fault("email", "Cette adresse e-mail n’est pas complète."));
    }
    if !ALL_STAFF.contains(&form.role) {
        faults.push(fault("role", "Choisissez praticien, secrétaire ou administrateur."));
    }
    let practitioner = match (form.role, form.practitioner) {
        (Role::Practitioner, None) => {
            faults.push(fault("practitioner", "Indiquez la profession, la spécialité et le numéro RPPS."));
            None
        }
        (Role::Practitioner, Some(details)) => Some(check_practitioner(&details, &mut faults)),
        (
            Role::Secretary
            | Role::Administrator
            | Role::Patient
            | Role::Expert
            | Role::AccompanyingPerson
            | Role::Interpreter,
            _,
        ) => None,
    };
    if faults.is_empty() {
        Ok(StaffForm { family_name, given_name, email, role: form.role, practitioner })
    } else {
        Err(faults)
    }
}

/// Checks a practitioner's details.
pub(crate) fn check_practitioner(details: &PractitionerDetails, faults: &mut Vec<FieldError>) -> PractitionerDetails {
    let title = details.title.trim().to_owned();
    if title.chars().count() > 20 || title.chars().any(char::is_control) {
        faults.push(fault("practitioner.title", "Ce titre est trop long."));
    }
    let profession = name("practitioner.profession", &details.profession, faults);
    let specialty = name("practitioner.specialty", &details.specialty, faults);
    let rpps = match RppsNumber::parse(&details.rpps) {
        Ok(rpps) => rpps.as_str().to_owned(),
        Err(_) => {
            faults.push(fault("practitioner.rpps", "Ce numéro RPPS n’est pas valable : onze chiffres, dont une clé."));
            String::new()
        }
    };
    PractitionerDetails { title, profession, specialty, rpps }
}

fn name(field: &str, typed: &str, faults: &mut Vec<FieldError>) -> String {
    let name = typed.trim();
    if name.is_empty() {
        faults.push(fault(field, "À remplir."));
    } else if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        faults.push(fault(field, "Trop long, ou avec des caractères qui ne s’écrivent pas."));
    }
    name.to_owned()
}

fn fault(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> StaffForm {
        StaffForm {
            family_name: " Martin ".to_owned(),
            given_name: "Claire".to_owned(),
            email: " Claire.Martin@Example.FR".to_owned(),
            role: Role::Practitioner,
            practitioner: Some(PractitionerDetails {
                title: "Dre".to_owned(),
                profession: "Médecin".to_owned(),
                specialty: "Médecine générale".to_owned(),
                rpps: "10003456786".to_owned(),
            }),
        }
    }

    fn faults(form: StaffForm) -> Vec<String> {
        check(form).unwrap_err().into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn a_complete_form_is_brought_into_its_stored_shape() {
        let checked = check(form()).unwrap();
        assert_eq!((checked.family_name.as_str(), checked.email.as_str()), ("Martin", "claire.martin@example.fr"));
    }

    #[test]
    fn each_fault_is_named() {
        assert_eq!(faults(StaffForm { family_name: "\u{7}".to_owned(), ..form() }), ["family_name"]);
        for role in Role::GUESTS.into_iter().chain([Role::Patient]) {
            assert_eq!(faults(StaffForm { role, ..form() }), ["role"]);
        }
        assert_eq!(faults(StaffForm { practitioner: None, ..form() }), ["practitioner"]);
        for email in ["", "claire", "claire@", "@example.fr", "a b@example.fr", "a@b@c", "a\r\nBcc: x@example.fr"] {
            assert_eq!(faults(StaffForm { email: email.to_owned(), ..form() }), ["email"], "{email}");
        }
    }
}
