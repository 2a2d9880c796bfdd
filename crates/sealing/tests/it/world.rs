//! Two people, the real order of signaling between them, and nothing else: from the tickets to a sealed frame.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use colloque_e2ee::frame::{Codec, Opening, TrackKind};
use colloque_e2ee::{LinkProof, LinkSecret, Setup, State};
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

pub const ROOM: [u8; 10] = [5; 10];

pub fn platform() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

pub fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).after(Duration::from_millis(millis))
}

pub struct Guest {
    pub sealing: Sealing,
    pub role: Role,
    pub connection: Option<ConnectionId>,
    pub errors: usize,
}

pub struct World {
    pub signaling: Signaling,
    pub now: u64,
    pub people: Vec<Guest>,
    pub facts: Vec<ConnectionFact>,
    pub next: u8,
    /// Whom the server's words about keys do not reach.
    pub deaf: Option<usize>,
}

impl World {
    pub fn new() -> Self {
        let signaling = Signaling::new(Limits::default(), 7, at(0).before(Duration::from_secs(1)));
        Self { signaling, now: 0, people: Vec::new(), facts: Vec::new(), next: 0, deaf: None }
    }

    pub fn add(&mut self, role: Role, seed: u8) -> usize {
        let sealing = Sealing::new(Setup {
            consultation: ConsultationId::from_parts(at(0), ROOM),
            identity_key: platform().verifying_key().to_bytes(),
            link: Some(LinkSecret::new([9; 16])),
            seed: [seed; 32].into(),
        });
        self.people.push(Guest { sealing: sealing.unwrap(), role, connection: None, errors: 0 });
        self.people.len() - 1
    }

    pub fn random(&mut self) -> [u8; 10] {
        self.next += 1;
        [self.next; 10]
    }

    pub fn join(&mut self, who: usize) {
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        self.join_heard(who, &everybody);
    }

    /// Somebody joins, and only what some people say reaches the server.
    pub fn join_heard(&mut self, who: usize, heard: &[usize]) {
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

    pub fn lose(&mut self, who: usize) {
        if let Some(connection) = self.people[who].connection.take() {
            self.signal(Input::Lost { connection, cause: DisconnectCause::SocketClosed });
        }
    }

    pub fn pass(&mut self, millis: u64) {
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

    pub fn signal(&mut self, input: Input) {
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

    pub fn deliver(&mut self, connection: ConnectionId, message: &ServerMessage) {
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

    pub fn settle(&mut self) {
        let everybody: Vec<usize> = (0..self.people.len()).collect();
        self.settle_of(&everybody);
    }

    /// Brings what some people say to the server, and what comes of it to everybody.
    pub fn settle_of(&mut self, speakers: &[usize]) {
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

    pub fn state(&self, who: usize) -> State {
        self.people[who].sealing.view(at(self.now)).state
    }

    pub fn words(&self, who: usize) -> [&'static str; 2] {
        self.people[who].sealing.view(at(self.now)).words.unwrap().words()
    }

    pub fn hears(&mut self, by: usize, from: usize) -> bool {
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

    pub fn all_well(&mut self, practitioner: usize, patient: usize) {
        assert_eq!((self.state(practitioner), self.state(patient)), (State::EndToEnd, State::EndToEnd));
        assert!(self.hears(practitioner, patient) && self.hears(patient, practitioner));
        assert_eq!(self.words(practitioner), self.words(patient));
        assert_eq!(self.people[patient].sealing.view(at(self.now)).link, LinkProof::Proven);
    }
}

pub fn two() -> World {
    let mut world = World::new();
    let practitioner = world.add(Role::Practitioner, 1);
    let patient = world.add(Role::Patient, 2);
    world.join(patient);
    world.join(practitioner);
    world
}
