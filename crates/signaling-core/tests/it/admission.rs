use std::time::Duration;

use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, DeviceCheck, EndReason, JoinRefusal, Presence, ServerMessage, Stage,
};
use colloque_signaling_core::{Input, Output, Record};

use crate::world::{Storage, World, scope};

#[test]
fn each_party_sees_the_verified_card_of_the_other_before_the_admission() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    let seen_by_patient = world.room(patient).unwrap();
    assert_eq!(seen_by_patient.stage, Stage::Waiting);
    assert_eq!(seen_by_patient.other.unwrap().card.display_name, "practitioner");
    let seen_by_practitioner = world.room(practitioner).unwrap();
    assert_eq!(seen_by_practitioner.other.unwrap().card.display_name, "patient");
}

#[test]
fn the_room_opens_for_both_once_the_admission_is_written() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    world.storage = Storage::Hangs;
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(world.room(patient).unwrap().stage, Stage::Waiting, "not before it is written");
    assert!(matches!(&world.commits[..], [(_, Record::Admission(decision))] if decision.scope == scope()));
    world.now = world.now.after(Duration::from_millis(40));
    world.storage_answers(true);
    for connection in [patient, practitioner] {
        let state = world.room(connection).unwrap();
        assert_eq!((state.stage, state.admitted_at), (Stage::Open, Some(world.now)));
    }
}

#[test]
fn an_admission_that_cannot_be_written_opens_nothing() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    world.storage = Storage::Fails;
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(world.last(practitioner), Some(&ServerMessage::NotDone { code: ActionRefusal::NotRecorded }));
    assert_eq!(world.room(patient).unwrap().stage, Stage::Waiting);
    world.storage = Storage::Works;
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(world.room(patient).unwrap().stage, Stage::Open);
}

#[test]
fn a_patient_cannot_decide_anything() {
    let mut world = World::new();
    let patient = world.patient_joins();
    world.practitioner_joins();
    for message in [
        ClientMessage::Admit,
        ClientMessage::Refuse,
        ClientMessage::End,
        ClientMessage::AnnounceDelay { appointment: None, minutes: 5 },
    ] {
        world.say(patient, message.clone());
        assert_eq!(world.last(patient), Some(&ServerMessage::NotDone { code: ActionRefusal::NotYours }), "{message:?}");
    }
    assert_eq!(world.room(patient).unwrap().stage, Stage::Waiting);
}

#[test]
fn nobody_is_admitted_while_the_patient_is_not_there() {
    let mut world = World::new();
    let practitioner = world.practitioner_joins();
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(world.last(practitioner), Some(&ServerMessage::NotDone { code: ActionRefusal::NobodyThere }));
}

#[test]
fn a_second_admission_is_told_that_it_is_done() {
    let mut world = World::new();
    let (practitioner, _) = world.consultation();
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(world.last(practitioner), Some(&ServerMessage::NotDone { code: ActionRefusal::AlreadyDone }));
}

#[test]
fn two_admissions_at_once_are_written_once() {
    let mut world = World::new();
    world.patient_joins();
    let practitioner = world.practitioner_joins();
    world.storage = Storage::Hangs;
    world.say(practitioner, ClientMessage::Admit);
    world.say(practitioner, ClientMessage::Admit);
    assert_eq!(world.commits.len(), 1);
}

#[test]
fn a_refused_patient_is_sent_away_and_the_practitioner_stays() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    world.say(practitioner, ClientMessage::Refuse);
    assert_eq!(world.last(patient), Some(&ServerMessage::Ended { reason: EndReason::RefusedByPractitioner }));
    assert!(world.closed.contains(&patient));
    assert!(!world.closed.contains(&practitioner));
    assert_eq!(world.room(practitioner).unwrap().other, None);
}

#[test]
fn an_end_closes_the_room_for_both_and_older_tickets_do_not_open_it_again() {
    let mut world = World::new();
    let older = world.patient_claims();
    let (practitioner, patient) = world.consultation();
    world.say(practitioner, ClientMessage::End);
    for connection in [practitioner, patient] {
        assert_eq!(world.last(connection), Some(&ServerMessage::Ended { reason: EndReason::EndedByPractitioner }));
        assert!(world.closed.contains(&connection));
    }
    assert_eq!(world.signaling.rooms(), 0);
    let again = world.join(older);
    assert_eq!(world.refusal(again), Some(JoinRefusal::ConsultationOver));
}

#[test]
fn an_end_that_cannot_be_written_ends_nothing() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.storage = Storage::Fails;
    world.say(practitioner, ClientMessage::End);
    assert_eq!(world.last(practitioner), Some(&ServerMessage::NotDone { code: ActionRefusal::NotRecorded }));
    assert!(!world.closed.contains(&patient));
}

#[test]
fn a_moved_appointment_ends_the_room_and_newer_tickets_open_it_again() {
    let mut world = World::new();
    let patient = world.patient_joins();
    world.input(Input::AppointmentChanged { consultation: scope().consultation });
    assert_eq!(world.last(patient), Some(&ServerMessage::Ended { reason: EndReason::AppointmentChanged }));
    world.now = world.now.after(Duration::from_millis(1));
    let again = world.patient_joins();
    assert_eq!(world.refusal(again), None);
}

#[test]
fn an_end_by_the_http_service_ends_the_room() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.input(Input::ConsultationEnded { consultation: scope().consultation });
    for connection in [practitioner, patient] {
        assert_eq!(world.last(connection), Some(&ServerMessage::Ended { reason: EndReason::EndedByPractitioner }));
    }
}

#[test]
fn what_is_switched_on_and_what_was_checked_reach_the_practitioner() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    let media = colloque_protocol::signaling::MediaState { camera: true, rear_camera: true, ..Default::default() };
    let check = DeviceCheck { camera: true, microphone: false, round_trip_ms: 80, media_blocked: false };
    world.say(patient, ClientMessage::MediaState(media));
    world.say(patient, ClientMessage::DeviceCheck(check));
    let other = world.room(practitioner).unwrap().other.unwrap();
    assert_eq!((other.media, other.device_check), (media, Some(check)));
    world.say(practitioner, ClientMessage::MediaState(media));
    let other = world.room(patient).unwrap().other.unwrap();
    assert_eq!((other.media, other.device_check), (media, None), "a patient sees no checks");
}

#[test]
fn a_delay_reaches_the_waiting_patient_and_who_comes_later() {
    let mut world = World::new();
    let practitioner = world.practitioner_joins();
    world.say(practitioner, ClientMessage::AnnounceDelay { appointment: None, minutes: 10 });
    assert_eq!(world.last(practitioner), Some(&ServerMessage::NotDone { code: ActionRefusal::NobodyThere }));
    let patient = world.patient_joins();
    world.say(practitioner, ClientMessage::AnnounceDelay { appointment: None, minutes: 10_000 });
    assert!(world.heard(patient).contains(&ServerMessage::DelayAnnounced { minutes: 240 }), "at most four hours");
    let reloaded = world.patient_joins();
    assert_eq!(world.room(reloaded).unwrap().delay_minutes, 240);
}

#[test]
fn a_document_is_announced_to_the_patient_only() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let document = colloque_ids::DocumentId::from_parts(world.now, [8; 10]);
    world.input(Input::DocumentReady { consultation: scope().consultation, document });
    assert_eq!(world.last(patient), Some(&ServerMessage::DocumentReady { document }));
    assert!(!world.heard(practitioner).contains(&ServerMessage::DocumentReady { document }));
}

#[test]
fn a_stopping_server_says_so_to_everybody_and_journals_it() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.input(Input::Stop);
    for connection in [practitioner, patient] {
        assert_eq!(world.last(connection), Some(&ServerMessage::Ended { reason: EndReason::ServerStopping }));
    }
    let disconnections = world.outputs.iter().filter(|output| {
        matches!(output, Output::Journal(event) if matches!(event.fact, colloque_protocol::connection::ConnectionFact::Disconnected { .. }))
    });
    assert_eq!(disconnections.count(), 2);
    assert_eq!(world.signaling.connections(), 0);
}

#[test]
fn a_room_that_stays_open_past_its_hours_lets_its_people_come_back() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.pass(Duration::from_secs(3_601), &[practitioner, patient]);
    let back = world.patient_joins();
    assert_eq!(world.refusal(back), None);
    assert!(matches!(world.room(practitioner).unwrap().other.unwrap().presence, Presence::Here { .. }));
}
