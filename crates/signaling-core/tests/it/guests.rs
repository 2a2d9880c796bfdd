//! A third person: asked in by the practitioner, agreed to by the patient.

use std::time::Duration;

use colloque_attestation::Standing;
use colloque_ids::{ConnectionId, GuestId, ParticipantId};
use colloque_protocol::Role;
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::end_to_end::{FromOthers, ToOthers};
use colloque_protocol::signaling::{
    ActionRefusal, ClientMessage, EndReason, JoinRefusal, OfferRefusal, RESUME_WINDOW, ServerMessage, Stage,
};
use colloque_signaling_core::{Input, Output, Record};

use crate::world::{Storage, World, at};

fn offer() -> ClientMessage {
    ClientMessage::Offer { generation: 1, ice_restart: false, sdp: "offer".to_owned() }
}

struct Three {
    world: World,
    practitioner: ConnectionId,
    patient: ConnectionId,
    guest: ConnectionId,
    /// The guest, in the room.
    participant: ParticipantId,
}

impl Three {
    /// A call of two, and a guest who waits.
    fn waiting() -> Self {
        let mut world = World::new();
        let (practitioner, patient) = world.consultation();
        let claims = world.guest_claims(9, Role::Interpreter);
        let guest = world.join(claims);
        let participant = world.participant(guest);
        Self { world, practitioner, patient, guest, participant }
    }

    fn admitted() -> Self {
        let mut three = Self::waiting();
        three.agrees(true);
        three.admits();
        three
    }

    fn agrees(&mut self, agrees: bool) {
        let message = ClientMessage::AgreeToGuest { participant: self.participant, agrees };
        self.world.say(self.patient, message);
    }

    fn admits(&mut self) {
        self.world.say(self.practitioner, ClientMessage::AdmitGuest { participant: self.participant });
    }

    fn removes(&mut self) {
        self.world.say(self.practitioner, ClientMessage::RemoveGuest { participant: self.participant });
    }

    /// Whether the guest may connect to the media plane.
    fn connects(&mut self) -> bool {
        let before = self.world.outputs.len();
        self.world.say(self.guest, offer());
        self.world.outputs[before..].iter().any(|output| matches!(output, Output::ConnectMedia { .. }))
    }
}

fn guest_id() -> GuestId {
    GuestId::from_parts(at(0), [9; 10])
}

#[test]
fn who_waits_is_seen_by_both_and_sees_the_practitioner_only() {
    let three = Three::waiting();
    for connection in [three.practitioner, three.patient] {
        let seen = three.world.room(connection).unwrap().third.unwrap();
        assert_eq!((seen.participant, seen.card.role), (three.participant, Role::Interpreter));
        assert_eq!((seen.agreed, seen.takes_part), (None, false));
    }
    let seen = three.world.room(three.guest).unwrap();
    assert_eq!(seen.stage, Stage::Waiting);
    assert_eq!(seen.other.unwrap().card.role, Role::Practitioner);
    assert_eq!(seen.third, None, "not that there is a patient, nor who");
}

#[test]
fn before_the_call_the_patient_is_asked_nothing() {
    let mut world = World::new();
    let patient = world.patient_joins();
    let practitioner = world.practitioner_joins();
    let claims = world.guest_claims(9, Role::Expert);
    let guest = world.join(claims);
    let participant = world.participant(guest);
    assert_eq!(world.room(patient).unwrap().third, None);
    world.say(patient, ClientMessage::AgreeToGuest { participant, agrees: true });
    assert_eq!(world.not_done(patient), Some(ActionRefusal::NobodyThere));
    world.say(practitioner, ClientMessage::Admit);
    assert!(world.room(patient).unwrap().third.is_some());
    assert_eq!(world.room(guest).unwrap().stage, Stage::Waiting, "the patient's admission is not the guest's");
}

#[test]
fn a_guest_enters_by_the_patients_consent_and_the_practitioners_word() {
    let mut three = Three::waiting();
    assert!(!three.connects());
    three.admits();
    assert_eq!(three.world.not_done(three.practitioner), Some(ActionRefusal::NobodyThere), "not without consent");
    three.agrees(true);
    assert_eq!(three.world.room(three.practitioner).unwrap().third.unwrap().agreed, Some(true));
    assert!(!three.connects(), "not by consent alone");
    three.admits();
    let seen = three.world.room(three.guest).unwrap();
    assert_eq!(seen.stage, Stage::Open);
    assert_eq!(seen.third.unwrap().card.role, Role::Patient);
    assert!(three.world.room(three.patient).unwrap().third.unwrap().takes_part);
    assert!(three.connects());
    let facts = three.world.facts();
    assert!(facts.contains(&ConnectionFact::GuestAgreed { guest: guest_id(), agrees: true }));
    assert!(facts.contains(&ConnectionFact::GuestAdmitted { guest: guest_id() }));
}

#[test]
fn neither_consent_nor_admission_holds_before_it_is_written() {
    let mut three = Three::waiting();
    three.world.storage = Storage::Hangs;
    three.agrees(true);
    assert_eq!(three.world.room(three.practitioner).unwrap().third.unwrap().agreed, None);
    assert!(matches!(&three.world.commits[..], [(_, Record::Guest(_))]));
    three.world.storage_answers(true);
    three.admits();
    assert_eq!(three.world.room(three.guest).unwrap().stage, Stage::Waiting);
    three.world.storage_answers(false);
    assert_eq!(three.world.not_done(three.practitioner), Some(ActionRefusal::NotRecorded));
    assert_eq!(three.world.room(three.guest).unwrap().stage, Stage::Waiting);
    three.admits();
    three.world.storage_answers(true);
    assert_eq!(three.world.room(three.guest).unwrap().stage, Stage::Open);
}

#[test]
fn a_consent_that_is_taken_back_while_the_admission_is_written_lets_nobody_in() {
    let mut three = Three::waiting();
    three.agrees(true);
    three.world.storage = Storage::Hangs;
    three.admits();
    three.agrees(false);
    // In the order in which storage finished them, not that of asking.
    three.world.commits.reverse();
    three.world.storage_answers(true);
    assert_eq!(three.world.room(three.guest).unwrap().stage, Stage::Waiting);
}

#[test]
fn a_patient_who_says_no_later_puts_the_guest_out() {
    let mut three = Three::admitted();
    assert!(three.connects());
    let peers = three.world.signaling.peers();
    three.agrees(false);
    assert!(three.world.closed.contains(&three.guest));
    let farewell = ServerMessage::Ended { reason: EndReason::RefusedByPractitioner };
    assert!(three.world.heard(three.guest).contains(&farewell));
    assert_eq!(three.world.signaling.peers(), peers - 1, "nothing is forwarded any more");
    assert_eq!(three.world.room(three.practitioner).unwrap().third, None);
}

#[test]
fn the_practitioner_puts_a_guest_out_at_once_and_the_others_are_told() {
    let mut three = Three::admitted();
    three.world.storage = Storage::Hangs;
    three.removes();
    assert!(three.world.closed.contains(&three.guest), "without waiting for storage");
    assert!(three.world.facts().contains(&ConnectionFact::GuestRemoved { guest: guest_id() }));
    let left = FromOthers::Left { participant: three.participant };
    for connection in [three.practitioner, three.patient] {
        assert!(three.world.heard_from_others(connection).contains(&left));
        assert_eq!(three.world.room(connection).unwrap().third, None);
    }
}

#[test]
fn a_guest_who_was_put_out_asks_anew() {
    let mut three = Three::admitted();
    three.removes();
    let claims = three.world.guest_claims(9, Role::Interpreter);
    three.guest = three.world.join(claims);
    let seen = three.world.room(three.patient).unwrap().third.unwrap();
    assert_eq!((seen.agreed, seen.takes_part), (None, false));
    assert!(!three.connects());
}

#[test]
fn nobody_decides_what_is_not_theirs() {
    let mut three = Three::waiting();
    let participant = three.participant;
    for connection in [three.practitioner, three.guest] {
        three.world.say(connection, ClientMessage::AgreeToGuest { participant, agrees: true });
        assert_eq!(three.world.not_done(connection), Some(ActionRefusal::NotYours));
    }
    three.agrees(true);
    for connection in [three.patient, three.guest] {
        for message in [ClientMessage::AdmitGuest { participant }, ClientMessage::RemoveGuest { participant }] {
            three.world.say(connection, message);
            assert_eq!(three.world.not_done(connection), Some(ActionRefusal::NotYours));
        }
    }
    for message in [ClientMessage::Admit, ClientMessage::Refuse, ClientMessage::End, ClientMessage::NotifyAgain] {
        three.world.say(three.guest, message);
        assert_eq!(three.world.not_done(three.guest), Some(ActionRefusal::NotYours));
    }
    let nobody = three.world.participant(three.patient);
    three.world.say(three.practitioner, ClientMessage::AdmitGuest { participant: nobody });
    assert_eq!(three.world.not_done(three.practitioner), Some(ActionRefusal::NobodyThere));
}

#[test]
fn a_guest_who_lost_the_connection_comes_back_to_the_call_and_another_browser_does_not() {
    let mut three = Three::admitted();
    three.world.input(Input::Lost { connection: three.guest, cause: DisconnectCause::SocketClosed });
    let claims = three.world.guest_claims(9, Role::Interpreter);
    three.guest = three.world.join(claims);
    assert_eq!(three.world.room(three.guest).unwrap().stage, Stage::Open);
    let mut claims = three.world.guest_claims(9, Role::Interpreter);
    claims.key_thumbprint.0 = "another browser".to_owned();
    let other = three.world.open();
    three.world.present(other, claims, true);
    assert_eq!(three.world.room(other).unwrap().stage, Stage::Waiting, "it may be somebody else");
    assert_eq!(three.world.room(three.patient).unwrap().third.unwrap().agreed, None);
}

#[test]
fn one_third_person_at_a_time() {
    let mut three = Three::waiting();
    let claims = three.world.guest_claims(8, Role::Expert);
    let second = three.world.join(claims);
    assert_eq!(three.world.refusal(second), Some(JoinRefusal::ServerFull));
    three.removes();
    let claims = three.world.guest_claims(8, Role::Expert);
    let second = three.world.join(claims);
    assert_eq!(three.world.refusal(second), None);
}

#[test]
fn a_ticket_of_a_guest_in_another_role_opens_nothing() {
    let mut world = World::new();
    for role in [Role::Patient, Role::Practitioner, Role::Secretary, Role::Administrator] {
        let claims = world.guest_claims(9, role);
        let connection = world.join(claims);
        assert_eq!(world.refusal(connection), Some(JoinRefusal::WrongPerson), "{role:?}");
    }
}

#[test]
fn a_guest_hears_of_the_group_once_they_take_part_and_is_attested_as_what_they_are() {
    let mut three = Three::waiting();
    three.world.tells_others(three.guest, &ToOthers::Attest { leaf_key: [7; 32] });
    let attested = three.world.attested();
    assert_eq!(attested[0].1.standing, Standing::Interpreter);
    assert!(!attested[0].2, "a guest makes no group");
    three.world.tells_others(three.guest, &ToOthers::KeyPackage { package: vec![9] });
    let offer = FromOthers::KeyPackage { participant: three.participant, package: vec![9] };
    assert!(three.world.heard_from_others(three.practitioner).contains(&offer));

    let commit = |epoch, welcomed| ToOthers::Commit {
        group: vec![1; 33],
        epoch,
        commit: vec![1],
        welcome: Some(b"welcome".to_vec()),
        welcomed,
    };
    three.world.tells_others(three.practitioner, &commit(0, vec![three.participant]));
    three.world.tells_others(three.patient, &ToOthers::Sealed { message: vec![5] });
    assert_eq!(three.world.heard_from_others(three.guest), [], "nothing of the call before they are in it");
    three.world.tells_others(three.guest, &ToOthers::Sealed { message: vec![6] });
    assert_eq!(three.world.not_done(three.guest), Some(ActionRefusal::NotYours));

    three.agrees(true);
    three.admits();
    three.world.tells_others(three.practitioner, &commit(1, vec![three.participant]));
    let heard = three.world.heard_from_others(three.guest);
    assert_eq!(heard, [FromOthers::Welcome { welcome: b"welcome".to_vec() }]);
    three.world.tells_others(three.guest, &ToOthers::Sealed { message: vec![6] });
    for connection in [three.practitioner, three.patient] {
        assert!(three.world.heard_from_others(connection).contains(&FromOthers::Sealed { message: vec![6] }));
    }
}

#[test]
fn a_link_that_is_taken_back_ends_its_guest_and_no_other() {
    let mut three = Three::admitted();
    let consultation = crate::world::scope().consultation;
    let other = GuestId::from_parts(at(0), [8; 10]);
    three.world.input(Input::GuestWithdrawn { consultation, guest: other });
    assert!(!three.world.closed.contains(&three.guest));
    three.world.input(Input::GuestWithdrawn { consultation, guest: guest_id() });
    assert!(three.world.closed.contains(&three.guest));
}

#[test]
fn what_ends_the_consultation_ends_the_guest() {
    let mut three = Three::admitted();
    three.world.say(three.practitioner, ClientMessage::End);
    assert!(three.world.closed.contains(&three.guest));
    assert_eq!(three.world.signaling.rooms(), 0);
}

#[test]
fn without_the_patients_consent_to_the_consultation_a_guest_connects_to_nothing() {
    let mut three = Three::admitted();
    let consultation = crate::world::scope().consultation;
    three.world.input(Input::ConsentWithdrawn { consultation });
    three.world.say(three.guest, offer());
    let refused = ServerMessage::OfferRefused { generation: 1, code: OfferRefusal::NoConsent };
    assert_eq!(three.world.last(three.guest), Some(&refused));
    assert_eq!(three.world.gate(), Some(false));
}

#[test]
fn a_guest_who_stays_away_is_forgotten() {
    let mut three = Three::waiting();
    three.world.input(Input::Lost { connection: three.guest, cause: DisconnectCause::SocketClosed });
    let alive = [three.practitioner, three.patient];
    three.world.pass(RESUME_WINDOW + Duration::from_secs(1), &alive);
    assert_eq!(three.world.room(three.practitioner).unwrap().third, None);
}
