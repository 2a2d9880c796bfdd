//! What signaling counts, without a word about whom. The labels are closed sets.

use std::time::Duration;

use colloque_protocol::signaling::{JoinRefusal, OfferRefusal};
use colloque_signaling_core::{Census, Record};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Bounds of the latency of commits, in seconds. Storage that does not answer is given up after five.
const COMMIT_BOUNDS_S: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
/// Bounds of the time from a patient's arrival to their admission, in seconds.
const ADMIT_BOUNDS_S: [f64; 11] = [5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0];

type Label = [(&'static str, &'static str); 1];
type Labels = [(&'static str, &'static str); 2];

/// What is written to the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteKind {
    Entry,
    Attestation,
    Guest,
    Admission,
    Refusal,
    End,
    Fact,
}

/// Counts, each shared by whoever counts and whoever reads.
#[derive(Debug)]
pub(crate) struct Meter {
    connections: Family<Label, Gauge>,
    rooms: Family<Label, Gauge>,
    joined: Counter,
    join_refusals: Family<Label, Counter>,
    offer_refusals: Family<Label, Counter>,
    admissions: Counter,
    waited: Histogram,
    commits: Family<Labels, Histogram>,
    unwritten: Gauge,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let meter = Self {
            connections: Family::default(),
            rooms: Family::default(),
            joined: Counter::default(),
            join_refusals: Family::default(),
            offer_refusals: Family::default(),
            admissions: Counter::default(),
            waited: Histogram::new(ADMIT_BOUNDS_S),
            commits: Family::new_with_constructor(|| Histogram::new(COMMIT_BOUNDS_S)),
            unwritten: Gauge::default(),
        };
        // A series that begins with its first event hides that event from whoever looks at its growth.
        for code in JOIN_REFUSALS {
            drop(meter.join_refusals.get_or_create(&[("code", join_refusal_text(code))]));
        }
        for code in OFFER_REFUSALS {
            drop(meter.offer_refusals.get_or_create(&[("code", offer_refusal_text(code))]));
        }
        for kind in WriteKind::ALL {
            for is_written in [true, false] {
                drop(meter.commits.get_or_create(&commit_labels(kind, is_written)));
            }
        }
        meter.note_census(Census::default(), 0);
        meter
    }

    /// Adds everything that is counted to a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("colloque_signaling");
        registry.register("connections", "WebSockets by where they stand", self.connections.clone());
        registry.register("rooms", "Rooms by stage", self.rooms.clone());
        registry.register("joins", "People let into a room or to a desk", self.joined.clone());
        registry.register("join_refusals", "Connections that were not let in, by reason", self.join_refusals.clone());
        registry.register(
            "offer_refusals",
            "Offers of media that were refused, by reason",
            self.offer_refusals.clone(),
        );
        registry.register("admissions", "Patients admitted", self.admissions.clone());
        registry.register("waiting_seconds", "From a patient's arrival to the admission", self.waited.clone());
        registry.register(
            "journal_commit_seconds",
            "Writes to state and journal, by what is written and how it ended",
            self.commits.clone(),
        );
        registry.register("journal_unwritten", "Journal entries that wait for storage", self.unwritten.clone());
    }

    pub(crate) fn note_census(&self, census: Census, unwritten: usize) {
        let set = |family: &Family<Label, Gauge>, key, value, count: usize| {
            family.get_or_create(&[(key, value)]).set(count.try_into().unwrap_or(i64::MAX));
        };
        set(&self.connections, "place", "unjoined", census.unjoined);
        set(&self.connections, "place", "room", census.in_rooms);
        set(&self.connections, "place", "desk", census.at_desks);
        set(&self.rooms, "stage", "waiting", census.rooms_waiting);
        set(&self.rooms, "stage", "open", census.rooms_open);
        self.unwritten.set(unwritten.try_into().unwrap_or(i64::MAX));
    }

    pub(crate) fn note_joined(&self) {
        self.joined.inc();
    }

    pub(crate) fn note_join_refused(&self, code: JoinRefusal) {
        self.join_refusals.get_or_create(&[("code", join_refusal_text(code))]).inc();
    }

    pub(crate) fn note_offer_refused(&self, code: OfferRefusal) {
        self.offer_refusals.get_or_create(&[("code", offer_refusal_text(code))]).inc();
    }

    pub(crate) fn note_admitted(&self, waited: Duration) {
        self.admissions.inc();
        self.waited.observe(waited.as_secs_f64());
    }

    pub(crate) fn note_written(&self, kind: WriteKind, is_written: bool, took: Duration) {
        self.commits.get_or_create(&commit_labels(kind, is_written)).observe(took.as_secs_f64());
    }
}

const fn commit_labels(kind: WriteKind, is_written: bool) -> Labels {
    let kind = match kind {
        WriteKind::Entry => "entry",
        WriteKind::Attestation => "attestation",
        WriteKind::Guest => "guest",
        WriteKind::Admission => "admission",
        WriteKind::Refusal => "refusal",
        WriteKind::End => "end",
        WriteKind::Fact => "fact",
    };
    [("kind", kind), ("outcome", if is_written { "written" } else { "failed" })]
}

impl WriteKind {
    const ALL: [Self; 7] =
        [Self::Entry, Self::Attestation, Self::Guest, Self::Admission, Self::Refusal, Self::End, Self::Fact];

    pub(crate) const fn of(record: &Record) -> Self {
        match record {
            Record::Entry(_) => Self::Entry,
            Record::Attestation(_) => Self::Attestation,
            Record::Guest(_) => Self::Guest,
            Record::Admission(_) => Self::Admission,
            Record::Refusal(_) => Self::Refusal,
            Record::End(_) => Self::End,
        }
    }
}

const JOIN_REFUSALS: [JoinRefusal; 12] = [
    JoinRefusal::TicketInvalid,
    JoinRefusal::TicketExpired,
    JoinRefusal::TicketReplayed,
    JoinRefusal::WrongPerson,
    JoinRefusal::ConsentMissing,
    JoinRefusal::TooEarly,
    JoinRefusal::TooLate,
    JoinRefusal::AlreadyElsewhere,
    JoinRefusal::ConsultationOver,
    JoinRefusal::WrongVersion,
    JoinRefusal::ServerFull,
    JoinRefusal::ServerFailed,
];

const OFFER_REFUSALS: [OfferRefusal; 3] =
    [OfferRefusal::NoConsent, OfferRefusal::Unacceptable, OfferRefusal::Unavailable];

const fn join_refusal_text(code: JoinRefusal) -> &'static str {
    match code {
        JoinRefusal::TicketInvalid => "ticket_invalid",
        JoinRefusal::TicketExpired => "ticket_expired",
        JoinRefusal::TicketReplayed => "ticket_replayed",
        JoinRefusal::WrongPerson => "wrong_person",
        JoinRefusal::ConsentMissing => "consent_missing",
        JoinRefusal::TooEarly => "too_early",
        JoinRefusal::TooLate => "too_late",
        JoinRefusal::AlreadyElsewhere => "already_elsewhere",
        JoinRefusal::ConsultationOver => "consultation_over",
        JoinRefusal::WrongVersion => "wrong_version",
        JoinRefusal::ServerFull => "server_full",
        JoinRefusal::ServerFailed => "server_failed",
    }
}

const fn offer_refusal_text(code: OfferRefusal) -> &'static str {
    match code {
        OfferRefusal::NoConsent => "no_consent",
        OfferRefusal::Unacceptable => "unacceptable",
        OfferRefusal::Unavailable => "unavailable",
    }
}
