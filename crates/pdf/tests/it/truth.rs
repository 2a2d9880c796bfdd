//! What a page shows is neither missing nor out of date: where that is not sure, nothing is written.

use colloque_pdf::{CleanPdfError, clean};

use crate::file::{File, contains};

const REFUSED: Result<Vec<u8>, CleanPdfError> = Err(CleanPdfError::Unreadable);

/// A result that was corrected since: the second version of the page's drawing.
fn corrected() -> Vec<u8> {
    let mut bytes = File::page("", "BT (58, normal) Tj ET").write("");
    let before = bytes.windows(9).rposition(|window| window == b"startxref").expect("it ends so") + 10;
    let before = String::from_utf8_lossy(&bytes[before..]).split('\n').next().map(str::to_owned).expect("a number");
    let object = bytes.len();
    let draws = "BT (580, alarming) Tj ET";
    bytes.extend(format!("4 0 obj\n<< /Length {} >> stream\n{draws}\nendstream\nendobj\n", draws.len()).bytes());
    let table = bytes.len();
    bytes.extend(
        format!("xref\n4 1\n{object:010} 00000 n \ntrailer << /Size 5 /Root 1 0 R /Prev {before} >>\nstartxref\n{table}\n%%EOF\n").bytes(),
    );
    bytes
}

#[test]
fn the_newest_version_is_written_whatever_stands_before_the_file() {
    for junk in ["", "\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let new = clean([junk.as_bytes(), &corrected()].concat()).unwrap();
        assert!(contains(&new, "580, alarming") && !contains(&new, "58, normal"), "{junk:?}");
    }
}

#[test]
fn a_table_that_does_not_hold_is_not_guessed_at() {
    let whole = corrected();
    // Bytes that are too many in the middle, one that is missing, and an end that is.
    let at = whole.windows(7).position(|window| window == b"%%EOF\n4").expect("two versions") + 6;
    assert_eq!(clean([&whole[..at], b"%x\n", &whole[at..]].concat()), REFUSED);
    assert_eq!(clean([&whole[..at - 1], &whole[at..]].concat()), REFUSED);
    for cut in [1, 60, 150] {
        let end = whole.len() - 6 - cut;
        assert_ne!(clean(whole[..end].to_vec()).map(|new| contains(&new, "58, normal")), Ok(true), "{cut}");
    }
}

#[test]
fn pages_that_are_not_found_are_missed() {
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>";
    for tree in [
        "/Kids [3 0 R 3 0 R] /Count 2",
        "/Kids [3 0 R 5 0 R] /Count 3",
        "/Kids [3 0 R 9 0 R] /Count 2",
        "/Kids [3 0 R]",
    ] {
        let mut file = File::page("", "");
        file.replace(2, &format!("<< /Type /Pages {tree} >>"));
        // A part of the tree that does not say that it is one.
        file.add(&format!("<< /Kids [{page} {page}] /Count 2 /Parent 2 0 R >>"));
        assert_eq!(clean(file.write("")), REFUSED, "{tree}");
    }
}

#[test]
fn what_was_taken_out_stays_out() {
    let mut file = File::page("/Annots [5 0 R]", "BT (seen) Tj ET");
    file.add("<< /Type /Annot /Subtype /FreeText /Rect [0 0 50 20] /Contents (withdrawn) /DA (/F 9 Tf) >>");
    let mut bytes = file.write("");
    assert!(contains(&clean(bytes.clone()).unwrap(), "withdrawn"));
    let table = bytes.len();
    let before = String::from_utf8_lossy(&bytes)
        .rsplit("startxref\n")
        .next()
        .and_then(|it| it.split('\n').next())
        .map(str::to_owned);
    let before = before.expect("a number");
    bytes.extend(
        format!("xref\n5 1\n0000000000 00001 f \ntrailer << /Size 6 /Root 1 0 R /Prev {before} >>\nstartxref\n{table}\n%%EOF\n").bytes(),
    );
    let new = clean(bytes).unwrap();
    assert!(contains(&new, "(seen)") && !contains(&new, "withdrawn"));
}

#[test]
fn a_mark_in_a_layer_that_is_not_shown_stays_in_it() {
    let mut file = File::page("/Annots [6 0 R]", "");
    file.add("<< /Type /OCG /Name (Brouillon) >>");
    file.add("<< /Type /Annot /Subtype /Stamp /Rect [0 0 50 20] /OC 5 0 R /AP << /N 7 0 R >> >>");
    file.stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"0 0 9 9 re f");
    file.replace(1, "<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] >> >> >>");
    assert!(contains(&clean(file.write("")).unwrap(), "/Annot/Subtype/Stamp/OC "));
}

#[test]
fn drawings_of_every_kind_stay() {
    for kind in ["FileAttachment", "Link", "RichMedia", "Acme:Mesure"] {
        let mut file = File::page("/Annots [5 0 R]", "");
        file.add(&format!("<< /Type /Annot /Subtype /{kind} /Rect [0 0 50 20] /AP << /N 6 0 R >> >>"));
        file.stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"BT (voir ci-joint) Tj ET");
        assert!(contains(&clean(file.write("")).unwrap(), "voir ci-joint"), "{kind}");
    }
    let mut file = File::page("/Annots [5 0 R]", "");
    file.add("<< /Type /Annot /Subtype /Stamp /Name /Draft /Rect [0 0 50 20] >>");
    assert!(contains(&clean(file.write("")).unwrap(), "/Name/Draft"));
}

/// A file may call its fonts and drawings as it likes, also like an entry that is left out elsewhere.
#[test]
fn no_name_that_a_file_chose_is_lost() {
    let mut file = File::page("/Resources << /XObject << /JS 5 0 R >> >>", "/JS Do");
    file.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 99 99] /Resources << /Font << /AA 6 0 R >> /XObject << /Metadata 8 0 R >> >>",
        b"BT /AA 9 Tf (a) Tj ET /Metadata Do",
    );
    file.add("<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [9] /Encoding << /Differences [97 /ID] >> /CharProcs << /ID 7 0 R >> >>");
    file.stream("", b"9 0 0 0 9 9 d1 0 0 9 9 re f");
    file.stream("/Type /XObject /Subtype /Form /BBox [0 0 9 9]", b"1 1 7 7 re f");
    let new = clean(file.write("")).unwrap();
    for kept in
        ["/XObject<</JS ", "/Font<</AA ", "/XObject<</Metadata ", "/CharProcs<</ID ", "d1 0 0 9 9 re f", "1 1 7 7 re f"]
    {
        assert!(contains(&new, kept), "{kept}: {}", String::from_utf8_lossy(&new));
    }
}

#[test]
fn answers_keep_the_fonts_that_they_have_from_the_form() {
    let mut file = File::page("/Annots [5 0 R]", "");
    file.add("<< /Type /Annot /Subtype /Widget /FT /Tx /V (Doliprane) /Rect [0 0 50 20] /AP << /N 6 0 R >> >>");
    file.stream("/Type /XObject /Subtype /Form /BBox [0 0 50 20]", b"BT /Helv 9 Tf (Doliprane) Tj ET");
    file.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    file.replace(
        1,
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] /DR << /Font << /Helv 7 0 R >> >> >> >>",
    );
    let new = clean(file.write("")).unwrap();
    assert!(contains(&new, "/Font<</Helv "));
    assert_eq!(clean(new.clone()), Ok(new));
}

#[test]
fn a_page_is_turned_however_its_number_is_written() {
    for (turn, written) in [("90.0", 90), ("-90", 270), ("450", 90), ("45", 0)] {
        let new = clean(File::page(&format!("/Rotate {turn}"), "").write("")).unwrap();
        assert!(contains(&new, &format!("/Rotate {written}/")), "{turn}");
    }
}
