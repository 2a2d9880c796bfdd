//! Ends that come from elsewhere: of a consultation nobody is in, of a person's right to be there.

use std::time::Duration;

use colloque_ids::{ConsultationId, StaffId};
use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::signaling::{ClientMessage, EndReason, JoinRefusal, ServerMessage, Stage};
use colloque_protocol::ticket::{Person, Scope};
use colloque_signaling_core::{Input, Limits};

use crate::world::{PRACTITIONER_KEY, Storage, World, at, practitioner, scope};

const SIGNED_OUT: ServerMessage = ServerMessage::Ended { reason: EndReason::SignedOut };

fn a_moment_later(world: &mut World) {
    world.now = world.now.after(Duration::from_millis(1));
}

#[test]
fn an_end_of_an_empty_room_is_remembered_for_the_tickets_signed_before() {
    for end in [
        Input::ConsultationEnded { consultation: scope().consultation },
        Input::AppointmentChanged { consultation: scope().consultation },
    ] {
        let mut world = World::new();
        let older = [world.patient_claims(), world.practitioner_claims()];
        a_moment_later(&mut world);
        world.input(end);
        for claims in older {
            let connection = world.join(claims);
            assert_eq!(world.refusal(connection), Some(JoinRefusal::ConsultationOver));
        }
        assert_eq!(world.signaling.rooms(), 0);
    }
}

#[test]
fn an_end_that_is_written_after_everybody_left_is_remembered() {
    let mut world = World::new();
    let older = world.patient_claims();
    let (practitioner, patient) = world.consultation();
    world.storage = Storage::Hangs;
    world.say(practitioner, ClientMessage::End);
    for connection in [practitioner, patient] {
        world.say(connection, ClientMessage::Leave);
    }
    assert_eq!(world.signaling.rooms(), 0);
    world.storage_answers(true);
    world.storage = Storage::Works;
    let again = world.join(older);
    assert_eq!(world.refusal(again), Some(JoinRefusal::ConsultationOver));
}

#[test]
fn remembering_ends_takes_bounded_memory_and_forgets_on_the_safe_side() {
    let mut world = World::with_limits(Limits { revocations: 10, ..Limits::default() });
    let older = world.patient_claims();
    world.input(Input::ConsultationEnded { consultation: scope().consultation });
    for other in 0..10 {
        world.input(Input::ConsultationEnded { consultation: ConsultationId::from_parts(at(1), [other; 10]) });
    }
    let connection = world.join(older);
    assert_eq!(world.refusal(connection), Some(JoinRefusal::TicketExpired), "a forgotten end lets nobody in");
    a_moment_later(&mut world);
    let connection = world.practitioner_joins();
    assert_eq!(world.refusal(connection), None, "whoever fetches another ticket comes in");
}

#[test]
fn a_member_of_the_staff_who_is_signed_out_leaves_room_and_desk_at_once() {
    let mut world = World::new();
    let (in_room, patient) = world.consultation();
    world.say(in_room, ClientMessage::Offer { generation: 1, ice_restart: false, sdp: String::new() });
    let claims = world.desk_claims(practitioner(), Role::Practitioner);
    let desk = world.join(claims);
    let colleague = StaffId::from_parts(at(0), [9; 10]);
    let claims = world.desk_claims(colleague, Role::Secretary);
    let secretary = world.join(claims);
    assert_eq!(world.signaling.peers(), 1);

    world.input(Input::StaffSignedOut { staff: practitioner() });
    for connection in [in_room, desk] {
        assert_eq!(world.last(connection), Some(&SIGNED_OUT));
        assert!(world.closed.contains(&connection));
    }
    assert!(!world.closed.contains(&patient) && !world.closed.contains(&secretary));
    assert_eq!(world.room(patient).unwrap().other, None);
    assert_eq!(world.signaling.peers(), 0, "their sound and picture stop with it");
    let signed_out = ConnectionFact::Disconnected { cause: DisconnectCause::SignedOut };
    assert_eq!(world.facts().iter().filter(|fact| **fact == signed_out).count(), 2);
}

#[test]
fn tickets_signed_before_a_sign_out_open_nothing_and_those_signed_after_do() {
    let mut world = World::new();
    let room = world.practitioner_claims();
    let desk = world.desk_claims(practitioner(), Role::Practitioner);
    a_moment_later(&mut world);
    world.input(Input::StaffSignedOut { staff: practitioner() });
    for claims in [room, desk] {
        let connection = world.join(claims);
        assert_eq!(world.refusal(connection), Some(JoinRefusal::TicketExpired));
    }
    let patient = world.patient_joins();
    assert_eq!(world.refusal(patient), None, "nobody else is concerned");
    a_moment_later(&mut world);
    let again = world.practitioner_joins();
    assert_eq!(world.refusal(again), None);
}

#[test]
fn somebody_signed_out_while_their_entry_is_written_does_not_get_in() {
    let mut world = World::new();
    world.storage = Storage::Hangs;
    let entering = world.practitioner_joins();
    world.input(Input::StaffSignedOut { staff: practitioner() });
    world.storage_answers(true);
    assert_eq!(world.signaling.rooms(), 0);
    assert!(world.closed.contains(&entering));
    assert!(!world.heard(entering).iter().any(|message| matches!(message, ServerMessage::Joined { .. })));
}

#[test]
fn media_of_somebody_who_lost_their_connection_stops_when_they_are_signed_out() {
    let mut world = World::new();
    let (in_room, patient) = world.consultation();
    for connection in [in_room, patient] {
        world.say(connection, ClientMessage::Offer { generation: 1, ice_restart: false, sdp: String::new() });
        world.input(Input::Lost { connection, cause: DisconnectCause::SocketClosed });
    }
    assert_eq!(world.signaling.peers(), 2);
    world.input(Input::StaffSignedOut { staff: practitioner() });
    assert_eq!(world.signaling.peers(), 1);
    world.input(Input::PatientSignedOut { consultation: scope().consultation });
    assert_eq!((world.signaling.peers(), world.signaling.rooms()), (0, 0));
}

#[test]
fn a_patient_invited_anew_leaves_the_room_and_cannot_take_it_over_with_an_older_ticket() {
    let mut world = World::new();
    let older = world.patient_claims();
    let (in_room, patient) = world.consultation();
    a_moment_later(&mut world);
    world.input(Input::PatientSignedOut { consultation: scope().consultation });
    assert_eq!(world.last(patient), Some(&SIGNED_OUT));
    assert_eq!(world.room(in_room).unwrap().other, None);
    assert!(!world.closed.contains(&in_room));
    let connection = world.open();
    world.present(connection, older, true);
    assert_eq!(world.refusal(connection), Some(JoinRefusal::TicketExpired));
    a_moment_later(&mut world);
    let invited = world.patient_joins();
    assert_eq!(world.refusal(invited), None);
    assert_eq!(world.room(invited).unwrap().stage, Stage::Open);
}

#[test]
fn withdrawn_consent_ends_the_patients_part_and_no_media_pass_until_it_is_given_again() {
    let mut world = World::new();
    let older = world.practitioner_claims();
    let (in_room, patient) = world.consultation();
    a_moment_later(&mut world);
    world.input(Input::ConsentWithdrawn { consultation: scope().consultation });
    assert_eq!(world.last(patient), Some(&ServerMessage::Ended { reason: EndReason::ConsentWithdrawn }));
    assert_eq!(world.gate(), Some(false));
    world.connects(in_room);
    assert_eq!(world.gate(), Some(false));
    let again = world.join(older);
    world.connects(again);
    assert_eq!(world.gate(), Some(false), "an older ticket still knows of the consent");

    a_moment_later(&mut world);
    world.patient_joins();
    assert_eq!(world.gate(), Some(true), "consent was given again");
}

#[test]
fn a_room_made_by_a_ticket_from_before_the_withdrawal_has_no_consent() {
    let mut world = World::new();
    let mut admitted = scope();
    admitted.admitted_at = Some(at(-500));
    let room = Scope::Room(admitted);
    let claims = world.claims(Person::Staff(practitioner()), Role::Practitioner, PRACTITIONER_KEY, room);
    a_moment_later(&mut world);
    world.input(Input::ConsentWithdrawn { consultation: scope().consultation });
    let connection = world.join(claims);
    world.connects(connection);
    assert_eq!(world.gate(), None);
}
