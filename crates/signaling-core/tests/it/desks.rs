use std::time::Duration;

use colloque_ids::StaffId;
use colloque_protocol::Role;
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, JoinRefusal, Presence, RESUME_WINDOW, ServerMessage, Stage,
};
use colloque_protocol::ticket::Scope;
use colloque_signaling_core::Input;

use crate::world::{World, at, practitioner, scope};

fn secretary() -> StaffId {
    StaffId::from_parts(at(0), [20; 10])
}

#[test]
fn an_arrival_reaches_every_desk_at_once_and_a_new_desk_in_its_first_message() {
    let mut world = World::new();
    let claims = world.desk_claims(practitioner(), Role::Practitioner);
    let own = world.join(claims);
    let claims = world.desk_claims(secretary(), Role::Secretary);
    let secretary_desk = world.join(claims);
    world.patient_joins();
    for desk in [own, secretary_desk] {
        assert!(matches!(
            world.last(desk),
            Some(ServerMessage::QueueChanged { entry })
                if entry.appointment == scope().appointment && entry.stage == Stage::Waiting
        ));
    }
    let claims = world.desk_claims(practitioner(), Role::Practitioner);
    let later = world.join(claims);
    assert!(matches!(world.last(later), Some(ServerMessage::DeskJoined { queue }) if queue.len() == 1));
}

#[test]
fn a_desk_of_another_practice_or_practitioner_hears_nothing() {
    let mut world = World::new();
    let mut foreign = world.desk_claims(secretary(), Role::Secretary);
    foreign.practice = colloque_ids::PracticeId::from_parts(at(0), [66; 10]);
    let foreign = world.join(foreign);
    let mut other = world.desk_claims(secretary(), Role::Secretary);
    other.scope = Scope::Desk { practitioners: vec![StaffId::from_parts(at(0), [67; 10])] };
    let other = world.join(other);
    world.patient_joins();
    for desk in [foreign, other] {
        assert_eq!(world.heard(desk), &[ServerMessage::DeskJoined { queue: vec![] }]);
    }
}

#[test]
fn a_practitioner_watches_their_own_queue_only() {
    let mut world = World::new();
    let mut claims = world.desk_claims(practitioner(), Role::Practitioner);
    claims.scope = Scope::Desk { practitioners: vec![practitioner(), secretary()] };
    let desk = world.join(claims);
    assert_eq!(world.refusal(desk), Some(JoinRefusal::WrongPerson));
    for role in [Role::Administrator, Role::Patient] {
        let claims = world.desk_claims(practitioner(), role);
        let desk = world.join(claims);
        assert_eq!(world.refusal(desk), Some(JoinRefusal::WrongPerson), "{role:?}");
    }
}

#[test]
fn a_desk_follows_admission_loss_and_departure() {
    let mut world = World::new();
    let claims = world.desk_claims(secretary(), Role::Secretary);
    let desk = world.join(claims);
    let (practitioner, patient) = world.consultation();
    assert!(matches!(world.last(desk), Some(ServerMessage::QueueChanged { entry }) if entry.stage == Stage::Open));
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    assert!(matches!(
        world.last(desk),
        Some(ServerMessage::QueueChanged { entry }) if matches!(entry.presence, Presence::Lost { .. })
    ));
    world.pass(RESUME_WINDOW + Duration::from_secs(1), &[practitioner, desk]);
    assert!(world.heard(desk).contains(&ServerMessage::QueueLeft { appointment: scope().appointment }));
}

#[test]
fn a_waiting_patient_rings_again_but_not_all_the_time() {
    let mut world = World::new();
    let patient = world.patient_joins();
    world.say(patient, ClientMessage::NotifyAgain);
    assert_eq!(world.last(patient), Some(&ServerMessage::NotDone { code: ActionRefusal::NobodyThere }));
    let claims = world.desk_claims(secretary(), Role::Secretary);
    let desk = world.join(claims);
    world.say(patient, ClientMessage::NotifyAgain);
    assert_eq!(world.last(desk), Some(&ServerMessage::PatientCallsAgain { appointment: scope().appointment }));
    world.say(patient, ClientMessage::NotifyAgain);
    assert_eq!(world.last(patient), Some(&ServerMessage::NotDone { code: ActionRefusal::TooMany }));
    world.pass(Duration::from_secs(31), &[patient, desk]);
    world.say(patient, ClientMessage::NotifyAgain);
    assert_eq!(world.last(desk), Some(&ServerMessage::PatientCallsAgain { appointment: scope().appointment }));
}

#[test]
fn a_desk_announces_a_delay_for_its_own_patients_only() {
    let mut world = World::new();
    let claims = world.desk_claims(secretary(), Role::Secretary);
    let desk = world.join(claims);
    let patient = world.patient_joins();
    let delay = ClientMessage::AnnounceDelay { appointment: Some(scope().appointment), minutes: 15 };
    world.say(desk, delay.clone());
    assert_eq!(world.room(patient).unwrap().delay_minutes, 15);
    let mut foreign = world.desk_claims(secretary(), Role::Secretary);
    foreign.practice = colloque_ids::PracticeId::from_parts(at(0), [66; 10]);
    let foreign = world.join(foreign);
    world.say(foreign, delay);
    assert_eq!(world.last(foreign), Some(&ServerMessage::NotDone { code: ActionRefusal::NobodyThere }));
}

#[test]
fn a_desk_has_no_hand_in_a_room() {
    let mut world = World::new();
    let claims = world.desk_claims(practitioner(), Role::Practitioner);
    let desk = world.join(claims);
    world.patient_joins();
    for message in [
        ClientMessage::Admit,
        ClientMessage::End,
        ClientMessage::Offer { generation: 1, ice_restart: false, sdp: "v=0".to_owned() },
    ] {
        world.say(desk, message);
        assert_eq!(world.last(desk), Some(&ServerMessage::NotDone { code: ActionRefusal::NotYours }));
    }
}
