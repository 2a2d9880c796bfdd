//! What is never taken over, wherever it stands.

use hayro_syntax::object::{Dict, Name};

/// Entries about how a document was made, about its parts outside of the pages, and of what moves by itself.
const LEFT_OUT: [&[u8]; 22] = [
    b"AA",
    b"AF",
    b"Alternates",
    b"AuthEvent",
    b"CreatorInfo",
    b"EF",
    b"ID",
    b"JS",
    b"JavaScript",
    b"LastModified",
    b"Measure",
    b"Metadata",
    b"OPI",
    b"OpenAction",
    b"PieceInfo",
    b"PtData",
    b"Ref",
    b"SeparationInfo",
    b"StructParent",
    b"StructParents",
    b"Thumb",
    b"Usage",
];

/// Dictionaries that are not for drawing.
const TYPES: [&[u8]; 16] = [
    b"Action",
    b"Annot",
    b"Catalog",
    b"Collection",
    b"EmbeddedFile",
    b"Filespec",
    b"F",
    b"Metadata",
    b"ObjStm",
    b"Page",
    b"Pages",
    b"Sig",
    b"SigRef",
    b"StructElem",
    b"StructTreeRoot",
    b"XRef",
];

/// Actions (ISO 32000-1 table 198, ISO 32000-2 table 201).
const ACTIONS: [&[u8]; 20] = [
    b"GoTo",
    b"GoTo3DView",
    b"GoToDp",
    b"GoToE",
    b"GoToR",
    b"Hide",
    b"ImportData",
    b"JavaScript",
    b"Launch",
    b"Movie",
    b"Named",
    b"Rendition",
    b"ResetForm",
    b"RichMediaExecute",
    b"SetOCGState",
    b"Sound",
    b"SubmitForm",
    b"Thread",
    b"Trans",
    b"URI",
];

/// Whether an entry of a dictionary that draws is left out.
pub fn is_left_out(key: &[u8]) -> bool {
    LEFT_OUT.contains(&key)
}

/// Whether a dictionary is an action, a file, a page of its own or a part of the file's own order.
pub fn is_foreign(dict: &Dict<'_>) -> bool {
    let is = |key: &str, names: &[&[u8]]| dict.get::<Name<'_>>(key).is_some_and(|name| names.contains(&name.as_ref()));
    is("Type", &TYPES) || is("S", &ACTIONS) || (is("Subtype", &[b"PS"]) && !is("Type", &[b"Font"]))
}

/// Whether a dictionary is a layer, or says which layers something belongs to.
pub fn is_layer(dict: &Dict<'_>) -> bool {
    dict.get::<Name<'_>>("Type").is_some_and(|name| matches!(name.as_ref(), b"OCG" | b"OCMD"))
}
