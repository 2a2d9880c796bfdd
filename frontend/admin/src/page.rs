//! The pages of the bundle and their addresses: every filter of the journal is in the address.

use colloque_ids::{JournalEventId, Timestamp};
use colloque_kit::clock;
use colloque_kit::route::{Page, read_query, write_query};
use colloque_protocol::http::journal::Outcome;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminPage {
    /// The connection journal.
    Journal(JournalFilter),
    /// People of the practice.
    Staff,
    /// The person's own account.
    Account,
    /// No page has this address.
    Unknown,
}

/// What is shown of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalFilter {
    /// Which time.
    pub period: Period,
    /// Who acted: identifier or pseudonym.
    pub person: Option<String>,
    /// Kind of event, by wire name.
    pub kind: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Where the page starts.
    pub cursor: Option<String>,
    /// The event whose detail is open.
    pub event: Option<JournalEventId>,
}

/// A stretch of time, counted back from now, or between two days in Europe/Paris, both included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Period {
    /// The last 24 hours.
    #[default]
    Day,
    /// The last seven days.
    Week,
    /// The last thirty days.
    Month,
    /// All there is.
    All,
    /// Between two days `YYYY-MM-DD`; open where none is given.
    Between(Option<String>, Option<String>),
}

impl Period {
    /// Its name in the address.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7j",
            Self::Month => "30j",
            Self::All => "tout",
            Self::Between(..) => "jours",
        }
    }

    /// First instant, and first instant not included.
    pub fn bounds(&self, now: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let back = |days: u64| (Some(now.before(std::time::Duration::from_secs(days * 86_400))), None);
        match self {
            Self::Day => back(1),
            Self::Week => back(7),
            Self::Month => back(30),
            Self::All => (None, None),
            Self::Between(from, until) => (
                from.as_deref().and_then(|day| clock::instant(day, "00:00")),
                until.as_deref().and_then(|day| clock::shift(day, 1)).and_then(|day| clock::instant(&day, "00:00")),
            ),
        }
    }
}

impl JournalFilter {
    fn read(query: &str) -> Self {
        let pairs = read_query(query);
        let value = |name: &str| {
            pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.clone())
        };
        Self {
            period: match value("periode").as_deref() {
                Some("7j") => Period::Week,
                Some("30j") => Period::Month,
                Some("tout") => Period::All,
                Some("jours") => Period::Between(value("du"), value("au")),
                _ => Period::Day,
            },
            person: value("personne"),
            kind: value("type"),
            outcome: value("resultat").as_deref().and_then(outcome_of),
            cursor: value("suite"),
            event: value("evenement").and_then(|event| event.parse().ok()),
        }
    }

    fn address(&self) -> String {
        let mut pairs = Vec::new();
        if self.period != Period::Day {
            pairs.push(("periode", self.period.name().to_owned()));
        }
        let mut put = |name: &'static str, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        if let Period::Between(from, until) = &self.period {
            put("du", from.clone());
            put("au", until.clone());
        }
        put("personne", self.person.clone());
        put("type", self.kind.clone());
        put("resultat", self.outcome.map(|outcome| outcome_name(outcome).to_owned()));
        put("suite", self.cursor.clone());
        put("evenement", self.event.map(colloque_ids::Id::full));
        format!("/admin{}", write_query(&pairs))
    }

    /// The query that the service takes.
    pub fn service_query(&self, now: Timestamp, limit: u32) -> String {
        let (from, until) = self.period.bounds(now);
        let mut pairs = Vec::new();
        let mut put = |name: &'static str, value: Option<String>| pairs.extend(value.map(|value| (name, value)));
        put("from", from.map(|at| at.as_millis().to_string()));
        put("until", until.map(|at| at.as_millis().to_string()));
        put("person", self.person.clone());
        put("kind", self.kind.clone());
        put("outcome", self.outcome.map(|outcome| outcome_name(outcome).to_owned()));
        put("cursor", self.cursor.clone());
        put("limit", Some(limit.to_string()));
        write_query(&pairs)
    }

    /// The same filter without its place and detail.
    pub fn first_page(&self) -> Self {
        Self { cursor: None, event: None, ..self.clone() }
    }

    /// Whether anything but the usual is asked for.
    pub fn is_narrowed(&self) -> bool {
        self.first_page() != Self::default()
    }
}

impl Page for AdminPage {
    const BASE: &'static str = "/admin";

    fn read(path: &str, query: &str) -> Self {
        match path {
            "" | "journal" => Self::Journal(JournalFilter::read(query)),
            "utilisateurs" => Self::Staff,
            "compte" => Self::Account,
            _ => Self::Unknown,
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Journal(filter) => filter.address(),
            Self::Staff => "/admin/utilisateurs".to_owned(),
            Self::Account => "/admin/compte".to_owned(),
            Self::Unknown => "/admin".to_owned(),
        }
    }
}

/// Wire name of an outcome.
pub const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

/// Reads a wire name back.
pub fn outcome_of(name: &str) -> Option<Outcome> {
    [Outcome::Success, Outcome::Refused, Outcome::Failed].into_iter().find(|outcome| outcome_name(*outcome) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(page: &AdminPage) -> AdminPage {
        let address = page.address();
        let (path, query) = address.split_once('?').unwrap_or((&address, ""));
        AdminPage::read(path.trim_start_matches("/admin").trim_matches('/'), query)
    }

    #[test]
    fn every_filter_survives_the_address() {
        let filter = JournalFilter {
            period: Period::Between(Some("2026-11-01".to_owned()), None),
            person: Some("patient 7F3A & co".to_owned()),
            kind: Some("join_refused".to_owned()),
            outcome: Some(Outcome::Refused),
            cursor: Some("a+b/c=".to_owned()),
            event: Some(JournalEventId::from_parts(Timestamp::from_millis(1), [3; 10])),
        };
        let page = AdminPage::Journal(filter);
        assert_eq!(back(&page), page);
    }

    #[test]
    fn the_usual_filter_has_the_shortest_address() {
        assert_eq!(AdminPage::Journal(JournalFilter::default()).address(), "/admin");
        assert_eq!(back(&AdminPage::Staff), AdminPage::Staff);
    }

    #[test]
    fn hostile_addresses_give_the_usual_filter() {
        assert_eq!(
            AdminPage::read("", "periode=x&resultat=y&evenement=zzz&%%"),
            AdminPage::Journal(JournalFilter::default())
        );
    }

    #[test]
    fn periods_are_counted_back_from_now() {
        let now = Timestamp::from_millis(86_400_000 * 40);
        assert_eq!(Period::Week.bounds(now), (Some(Timestamp::from_millis(86_400_000 * 33)), None));
        assert_eq!(Period::All.bounds(now), (None, None));
    }
}
