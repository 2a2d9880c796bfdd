//! A signaling under test, its clock, and the storage that it believes to have.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use colloque_ids::{
    AppointmentId, ConnectionId, ConsultationId, GuestId, ParticipantId, PatientId, PeerId, PracticeId, RoomId,
    StaffId, TicketId, Timestamp,
};
use colloque_protocol::connection::ConnectionFact;
use colloque_protocol::key::KeyThumbprint;
use colloque_protocol::signaling::{ClientMessage, JoinRefusal, RoomState, ServerMessage};
use colloque_protocol::ticket::{Person, RoomScope, Scope, TICKET_LIFETIME, TicketClaims};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};
use colloque_signaling_core::limits::TICK_INTERVAL;
use colloque_signaling_core::{CommitFailure, Entry, Input, Limits, MediaEvent, Output, Record, Signaling};

/// What storage does with a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    Works,
    Fails,
    /// Says that every ticket was used before.
    KnowsTheTicket,
    /// Says that everybody was signed out meanwhile.
    KnowsNobody,
    /// Answers when [`World::storage_answers`] is called.
    Hangs,
}

pub struct World {
    pub signaling: Signaling,
    pub now: Timestamp,
    pub storage: Storage,
    pub commits: Vec<(u64, Record)>,
    pub outputs: Vec<Output>,
    pub inbox: BTreeMap<ConnectionId, Vec<ServerMessage>>,
    pub closed: Vec<ConnectionId>,
    next: u8,
}

pub const PRACTITIONER_KEY: &str = "practitioner's browser";
pub const PATIENT_KEY: &str = "patient's telephone";

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis)
}

pub fn practice() -> PracticeId {
    PracticeId::from_parts(at(0), [1; 10])
}

pub fn practitioner() -> StaffId {
    StaffId::from_parts(at(0), [2; 10])
}

pub fn patient() -> PatientId {
    PatientId::from_parts(at(0), [3; 10])
}

pub fn scope() -> RoomScope {
    RoomScope {
        room: RoomId::from_parts(at(0), [4; 10]),
        consultation: ConsultationId::from_parts(at(0), [5; 10]),
        appointment: AppointmentId::from_parts(at(0), [6; 10]),
        practitioner: practitioner(),
        patient: patient(),
        consent_given_at: Some(at(-1_000)),
        admitted_at: None,
        opens_at: at(-60_000),
        closes_at: at(3_600_000),
    }
}

impl World {
    pub fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    pub fn with_limits(limits: Limits) -> Self {
        Self {
            signaling: Signaling::new(limits, 7, at(-1_000)),
            now: at(0),
            storage: Storage::Works,
            commits: Vec::new(),
            outputs: Vec::new(),
            inbox: BTreeMap::new(),
            closed: Vec::new(),
            next: 0,
        }
    }

    pub fn input(&mut self, input: Input) {
        self.signaling.handle(input, self.now);
        while let Some(output) = self.signaling.next_output() {
            match &output {
                Output::Send { connection, message } => {
                    self.inbox.entry(*connection).or_default().push(message.clone());
                }
                Output::Close { connection } => self.closed.push(*connection),
                Output::Commit { commit, record } => match self.storage {
                    Storage::Works => {
                        self.signaling.handle(Input::Committed { commit: *commit, at: self.now }, self.now)
                    }
                    Storage::Fails => self.fail(*commit, CommitFailure::Unknown),
                    Storage::KnowsTheTicket => self.fail(*commit, CommitFailure::TicketUsed),
                    Storage::KnowsNobody => self.fail(*commit, CommitFailure::Revoked),
                    Storage::Hangs => self.commits.push((*commit, record.clone())),
                },
                Output::Journal(_)
                | Output::SendAttestation { .. }
                | Output::ConnectMedia { .. }
                | Output::GateMedia { .. }
                | Output::DisconnectMedia { .. } => {}
            }
            self.outputs.push(output);
        }
    }

    pub fn storage_answers(&mut self, good: bool) {
        for (commit, _) in std::mem::take(&mut self.commits) {
            let at = self.now;
            let failure = CommitFailure::Unknown;
            self.input(if good { Input::Committed { commit, at } } else { Input::CommitFailed { commit, failure } });
        }
    }

    fn fail(&mut self, commit: u64, failure: CommitFailure) {
        self.signaling.handle(Input::CommitFailed { commit, failure }, self.now);
    }

    /// Lets time pass; these connections keep their heartbeat.
    pub fn pass(&mut self, time: Duration, alive: &[ConnectionId]) {
        let until = self.now.after(time);
        while self.now < until {
            self.now = self.now.after(TICK_INTERVAL).min(until);
            for connection in alive {
                self.say(*connection, ClientMessage::Ping { sequence: 0 });
            }
            self.input(Input::Tick);
        }
    }

    pub fn open(&mut self) -> ConnectionId {
        self.open_from(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)))
    }

    pub fn open_from(&mut self, from: IpAddr) -> ConnectionId {
        let connection = ConnectionId::from_parts(self.now, self.random());
        self.input(Input::Opened { connection, from });
        connection
    }

    pub fn random(&mut self) -> [u8; 10] {
        self.next = self.next.wrapping_add(1);
        let mut random = [0; 10];
        random[9] = self.next;
        random
    }

    pub fn claims(&mut self, person: Person, role: Role, key: &str, scope: Scope) -> TicketClaims {
        TicketClaims {
            ticket: TicketId::from_parts(self.now, self.random()),
            practice: practice(),
            person,
            role,
            card: IdentityCard {
                display_name: role.name().to_owned(),
                role,
                profession: None,
                rpps: None,
                verified_by: vec![AuthenticationMethod::Totp],
            },
            key_thumbprint: KeyThumbprint(key.to_owned()),
            scope,
            issued_at: self.now,
            expires_at: self.now.after(TICKET_LIFETIME),
        }
    }

    pub fn practitioner_claims(&mut self) -> TicketClaims {
        self.claims(Person::Staff(practitioner()), Role::Practitioner, PRACTITIONER_KEY, Scope::Room(scope()))
    }

    pub fn patient_claims(&mut self) -> TicketClaims {
        self.claims(Person::Patient(patient()), Role::Patient, PATIENT_KEY, Scope::Room(scope()))
    }

    pub fn guest_claims(&mut self, guest: u8, role: Role) -> TicketClaims {
        let person = Person::Guest(GuestId::from_parts(at(0), [guest; 10]));
        self.claims(person, role, "guest's browser", Scope::Room(scope()))
    }

    pub fn desk_claims(&mut self, staff: StaffId, role: Role) -> TicketClaims {
        self.claims(Person::Staff(staff), role, "desk", Scope::Desk { practitioners: vec![practitioner()] })
    }

    pub fn join(&mut self, claims: TicketClaims) -> ConnectionId {
        let connection = self.open();
        self.present(connection, claims, false);
        connection
    }

    pub fn present(&mut self, connection: ConnectionId, claims: TicketClaims, take_over: bool) {
        self.input(Input::JoinVerified { connection, claims: Box::new(claims), take_over });
    }

    pub fn practitioner_joins(&mut self) -> ConnectionId {
        let claims = self.practitioner_claims();
        self.join(claims)
    }

    pub fn patient_joins(&mut self) -> ConnectionId {
        let claims = self.patient_claims();
        self.join(claims)
    }

    /// A practitioner and a patient whom the practitioner admitted.
    pub fn consultation(&mut self) -> (ConnectionId, ConnectionId) {
        let patient = self.patient_joins();
        let practitioner = self.practitioner_joins();
        self.say(practitioner, ClientMessage::Admit);
        (practitioner, patient)
    }

    pub fn say(&mut self, connection: ConnectionId, message: ClientMessage) {
        self.input(Input::Message { connection, message });
    }

    /// Negotiates, and brings the transport up.
    pub fn connects(&mut self, connection: ConnectionId) -> PeerId {
        self.say(connection, ClientMessage::Offer { generation: 1, ice_restart: false, sdp: "offer".to_owned() });
        let connect = self.outputs.iter().rev().find_map(|output| match output {
            Output::ConnectMedia { peer, generation, .. } => Some((*peer, *generation)),
            _ => None,
        });
        let (peer, generation) = connect.unwrap();
        self.input(Input::MediaAnswered { room: scope().room, peer, generation, sdp: "answer".to_owned() });
        self.input(Input::Media(MediaEvent::Connected { peer }));
        peer
    }

    /// Whether the media plane was told last to let media pass.
    pub fn gate(&self) -> Option<bool> {
        self.outputs.iter().rev().find_map(|output| match output {
            Output::GateMedia { is_open, .. } => Some(*is_open),
            _ => None,
        })
    }

    pub fn last(&self, connection: ConnectionId) -> Option<&ServerMessage> {
        self.heard(connection).last()
    }

    pub fn heard(&self, connection: ConnectionId) -> &[ServerMessage] {
        self.inbox.get(&connection).map_or(&[], Vec::as_slice)
    }

    pub fn refusal(&self, connection: ConnectionId) -> Option<JoinRefusal> {
        self.heard(connection).iter().find_map(|message| match message {
            ServerMessage::Refused { code } => Some(*code),
            _ => None,
        })
    }

    /// Who this connection is in the room.
    pub fn participant(&self, connection: ConnectionId) -> ParticipantId {
        let joined = self.heard(connection).iter().find_map(|message| match message {
            ServerMessage::Joined { participant, .. } => Some(*participant),
            _ => None,
        });
        joined.unwrap()
    }

    /// The room as this connection knows it.
    pub fn room(&self, connection: ConnectionId) -> Option<RoomState> {
        self.heard(connection).iter().rev().find_map(|message| match message {
            ServerMessage::Joined { state, .. } | ServerMessage::Room { state } => Some(state.clone()),
            _ => None,
        })
    }

    /// Facts journaled or written before they took effect, in order.
    pub fn facts(&self) -> Vec<ConnectionFact> {
        self.outputs
            .iter()
            .filter_map(|output| match output {
                Output::Journal(event)
                | Output::Commit {
                    record: Record::Entry(Entry { event, .. }) | Record::Attestation(event) | Record::Guest(event),
                    ..
                } => Some(event.fact.clone()),
                _ => None,
            })
            .collect()
    }
}
