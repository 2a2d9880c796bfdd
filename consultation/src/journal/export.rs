//! The journal as a table for a spreadsheet.

use std::borrow::Cow;

use colloque_journal::Actor;
use colloque_protocol::http::journal::{JournalLine, Outcome};

use super::paris;

/// Tells spreadsheets that the text is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes lines as CSV, separated by semicolons as French spreadsheets expect.
pub(super) fn write(lines: impl Iterator<Item = JournalLine>) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::WriterBuilder::new().delimiter(b';').from_writer(BYTE_ORDER_MARK.to_vec());
    table.write_record([
        "Position",
        "Instant",
        "Événement",
        "Code",
        "Résultat",
        "Personne",
        "Rôle",
        "Consultation",
        "Réseau",
        "Identifiant",
    ])?;
    for line in lines {
        let JournalLine {
            event,
            sequence,
            occurred_at,
            kind,
            label,
            outcome,
            actor,
            person: _,
            actor_role,
            consultation,
            from,
        } = line;
        let outcome = match outcome {
            Outcome::Success => "réussi",
            Outcome::Refused => "refusé",
            Outcome::Failed => "échoué",
        };
        let cells = [
            sequence.to_string(),
            paris::sortable(occurred_at),
            label,
            kind,
            outcome.to_owned(),
            actor,
            Actor::role_in_french(&actor_role).to_owned(),
            consultation.unwrap_or_default(),
            from.unwrap_or_default(),
            event.full(),
        ];
        table.write_record(cells.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// Keeps a spreadsheet from taking a cell for a formula.
///
/// # Source
///
/// OWASP, CSV Injection: a cell that begins with `=`, `+`, `-`, `@`, tabulation or carriage return is prefixed.
fn harmless(cell: &str) -> Cow<'_, str> {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::{JournalEventId, Timestamp};

    use super::*;

    #[test]
    fn a_hostile_name_is_text_and_stays_in_its_cell() {
        let line = JournalLine {
            event: JournalEventId::from_parts(Timestamp::from_millis(0), [1; 10]),
            sequence: 7,
            occurred_at: Timestamp::from_millis(1_795_424_400_000),
            kind: "journal_read".to_owned(),
            label: "Journal consulté".to_owned(),
            outcome: Outcome::Success,
            actor: "=HYPERLINK(\"http://evil\");1\n2".to_owned(),
            person: None,
            actor_role: "administrator".to_owned(),
            consultation: None,
            from: Some("192.0.2.0/24".to_owned()),
        };
        let table = write([line].into_iter()).unwrap();
        let text = String::from_utf8(table).unwrap();
        let mut rows =
            csv::ReaderBuilder::new().delimiter(b';').from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let row = rows.records().next().unwrap().unwrap();
        assert_eq!(&row[5], "'=HYPERLINK(\"http://evil\");1\n2");
        assert_eq!(&row[1], "2026-11-23T10:00:00+01:00");
        assert_eq!(&row[6], "administrateur");
    }
}
