//! The pages of the bundle and their addresses.

use colloque_ids::ConsultationId;
use colloque_kit::route::{Page, encode, read_query};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProPage {
    /// The day, today when no date is given.
    Day(Option<String>),
    /// A consultation.
    Room(ConsultationId),
    /// The person's own account.
    Account,
    /// The first visit of an invited person.
    Activation,
    /// No page has this address.
    Unknown,
}

impl Page for ProPage {
    const BASE: &'static str = "/pro";

    fn read(path: &str, query: &str) -> Self {
        match path {
            "" => Self::Day(read_query(query).into_iter().find(|(name, _)| name == "date").map(|(_, date)| date)),
            "compte" => Self::Account,
            "activation" => Self::Activation,
            _ => path.strip_prefix("salle/").and_then(|id| id.parse().ok()).map_or(Self::Unknown, Self::Room),
        }
    }

    fn address(&self) -> String {
        match self {
            Self::Day(None) | Self::Unknown => "/pro".to_owned(),
            Self::Day(Some(date)) => format!("/pro?date={}", encode(date)),
            Self::Room(consultation) => format!("/pro/salle/{}", consultation.full()),
            Self::Account => "/pro/compte".to_owned(),
            Self::Activation => "/activation".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use colloque_ids::Timestamp;

    use super::*;

    #[test]
    fn addresses_are_read_back() {
        let id = ConsultationId::from_parts(Timestamp::from_millis(1), [1; 10]);
        for page in
            [ProPage::Day(None), ProPage::Day(Some("2026-11-22".to_owned())), ProPage::Room(id), ProPage::Account]
        {
            let address = page.address();
            let (path, query) = address.split_once('?').unwrap_or((&address, ""));
            assert_eq!(ProPage::read(path.trim_start_matches("/pro").trim_matches('/'), query), page);
        }
    }

    #[test]
    fn unknown_addresses_are_named_so() {
        assert_eq!(ProPage::read("salle/zzz", ""), ProPage::Unknown);
        assert_eq!(ProPage::read("rien", ""), ProPage::Unknown);
    }
}
