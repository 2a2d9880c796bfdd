//! A person's page around an engine: what it was asked to do, and a server that answers what a test wants.

use std::time::Duration;

use colloque_call::{
    Action, Call, CallOptions, Input, LinkInput, LinkOutput, MediaInput, MediaOutput, Output, PeerState, Phase,
};
use colloque_ids::{ParticipantId, RoomId, Timestamp};
use colloque_protocol::key::BrowserKey;
use colloque_protocol::signaling::{
    ClientMessage, JoinRefusal, MediaState, OtherParty, Presence, RoomState, ServerMessage, Stage,
};
use colloque_protocol::{AuthenticationMethod, IdentityCard, Role};

pub const START: i64 = 1_800_000_000_000;

pub struct Page {
    pub call: Call,
    pub now: Timestamp,
    pub outputs: Vec<Output>,
    read: usize,
}

pub fn card(role: Role) -> IdentityCard {
    IdentityCard {
        display_name: role.name().to_owned(),
        role,
        profession: None,
        rpps: None,
        verified_by: vec![AuthenticationMethod::Totp],
    }
}

/// Somebody who is there.
pub fn person(number: u8, role: Role) -> OtherParty {
    let now = Timestamp::from_millis(START);
    OtherParty {
        participant: ParticipantId::from_parts(now, [number; 10]),
        card: card(role),
        presence: Presence::Here { since: now },
        media: MediaState::default(),
        device_check: None,
        agreed: None,
        takes_part: true,
    }
}

pub fn state(stage: Stage) -> RoomState {
    let now = Timestamp::from_millis(START);
    RoomState {
        stage,
        other: Some(person(2, Role::Practitioner)),
        third: None,
        admitted_at: (stage == Stage::Open).then_some(now),
        delay_minutes: 0,
        ice_servers: None,
    }
}

pub fn joined(stage: Stage) -> ServerMessage {
    let now = Timestamp::from_millis(START);
    ServerMessage::Joined {
        participant: ParticipantId::from_parts(now, [1; 10]),
        room: RoomId::from_parts(now, [2; 10]),
        you: card(Role::Patient),
        state: state(stage),
    }
}

pub fn key() -> BrowserKey {
    let mut raw = [0; 65];
    raw[0] = 4;
    BrowserKey::from_raw(&raw).unwrap()
}

impl Page {
    pub fn new(role: Role) -> Self {
        let now = Timestamp::from_millis(START);
        let local = MediaState { microphone: true, camera: true, ..MediaState::default() };
        let options = CallOptions { role, local, visible: true, seed: 42 };
        Self { call: Call::new(options, now), now, outputs: Vec::new(), read: 0 }
    }

    pub fn input(&mut self, input: Input) {
        self.call.handle(input, self.now);
        while let Some(output) = self.call.next_output() {
            self.outputs.push(output);
        }
    }

    pub fn link(&mut self, input: LinkInput) {
        self.input(Input::Link(input));
    }

    pub fn hears(&mut self, message: ServerMessage) {
        self.link(LinkInput::SocketMessage(message));
    }

    pub fn act(&mut self, action: Action) {
        self.input(Input::Act(action));
    }

    pub fn phase(&self) -> Phase {
        self.call.view().phase
    }

    /// What was asked since the last question.
    pub fn asked(&mut self) -> Vec<Output> {
        let asked = self.outputs[self.read..].to_vec();
        self.read = self.outputs.len();
        asked
    }

    pub fn said(&mut self) -> Vec<ClientMessage> {
        self.asked()
            .into_iter()
            .filter_map(|output| match output {
                Output::Link(LinkOutput::Send(message)) => Some(message),
                _ => None,
            })
            .collect()
    }

    /// Lets time pass, each deadline kept.
    pub fn pass(&mut self, time: Duration) {
        let until = self.now.after(time);
        while let Some(deadline) = self.call.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.input(Input::Tick);
        }
        self.now = until;
    }

    /// Lets time pass while the server answers every ping.
    pub fn pass_alive(&mut self, time: Duration) {
        let until = self.now.after(time);
        while self.now < until {
            self.pass(Duration::from_millis(500).min(until.since(self.now)));
            self.hears(ServerMessage::Pong { sequence: 0 });
        }
    }

    /// Ticket, challenge and signature, up to the join.
    pub fn knocks(&mut self) {
        self.link(LinkInput::SocketOpened);
        self.link(LinkInput::TicketFetched { ticket: "ticket".to_owned() });
        self.hears(ServerMessage::Challenge { nonce: "nonce".to_owned() });
        let (nonce, proof) = ("nonce".to_owned(), "proof".to_owned());
        self.link(LinkInput::JoinSigned { nonce, key: key(), proof });
    }

    /// In the waiting room, the offer prepared.
    pub fn waiting(role: Role) -> Self {
        let mut page = Self::new(role);
        page.input(Input::Join);
        page.knocks();
        page.hears(joined(Stage::Waiting));
        page.offer_ready();
        page
    }

    /// In consultation, media up.
    pub fn in_call(role: Role) -> Self {
        let mut page = Self::waiting(role);
        page.hears(ServerMessage::Room { state: state(Stage::Open) });
        page.act(Action::Answer);
        page.media_connects();
        page.asked();
        page
    }

    pub fn offer_ready(&mut self) {
        let generation = self.generation();
        self.input(Input::Media(MediaInput::OfferReady { generation, sdp: format!("offer {generation}") }));
    }

    /// Answers the last offer and connects its peer.
    pub fn media_connects(&mut self) {
        let generation = self.generation();
        self.hears(ServerMessage::Answer { generation, sdp: "answer".to_owned() });
        self.peer(PeerState::Connected);
    }

    pub fn peer(&mut self, state: PeerState) {
        let peer = self.last_peer();
        self.input(Input::Media(MediaInput::StateChanged { peer, state }));
    }

    pub fn refused(&mut self, code: JoinRefusal) {
        self.hears(ServerMessage::Refused { code });
    }

    pub fn generation(&self) -> u32 {
        let created = self.outputs.iter().rev().find_map(|output| match output {
            Output::Media(MediaOutput::CreateOffer { generation, .. }) => Some(*generation),
            _ => None,
        });
        created.unwrap_or(0)
    }

    pub fn last_peer(&self) -> u32 {
        let created = self.outputs.iter().rev().find_map(|output| match output {
            Output::Media(MediaOutput::CreatePeer { peer }) => Some(*peer),
            _ => None,
        });
        created.unwrap_or(0)
    }
}
