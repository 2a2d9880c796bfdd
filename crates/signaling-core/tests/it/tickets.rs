use std::time::Duration;

use colloque_ids::{PatientId, StaffId};
use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{JoinRefusal, ServerMessage};
use colloque_protocol::ticket::{Person, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_signaling_core::Input;

use crate::world::{PATIENT_KEY, Storage, World, at, patient, practitioner, scope};

/// Presents a ticket in a fresh world and gives the refusal.
fn refusal_of(change: impl FnOnce(&mut TicketClaims)) -> Option<JoinRefusal> {
    let mut world = World::new();
    let mut claims = world.patient_claims();
    change(&mut claims);
    let connection = world.join(claims);
    let refusal = world.refusal(connection);
    assert_eq!(refusal.is_some(), world.closed.contains(&connection), "a refused connection is closed, another is not");
    refusal
}

fn with_scope(change: impl FnOnce(&mut colloque_protocol::ticket::RoomScope)) -> Option<JoinRefusal> {
    refusal_of(|claims| {
        let mut changed = scope();
        change(&mut changed);
        claims.scope = Scope::Room(changed);
    })
}

#[test]
fn a_good_ticket_leads_to_the_waiting_room() {
    assert_eq!(refusal_of(|_| ()), None);
}

#[test]
fn an_expired_ticket_is_refused() {
    assert_eq!(refusal_of(|claims| claims.expires_at = at(0)), Some(JoinRefusal::TicketExpired));
}

#[test]
fn a_ticket_that_would_live_too_long_is_refused() {
    assert_eq!(
        refusal_of(|claims| claims.expires_at = claims.issued_at.after(TICKET_LIFETIME + Duration::from_millis(1))),
        Some(JoinRefusal::TicketInvalid)
    );
}

#[test]
fn a_ticket_from_the_future_is_refused() {
    assert_eq!(
        refusal_of(|claims| {
            claims.issued_at = at(20_000);
            claims.expires_at = at(30_000);
        }),
        Some(JoinRefusal::TicketInvalid)
    );
}

#[test]
fn a_ticket_signed_before_the_server_started_is_fetched_again() {
    assert_eq!(refusal_of(|claims| claims.issued_at = at(-20_000)), Some(JoinRefusal::TicketInvalid));
    assert_eq!(
        refusal_of(|claims| {
            claims.issued_at = at(-20_000);
            claims.expires_at = at(40_000);
        }),
        Some(JoinRefusal::TicketExpired)
    );
}

#[test]
fn a_ticket_serves_once() {
    let mut world = World::new();
    let claims = world.patient_claims();
    let first = world.join(claims.clone());
    let second = world.join(claims);
    assert_eq!(world.refusal(first), None);
    assert_eq!(world.refusal(second), Some(JoinRefusal::TicketReplayed));
    assert!(!world.closed.contains(&first), "the replay must not disturb the person who is there");
}

#[test]
fn a_refused_ticket_does_not_serve_again_either() {
    let mut world = World::new();
    let mut claims = world.patient_claims();
    let Scope::Room(room) = &mut claims.scope else { panic!() };
    room.consent_given_at = None;
    let first = world.join(claims.clone());
    let second = world.join(claims);
    assert_eq!(world.refusal(first), Some(JoinRefusal::ConsentMissing));
    assert_eq!(world.refusal(second), Some(JoinRefusal::TicketReplayed));
}

#[test]
fn expired_consent_keeps_the_patient_out() {
    assert_eq!(with_scope(|scope| scope.consent_given_at = None), Some(JoinRefusal::ConsentMissing));
}

#[test]
fn the_room_has_hours() {
    assert_eq!(with_scope(|scope| scope.opens_at = at(1)), Some(JoinRefusal::TooEarly));
    assert_eq!(with_scope(|scope| scope.closes_at = at(0)), Some(JoinRefusal::TooLate));
}

#[test]
fn somebody_else_than_the_booked_people_is_refused() {
    let stranger = PatientId::from_parts(at(0), [77; 10]);
    assert_eq!(refusal_of(|claims| claims.person = Person::Patient(stranger)), Some(JoinRefusal::WrongPerson));
    let colleague = StaffId::from_parts(at(0), [78; 10]);
    assert_eq!(
        refusal_of(|claims| {
            claims.person = Person::Staff(colleague);
            claims.role = Role::Practitioner;
            claims.card.role = Role::Practitioner;
        }),
        Some(JoinRefusal::WrongPerson)
    );
}

#[test]
fn the_right_person_in_a_wrong_role_is_refused() {
    for (person, role) in [
        (Person::Patient(patient()), Role::Practitioner),
        (Person::Staff(practitioner()), Role::Patient),
        (Person::Staff(practitioner()), Role::Secretary),
        (Person::Staff(practitioner()), Role::Administrator),
    ] {
        let refusal = refusal_of(|claims| {
            claims.person = person;
            claims.role = role;
            claims.card.role = role;
        });
        assert_eq!(refusal, Some(JoinRefusal::WrongPerson), "{person:?} as {role:?}");
    }
}

#[test]
fn a_card_that_shows_another_role_is_refused() {
    assert_eq!(refusal_of(|claims| claims.card.role = Role::Practitioner), Some(JoinRefusal::TicketInvalid));
}

#[test]
fn a_ticket_about_another_booking_of_the_same_room_is_refused() {
    let mut world = World::new();
    world.practitioner_joins();
    let mut claims = world.patient_claims();
    let Scope::Room(room) = &mut claims.scope else { panic!() };
    room.appointment = colloque_ids::AppointmentId::from_parts(at(0), [99; 10]);
    let connection = world.join(claims);
    assert_eq!(world.refusal(connection), Some(JoinRefusal::TicketInvalid));
}

#[test]
fn a_second_device_is_asked_before_it_takes_over() {
    let mut world = World::new();
    let first = world.patient_joins();
    let mut claims = world.patient_claims();
    claims.key_thumbprint.0 = "tablet".to_owned();
    let second = world.join(claims);
    assert_eq!(world.refusal(second), Some(JoinRefusal::AlreadyElsewhere));
    assert!(!world.closed.contains(&first));

    let mut claims = world.patient_claims();
    claims.key_thumbprint.0 = "tablet".to_owned();
    let third = world.open();
    world.present(third, claims, true);
    assert_eq!(world.refusal(third), None);
    assert!(matches!(
        world.last(first),
        Some(ServerMessage::Ended { reason: colloque_protocol::signaling::EndReason::ContinuedElsewhere })
    ));
    assert!(world.closed.contains(&first));
}

#[test]
fn the_same_browser_takes_its_own_place_without_a_question() {
    let mut world = World::new();
    let first = world.patient_joins();
    let second = world.patient_joins();
    assert_eq!(world.refusal(second), None);
    assert!(world.closed.contains(&first));
    let ids: Vec<_> = [first, second]
        .iter()
        .filter_map(|connection| match world.heard(*connection).first() {
            Some(ServerMessage::Joined { participant, .. }) => Some(*participant),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "the same participant before and after");
    assert!(world.facts().contains(&ConnectionFact::Resumed));
}

#[test]
fn nobody_enters_before_the_entry_is_written() {
    let mut world = World::new();
    world.storage = Storage::Hangs;
    let connection = world.patient_joins();
    assert_eq!(world.heard(connection), &[]);
    assert_eq!(world.signaling.rooms(), 0);
    world.storage_answers(true);
    assert!(matches!(world.last(connection), Some(ServerMessage::Joined { .. })));
}

#[test]
fn an_entry_that_cannot_be_written_is_refused() {
    let mut world = World::new();
    world.storage = Storage::Fails;
    let connection = world.patient_joins();
    assert_eq!(world.refusal(connection), Some(JoinRefusal::ServerFailed));
    assert!(world.closed.contains(&connection));
    assert_eq!(world.signaling.rooms(), 0);
    let refused = ConnectionFact::JoinRefused { refusal: JoinRefusal::ServerFailed };
    assert_eq!(world.facts().last(), Some(&refused), "in case storage kept the entry after all");
}

#[test]
fn nobody_enters_whose_ticket_storage_knows_as_used_or_revoked() {
    for (storage, refusal) in
        [(Storage::KnowsTheTicket, JoinRefusal::TicketReplayed), (Storage::KnowsNobody, JoinRefusal::TicketExpired)]
    {
        let mut world = World::new();
        world.storage = storage;
        let connection = world.patient_joins();
        assert_eq!(world.refusal(connection), Some(refusal));
        assert!(world.closed.contains(&connection));
        assert_eq!(world.signaling.rooms(), 0);
        assert_eq!(world.facts().last(), Some(&ConnectionFact::JoinRefused { refusal }));
    }
}

#[test]
fn however_many_were_refused_an_entry_that_may_be_written_is_left_in_the_journal() {
    let mut world = World::new();
    world.storage = Storage::Fails;
    for _ in 0..30 {
        world.patient_joins();
    }
    let refused = ConnectionFact::JoinRefused { refusal: JoinRefusal::ServerFailed };
    assert_eq!(world.facts().iter().filter(|fact| **fact == refused).count(), 30);
}

#[test]
fn an_entry_that_may_be_written_is_left_in_the_journal_though_the_person_is_gone() {
    let mut world = World::new();
    world.storage = Storage::Hangs;
    let connection = world.patient_joins();
    world.input(Input::Lost { connection, cause: DisconnectCause::SocketClosed });
    world.storage_answers(false);
    let refused = ConnectionFact::JoinRefused { refusal: JoinRefusal::ServerFailed };
    assert_eq!(world.facts().last(), Some(&refused));
}

#[test]
fn a_connection_lost_while_its_entry_is_written_leaves_no_ghost() {
    let mut world = World::new();
    world.storage = Storage::Hangs;
    let connection = world.patient_joins();
    world.input(Input::Lost { connection, cause: colloque_protocol::connection::DisconnectCause::SocketClosed });
    world.storage_answers(true);
    assert_eq!(world.signaling.rooms(), 0);
    assert_eq!(world.signaling.connections(), 0);
    assert!(matches!(world.facts().last(), Some(ConnectionFact::Disconnected { .. })), "what was written is closed");
}

#[test]
fn two_devices_that_enter_at_once_do_not_both_get_in() {
    let mut world = World::new();
    world.storage = Storage::Hangs;
    let first = world.patient_joins();
    let mut claims = world.patient_claims();
    claims.key_thumbprint.0 = "tablet".to_owned();
    let second = world.join(claims);
    world.storage_answers(true);
    assert_eq!(world.refusal(first), None);
    assert_eq!(world.refusal(second), Some(JoinRefusal::AlreadyElsewhere));
}

#[test]
fn a_connection_joins_once() {
    let mut world = World::new();
    let connection = world.patient_joins();
    let claims = world.patient_claims();
    world.present(connection, claims, false);
    let joined = world.heard(connection).iter().filter(|message| matches!(message, ServerMessage::Joined { .. }));
    assert_eq!(joined.count(), 1);
}

#[test]
fn a_restarted_server_opens_an_admitted_room_again_from_its_tickets() {
    let mut world = World::new();
    let mut admitted = scope();
    admitted.admitted_at = Some(at(-500));
    let claims = world.claims(Person::Patient(patient()), Role::Patient, PATIENT_KEY, Scope::Room(admitted));
    let connection = world.join(claims);
    let state = world.room(connection).unwrap();
    assert_eq!(state.stage, colloque_protocol::signaling::Stage::Open);
    assert_eq!(state.admitted_at, Some(at(-500)));
}
