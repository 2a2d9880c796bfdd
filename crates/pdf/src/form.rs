//! Forms: their answers must be drawn, for nothing else of them is taken over.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, String};

use crate::CleanPdfError;

/// How deep fields may lie within fields.
const MAX_DEPTH: usize = 32;

/// Refuses a form whose answers a reader would have to draw.
pub fn check(pdf: &Pdf) -> Result<(), CleanPdfError> {
    let xref = pdf.xref();
    let Some(root) = xref.get::<Dict<'_>>(xref.root_id()) else { return Ok(()) };
    let Some(form) = root.get::<Dict<'_>>("AcroForm") else { return Ok(()) };
    // A form that a program lays out: its pages say "please wait".
    if root.get::<bool>("NeedsRendering") == Some(true) {
        return Err(CleanPdfError::UndrawnForm);
    }
    let Some(fields) = form.get::<Array<'_>>("Fields") else { return Ok(()) };
    let is_any_stale = form.get::<bool>("NeedAppearances") == Some(true);
    let mut budget = crate::MAX_OBJECTS;
    if fields.iter::<Dict<'_>>().all(|field| is_drawn(&field, None, is_any_stale, MAX_DEPTH, &mut budget)) {
        Ok(())
    } else {
        Err(CleanPdfError::UndrawnForm)
    }
}

/// Whether the answer that a field holds is drawn. `is_answered` is what the field above says.
fn is_drawn(field: &Dict<'_>, is_answered: Option<bool>, is_any_stale: bool, depth: usize, budget: &mut usize) -> bool {
    let Some(left) = budget.checked_sub(1) else { return false };
    *budget = left;
    let is_written = field.get::<Name<'_>>("FT").map(|kind| matches!(kind.as_ref(), b"Tx" | b"Ch"));
    let own = field.get::<Object<'_>>("V").map(|answer| is_something(&answer));
    let is_answered = match (own, is_written) {
        // Boxes and signatures have no words.
        (_, Some(false)) => Some(false),
        (Some(own), _) => Some(own),
        (None, _) => is_answered,
    };
    match field.get::<Array<'_>>("Kids") {
        Some(_) if depth == 0 => false,
        Some(kids) => kids.iter::<Dict<'_>>().all(|kid| is_drawn(&kid, is_answered, is_any_stale, depth - 1, budget)),
        None => is_answered != Some(true) || (field.contains_key("AP") && !is_any_stale),
    }
}

fn is_something(answer: &Object<'_>) -> bool {
    match answer {
        Object::String(words) => !String::as_bytes(words).is_empty(),
        Object::Array(chosen) => chosen.raw_iter().next().is_some(),
        Object::Null(_) | Object::Name(_) => false,
        _ => true,
    }
}
