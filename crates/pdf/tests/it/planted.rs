//! Words that are planted where nobody sees them, and looked for in what is written.

use colloque_pdf::clean;

use crate::file::{File, contains, photograph};

fn full() -> Vec<u8> {
    let mut file = File::page(
        "/Resources << /Font << /F1 5 0 R >> /XObject << /Im1 6 0 R /Im2 7 0 R /Ps 21 0 R >> \
         /Properties << /Mc0 << /Metadata 8 0 R /Note (PLANTED property) >> >> >> \
         /Annots [9 0 R 10 0 R 11 0 R 12 0 R 13 0 R 14 0 R 22 0 R] /AA << /O 15 0 R >> /Metadata 8 0 R /LastModified (PLANTED hour) \
         /PieceInfo << /Editor << /Private (PLANTED earlier version) >> >> /Thumb 6 0 R /StructParents 0",
        "BT /F1 12 Tf 10 50 Td (Hemoglobine) Tj ET q 20 0 0 20 10 10 cm /Im1 Do Q q 20 0 0 20 40 10 cm /Im2 Do Q",
    );
    assert_eq!(file.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"), 5);
    let picture = "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8";
    file.stream(&format!("{picture} /Filter /DCTDecode /Metadata 8 0 R"), &photograph());
    let hex: String = photograph().iter().map(|byte| format!("{byte:02x}")).collect();
    file.stream(&format!("{picture} /Filter [/ASCIIHexDecode /DCTDecode]"), format!("{hex}>").as_bytes());
    file.stream("/Type /Metadata /Subtype /XML", b"<x:xmpmeta>PLANTED author</x:xmpmeta>");
    let mark = "<< /Type /Annot /Rect [120 10 180 30]";
    file.add(&format!("{mark} /Subtype /Link /A << /S /URI /URI (http://PLANTED.example) >> >>"));
    file.add(&format!("{mark} /Subtype /FileAttachment /FS 16 0 R /AP << /N 18 0 R >> >>"));
    file.add(&format!("{mark} /Subtype /Text /T (PLANTED reader) /M (PLANTED when) /NM (PLANTED name) /Contents (voir avec le cardiologue) >>"));
    file.add(&format!(
        "{mark} /Subtype /Widget /FT /Tx /T (PLANTED field) /V (Doliprane) /AP << /N 18 0 R /D 19 0 R >> /A 15 0 R >>"
    ));
    file.add(&format!("{mark} /Subtype /FreeText /F 2 /Contents (PLANTED hidden) /AP << /N 19 0 R >> >>"));
    file.add(&format!("{mark} /Subtype /Screen /A 15 0 R /AP << /N 18 0 R >> >>"));
    file.add("<< /S /JavaScript /JS (app.alert\\('PLANTED script'\\)) >>");
    file.add("<< /Type /Filespec /F (PLANTED.exe) /EF << /F 17 0 R >> >>");
    file.stream("/Type /EmbeddedFile", b"PLANTED file within");
    file.stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 60 20] /Resources << /Font << /F1 5 0 R >> /Properties << /P << /Note (PLANTED in form) >> >> >> /OPI << /F (PLANTED.tif) >> /PTEX.InfoDict << /Author (PLANTED) >> /Vendor 8 0 R",
        b"BT /F1 8 Tf 0 5 Td (Doliprane) Tj ET",
    );
    file.stream("/Type /XObject /Subtype /Form /BBox [0 0 60 20]", b"% PLANTED drawing that is not shown");
    file.add("<< /Type /StructTreeRoot /K << /Type /StructElem /S /Document /T (PLANTED title) /P 20 0 R >> >>");
    file.stream("/Type /XObject /Subtype /PS", b"PLANTED program");
    file.add(&format!("{mark} /Subtype /Widget /FT /Btn /AS /On /AP << /N << /On 18 0 R /Off 19 0 R >> >> >>"));
    file.replace(
        1,
        "<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) /Metadata 8 0 R /OpenAction 15 0 R /AA << /WC 15 0 R >> /StructTreeRoot 20 0 R \
         /Names << /EmbeddedFiles << /Names [(PLANTED) 16 0 R] >> /JavaScript << /Names [(PLANTED) 15 0 R] >> >> \
         /AcroForm << /Fields [12 0 R] /XFA (PLANTED form) >> /PageLabels << /Nums [0 << /P (PLANTED label) >>] >> >>",
    );
    let info =
        file.add("<< /Author (PLANTED) /Title (PLANTED title) /Producer (PLANTED producer) /CreationDate (PLANTED) >>");
    file.write(&format!("/Info {info} 0 R /ID [<504c414e544544> <504c414e544544>]"))
}

#[test]
fn nothing_that_nobody_sees_is_written() {
    let old = full();
    assert!(contains(&old, "PLANTED"));
    let new = clean(old).unwrap();
    for never in [
        "PLANTED",
        "504c414e544544",
        "JavaScript",
        "OpenAction",
        "/AA",
        "URI",
        "Filespec",
        "EmbeddedFile",
        "Exif",
        "/Info",
        "/ID",
        "Metadata",
        "StructParent",
        "AcroForm",
        "Widget",
        "/Link",
        "/Screen",
        "/PS",
    ] {
        assert!(!contains(&new, never), "{never}: {}", String::from_utf8_lossy(&new));
    }
}

#[test]
fn what_is_seen_is_written() {
    let new = clean(full()).unwrap();
    for seen in [
        "(Hemoglobine)",
        "(Doliprane)",
        "(voir avec le cardiologue)",
        "/Stamp",
        "/Text",
        "/Lang(fr-FR)",
        "/DCTDecode",
        "/Helvetica",
    ] {
        assert!(contains(&new, seen), "{seen}: {}", String::from_utf8_lossy(&new));
    }
    // Both answers of the form, each with its own drawing, and what is drawn for tapping at.
    assert_eq!(String::from_utf8_lossy(&new).matches("/Stamp").count(), 4);
}

#[test]
fn earlier_versions_are_not_written() {
    let first = File::page("", "BT (PLANTED: was blacked out later) Tj ET").write("");
    let at = first.len();
    let draws = b"0 0 200 100 re f";
    let update = format!(
        "4 0 obj\n<< /Length {} >> stream\n{}\nendstream\nendobj\nxref\n4 1\n{at:010} 00000 n \ntrailer << /Size 5 /Root 1 0 R /Prev {} >>\nstartxref\n{}\n%%EOF\n",
        draws.len(),
        String::from_utf8_lossy(draws),
        String::from_utf8_lossy(&first).rsplit("startxref\n").next().and_then(|rest| rest.split('\n').next()).unwrap(),
        at + format!("4 0 obj\n<< /Length {} >> stream\n\nendstream\nendobj\n", draws.len()).len() + draws.len(),
    );
    let both = [first, update.into_bytes()].concat();
    let new = clean(both).unwrap();
    assert!(!contains(&new, "PLANTED"));
    assert!(contains(&new, "0 0 200 100 re f"));
}

#[test]
fn a_layer_that_is_not_shown_stays_so() {
    let mut file = File::page("/Resources << /Properties << /L 5 0 R >> >>", "/OC /L BDC 10 10 50 50 re f EMC");
    file.add("<< /Type /OCG /Name (Calque) /Usage << /CreatorInfo << /Creator (PLANTED) >> >> >>");
    file.replace(
        1,
        "<< /Type /Catalog /Pages 2 0 R /OCProperties << /OCGs [5 0 R] /D << /OFF [5 0 R] /Creator (PLANTED) >> >> >>",
    );
    let new = clean(file.write("")).unwrap();
    assert!(!contains(&new, "PLANTED"));
    for kept in ["/OCProperties", "/OFF[", "(Calque)", "/Properties<</L "] {
        assert!(contains(&new, kept), "{kept}: {}", String::from_utf8_lossy(&new));
    }
}

#[test]
fn what_was_written_so_is_written_the_same_again() {
    let once = clean(full()).unwrap();
    assert_eq!(clean(once.clone()).unwrap(), once);
}
