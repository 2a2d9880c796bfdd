//! Documents that are made to do harm.

use std::fmt::Write;

use colloque_pdf::{CleanPdfError, MAX_PAGES, clean, is_pdf};
use proptest::prelude::*;

use crate::file::File;

#[test]
fn what_is_no_document_is_refused() {
    for bytes in
        [&b""[..], b"%PDF", b"%PDF-1.7", b"MZ\x90\0", b"<html>%PDF-1.7</html>", b"%PDF-1.7\n1 0 obj\nnull\nendobj\n"]
    {
        assert_eq!(clean(bytes.to_vec()), Err(CleanPdfError::Unreadable));
    }
    assert!(!is_pdf(b"\xff\xd8\xff"));
}

#[test]
fn no_more_pages_are_written_than_somebody_reads() {
    let mut kids = String::new();
    for _ in 0..=MAX_PAGES {
        write!(kids, "<< /Type /Page /Contents 4 0 R >>").unwrap();
    }
    let mut file = File::page("", "");
    file.replace(2, &format!("<< /Type /Pages /Kids [{kids}] /Count 1001 >>"));
    assert_eq!(clean(file.write("")), Err(CleanPdfError::TooLong));
}

#[test]
fn circles_end() {
    let mut file = File::page("/Resources << /XObject << /A 5 0 R >> >>", "/A Do");
    file.stream("/Type /XObject /Subtype /Form /Resources << /XObject << /A 5 0 R /B 6 0 R >> >>", b"/A Do");
    file.add("[5 0 R 6 0 R 3 0 R 2 0 R 1 0 R]");
    let new = clean(file.write("")).unwrap();
    // The page, its tree and the catalog are there once, not again from within the drawing.
    assert_eq!(String::from_utf8_lossy(&new).matches("/Type/Catalog").count(), 1);
    assert_eq!(String::from_utf8_lossy(&new).matches("/MediaBox").count(), 1);
}

#[test]
fn deep_nesting_ends() {
    for (open, close) in [("[", "]"), ("<< /A ", ">>")] {
        let mut file = File::page("/Group 5 0 R", "");
        file.add(&[open.repeat(100_000), close.repeat(100_000)].concat());
        // Whatever comes of it, it is an answer.
        let _ = clean(file.write(""));
    }
}

#[test]
fn content_from_elsewhere_is_not_fetched_and_no_filter_is_disguised() {
    for entries in ["/F (http://somewhere.example/PLANTED) /FFilter /FlateDecode", "/Filter /DCTDecode /F /FlateDecode"]
    {
        let mut file = File::page("/Resources << /XObject << /A 5 0 R >> >>", "/A Do");
        file.stream(&format!("/Type /XObject /Subtype /Form {entries}"), b"0 0 5 5 re f");
        assert_eq!(clean(file.write("")), Err(CleanPdfError::Unreadable), "{entries}");
    }
}

/// A page's list of marks counts for each page that names it.
#[test]
fn a_few_marks_on_many_pages_end() {
    let page = "<< /Type /Page /Parent 2 0 R /Annots 5 0 R >>";
    let mut file = File::page("", "");
    file.replace(2, &format!("<< /Type /Pages /MediaBox [0 0 9 9] /Kids [{}] /Count 1000 >>", page.repeat(1_000)));
    file.add(&format!("[{}]", "6 0 R ".repeat(40)));
    file.add(&format!("<< /Type /Annot /Subtype /Ink /Rect [0 0 9 9] /InkList [[{}]] >>", "0 0 ".repeat(500)));
    assert_eq!(clean(file.write("")), Err(CleanPdfError::TooLong));
}

/// An action hides where a drawing is expected, under every name.
#[test]
fn actions_are_found_wherever_they_stand() {
    for action in
        ["<< /S /JavaScript /JS (PLANTED) >>", "<< /S /Launch /F (PLANTED) >>", "<< /Type /Filespec /F (PLANTED) >>"]
    {
        for key in ["/Group", "/Resources", "/Contents", "/UserUnit"] {
            let new = clean(File::page(&format!("{key} {action}"), "").write("")).unwrap();
            assert!(!crate::file::contains(&new, "PLANTED"), "{key} {action}");
        }
        let mut file =
            File::page("/Resources << /ExtGState << /G << /Font [5 0 R 1] /X [5 0 R << /Y 5 0 R >>] >> >> >>", "");
        file.add(action);
        assert!(!crate::file::contains(&clean(file.write("")).unwrap(), "PLANTED"), "{action}");
    }
}

proptest! {
    /// Damage anywhere gives an error or a document that is written the same again.
    #[test]
    fn damage_ends_well(at in 0_usize..2_000, byte: u8, cut in 0_usize..2_000) {
        let mut bytes = include_bytes!("packed.pdf").to_vec();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % 64);
        if let Ok(new) = clean(bytes) {
            prop_assert_eq!(clean(new.clone()), Ok(new));
        }
    }
}
