//! A prescription to be printed.

// A helper of a test fails like the test itself.
#![allow(clippy::unwrap_used)]

use colloque_documents::{PrescriptionSheet, SheetHeader, render};
use colloque_domain::{
    CalendarDate, DraftLine, EmailAddress, PatientIdentity, PersonName, PhoneNumber, PostalAddress, Practice,
    Prescriber, PrescriptionDraft, RppsNumber, Sex,
};
use colloque_ids::{DocumentId, Timestamp};

pub const NOW: Timestamp = Timestamp::from_millis(1_795_354_320_000);

pub fn rpps() -> RppsNumber {
    (0..10).find_map(|key| RppsNumber::parse(&format!("1000345678{key}")).ok()).unwrap()
}

fn name(text: &str) -> PersonName {
    PersonName::parse(text).unwrap()
}

pub fn line(name: &str, dosage: &str) -> DraftLine {
    DraftLine {
        name: name.to_owned(),
        strength: "500 mg, gélule".to_owned(),
        dosage: dosage.to_owned(),
        duration: Some("7 jours".to_owned()),
        ..DraftLine::default()
    }
}

pub fn sheet_for(draft: &PrescriptionDraft, patient_name: &str) -> PrescriptionSheet {
    let prescriber = Prescriber {
        title: "Dre".to_owned(),
        given_name: name("Claire"),
        family_name: name("Martin"),
        profession: "Médecin".to_owned(),
        specialty: "Médecine générale".to_owned(),
        rpps: rpps(),
        email: EmailAddress::parse("claire.martin@cabinet.exemple.fr").unwrap(),
    };
    let practice = Practice {
        name: "Cabinet des Lilas".to_owned(),
        address: PostalAddress::parse("12 rue des Lilas\n31000 Toulouse").unwrap(),
        phone: PhoneNumber::parse("05 61 00 00 00").unwrap(),
    };
    let patient = PatientIdentity {
        birth_name: name("Cœurderoy"),
        used_name: Some(name(patient_name)),
        first_names: name("Jeanne Élise"),
        birth_date: CalendarDate::new(1985, 3, 12).unwrap(),
        sex: Sex::Female,
    };
    let header = SheetHeader {
        document: DocumentId::from_parts(NOW, [0xab; 10]),
        version: 2,
        issued_at: NOW,
        date: CalendarDate::new(2026, 11, 22).unwrap(),
        time: (9, 5),
        prescriber: &prescriber,
        practice: &practice,
        patient: &patient,
        authentication: "mot de passe et code à usage unique",
        is_specimen: false,
    };
    PrescriptionSheet::compose(&header, &draft.validate().unwrap()).unwrap()
}

pub fn draft(lines: Vec<DraftLine>) -> PrescriptionDraft {
    PrescriptionDraft { lines, ..PrescriptionDraft::default() }
}

pub fn pdf(draft: &PrescriptionDraft) -> Vec<u8> {
    render(&sheet_for(draft, "Durand"), None).unwrap()
}
