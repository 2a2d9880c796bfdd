//! Pages look as before: drawn by poppler, pixel by pixel.

use std::path::Path;
use std::process::Command;

use colloque_pdf::{CleanPdfError, clean};

use crate::file::{File, photograph};

fn drawn(folder: &Path, name: &str, bytes: &[u8]) -> Vec<u8> {
    let file = folder.join(format!("{name}.pdf"));
    std::fs::write(&file, bytes).expect("folder is there");
    let out = folder.join(name);
    let run = Command::new("pdftoppm").args(["-r", "72", "-singlefile"]).arg(&file).arg(&out).output();
    assert!(run.expect("poppler-utils is installed").status.success());
    std::fs::read(out.with_extension("ppm")).expect("pdftoppm wrote it")
}

fn looks_the_same(name: &str, old: &[u8]) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("folder can be made");
    let new = clean(old.to_vec()).expect("document is taken");
    let (before, after) = (drawn(&folder, "before", old), drawn(&folder, "after", &new));
    let blank = drawn(&folder, "blank", &File::page("", "").write(""));
    assert_eq!(before, after);
    assert_ne!(before, blank, "nothing is drawn");
    new
}

#[test]
fn letters_photographs_and_marks_look_as_before() {
    let mut file = File::page(
        "/Rotate 90 /CropBox [5 5 195 95] /Resources << /Font << /F1 5 0 R >> /XObject << /Im1 6 0 R >> >> /Annots [7 0 R 8 0 R]",
        "0.2 0.4 0.8 rg 0 0 40 40 re f BT /F1 18 Tf 10 50 Td (Compte rendu) Tj ET q 40 0 0 40 60 5 cm /Im1 Do Q",
    );
    file.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    file.stream(
        "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode",
        &photograph(),
    );
    file.add("<< /Type /Annot /Subtype /Widget /FT /Tx /F 4 /Rect [120 40 180 60] /AP << /N 9 0 R >> >>");
    file.add("<< /Type /Annot /Subtype /Square /Rect [110 10 150 30] /C [1 0 0] /BS << /W 2 >> /T (somebody) >>");
    file.stream("/Type /XObject /Subtype /Form /BBox [0 0 60 20]", b"0 1 0 rg 0 0 60 20 re f");
    looks_the_same("marks", &file.write(""));
}

/// Made with `qpdf --encrypt '' owner 256 --print=none` from a page that says "Ordonnance".
#[test]
fn what_may_be_read_but_not_printed_is_taken() {
    let new = looks_the_same("restricted", include_bytes!("restricted.pdf"));
    assert!(!new.windows(8).any(|window| window == b"/Encrypt"));
}

/// Made with `qpdf --encrypt secret owner 256` from the same.
#[test]
fn what_asks_for_a_password_is_refused() {
    assert_eq!(clean(include_bytes!("locked.pdf").to_vec()), Err(CleanPdfError::Password));
}

/// Made with `qpdf --object-streams=generate` from the same.
#[test]
fn objects_within_streams_are_read() {
    looks_the_same("packed", include_bytes!("packed.pdf"));
}
