//! What stands on a printed prescription, read back by poppler.

use std::io::Write;
use std::process::{Command, Stdio};

use colloque_documents::{PrescriptionSheet, Stamp, render};
use colloque_domain::{DraftLine, PrescriptionDraft};
use colloque_ids::DocumentId;
use proptest::prelude::*;

use crate::sheet::{NOW, draft, line, pdf, rpps, sheet_for};

/// Pipes a PDF through a program of poppler-utils.
fn poppler(program: &str, arguments: &[&str], pdf: &[u8]) -> String {
    String::from_utf8(piped(program, arguments, pdf)).unwrap()
}

fn piped(program: &str, arguments: &[&str], pdf: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tests need Debian's package poppler-utils");
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} refuses the document");
    output.stdout
}

/// Reads the text of a PDF, every run of white space as one space, without the places made to break endless words.
fn text(pdf: &[u8]) -> String {
    let text = poppler("pdftotext", &["-layout", "-", "-"], pdf).replace('\u{200b}', "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_mention_of_the_law_is_printed() {
    let mut lines = vec![line("Amoxicilline", "1 gélule matin, midi et soir pendant le repas")];
    lines.push(DraftLine {
        name: "Lévothyroxine".to_owned(),
        strength: "25 µg, comprimé".to_owned(),
        dosage: "1 comprimé à jeun".to_owned(),
        duration: Some("1 mois".to_owned()),
        units: Some("2".to_owned()),
        refills: 3,
        not_substitutable: Some("MTE".to_owned()),
    });
    let draft = PrescriptionDraft {
        lines,
        weight_kg: Some("62,5".to_owned()),
        height_cm: Some("171".to_owned()),
        mentions: Some("Prescrit hors autorisation de mise sur le marché".to_owned()),
    };
    let text = text(&pdf(&draft));
    let rpps = format!("RPPS : {}", rpps().as_str());
    let mentions = [
        "Dre Claire Martin",
        "Médecin",
        "Médecine générale",
        &rpps,
        "claire.martin@cabinet.exemple.fr",
        "Cabinet des Lilas",
        "12 rue des Lilas",
        "31000 Toulouse",
        "France",
        "+33 5 61 00 00 00",
        "22 novembre 2026",
        "9 h 05",
        "DURAND Jeanne Élise",
        "CŒURDEROY",
        "féminin",
        "12/03/1985",
        "62,5 kg",
        "171 cm",
        "1.",
        "Amoxicilline",
        "500 mg, gélule",
        "1 gélule matin, midi et soir pendant le repas",
        "7 jours",
        "Non renouvelable",
        "2.",
        "Lévothyroxine",
        "25 µg, comprimé",
        "1 mois",
        "2 boîtes",
        "À renouveler 3 fois",
        "Non substituable (MTE)",
        "Prescrit hors autorisation de mise sur le marché",
        "Fin de l’ordonnance : 2 médicaments prescrits.",
        "Rien ne peut être ajouté",
        "version 2",
        "Page 1 sur 1",
        "Ordonnance établie en téléconsultation par Dre Claire Martin",
        "mot de passe et code à usage unique",
        "pas une signature qualifiée",
        &DocumentId::from_parts(NOW, [0xab; 10]).full(),
    ];
    for mention in mentions {
        assert!(text.contains(mention), "{mention} is missing from: {text}");
    }
}

#[test]
fn pages_of_a_long_prescription_are_numbered_and_the_last_one_closes_it() {
    let pdf =
        pdf(&draft((1..=20).map(|number| line(&format!("Produit {number}"), "1 gélule le soir\nau repas")).collect()));
    let pages: usize = poppler("pdfinfo", &["-"], &pdf)
        .lines()
        .find_map(|line| line.strip_prefix("Pages:")?.trim().parse().ok())
        .unwrap();
    assert!(pages >= 2, "{pages}");
    let text = text(&pdf);
    for page in 1..=pages {
        assert!(text.contains(&format!("Page {page} sur {pages}")), "{text}");
    }
    assert_eq!(text.matches("Fin de l’ordonnance : 20 médicaments").count(), 1);
    assert_eq!(text.matches("Patient : DURAND Jeanne Élise").count(), pages + 1, "every page names the patient");
    assert!(text.find("Produit 20").unwrap() < text.find("Fin de l’ordonnance").unwrap());
}

#[test]
fn markup_of_a_hostile_text_is_printed_and_not_run() {
    let hostile = r##"#panic("x") $x^2$ *gras* #read("/etc/passwd") @ref <label> // note ] [ \ `raw` #import "a": *"##;
    let text = text(&pdf(&draft(vec![line(hostile, "\" }) #sys.version")])));
    for part in
        [r##"#panic("x")"##, "$x^2$", "*gras*", r##"#read("/etc/passwd")"##, "@ref", "<label>", "`raw`", "#sys.version"]
    {
        assert!(text.contains(part), "{part} is missing from: {text}");
    }
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    let draft = draft(vec![line("Amoxicilline", "1 gélule matin et soir")]);
    let first = pdf(&draft);
    pdf(&self::draft(vec![line("Autre", "autre")]));
    assert_eq!(first, pdf(&draft));
}

#[test]
fn the_document_is_a_tagged_archive_without_script() {
    let bytes = pdf(&draft(vec![line("Amoxicilline", "1 gélule")]));
    let about = poppler("pdfinfo", &["-"], &bytes);
    let field = |name: &str| {
        about
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .trim_start_matches(':')
            .trim()
            .to_owned()
    };
    assert_eq!(field("Tagged"), "yes");
    assert_eq!(field("JavaScript"), "no");
    assert_eq!(field("Page size"), "595.276 x 841.89 pts (A4)");
    assert_eq!(field("Title"), "Ordonnance du 22 novembre 2026");
    assert!(String::from_utf8_lossy(&bytes).contains("<pdfaid:part>2</pdfaid:part>"));
    let fonts = poppler("pdffonts", &["-"], &bytes);
    assert!(fonts.lines().skip(2).all(|font| font.contains(" yes ")), "a font is not embedded: {fonts}");
}

#[test]
fn a_stamped_copy_says_on_every_page_that_it_is_not_in_force() {
    let draft =
        draft((1..=20).map(|number| line(&format!("Produit {number}"), "1 gélule le soir\nau repas")).collect());
    let stamp = Stamp {
        word: "ANNULÉE".to_owned(),
        sentence: "Ordonnance annulée le 23 novembre 2026. Ne pas délivrer.".to_owned(),
    };
    let sheet = sheet_for(&draft, "Durand");
    let stored = serde_json::to_string(&sheet).unwrap();
    let again: PrescriptionSheet = serde_json::from_str(&stored).unwrap();
    let copy = render(&again, Some(&stamp)).unwrap();
    let text = poppler("pdftotext", &["-raw", "-", "-"], &copy);
    assert!(text.contains("Ordonnance annulée le 23 novembre 2026. Ne pas délivrer."), "{text}");
    assert!(text.matches("ANNULÉE").count() >= 2, "{text}");
    assert!(!self::text(&render(&sheet, None).unwrap()).contains("ANNULÉE"));
}

#[test]
fn endless_words_stay_on_the_page() {
    let endless = "W".repeat(180);
    let text = text(&pdf(&draft(vec![line(&endless, &"M".repeat(480))])));
    let printed = |letter: char| text.chars().filter(|character| *character == letter).count();
    assert_eq!(printed('W'), 180);
    assert!(printed('M') >= 480);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_can_be_printed_is_laid_out_wherever_the_pages_end(
        name in "[ -~À-ÿŒœµ«»’]{1,80}", dosage in "[ -~À-ÿ\n]{1,300}", count in 1_usize..=30, mentions in "[ -~\n]{0,900}",
        stamped in any::<bool>(),
    ) {
        let draft = PrescriptionDraft { mentions: Some(mentions), ..draft(vec![line(&name, &dosage); count]) };
        let stamp = Stamp { word: "ANNULÉE".to_owned(), sentence: "Ne pas délivrer.".to_owned() };
        if draft.validate().is_ok() {
            let pdf = render(&sheet_for(&draft, "Durand"), stamped.then_some(&stamp)).unwrap();
            prop_assert!(pdf.starts_with(b"%PDF-1.7"));
        }
    }
}

/// As a practitioner hands it to somebody in a call.
#[test]
fn written_anew_it_says_and_looks_the_same() {
    let old = pdf(&draft(vec![line("Amoxicilline", "1 gélule matin, midi et soir")]));
    let new = colloque_pdf::clean(old.clone()).unwrap();
    assert_eq!(text(&new), text(&old));
    let look = |pdf: &[u8]| piped("pdftoppm", &["-r", "72", "-singlefile", "-"], pdf);
    assert_eq!(look(&new), look(&old));
    let told = |pdf: &[u8]| poppler("pdfinfo", &["-"], pdf);
    assert!(told(&old).contains("Title:"), "{}", told(&old));
    assert!(!["Title:", "Creator:", "CreationDate:"].iter().any(|what| told(&new).contains(what)), "{}", told(&new));
}
