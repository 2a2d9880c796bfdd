use colloque_ids::Timestamp;
use serde::Serialize;
use thiserror::Error;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::sheet::PrescriptionSheet;
use crate::world::SheetWorld;

/// Compilations whose results stay cached: none, because no two sheets are alike and a server runs for months.
const CACHE_AGE: usize = 0;

/// What a copy of a document that is no longer in force bears on every page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stamp {
    /// The word across the page: `ANNULÉE`.
    pub word: String,
    /// The sentence on top of the first page.
    pub sentence: String,
}

/// Why a sheet was not laid out.
#[derive(Debug, Error)]
pub enum RenderSheetError {
    /// The layout refused it.
    #[error("cannot lay the document out: {count} faults, first one {first}")]
    LayOut {
        /// How many faults.
        count: usize,
        /// The first fault, which names the template and never the sheet.
        first: String,
    },
    /// The archive format refused it.
    #[error("cannot write the document: {count} faults, first one {first}")]
    Write {
        /// How many faults.
        count: usize,
        /// The first fault.
        first: String,
    },
}

#[derive(Serialize)]
struct Printed<'a> {
    #[serde(flatten)]
    sheet: &'a PrescriptionSheet,
    stamp: Option<&'a Stamp>,
}

/// Lays a sheet out as PDF/A-2a with tags (PDF/UA-1). Blocks for some tens of milliseconds.
///
/// The bytes depend on the sheet and the stamp only.
///
/// # Errors
///
/// - [`RenderSheetError::LayOut`] when the layout fails.
/// - [`RenderSheetError::Write`] when the result would not be a valid PDF/A.
///
/// # Panics
///
/// Never: a sheet and a stamp have a JSON form.
pub fn render(sheet: &PrescriptionSheet, stamp: Option<&Stamp>) -> Result<Vec<u8>, RenderSheetError> {
    let json = serde_json::to_vec(&Printed { sheet, stamp }).expect("a sheet holds texts and numbers only");
    let world = SheetWorld::new(json);
    let result = compile(&world, sheet);
    comemo::evict(CACHE_AGE);
    result
}

fn compile(world: &SheetWorld, sheet: &PrescriptionSheet) -> Result<Vec<u8>, RenderSheetError> {
    let laid_out = typst::compile::<PagedDocument>(world).output;
    let document = laid_out.map_err(|faults| {
        let (count, first) = summary(&faults);
        RenderSheetError::LayOut { count, first }
    })?;
    let standards =
        PdfStandards::new(&[PdfStandard::A_2a, PdfStandard::Ua_1]).expect("PDF/A-2a and PDF/UA-1 are both PDF 1.7");
    let options = PdfOptions {
        ident: Smart::Custom(sheet.document.clone()),
        creator: Smart::Custom(Some("Colloque".to_owned())),
        timestamp: creation_date(Timestamp::from_millis(sheet.issued_at_ms)).map(typst_pdf::Timestamp::new_utc),
        page_ranges: None,
        standards,
        tagged: true,
        pretty: false,
    };
    typst_pdf::pdf(&document, &options).map_err(|faults| {
        let (count, first) = summary(&faults);
        RenderSheetError::Write { count, first }
    })
}

fn summary(faults: &[SourceDiagnostic]) -> (usize, String) {
    let first = faults.first().map_or_else(String::new, |fault| fault.message.to_string());
    (faults.len(), first)
}

/// Splits an instant into the fields of a PDF date, in UTC.
///
/// # Source
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn creation_date(instant: Timestamp) -> Option<Datetime> {
    let seconds = instant.as_millis().div_euclid(1_000);
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Datetime::from_ymd_hms(
        i32::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
        u8::try_from(second_of_day / 3_600).ok()?,
        u8::try_from(second_of_day / 60 % 60).ok()?,
        u8::try_from(second_of_day % 60).ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_become_calendar_dates() {
        let date = |millis| creation_date(Timestamp::from_millis(millis)).unwrap();
        assert_eq!(date(0), Datetime::from_ymd_hms(1970, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(date(1_709_210_096_000), Datetime::from_ymd_hms(2024, 2, 29, 12, 34, 56).unwrap());
        assert_eq!(date(1_798_761_599_999), Datetime::from_ymd_hms(2026, 12, 31, 23, 59, 59).unwrap());
        assert_eq!(date(1_772_323_200_000), Datetime::from_ymd_hms(2026, 3, 1, 0, 0, 0).unwrap());
    }
}
