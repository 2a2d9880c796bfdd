//! A guest's link: made by the booked practitioner, opened in one browser, and good for one room.

use std::time::Duration;

use colloque_journal::{Actor, Event, InvitationRefusal};
use colloque_protocol::Role;
use colloque_protocol::http::appointment::{AppointmentEntry, MoveAppointment};
use colloque_protocol::http::guest::{
    GuestFace, GuestInvited, GuestState, GuestTicketRequest, InviteGuest, ShowGuestLink,
};
use colloque_protocol::http::patient::TicketIssued;
use colloque_protocol::key::BrowserKey;
use colloque_protocol::ticket::{Person, Scope};
use colloque_protocol::{AuthenticationMethod, IdentityCard};
use colloque_test_support::{Answer, Client};
use serde_json::Value;

use crate::stage::Told;
use crate::visit::{Visit, browser_key};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

pub fn interpreter() -> InviteGuest {
    InviteGuest { name: "  Amina   Haddad ".to_owned(), role: Role::Interpreter }
}

fn other_key() -> BrowserKey {
    let mut point = [8; 65];
    point[0] = 4;
    BrowserKey::from_raw(&point).unwrap()
}

fn secret(invited: &GuestInvited) -> String {
    invited.link.split_once('#').unwrap().1.to_owned()
}

fn guests_of(entry: &AppointmentEntry) -> String {
    format!("/api/appointments/{}/guests", entry.appointment.full())
}

async fn show(client: &mut Client, guest: &str, secret: &str) -> Answer {
    client.post(&format!("/api/guests/{guest}/face"), &ShowGuestLink { secret: secret.to_owned() }).await
}

async fn ask(client: &mut Client, guest: &str, secret: &str, key: BrowserKey) -> Answer {
    client.post(&format!("/api/guests/{guest}/ticket"), &GuestTicketRequest { secret: secret.to_owned(), key }).await
}

pub async fn enter(client: &mut Client, invited: &GuestInvited, key: BrowserKey) -> Answer {
    ask(client, &invited.guest.full(), &secret(invited), key).await
}

async fn look(client: &mut Client, invited: &GuestInvited) -> GuestFace {
    show(client, &invited.guest.full(), &secret(invited)).await.json()
}

impl Visit {
    /// Amina, asked to translate in an appointment.
    pub async fn interpreter(&mut self, entry: &AppointmentEntry) -> GuestInvited {
        self.practitioner.post(&guests_of(entry), &interpreter()).await.json()
    }

    async fn withdraw(&mut self, invited: &GuestInvited) -> Answer {
        self.practitioner.delete(&format!("/api/guests/{}", invited.guest.full())).await
    }
}

#[tokio::test]
async fn a_link_shows_who_asks_and_gives_the_first_browser_a_ticket_to_one_room() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    let link = format!("https://localhost:8443/g/{}#{}", invited.guest.full(), secret(&invited));
    assert_eq!((invited.link.clone(), invited.expires_at), (link, visit.in_minutes(10 + 20 + 60)));

    let mut amina = visit.stage.client();
    let answer = show(&mut amina, &invited.guest.full(), &secret(&invited)).await;
    let face: GuestFace = answer.json();
    let you = IdentityCard {
        display_name: "Amina Haddad".to_owned(),
        role: Role::Interpreter,
        profession: None,
        rpps: None,
        verified_by: vec![AuthenticationMethod::InvitationLink],
    };
    assert_eq!((face.you, face.state, face.opens_at), (you.clone(), GuestState::Ready, visit.in_minutes(-20)));
    assert_eq!(face.practitioner.display_name, "Dre Claire Martin");
    for of_the_patient in ["Jeanne", "Durand", "exemple.fr", &entry.patient.full(), &entry.consultation.full()] {
        assert!(!answer.text().contains(of_the_patient), "{of_the_patient}");
    }

    let issued: TicketIssued = enter(&mut amina, &invited, browser_key()).await.json();
    let claims = visit.claims(&issued.ticket);
    assert_eq!((claims.person, claims.role), (Person::Guest(invited.guest), Role::Interpreter));
    assert_eq!(claims.card, you);
    assert_eq!(claims.expires_at.since(claims.issued_at), Duration::from_secs(60));
    let Scope::Room(scope) = claims.scope else { panic!("the ticket opens a room") };
    assert_eq!(scope, visit.room(&entry).await);
    for path in ["/api/patient", "/api/session"] {
        amina.get(path).await.refused("not_signed_in");
    }
}

#[tokio::test]
async fn a_link_that_was_opened_serves_no_other_browser() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    let (mut amina, mut other) = (visit.stage.client(), visit.stage.client());
    enter(&mut amina, &invited, browser_key()).await.ok();
    enter(&mut other, &invited, other_key()).await.refused("wrong_state");
    assert_eq!(look(&mut other, &invited).await.state, GuestState::OpenedElsewhere);
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::Ready);
    enter(&mut amina, &invited, browser_key()).await.ok();
    amina.cookies.clear();
    enter(&mut amina, &invited, browser_key()).await.ok();
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::Ready, "its key is enough");
    let refused: Vec<_> =
        visit.entries("guest_link_refused").into_iter().map(|entry| (entry.draft.actor, entry.draft.event)).collect();
    let event = Event::GuestLinkRefused { guest: Some(invited.guest), reason: InvitationRefusal::AlreadyUsed };
    assert_eq!(refused, [(Actor::Unknown, event)]);
}

#[tokio::test]
async fn of_two_browsers_at_the_same_time_one_gets_a_ticket() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    let mut clients: Vec<_> = (0..6).map(|_| visit.stage.client()).collect();
    let answers = futures_util::future::join_all(clients.iter_mut().enumerate().map(|(number, client)| {
        let mut point = [u8::try_from(number).unwrap(); 65];
        point[0] = 4;
        enter(client, &invited, BrowserKey::from_raw(&point).unwrap())
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status.is_success()).count(), 1);
    assert_eq!(visit.stage.count("ticket_issued"), 1);
}

/// Status and body, without the name of the request.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap();
    body.as_object_mut().unwrap().remove("request").unwrap();
    (answer.status.as_u16(), body)
}

#[tokio::test]
async fn wrong_secrets_and_unknown_guests_look_the_same() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    let (known, right) = (invited.guest.full(), secret(&invited));
    let mut stranger = visit.stage.client();
    let mut answers = Vec::new();
    for (guest, secret) in
        [(known.as_str(), "A".repeat(43)), (&known, String::new()), (&known, "é".repeat(50)), (NOBODY, right)]
    {
        answers.push(told(&show(&mut stranger, guest, &secret).await));
        answers.push(told(&ask(&mut stranger, guest, &secret, browser_key()).await));
    }
    for answer in answers {
        assert_eq!(answer, (410, serde_json::json!({ "code": "invitation_unknown" })));
    }
    assert_eq!(visit.stage.count("guest_link_refused"), 8);
    assert_eq!(visit.stage.count("ticket_issued"), 0);
    let of_the_consultation = format!(
        "SELECT count(*) FROM journal.event WHERE kind = 'guest_link_refused' AND consultation = '{}'",
        entry.consultation.uuid()
    );
    assert_eq!(visit.stage.psql(&of_the_consultation).trim(), "6");
    enter(&mut stranger, &invited, browser_key()).await.ok();
}

#[tokio::test]
async fn nobody_but_the_booked_practitioner_asks_a_guest_or_takes_a_link_back() {
    let mut visit = Visit::new().await;
    let (mut jeanne, entry) = visit.verified().await;
    let invited = visit.interpreter(&entry).await;
    let guest = format!("/api/guests/{}", invited.guest.full());
    let mut youssef = visit.stage.signed_in(&visit.youssef).await;
    let mut administrator = visit.stage.signed_in(&visit.paul).await;
    for client in [&mut visit.secretary, &mut youssef, &mut administrator] {
        client.post(&guests_of(&entry), &interpreter()).await.refused("not_found");
        client.delete(&guest).await.refused("not_found");
    }
    jeanne.post(&guests_of(&entry), &interpreter()).await.refused("not_signed_in");
    jeanne.delete(&guest).await.refused("not_signed_in");
    visit.practitioner.delete(&format!("/api/guests/{NOBODY}")).await.refused("not_found");
    assert_eq!((visit.stage.count("guest_invited"), visit.stage.count("guest_withdrawn")), (1, 0));
    assert_eq!(look(&mut visit.stage.client(), &invited).await.state, GuestState::Ready);
}

#[tokio::test]
async fn a_form_names_every_field_at_fault() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    for name in ["", "  ", "Amina\u{202e}", &"a".repeat(101), "12"] {
        let form = InviteGuest { name: name.to_owned(), role: Role::Practitioner };
        let answer = visit.practitioner.post(&guests_of(&entry), &form).await.refused("invalid");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let fields: Vec<_> = body["fields"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
        assert_eq!(fields, ["name", "role"], "{name:?}");
    }
    for role in [Role::Patient, Role::Secretary, Role::Administrator] {
        let form = InviteGuest { role, ..interpreter() };
        visit.practitioner.post(&guests_of(&entry), &form).await.refused("invalid");
    }
    assert_eq!(visit.stage.psql("SELECT count(*) FROM identity.guest").trim(), "0");
}

#[tokio::test]
async fn five_guests_at_most_hold_a_link_at_one_time() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let first = visit.interpreter(&entry).await;
    for _ in 1..5 {
        visit.interpreter(&entry).await;
    }
    visit.practitioner.post(&guests_of(&entry), &interpreter()).await.refused("invalid");
    visit.withdraw(&first).await.ok();
    visit.interpreter(&entry).await;
    let other = visit.book(visit.claire.staff, entry.patient, 60).await.json();
    visit.interpreter(&other).await;
}

#[tokio::test]
async fn a_link_that_was_taken_back_opens_nothing() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    let mut amina = visit.stage.client();
    enter(&mut amina, &invited, browser_key()).await.ok();
    for _ in 0..2 {
        visit.withdraw(&invited).await.ok();
    }
    assert_eq!(visit.stage.heard.take(), [Told::GuestWithdrawn(entry.consultation, invited.guest)]);
    assert_eq!(visit.stage.count("guest_withdrawn"), 1);
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::Over);
    enter(&mut amina, &invited, browser_key()).await.refused("invitation_unknown");
}

#[tokio::test]
async fn a_link_dies_with_its_consultation() {
    let mut visit = Visit::new().await;
    let (_jeanne, entry) = visit.admitted().await;
    let invited = visit.interpreter(&entry).await;
    let mut amina = visit.stage.client();
    enter(&mut amina, &invited, browser_key()).await.ok();
    let (scope, records) = (visit.room(&entry).await, visit.stage.service.records());
    records.end(&scope, visit.claire.staff, visit.now()).await.unwrap();
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::Over);
    enter(&mut amina, &invited, browser_key()).await.refused("wrong_state");
    visit.practitioner.post(&guests_of(&entry), &interpreter()).await.refused("wrong_state");

    let cancelled = visit.book(visit.claire.staff, entry.patient, 60).await.json();
    let invited = visit.interpreter(&cancelled).await;
    visit.secretary.act(&format!("/api/appointments/{}/cancel", cancelled.appointment.full())).await.ok();
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::Over);
    enter(&mut amina, &invited, browser_key()).await.refused("appointment_cancelled");
    visit.practitioner.post(&guests_of(&cancelled), &interpreter()).await.refused("wrong_state");
}

#[tokio::test]
async fn a_link_follows_an_appointment_that_moves_and_ends_when_its_room_closes() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    let mut amina = visit.stage.client();
    enter(&mut amina, &invited, browser_key()).await.ok();
    let later = MoveAppointment { starts_at: visit.in_minutes(24 * 60), duration_min: 20, reason: None };
    visit.secretary.post(&format!("/api/appointments/{}/move", entry.appointment.full()), &later).await.ok();
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::TooEarly);
    enter(&mut amina, &invited, browser_key()).await.refused("too_early");
    visit.pass(Duration::from_secs(24 * 3_600));
    enter(&mut amina, &invited, browser_key()).await.ok();
    visit.pass(Duration::from_secs(80 * 60));
    assert_eq!(look(&mut amina, &invited).await.state, GuestState::Over);
    enter(&mut amina, &invited, browser_key()).await.refused("wrong_state");
}

#[tokio::test]
async fn nobody_opens_the_room_before_its_hour_nor_keeps_the_link_by_trying() {
    let mut visit = Visit::new().await;
    let patient = visit.patient().await;
    let entry = visit.book(visit.claire.staff, patient, 60).await.json();
    let invited = visit.interpreter(&entry).await;
    enter(&mut visit.stage.client(), &invited, other_key()).await.refused("too_early");
    visit.pass(Duration::from_secs(30 * 60));
    enter(&mut visit.stage.client(), &invited, browser_key()).await.ok();
}

#[tokio::test]
async fn what_strangers_and_guests_ask_for_without_end_is_held_back() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let (invited, other) = (visit.interpreter(&entry).await, visit.interpreter(&entry).await);
    let mut stranger = visit.stage.client();
    let mut held_back = 0;
    for _ in 0..60 {
        let answer = show(&mut stranger, &invited.guest.full(), "").await;
        held_back += usize::from(answer.refusal().as_deref() == Some("too_many_attempts"));
    }
    assert!(held_back > 0);
    assert_eq!(visit.stage.count("guest_link_refused"), 60 - held_back);
    enter(&mut visit.stage.client().from("198.51.100.7"), &invited, browser_key()).await.ok();
    let mut amina = visit.stage.client();
    for _ in 0..20 {
        enter(&mut amina, &other, browser_key()).await.ok();
    }
    let answer = enter(&mut amina, &other, browser_key()).await.refused("too_many_attempts");
    assert_eq!(answer.headers["retry-after"], "3");
    let mut links = 2;
    loop {
        let answer = visit.practitioner.post(&guests_of(&entry), &interpreter()).await;
        if answer.refusal().as_deref() == Some("too_many_attempts") {
            break;
        }
        visit.withdraw(&answer.json()).await.ok();
        links += 1;
    }
    assert_eq!(links, 10);
}

#[tokio::test]
async fn a_dump_holds_no_secret_and_names_a_guest_in_the_identity_store_only() {
    let mut visit = Visit::new().await;
    let entry = visit.booked().await;
    let invited = visit.interpreter(&entry).await;
    enter(&mut visit.stage.client(), &invited, browser_key()).await.ok();
    let dump = visit.stage.psql("SELECT g::text FROM administrative.guest g");
    assert!(dump.contains(&invited.guest.full()) && !dump.contains(&secret(&invited)) && !dump.contains("Amina"));
    let names = visit.stage.psql("SELECT n::text FROM identity.guest n");
    assert!(names.contains("Amina Haddad") && !names.contains(&invited.guest.full()));
    for statement in [
        "DELETE FROM administrative.guest",
        "UPDATE administrative.guest SET role = 'expert'",
        "UPDATE administrative.guest SET secret_hash = secret_hash",
        "DELETE FROM identity.guest",
        "UPDATE identity.guest SET name = 'x'",
    ] {
        let refused = visit.stage.as_application(statement).unwrap_err();
        assert!(refused.contains("permission denied"), "{statement}: {refused}");
    }
}
