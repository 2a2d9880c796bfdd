//! What was put onto a page: marks, stamps, notes, answers in forms. Only what is seen of them.

use hayro_syntax::object::{Dict, Name, ObjRef, Stream};

/// Marks that readers draw themselves where no drawing comes with them.
const MARKS: [&[u8]; 14] = [
    b"Caret",
    b"Circle",
    b"FreeText",
    b"Highlight",
    b"Ink",
    b"Line",
    b"PolyLine",
    b"Polygon",
    b"Square",
    b"Squiggly",
    b"Stamp",
    b"StrikeOut",
    b"Text",
    b"Underline",
];

/// Entries that say where a drawing is and in which layer.
pub const PLACE: [&[u8]; 2] = [b"OC", b"Rect"];

/// Entries that say how a mark looks, and the words of a note. Not who made it, and when.
pub const SHAPE: [&[u8]; 19] = [
    b"BE",
    b"BS",
    b"Border",
    b"C",
    b"CA",
    b"Contents",
    b"DA",
    b"IC",
    b"InkList",
    b"L",
    b"LE",
    b"Name",
    b"Q",
    b"QuadPoints",
    b"RD",
    b"Rotate",
    b"Sy",
    b"Vertices",
    b"ca",
];

/// Hidden, or not shown on a screen (ISO 32000-1 table 165).
const UNSEEN: i32 = 2 | 32;

/// Printed too.
pub const PRINTED: i32 = 4;

/// What is taken over of one.
pub struct Seen<'a> {
    /// What it becomes.
    pub subtype: Vec<u8>,
    /// Its drawing.
    pub drawing: Option<ObjRef>,
    pub dict: Dict<'a>,
    /// Whether [`SHAPE`] is taken over besides the drawing.
    pub has_shape: bool,
    /// Whether it is a field of a form.
    pub is_answer: bool,
    pub is_printed: bool,
}

/// Reads one; none if it is hidden.
pub fn seen<'a>(dict: &Dict<'a>) -> Option<Seen<'a>> {
    let flags = dict.get::<i32>("F").unwrap_or_default();
    if flags & UNSEEN != 0 {
        return None;
    }
    let subtype = dict.get::<Name<'_>>("Subtype")?.to_vec();
    let drawing = drawing(dict);
    let is_answer = subtype == b"Widget";
    let has_shape = MARKS.contains(&subtype.as_slice());
    let becomes = match subtype.as_slice() {
        // Shown when another one is tapped at.
        b"Popup" => return None,
        _ if has_shape => subtype,
        // Answers in forms, links, and kinds that not every reader knows: a drawing in its place.
        _ => b"Stamp".to_vec(),
    };
    let is_printed = flags & PRINTED != 0;
    Some(Seen { subtype: becomes, drawing, dict: dict.clone(), has_shape, is_answer, is_printed })
}

/// The drawing for the state that it is in.
pub fn drawing(dict: &Dict<'_>) -> Option<ObjRef> {
    let drawings = dict.get::<Dict<'_>>("AP")?;
    if drawings.get::<Stream<'_>>("N").is_some() {
        return drawings.get_ref("N");
    }
    let states = drawings.get::<Dict<'_>>("N")?;
    let state = dict.get::<Name<'_>>("AS")?;
    states.get::<Stream<'_>>(&state)?;
    states.get_ref(&state)
}
