//! Reading the journal.

use colloque_ids::{JournalEventId, Timestamp};
use serde::{Deserialize, Serialize};

/// Most lines of a page.
pub const MAX_PAGE: u32 = 200;

/// Query of `GET /api/journal` and `GET /api/journal/export`. All filters are optional and cumulative.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JournalQuery {
    /// First instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// First instant not included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The person who acted: [`JournalLine::person`], which is the identifier of [`super::admin::StaffEntry`] in full,
    /// or a patient's pseudonym.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Kind of event: a wire name of the list in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Where the page starts: `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// Lines wanted: 1 to [`MAX_PAGE`], 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused by a rule.
    Refused,
    /// Failed.
    Failed,
}

/// A page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalPage {
    /// The lines.
    pub lines: Vec<JournalLine>,
    /// Where the next page starts; none at the end.
    pub next: Option<String>,
}

/// One event. Patients appear by pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    /// The event.
    pub event: JournalEventId,
    /// Position in the journal.
    pub sequence: i64,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Kind: stable wire name, `consultation_admitted`.
    pub kind: String,
    /// The kind in French.
    pub label: String,
    /// Outcome.
    pub outcome: Outcome,
    /// Who acted: a member's name, a patient's pseudonym, or nobody known.
    pub actor: String,
    /// What [`JournalQuery::person`] takes to find all that they did; none when nobody is known.
    #[serde(default)]
    pub person: Option<String>,
    /// Their role's wire name, empty when nobody is known.
    pub actor_role: String,
    /// Short form of the consultation, when there is one.
    pub consultation: Option<String>,
    /// Network prefix it came from.
    pub from: Option<String>,
}

/// `GET /api/journal/{event}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalDetail {
    /// The line.
    pub line: JournalLine,
    /// The event as a French sentence.
    pub sentence: String,
    /// Every stored field: name in French, value.
    pub fields: Vec<(String, String)>,
    /// Events of the same consultation, in order, at most 100.
    pub related: Vec<JournalLine>,
}
