//! Guests in a room: who still enters, what is journaled of them, and whose presence theirs is not.

use std::time::Duration;

use colloque_consultation::RecordedEntry;
use colloque_ids::{GuestId, TicketId, Timestamp};
use colloque_journal::{Actor, Entry, Event, GuestRole};
use colloque_protocol::connection::{ConnectionEvent, ConnectionFact, DisconnectCause};
use colloque_protocol::http::appointment::AppointmentEntry;
use colloque_protocol::http::guest::GuestInvited;
use colloque_protocol::http::journal::{JournalDetail, JournalPage};
use colloque_protocol::ticket::{Person, RoomScope};

use crate::guests::enter;
use crate::sockets::fact;
use crate::stage::Stage;
use crate::visit::{Visit, browser_key};

impl Visit {
    /// Amina, with a ticket, and the room.
    async fn guest_with_ticket(&mut self, entry: &AppointmentEntry) -> (GuestInvited, RoomScope) {
        let invited = self.interpreter(entry).await;
        enter(&mut self.stage.client(), &invited, browser_key()).await.ok();
        (invited, self.room(entry).await)
    }

    async fn entry_of(&self, scope: &RoomScope, guest: GuestId, number: u8) -> RecordedEntry {
        self.entry_at(self.now(), scope, guest, number).await
    }

    async fn entry_at(&self, at: Timestamp, scope: &RoomScope, guest: GuestId, number: u8) -> RecordedEntry {
        let ticket = TicketId::from_parts(at, [number; 10]);
        let entry = fact(self, scope, Person::Guest(guest), ConnectionFact::Joined);
        let entry = ConnectionEvent { occurred_at: at, ..entry };
        self.stage.service.records().enter(entry, ticket, at.after(Duration::from_secs(60))).await.unwrap()
    }

    /// The entries of a kind, read back from the bytes that are kept, and equal to them.
    pub fn entries(&self, kind: &str) -> Vec<Entry> {
        let rows = format!("SELECT encode(leaf, 'hex') FROM journal.event WHERE kind = '{kind}' ORDER BY sequence");
        let rows = self.stage.psql(&rows);
        let read = |line: &str| {
            let digits = (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16));
            let leaf = digits.collect::<Result<Vec<_>, _>>().unwrap();
            let entry = Entry::parse(&leaf).unwrap();
            assert_eq!(entry.canonical(), leaf);
            entry
        };
        rows.lines().map(read).collect()
    }
}

#[tokio::test]
async fn a_guest_enters_once_the_link_was_opened_and_while_it_stands() {
    let mut visit = Visit::new().await;
    let (_jeanne, entry) = visit.admitted().await;
    let (invited, scope) = visit.guest_with_ticket(&entry).await;
    assert_eq!(visit.entry_of(&scope, invited.guest, 1).await, RecordedEntry::Written);
    let unopened = visit.interpreter(&entry).await;
    assert_eq!(visit.entry_of(&scope, unopened.guest, 2).await, RecordedEntry::Revoked, "nobody opened it");
    let nobody = GuestId::from_parts(visit.now(), [0xee; 10]);
    assert_eq!(visit.entry_of(&scope, nobody, 3).await, RecordedEntry::Revoked, "unknown");
    let other = visit.book(visit.youssef.staff, entry.patient, 30).await.json::<AppointmentEntry>();
    let elsewhere = RoomScope { consultation: other.consultation, ..scope.clone() };
    assert_eq!(visit.entry_of(&elsewhere, invited.guest, 4).await, RecordedEntry::Revoked, "another room");
    let last = invited.expires_at.before(Duration::from_millis(1));
    assert_eq!(visit.entry_at(last, &scope, invited.guest, 5).await, RecordedEntry::Written);
    let closed = visit.entry_at(invited.expires_at, &scope, invited.guest, 8).await;
    assert_eq!(closed, RecordedEntry::Revoked, "the room is closed");
    visit.practitioner.delete(&format!("/api/guests/{}", invited.guest.full())).await.ok();
    assert_eq!(visit.entry_of(&scope, invited.guest, 6).await, RecordedEntry::Revoked, "taken back");
    let (invited, scope) = visit.guest_with_ticket(&entry).await;
    visit.stage.service.records().end(&scope, visit.claire.staff, visit.now()).await.unwrap();
    assert_eq!(visit.entry_of(&scope, invited.guest, 7).await, RecordedEntry::Revoked, "the consultation is over");
    assert_eq!(visit.stage.count("connection_joined"), 2);
}

#[tokio::test]
async fn a_guests_presence_is_nobody_elses() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let (invited, scope) = visit.guest_with_ticket(&entry).await;
    assert_eq!(visit.entry_of(&scope, invited.guest, 1).await, RecordedEntry::Written);
    visit.pass(Duration::from_secs(31 * 60));
    visit.practitioner.get("/api/session").await.refused("not_signed_in");

    Stage::in_database(visit.stage.database.clone()).await;
    let left = visit.entries("disconnected");
    assert_eq!(left.len(), 1);
    let joined = visit.entries("connection_joined").remove(0).draft;
    assert_eq!(joined.actor, Actor::Guest { guest: invited.guest, role: GuestRole::Interpreter });
    assert_eq!((left[0].draft.actor, left[0].draft.patient), (joined.actor, joined.patient));
    assert_eq!((left[0].draft.practice, left[0].draft.consultation), (joined.practice, Some(entry.consultation)));
    assert_eq!(visit.stage.psql("SELECT count(*) FROM professionals.room_presence").trim(), "0");
}

#[tokio::test]
async fn a_guest_who_leaves_is_present_no_more_and_keeps_nobody_signed_in() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let (invited, scope) = visit.guest_with_ticket(&entry).await;
    visit.entry_of(&scope, invited.guest, 1).await;
    let left = ConnectionFact::Disconnected { cause: DisconnectCause::Left };
    let records = visit.stage.service.records();
    records.record(fact(&visit, &scope, Person::Guest(invited.guest), left)).await.unwrap();
    assert_eq!(visit.stage.psql("SELECT count(*) FROM professionals.room_presence").trim(), "0");
    assert_eq!(visit.stage.count("disconnected"), 1);
}

#[tokio::test]
async fn what_is_decided_about_a_guest_is_journaled_by_whoever_decided() {
    let mut visit = Visit::new().await;
    let (_jeanne, entry) = visit.admitted().await;
    let (invited, scope) = visit.guest_with_ticket(&entry).await;
    let (guest, records) = (invited.guest, visit.stage.service.records());
    let (claire, jeanne) = (Person::Staff(visit.claire.staff), Person::Patient(scope.patient));
    for (person, said) in [
        (jeanne, ConnectionFact::GuestAgreed { guest, agrees: true }),
        (claire, ConnectionFact::GuestAdmitted { guest }),
        (jeanne, ConnectionFact::GuestAgreed { guest, agrees: false }),
        (claire, ConnectionFact::GuestRemoved { guest }),
    ] {
        records.record(fact(&visit, &scope, person, said)).await.unwrap();
    }
    visit.practitioner.delete(&format!("/api/guests/{}", guest.full())).await.ok();
    let patient = visit.entries("consent_given")[0].draft.patient.unwrap();
    let expected = [
        ("guest_invited", Event::GuestInvited { guest, role: GuestRole::Interpreter }, false),
        ("guest_agreed", Event::GuestAgreed { guest }, true),
        ("guest_admitted", Event::GuestAdmitted { guest }, false),
        ("guest_declined", Event::GuestDeclined { guest }, true),
        ("guest_removed", Event::GuestRemoved { guest }, false),
        ("guest_withdrawn", Event::GuestWithdrawn { guest }, false),
    ];
    for (kind, event, is_by_patient) in expected {
        let [entry] = &*visit.entries(kind) else { panic!("{kind} is journaled once") };
        assert_eq!((&entry.draft.event, entry.draft.patient), (&event, Some(patient)));
        assert_eq!(entry.draft.consultation, Some(scope.consultation));
        assert_eq!(entry.draft.actor == Actor::Patient(patient), is_by_patient, "{kind}");
    }
}

#[tokio::test]
async fn an_administrator_reads_as_what_a_guest_came_and_not_their_name() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let (invited, _) = visit.guest_with_ticket(&entry).await;
    let mut paul = visit.stage.signed_in(&visit.paul).await;
    let path = format!("/api/journal?person={}", invited.guest.full());
    let page: JournalPage = paul.get(&path).await.json();
    let [line] = &*page.lines else { panic!("a guest did one thing: {:?}", page.lines) };
    assert_eq!((line.kind.as_str(), line.actor_role.as_str()), ("ticket_issued", "interpreter"));
    assert_eq!(line.actor, invited.guest.to_string());
    let answer = paul.get(&format!("/api/journal/{}", line.event.full())).await;
    let detail: JournalDetail = answer.json();
    let role = detail.fields.iter().find(|(name, _)| name == "Rôle").map(|(_, value)| value.as_str());
    assert_eq!(role, Some("interprète"));
    assert!(!answer.text().contains("Amina"), "{}", answer.text());
    let table = paul.get("/api/journal/export").await.text();
    assert!(table.contains("interprète") && table.contains("Lien d’invité créé") && !table.contains("Amina"));
}
