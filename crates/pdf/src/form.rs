//! Forms: what is answered must be drawn, for nothing else of it is taken over.

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, String};
use hayro_syntax::page::Resources;

use crate::CleanPdfError;
use crate::annotation::drawing;

/// How deep fields may lie within fields.
const MAX_DEPTH: usize = 32;

/// What holds for all fields of a form.
#[derive(Default)]
pub struct Form<'a> {
    /// Whether a reader is to draw the answers anew.
    pub is_stale: bool,
    /// What drawings of answers use that name nothing of their own.
    pub resources: Option<Resources<'a>>,
}

impl<'a> Form<'a> {
    /// Reads what holds for all.
    pub fn of(pdf: &'a Pdf) -> Result<Self, CleanPdfError> {
        let xref = pdf.xref();
        let Some(root) = xref.get::<Dict<'_>>(xref.root_id()) else { return Ok(Self::default()) };
        let Some(form) = root.get::<Dict<'_>>("AcroForm") else { return Ok(Self::default()) };
        // A form that a program lays out: its pages say "please wait".
        if root.get::<bool>("NeedsRendering") == Some(true) {
            return Err(CleanPdfError::UndrawnForm);
        }
        Ok(Self {
            is_stale: form.get::<bool>("NeedAppearances") == Some(true),
            resources: form.get::<Dict<'_>>("DR").map(Resources::new),
        })
    }

    /// Whether what somebody answered in a field on a page is drawn there.
    pub fn is_drawn(&self, widget: &Dict<'_>) -> bool {
        let kind = inherited::<Name<'_>>(widget, "FT");
        let answer = inherited::<Object<'_>>(widget, "V");
        match kind.as_deref() {
            // A signature says nothing else than its drawing.
            Some(b"Sig") => true,
            Some(b"Btn") => answer.and_then(Object::into_name).is_none_or(|chosen| is_ticked(widget, &chosen)),
            _ => !answer.is_some_and(|answer| is_something(&answer)) || (!self.is_stale && drawing(widget).is_some()),
        }
    }
}

/// Whether a box shows what was chosen, as far as it is this box that was.
fn is_ticked(widget: &Dict<'_>, chosen: &Name<'_>) -> bool {
    if chosen.as_ref() == b"Off" {
        return true;
    }
    let Some(drawings) = widget.get::<Dict<'_>>("AP") else { return false };
    match drawings.get::<Dict<'_>>("N") {
        Some(states) if states.contains_key(chosen) => {
            widget.get::<Name<'_>>("AS").as_ref() == Some(chosen) && drawing(widget).is_some()
        }
        // Another box of the same question.
        Some(states) => !states.is_empty(),
        None => false,
    }
}

/// What a field says of itself, or a field that it is part of.
fn inherited<'a, T: TryFrom<Object<'a>>>(field: &Dict<'a>, key: &str) -> Option<T> {
    let mut field = field.clone();
    for _ in 0..MAX_DEPTH {
        if let Some(own) = field.get::<Object<'a>>(key) {
            return T::try_from(own).ok();
        }
        field = field.get::<Dict<'a>>("Parent")?;
    }
    None
}

fn is_something(answer: &Object<'_>) -> bool {
    match answer {
        Object::String(words) => !String::as_bytes(words).is_empty(),
        Object::Array(chosen) => Array::raw_iter(chosen).next().is_some(),
        Object::Null(_) | Object::Name(_) => false,
        _ => true,
    }
}
