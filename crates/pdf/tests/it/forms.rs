//! Forms.

use colloque_pdf::{CleanPdfError, clean};

use crate::file::File;

fn form(form: &str, field: &str) -> Result<Vec<u8>, CleanPdfError> {
    let mut file = File::page("/Annots [6 0 R]", "");
    file.stream("/Type /XObject /Subtype /Form /BBox [0 0 60 20]", b"0 0 5 5 re f");
    file.add(&format!("<< /Type /Annot /Subtype /Widget /Rect [0 0 60 20] {field} >>"));
    file.add("<< /T (above) /FT /Tx /V (Doliprane) >>");
    file.replace(1, &format!("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] {form} >> >>"));
    clean(file.write(""))
}

#[test]
fn answers_that_are_not_drawn_are_not_lost_silently() {
    let refused = Err(CleanPdfError::UndrawnForm);
    assert_eq!(form("", "/FT /Tx /V (Doliprane)"), refused);
    assert_eq!(form("", "/FT /Ch /V [(un) (deux)]"), refused);
    assert_eq!(form("/NeedAppearances true", "/FT /Tx /V (Doliprane) /AP << /N 5 0 R >>"), refused);
    assert_eq!(form("", "/Parent 7 0 R"), refused);
    assert_eq!(form("", "/FT /Tx /V (Doliprane) /AP << /N null >>"), refused);
    // A box that was ticked: "allergic to penicillin".
    assert_eq!(form("", "/FT /Btn /V /Yes /AS /Yes /MK << /CA (4) >>"), refused);
    assert_eq!(form("", "/FT /Btn /V /Yes /AS /Off /AP << /N << /Yes 5 0 R >> >>"), refused);
    assert_eq!(form("", "/FT /Btn /V /Yes /AP << /N << /Yes 5 0 R >> >>"), refused);
}

#[test]
fn drawn_answers_and_empty_fields_are_taken() {
    for (of_form, field) in [
        ("", "/FT /Tx /V (Doliprane) /AP << /N 5 0 R >>"),
        ("", "/FT /Tx"),
        ("", "/FT /Tx /V ()"),
        ("/NeedAppearances true", "/FT /Btn /V /Yes /AS /Yes /AP << /N << /Yes 5 0 R >> >>"),
        ("", "/Parent 7 0 R /AP << /N 5 0 R >>"),
        ("", "/FT /Btn /V /Other /AS /Off /AP << /N << /Yes 5 0 R >> >>"),
        ("", "/FT /Btn /V /Off"),
        ("", "/F 2 /FT /Tx /V (hidden)"),
    ] {
        assert!(form(of_form, field).is_ok(), "{field}");
    }
}

#[test]
fn a_form_that_a_program_lays_out_is_refused() {
    let mut file = File::page("", "");
    file.replace(1, "<< /Type /Catalog /Pages 2 0 R /NeedsRendering true /AcroForm << /Fields [] >> >>");
    assert_eq!(clean(file.write("")), Err(CleanPdfError::UndrawnForm));
}
