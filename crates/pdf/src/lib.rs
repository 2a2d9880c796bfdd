//! Writes a PDF document anew, with what is seen of its pages and nothing else (ISO 32000-1).
//!
//! Whoever sends a document in a consultation seldom knows what it carries: who wrote it, when and with what, earlier versions of a page,
//! the place where a photograph in it was taken; and whoever receives it should not have to trust it: scripts, files within the file,
//! actions. Nothing is taken out here. Only what draws a page is taken over, so what nobody thought of stays behind too: objects that no
//! page leads to, entries that no reader draws with, bookmarks, links, the structure for reading aloud, and signatures, which would not hold
//! for other bytes anyway. Where it is not sure what a page shows, nothing is written: a result that is missing, or was corrected since, is
//! worse than none.
//!
//! What stays: fonts, colour profiles, layers that are not shown, and whatever stands in the instructions that draw: words under a bar that
//! was drawn over them, remarks, small pictures within.

mod annotation;
mod copy;
mod form;
mod inert;
mod picture;
mod stream;
mod table;

use hayro_syntax::object::Dict;
use hayro_syntax::{LoadPdfError, Pdf};
use thiserror::Error;

use copy::Copier;
use form::Form;

/// Pages that are written at most: a hospital's whole record has fewer.
pub const MAX_PAGES: usize = 1_000;

/// Objects that are written at most. A scanned page needs five, a page of drawings some hundred.
pub const MAX_OBJECTS: usize = 100_000;

/// Bytes that are written at most: what is written again and again in the file is read once, but pages name what they share.
pub const MAX_WRITTEN_BYTES: usize = 32 * 1024 * 1024;

/// Why a document is not written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CleanPdfError {
    /// It is no PDF document, or too damaged to be read.
    #[error("file is no readable document")]
    Unreadable,
    /// It opens only with a password.
    #[error("document asks for a password")]
    Password,
    /// It is a form whose answers are not drawn: they would be missing.
    #[error("answers of the form are not drawn")]
    UndrawnForm,
    /// It has more pages, objects or bytes than are written.
    #[error("document is too long")]
    TooLong,
}

/// Whether the bytes begin as a PDF document does.
#[must_use]
pub fn is_pdf(bytes: &[u8]) -> bool {
    start(bytes).is_some()
}

/// Where the document begins: readers look for it in the first kilobyte (ISO 32000-1 annex H, note 13).
fn start(bytes: &[u8]) -> Option<usize> {
    bytes.get(..bytes.len().min(1_024))?.windows(5).position(|window| window == b"%PDF-")
}

/// How many pages the document says that it has.
fn counted(pdf: &Pdf) -> Option<usize> {
    let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id())?;
    root.get::<Dict<'_>>("Pages")?.get::<u32>("Count").map(|count| count as usize)
}

/// Writes a document anew. What was written so gives the same bytes again.
///
/// # Errors
///
/// [`CleanPdfError`].
pub fn clean(mut bytes: Vec<u8>) -> Result<Vec<u8>, CleanPdfError> {
    // Places in the file are counted from there.
    bytes.drain(..start(&bytes).ok_or(CleanPdfError::Unreadable)?);
    let taken_out = table::taken_out(&bytes).ok_or(CleanPdfError::Unreadable)?;
    let pdf = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => CleanPdfError::Password,
        LoadPdfError::Invalid => CleanPdfError::Unreadable,
    })?;
    let pages = pdf.pages();
    // A page that is not found, or found twice, would be missing or too many in silence.
    if pages.is_empty()
        || counted(&pdf) != Some(pages.len())
        || pages.iter().any(|page| page.raw().contains_key("Kids"))
    {
        return Err(CleanPdfError::Unreadable);
    }
    if pages.len() > MAX_PAGES {
        return Err(CleanPdfError::TooLong);
    }
    Copier::new(pdf.xref(), taken_out, Form::of(&pdf)?).document(pages)
}
