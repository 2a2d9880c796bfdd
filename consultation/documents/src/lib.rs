//! Documents of care as PDF.
//!
//! A [`PrescriptionSheet`] is composed from a valid prescription, its prescriber, its practice and its patient; no other way
//! leads to one, so no secured substance and no missing mention reaches paper. [`render`] lays it out with an embedded
//! compiler, embedded fonts, no package, no network, no clock: the same sheet gives the same bytes.

mod render;
mod sheet;
mod world;

pub use render::{RenderSheetError, Stamp, render};
pub use sheet::{ComposeSheetError, PrescriptionSheet, SheetHeader, is_printable};
