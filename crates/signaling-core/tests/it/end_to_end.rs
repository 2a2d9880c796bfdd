//! What clients say to each other past the server.

use std::time::Duration;

use colloque_attestation::Standing;
use colloque_ids::{ConnectionId, ParticipantId};
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::end_to_end::{FromOthers, ToOthers};
use colloque_protocol::signaling::{ActionRefusal, ClientMessage, RESUME_WINDOW, ServerMessage};
use colloque_signaling_core::limits::{ATTESTATION_BURST, KEPT_SEALED_MESSAGES, SEALED_BURST};
use colloque_signaling_core::{Input, Output};

use crate::world::{Storage, World, scope};

const GROUP: [u8; 33] = [1; 33];

impl World {
    pub fn tells_others(&mut self, connection: ConnectionId, message: &ToOthers) {
        self.say(connection, ClientMessage::EndToEnd { message: message.to_text() });
    }

    pub fn heard_from_others(&self, connection: ConnectionId) -> Vec<FromOthers> {
        self.heard(connection)
            .iter()
            .filter_map(|message| match message {
                ServerMessage::EndToEnd { message } => Some(FromOthers::from_text(message).unwrap()),
                _ => None,
            })
            .collect()
    }

    pub fn not_done(&self, connection: ConnectionId) -> Option<ActionRefusal> {
        match self.last(connection) {
            Some(ServerMessage::NotDone { code }) => Some(*code),
            _ => None,
        }
    }

    pub fn attested(&self) -> Vec<(ConnectionId, colloque_attestation::Statement, bool)> {
        self.outputs
            .iter()
            .filter_map(|output| match output {
                Output::SendAttestation { connection, statement, makes_group } => {
                    Some((*connection, (**statement).clone(), *makes_group))
                }
                _ => None,
            })
            .collect()
    }
}

fn commit(epoch: u64, group: &[u8], welcomed: Vec<ParticipantId>) -> ToOthers {
    let welcome = (!welcomed.is_empty()).then(|| b"welcome".to_vec());
    ToOthers::Commit { group: group.to_vec(), epoch, commit: vec![epoch.to_be_bytes()[7]], welcome, welcomed }
}

fn sealed(text: &[u8]) -> ToOthers {
    ToOthers::Sealed { message: text.to_vec() }
}

#[test]
fn a_key_is_attested_to_the_person_of_the_ticket_once_the_journal_says_so() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.storage = Storage::Hangs;
    world.tells_others(patient, &ToOthers::Attest { leaf_key: [7; 32] });
    assert_eq!(world.attested(), []);
    assert!(world.facts().contains(&ConnectionFact::KeyAttested { leaf_key: [7; 32] }));
    world.storage_answers(true);
    world.storage = Storage::Works;
    world.tells_others(practitioner, &ToOthers::Attest { leaf_key: [8; 32] });

    let [of_patient, of_practitioner] = world.attested().try_into().unwrap();
    assert_eq!((of_patient.0, of_patient.2), (patient, false));
    assert_eq!(of_patient.1.standing, Standing::Patient);
    assert_eq!(of_patient.1.leaf_key, [7; 32]);
    assert_eq!(of_patient.1.consultation, scope().consultation);
    assert_eq!(of_patient.1.participant, world.participant(patient));
    assert_eq!((of_practitioner.0, of_practitioner.2), (practitioner, true));
    assert_eq!(of_practitioner.1.standing, Standing::Practitioner);
}

#[test]
fn without_the_journal_no_key_is_attested() {
    let mut world = World::new();
    let patient = world.patient_joins();
    world.storage = Storage::Fails;
    world.tells_others(patient, &ToOthers::Attest { leaf_key: [7; 32] });
    assert_eq!(world.attested(), []);
    assert_eq!(world.not_done(patient), Some(ActionRefusal::NotRecorded));
}

#[test]
fn a_key_is_not_attested_to_somebody_who_is_gone() {
    let mut world = World::new();
    let (_, patient) = world.consultation();
    world.storage = Storage::Hangs;
    world.tells_others(patient, &ToOthers::Attest { leaf_key: [7; 32] });
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.storage_answers(true);
    assert_eq!(world.attested(), []);
}

#[test]
fn keys_are_attested_only_so_often() {
    let mut world = World::new();
    let patient = world.patient_joins();
    for number in 0..=ATTESTATION_BURST {
        world.tells_others(patient, &ToOthers::Attest { leaf_key: [u8::try_from(number).unwrap(); 32] });
    }
    assert_eq!(world.attested().len(), ATTESTATION_BURST as usize);
    assert_eq!(world.not_done(patient), Some(ActionRefusal::TooMany));
}

#[test]
fn offers_go_to_the_clinician_and_what_is_sealed_to_the_other() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.tells_others(practitioner, &ToOthers::AskOffers);
    world.tells_others(patient, &ToOthers::KeyPackage { package: vec![9] });
    world.tells_others(patient, &sealed(b"from the patient"));
    world.tells_others(practitioner, &sealed(b"from the doctor"));
    assert_eq!(
        world.heard_from_others(patient),
        [FromOthers::Offer, FromOthers::Sealed { message: b"from the doctor".to_vec() }]
    );
    assert_eq!(
        world.heard_from_others(practitioner),
        [
            FromOthers::KeyPackage { participant: world.participant(patient), package: vec![9] },
            FromOthers::Sealed { message: b"from the patient".to_vec() }
        ]
    );
    world.tells_others(patient, &ToOthers::AskOffers);
    assert_eq!(world.not_done(patient), Some(ActionRefusal::NotYours));
}

#[test]
fn one_change_of_an_epoch_holds() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let of_patient = world.participant(patient);
    world.tells_others(practitioner, &commit(0, &GROUP, vec![of_patient]));
    assert_eq!(world.heard_from_others(practitioner), [FromOthers::Ordered { epoch: 0, holds: true }]);
    assert_eq!(world.heard_from_others(patient), [FromOthers::Welcome { welcome: b"welcome".to_vec() }]);

    world.tells_others(patient, &commit(1, &GROUP, vec![]));
    world.tells_others(practitioner, &commit(1, &GROUP, vec![]));
    assert_eq!(
        world.heard_from_others(practitioner)[1..],
        [FromOthers::Commit { commit: vec![1] }, FromOthers::Ordered { epoch: 1, holds: false }]
    );
    assert_eq!(world.heard_from_others(patient)[1..], [FromOthers::Ordered { epoch: 1, holds: true }]);
}

#[test]
fn only_a_clinician_begins_a_group() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.tells_others(patient, &commit(0, &GROUP, vec![]));
    assert_eq!(world.heard_from_others(patient), [FromOthers::Ordered { epoch: 0, holds: false }]);
    assert_eq!(world.heard_from_others(practitioner), []);
    world.tells_others(practitioner, &commit(5, &GROUP, vec![]));
    world.tells_others(practitioner, &commit(3, &[2; 33], vec![]));
    world.tells_others(practitioner, &commit(0, &[3; 33], vec![]));
    assert_eq!(
        world.heard_from_others(practitioner),
        [
            // As after a restart of the server: the group is not known.
            FromOthers::Ordered { epoch: 5, holds: true },
            FromOthers::Ordered { epoch: 3, holds: false },
            FromOthers::Ordered { epoch: 0, holds: true },
        ]
    );
    world.tells_others(practitioner, &commit(u64::MAX, &[3; 33], vec![]));
    assert_eq!(
        world.heard_from_others(practitioner).last(),
        Some(&FromOthers::Ordered { epoch: u64::MAX, holds: false })
    );
}

#[test]
fn what_was_said_while_somebody_was_away_waits_for_them_in_order() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let of_patient = world.participant(patient);
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.tells_others(practitioner, &commit(0, &GROUP, vec![of_patient]));
    world.tells_others(practitioner, &sealed(b"are you there"));
    let back = world.patient_joins();
    let expected = [
        FromOthers::Welcome { welcome: b"welcome".to_vec() },
        FromOthers::Sealed { message: b"are you there".to_vec() },
    ];
    assert_eq!(world.heard_from_others(back), expected);
    world.input(Input::Lost { connection: back, cause: DisconnectCause::SocketClosed });
    let again = world.patient_joins();
    assert_eq!(world.heard_from_others(again), []);
}

#[test]
fn another_device_is_not_given_what_was_for_the_first() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    world.tells_others(practitioner, &sealed(b"for the telephone"));
    let mut claims = world.patient_claims();
    claims.key_thumbprint.0 = "tablet".to_owned();
    let tablet = world.join(claims);
    assert_eq!(world.heard_from_others(tablet), []);
}

#[test]
fn who_was_away_for_too_much_is_told() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    for _ in 0..KEPT_SEALED_MESSAGES + 9 {
        world.tells_others(practitioner, &sealed(b"word"));
        world.pass(Duration::from_millis(200), &[practitioner]);
    }
    let back = world.patient_joins();
    assert_eq!(world.heard_from_others(back), [FromOthers::Missed]);
}

#[test]
fn a_clinician_hears_who_is_gone_for_good() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let gone = world.participant(patient);
    world.input(Input::Lost { connection: patient, cause: DisconnectCause::SocketClosed });
    assert_eq!(world.heard_from_others(practitioner), []);
    world.pass(RESUME_WINDOW + Duration::from_secs(1), &[practitioner]);
    assert_eq!(world.heard_from_others(practitioner), [FromOthers::Left { participant: gone }]);
}

#[test]
fn a_comparison_of_the_words_is_journaled() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.tells_others(practitioner, &ToOthers::Compared { same: true });
    world.tells_others(patient, &ToOthers::Compared { same: false });
    let facts = world.facts();
    assert!(facts.contains(&ConnectionFact::WordsCompared { same: true }));
    assert!(facts.contains(&ConnectionFact::WordsCompared { same: false }));
}

#[test]
fn whoever_sends_something_else_is_given_up() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    world.say(patient, ClientMessage::EndToEnd { message: "nonsense".to_owned() });
    assert!(world.closed.contains(&patient));
    assert!(!world.closed.contains(&practitioner));
}

#[test]
fn a_flood_past_the_server_is_cut() {
    let mut world = World::new();
    let (practitioner, patient) = world.consultation();
    let mut passed = 0;
    for _ in 0..3 {
        for _ in 0..SEALED_BURST {
            world.tells_others(patient, &sealed(b"flood"));
        }
        passed = world.heard_from_others(practitioner).len();
    }
    assert!(passed <= SEALED_BURST as usize, "{passed}");
}
