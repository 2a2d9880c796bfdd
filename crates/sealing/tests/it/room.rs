//! Two people, the real order of signaling between them, and nothing else: from the tickets to a sealed frame.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use colloque_e2ee::frame::{Codec, Opening, TrackKind};
use colloque_e2ee::{Comparison, LinkProof, LinkSecret, Refusal, Setup, State};
use colloque_ids::{
    AppointmentId, ConnectionId, ConsultationId, GuestId, PatientId, PracticeId, RoomId, StaffId, TicketId, Timestamp,
};
use colloque_protocol::connection::{ConnectionFact, DisconnectCause};
use colloque_protocol::end_to_end::FromOthers;
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::signaling::{ClientMessage, ServerMessage};
use colloque_protocol::ticket::{Person, RoomScope, Scope, TicketClaims};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use colloque_sealing::{Outgoing, Sealing};
use colloque_signaling_core::{Input, Limits, Output, Signaling};
use ed25519_dalek::{Signer, SigningKey};

const ROOM: [u8; 10] = [5; 10];

fn platform() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).after(Duration::from_millis(millis))
}

struct Guest {
    sealing: Sealing,
    role: Role,
    connection: Option<ConnectionId>,
    errors: usize,
}

struct World {
    signaling: Signaling,
    now: u64,
    people: Vec<Guest>,
    facts: Vec<ConnectionFact>,
    next: u8,
    /// Whom the server's words about keys do not reach.
    deaf: Option<usize>,
}

impl World {
    fn new() -> Self {
        let signaling = Signaling::new(Limits::default(), 7, at(0).before(Duration::from_secs(1)));
        Self { signaling, now: 0, people: Vec::new(), facts: Vec::new(), next: 0, deaf: None }
    }

    fn add(&mut self, role: Role, seed: u8) -> usize {
        let sealing = Sealing::new(Setup {
            consultation: ConsultationId::from_parts(at(0), ROOM),
            identity_key: platform().verifying_key().to_bytes(),
            link: Some(LinkSecret::new([9; 16])),
            seed: [seed; 32].into(),
        });
        self.people.push(Guest { sealing: sealing.unwrap(), role, connection: None, errors: 0 });
        self.people.len() - 1
    }

    fn random(&mut self) -> [u8; 10] {
        self.next += 1;
        [self.next; 10]
    }

    fn join(&mut self, who: usize) {
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        self.join_heard(who, &everybody);
    }

    /// Somebody joins, and only what some people say reaches the server.
    fn join_heard(&mut self, who: usize, heard: &[usize]) {
        let (role, now) = (self.people[who].role, at(self.now));
        let (staff, patient) = (StaffId::from_parts(at(0), [1; 10]), PatientId::from_parts(at(0), [2; 10]));
        let connection = ConnectionId::from_parts(now, self.random());
        let claims = TicketClaims {
            ticket: TicketId::from_parts(now, self.random()),
            practice: PracticeId::from_parts(at(0), [3; 10]),
            person: match role {
                Role::Patient => Person::Patient(patient),
                role if role.is_guest() => Person::Guest(GuestId::from_parts(at(0), [6; 10])),
                _ => Person::Staff(staff),
            },
            role,
            card: IdentityCard {
                display_name: role.name().to_owned(),
                role,
                profession: None,
                rpps: None,
                verified_by: vec![AuthenticationMethod::InvitationLink, AuthenticationMethod::EmailCode],
            },
            key_thumbprint: KeyThumbprint(role.name().to_owned()),
            scope: Scope::Room(RoomScope {
                room: RoomId::from_parts(at(0), ROOM),
                consultation: ConsultationId::from_parts(at(0), ROOM),
                appointment: AppointmentId::from_parts(at(0), [4; 10]),
                practitioner: staff,
                patient,
                consent_given_at: Some(at(0)),
                admitted_at: None,
                opens_at: at(0),
                closes_at: at(7_200_000),
            }),
            issued_at: now,
            expires_at: now.after(Duration::from_secs(60)),
        };
        self.people[who].connection = Some(connection);
        self.signal(Input::Opened { connection, from: IpAddr::V4(Ipv4Addr::LOCALHOST) });
        self.signal(Input::JoinVerified { connection, claims: Box::new(claims), take_over: true });
        self.settle_of(heard);
    }

    fn lose(&mut self, who: usize) {
        if let Some(connection) = self.people[who].connection.take() {
            self.signal(Input::Lost { connection, cause: DisconnectCause::SocketClosed });
        }
    }

    fn pass(&mut self, millis: u64) {
        self.now += millis;
        let now = at(self.now);
        for who in 0..self.people.len() {
            self.people[who].sealing.tick(now);
            if let Some(connection) = self.people[who].connection {
                self.signal(Input::Message { connection, message: ClientMessage::Ping { sequence: 0 } });
            }
        }
        self.settle();
    }

    fn signal(&mut self, input: Input) {
        let now = at(self.now);
        self.signaling.handle(input, now);
        while let Some(output) = self.signaling.next_output() {
            match output {
                Output::Commit { commit, record } => {
                    if let colloque_signaling_core::Record::Attestation(event) = record {
                        self.facts.push(event.fact);
                    }
                    self.signaling.handle(Input::Committed { commit, at: now }, now);
                }
                Output::SendAttestation { connection, statement, makes_group } => {
                    let attestation = statement.seal(|bytes| platform().sign(bytes).to_bytes()).bytes().to_vec();
                    let message = FromOthers::Attested { attestation, makes_group }.to_text();
                    self.deliver(connection, &ServerMessage::EndToEnd { message });
                }
                Output::Send { connection, message } => self.deliver(connection, &message),
                Output::Journal(event) => self.facts.push(event.fact),
                Output::Close { .. }
                | Output::ConnectMedia { .. }
                | Output::GateMedia { .. }
                | Output::DisconnectMedia { .. } => {}
            }
        }
    }

    fn deliver(&mut self, connection: ConnectionId, message: &ServerMessage) {
        let now = at(self.now);
        let Some(place) = self.people.iter().position(|person| person.connection == Some(connection)) else { return };
        let person = &mut self.people[place];
        match message {
            ServerMessage::Joined { participant, .. } => person.sealing.joined(*participant),
            ServerMessage::EndToEnd { .. } if self.deaf == Some(place) => {}
            ServerMessage::EndToEnd { message } => {
                person.errors += usize::from(person.sealing.hear(message, now).is_err());
            }
            _ => {}
        }
    }

    fn settle(&mut self) {
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        self.settle_of(&everybody);
    }

    /// Brings what some people say to the server, and what comes of it to everybody.
    fn settle_of(&mut self, speakers: &[usize]) {
        loop {
            let mut is_quiet = true;
            for &who in speakers {
                while let Some(outgoing) = self.people[who].sealing.next_outgoing() {
                    if let (Outgoing::Send(message), Some(connection)) = (outgoing, self.people[who].connection) {
                        is_quiet = false;
                        self.signal(Input::Message { connection, message: ClientMessage::EndToEnd { message } });
                    }
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    fn state(&self, who: usize) -> State {
        self.people[who].sealing.view(at(self.now)).state
    }

    fn words(&self, who: usize) -> [&'static str; 2] {
        self.people[who].sealing.view(at(self.now)).words.unwrap().words()
    }

    fn hears(&mut self, by: usize, from: usize) -> bool {
        let name = self.people[from].role.name();
        let view = self.people[by].sealing.view(at(self.now));
        let Some(leaf) = view.members.iter().find(|member| member.statement.name == name).map(|member| member.leaf)
        else {
            return false;
        };
        let Ok(sealed) = self.people[from].sealing.sealer().seal(TrackKind::Camera, Codec::Vp8, &[1; 60]) else {
            return false;
        };
        let opening = Opening { from: leaf, track: TrackKind::Camera };
        self.people[by].sealing.opener().open(opening, &sealed) == Ok(vec![1; 60])
    }

    fn all_well(&mut self, practitioner: usize, patient: usize) {
        assert_eq!((self.state(practitioner), self.state(patient)), (State::EndToEnd, State::EndToEnd));
        assert!(self.hears(practitioner, patient) && self.hears(patient, practitioner));
        assert_eq!(self.words(practitioner), self.words(patient));
        assert_eq!(self.people[patient].sealing.view(at(self.now)).link, LinkProof::Proven);
    }
}

fn two() -> World {
    let mut world = World::new();
    let practitioner = world.add(Role::Practitioner, 1);
    let patient = world.add(Role::Patient, 2);
    world.join(patient);
    world.join(practitioner);
    world
}

#[test]
fn the_patient_first_then_the_practitioner() {
    let mut world = two();
    world.all_well(0, 1);
    assert_eq!(world.people[0].errors + world.people[1].errors, 0);
    let attested = world.facts.iter().filter(|fact| matches!(fact, ConnectionFact::KeyAttested { .. })).count();
    assert_eq!(attested, 2);
}

#[test]
fn the_practitioner_first_then_the_patient() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    assert_eq!(world.state(0), State::Alone);
    world.join(1);
    world.all_well(0, 1);
}

#[test]
fn a_patient_who_comes_back_after_a_tunnel_keeps_their_keys() {
    let mut world = two();
    let words = world.words(0);
    world.lose(1);
    world.pass(60_000);
    world.join(1);
    world.all_well(0, 1);
    assert_eq!(world.words(0), words);
}

#[test]
fn a_practitioner_whose_page_was_loaded_again_makes_another_group() {
    let mut world = two();
    let words = world.words(1);
    world.lose(0);
    let again = world.add(Role::Practitioner, 33);
    world.join(again);
    world.all_well(again, 1);
    assert_ne!(world.words(1), words);
}

#[test]
fn a_patient_whose_page_was_loaded_again_is_let_in_again() {
    let mut world = two();
    world.lose(1);
    let again = world.add(Role::Patient, 44);
    world.join(again);
    world.all_well(0, again);
}

#[test]
fn a_server_that_starts_anew_is_told_everything_again() {
    let mut world = two();
    world.signaling = Signaling::new(Limits::default(), 8, at(world.now).before(Duration::from_secs(1)));
    for who in [1, 0] {
        world.people[who].connection = None;
        world.join(who);
    }
    world.all_well(0, 1);
}

#[test]
fn too_much_missed_leads_to_new_keys_and_not_to_silence() {
    for away in [0, 1] {
        let mut world = two();
        world.lose(away);
        for _ in 0..300 {
            let said = world.people[1 - away].sealing.say(colloque_e2ee::Channel::Chat, b"encore");
            said.unwrap();
            world.settle();
            world.pass(200);
        }
        world.join(away);
        world.all_well(0, 1);
    }
}

#[test]
fn keys_are_renewed_through_the_server() {
    let mut world = two();
    let words = world.words(0);
    for _ in 0..130 {
        world.pass(10_000);
    }
    world.all_well(0, 1);
    assert_eq!(world.words(0), words);
    assert!(world.people[0].sealing.sealer().epoch().unwrap().0 >= 3);
}

#[test]
fn a_patient_who_returns_to_the_page_that_another_device_took_over_is_let_in_again() {
    let mut world = two();
    let elsewhere = world.add(Role::Patient, 55);
    world.join(elsewhere);
    world.all_well(0, elsewhere);
    world.lose(elsewhere);
    world.people[1].connection = None;
    world.join(1);
    assert!(!world.hears(1, 0), "the group has the other device in the place of this one");
    for _ in 0..5 {
        world.pass(5_000);
    }
    world.all_well(0, 1);
}

#[test]
fn a_change_that_was_lost_on_its_way_to_the_server_is_made_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.lose(0);
    // What the practitioner's page says now reaches nobody.
    world.settle();
    assert_eq!(world.state(1), State::Preparing);
    world.join(0);
    world.pass(1_000);
    world.pass(4_000);
    world.all_well(0, 1);
}

#[test]
fn a_statement_that_was_lost_is_asked_for_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.deaf = Some(1);
    world.join(1);
    assert_eq!(world.state(1), State::Preparing);
    world.deaf = None;
    world.pass(1_000);
    world.pass(11_000);
    world.all_well(0, 1);
}

#[test]
fn a_welcome_that_was_lost_is_asked_for_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.deaf = Some(1);
    world.settle();
    assert_eq!((world.state(0), world.state(1)), (State::EndToEnd, State::Preparing));
    world.deaf = None;
    world.pass(1_000);
    world.pass(11_000);
    world.all_well(0, 1);
}

#[test]
fn a_clinician_who_never_hears_that_their_change_holds_makes_another_group() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.deaf = Some(0);
    world.settle();
    assert_eq!((world.state(0), world.state(1)), (State::Alone, State::EndToEnd));
    world.deaf = None;
    for _ in 0..8 {
        world.pass(5_000);
    }
    world.all_well(0, 1);
}

#[test]
fn a_change_that_is_refused_again_and_again_leads_to_another_group() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    // That the change holds reaches nobody, and the patient's page is loaded again.
    world.deaf = Some(0);
    world.settle_of(&[0]);
    world.lose(0);
    world.lose(1);
    let again = world.add(Role::Patient, 3);
    world.deaf = None;
    world.join(0);
    world.join(again);
    for _ in 0..40 {
        world.pass(1_000);
    }
    world.all_well(0, again);
}

#[test]
fn numbers_for_the_words_that_were_lost_are_shown_again() {
    let mut world = World::new();
    world.add(Role::Practitioner, 1);
    world.add(Role::Patient, 2);
    world.join(0);
    world.join_heard(1, &[1]);
    world.settle_of(&[0]);
    world.lose(1);
    world.settle();
    assert_eq!(world.people[0].sealing.view(at(world.now)).words, None);
    world.join(1);
    world.pass(1_000);
    world.all_well(0, 1);
}

#[test]
fn words_that_differ_are_journaled_and_end_it() {
    let mut world = two();
    world.people[1].sealing.compare(Comparison::Different).unwrap();
    world.settle();
    assert_eq!(world.state(0), State::Refused(Refusal::WordsDiffer));
    assert_eq!(world.state(1), State::Refused(Refusal::WordsDiffer));
    assert!(world.facts.contains(&ConnectionFact::WordsCompared { same: false }));
    assert!(!world.hears(0, 1));
}

#[test]
fn a_patient_who_leaves_for_good_is_put_out() {
    let mut world = two();
    let patient = world.people[1].connection.unwrap();
    world.signal(Input::Message { connection: patient, message: ClientMessage::Leave });
    world.settle();
    assert_eq!(world.state(0), State::Alone);
}

/// A guest whom the patient agreed to and the practitioner let in, at the server and in their own clients.
#[test]
fn a_guest_is_let_in_by_both_and_put_out_again() {
    let mut world = two();
    let words = world.words(0);
    let say = |world: &mut World, who: usize, message| {
        let connection = world.people[who].connection.unwrap();
        world.signal(Input::Message { connection, message });
        world.settle();
    };
    say(&mut world, 0, ClientMessage::Admit);
    let guest = world.add(Role::Interpreter, 3);
    world.join(guest);
    let participant = world.people[0].sealing.view(at(world.now)).asking[0].participant;
    assert_eq!(world.state(guest), State::Preparing, "who waits has no keys");

    say(&mut world, 1, ClientMessage::AgreeToGuest { participant, agrees: true });
    world.people[1].sealing.agree(participant, true).unwrap();
    say(&mut world, 0, ClientMessage::AdmitGuest { participant });
    world.people[0].sealing.let_in(participant);
    world.settle();
    world.pass(3_000);
    for (by, from) in [(0, 1), (0, guest), (1, 0), (1, guest), (guest, 0), (guest, 1)] {
        assert!(world.hears(by, from), "{by} hears {from}");
    }
    assert_eq!(world.words(0), world.words(guest));
    assert_eq!(world.words(0), world.words(1));
    assert_ne!(world.words(0), words);

    world.people[0].sealing.put_out(participant);
    say(&mut world, 0, ClientMessage::RemoveGuest { participant });
    assert!(world.hears(0, 1) && world.hears(1, 0));
    assert!(!world.hears(guest, 0) && !world.hears(guest, 1));
    assert_eq!(world.people[0].sealing.view(at(world.now)).members.len(), 2);
}

#[test]
fn a_server_that_says_the_patient_agreed_changes_nothing_for_the_patients_client() {
    let mut world = two();
    let guest = world.add(Role::AccompanyingPerson, 3);
    let say = |world: &mut World, who: usize, message| {
        let connection = world.people[who].connection.unwrap();
        world.signal(Input::Message { connection, message });
        world.settle();
    };
    say(&mut world, 0, ClientMessage::Admit);
    world.join(guest);
    let participant = world.people[0].sealing.view(at(world.now)).asking[0].participant;
    // Said to the server, and not by the person to their own client.
    say(&mut world, 1, ClientMessage::AgreeToGuest { participant, agrees: true });
    say(&mut world, 0, ClientMessage::AdmitGuest { participant });
    world.people[0].sealing.let_in(participant);
    world.settle();
    world.pass(3_000);
    assert_eq!(world.state(1), State::Refused(Refusal::NotAgreed));
    assert!(!world.hears(guest, 1), "the patient is not heard");
}
