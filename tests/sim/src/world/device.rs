//! A person's device: the real engine, with a browser under it.

use colloque_call::{
    Action, Call, CallOptions, CameraRate, Desk, DeskInput, DeskOutput, Input, LinkInput, LinkOutput, MediaInput,
    MediaOutput, Output, TicketFailure,
};
use colloque_ids::Timestamp;
use colloque_protocol::Role;
use colloque_protocol::signaling::{MediaState, ServerMessage};

use super::Around;
use super::access::Item;
use super::chance::BrowserSecret;
use super::event::Event;
use super::keys::Keys;
use super::sabotage::Sabotage;
use super::scene::Scene;
use super::transport::Transport;
use crate::publisher::Sending;

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One consultation, by number.
    Consultation(usize),
    /// The waiting queues.
    Desk,
}

/// What a device does with the tickets that it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Honesty {
    Honest,
    /// Lets the ticket's minute pass.
    Late,
    /// Uses the ticket before.
    Reuses,
    /// Uses the last ticket of another device.
    Steals,
    /// Changes what the ticket says.
    Forges,
    /// Signs with another key than the ticket names.
    WrongKey,
}

/// The engine of an open page.
pub(super) enum Engine {
    Call(Box<Call>),
    Desk(Box<Desk>),
}

/// A browser on a device, with one page or none.
pub(super) struct Device {
    pub(super) number: usize,
    pub(super) person: usize,
    pub(super) role: Role,
    pub(super) purpose: Purpose,
    pub(super) secret: BrowserSecret,
    pub(super) engine: Option<Engine>,
    /// The end-to-end keys of the open page.
    pub(super) keys: Keys,
    /// What this device's clock differs by.
    clock_ms: i64,
    stream: Option<u64>,
    attempt: u32,
    last_ticket: Option<String>,
    /// A ticket that was fetched and kept, with its instant in milliseconds of the world.
    spare_ticket: Option<(String, u64)>,
    pub(super) transport: Option<Transport>,
    is_held: bool,
    /// The link carries no pictures.
    is_camera_paused: bool,
    pub(super) local: MediaState,
    pub(super) honesty: Honesty,
    pub(super) sending: Sending,
    /// The person wants to be in.
    pub(super) wants_in: bool,
    pub(super) is_told_of_networks: bool,
    pub(super) is_visible: bool,
    /// The name on the card of the other party that the page has shown.
    shown_card: Option<String>,
    /// When the person acts on what they see, in milliseconds of the world.
    pub(super) decides_at_ms: Option<u64>,
}

impl Device {
    pub(super) fn new(scene: &mut Scene, number: usize, person: usize, role: Role, purpose: Purpose) -> Self {
        let sending = Sending { has_voice: false, has_picture: false, ..Sending::all(person as u32) };
        Self {
            number,
            person,
            role,
            purpose,
            secret: BrowserSecret::draw(&mut scene.dice),
            engine: None,
            keys: Keys::default(),
            clock_ms: scene.dice.below(1_000_000_000) as i64,
            stream: None,
            attempt: 0,
            last_ticket: None,
            spare_ticket: None,
            transport: None,
            is_held: true,
            is_camera_paused: false,
            local: MediaState { microphone: true, camera: true, ..MediaState::default() },
            honesty: Honesty::Honest,
            sending,
            wants_in: false,
            is_told_of_networks: scene.dice.is(0.6),
            is_visible: true,
            shown_card: None,
            decides_at_ms: None,
        }
    }

    pub(super) fn call(&self) -> Option<&Call> {
        match &self.engine {
            Some(Engine::Call(call)) => Some(call),
            Some(Engine::Desk(_)) | None => None,
        }
    }

    pub(super) fn desk(&self) -> Option<&Desk> {
        match &self.engine {
            Some(Engine::Desk(desk)) => Some(desk),
            Some(Engine::Call(_)) | None => None,
        }
    }

    fn clock(&self, scene: &Scene) -> Timestamp {
        Timestamp::from_millis(self.clock_ms + scene.now_ms as i64)
    }

    /// Opens the page and goes in.
    pub(super) fn open_page(&mut self, around: &mut Around) {
        if self.engine.is_some() {
            return;
        }
        let (seed, now) = (around.scene.dice.bits(), self.clock(&around.scene));
        around.scene.say(|| format!("device {} of person {} opens its page", self.number, self.person));
        match self.purpose {
            Purpose::Consultation(consultation) => {
                if around.seals {
                    let unique = self.clock_ms as u64 ^ (self.number as u64) << 48;
                    let id = around.clinic.consultations[consultation].id;
                    self.keys.open(unique, id, around.clinic.identity_key());
                }
                let options = CallOptions { role: self.role, local: self.local, visible: self.is_visible, seed };
                self.engine = Some(Engine::Call(Box::new(Call::new(options, now))));
                self.is_held = around.sabotage != Some(Sabotage::OpensAll);
                self.feed(around, Input::Join);
                if self.role == Role::Patient {
                    self.feed(around, Input::DevicesChecked { camera: true, microphone: true });
                }
            }
            Purpose::Desk => {
                self.engine = Some(Engine::Desk(Box::new(Desk::new(seed, now))));
                self.feed_desk(around, DeskInput::Open);
            }
        }
    }

    /// Closes the page without a word of the engine's, as a browser does; `is_told` when the network hears of it.
    pub(super) fn close_page(&mut self, around: &mut Around, is_told: bool) {
        self.engine = None;
        self.keys.close();
        self.shown_card = None;
        self.transport = None;
        self.is_held = true;
        self.is_camera_paused = false;
        self.attempt += 1;
        self.decides_at_ms = None;
        if let Some(stream) = self.stream.take() {
            if let Some(stream) = around.net.streams.get_mut(&stream) {
                stream.is_open_here = false;
            }
            match is_told {
                true => around.net.push_up(&mut around.scene, stream, Item::Close),
                false => around.net.break_stream(&mut around.scene, stream, false),
            }
        }
        around.scene.say(|| format!("device {} closes its page", self.number));
    }

    /// When the engine or the browser has something to do, in milliseconds of the world.
    pub(super) fn next_at_ms(&self) -> Option<u64> {
        let deadline = match self.engine.as_ref()? {
            Engine::Call(call) => call.deadline(),
            Engine::Desk(desk) => desk.deadline(),
        };
        let deadline_ms = deadline.map(|deadline| (deadline.as_millis() - self.clock_ms).max(0) as u64);
        let transport_ms = self.transport.as_ref().and_then(Transport::next_at_ms);
        deadline_ms.into_iter().chain(transport_ms).chain(self.keys.next_at_ms()).min()
    }

    pub(super) fn run(&mut self, around: &mut Around) {
        let now = self.clock(&around.scene);
        match &self.engine {
            Some(Engine::Call(call)) if call.deadline().is_some_and(|at| at <= now) => self.feed(around, Input::Tick),
            Some(Engine::Desk(desk)) if desk.deadline().is_some_and(|at| at <= now) => {
                self.feed_desk(around, DeskInput::Tick);
            }
            Some(Engine::Call(_) | Engine::Desk(_)) | None => {}
        }
        if self.keys.next_at_ms().is_some_and(|at_ms| at_ms <= around.scene.now_ms) {
            self.mind_keys(around);
        }
        let instant = around.scene.instant();
        let sending = self.sends();
        let access = &mut around.net.accesses[self.number];
        let Some(transport) = &mut self.transport else { return };
        transport.media.publisher.sending = sending;
        if transport.next_at_ms().is_some_and(|at_ms| at_ms <= around.scene.now_ms) {
            transport.run(instant, |bytes| access.send(instant, bytes));
        }
        self.tell_state(around);
    }

    /// What of capture goes out: what is switched on, unless the engine holds it back.
    fn sends(&self) -> Sending {
        let MediaState { microphone, camera, .. } = self.local;
        Sending {
            has_voice: microphone && !self.is_held,
            has_picture: camera && !self.is_held && !self.is_camera_paused,
            ..self.sending
        }
    }

    fn tell_state(&mut self, around: &mut Around) {
        let Some(transport) = &mut self.transport else { return };
        if let Some(state) = transport.poll_state(around.scene.instant()) {
            let peer = transport.number;
            around.scene.say(|| format!("device {}: peer {peer} {state:?}", self.number));
            self.feed(around, Input::Media(MediaInput::StateChanged { peer, state }));
        }
    }

    /// Takes a datagram from the network.
    pub(super) fn receive(&mut self, around: &mut Around, bytes: Vec<u8>, sent_ms: u64) {
        let now = around.scene.instant();
        let Some(transport) = &mut self.transport else { return };
        let access = &mut around.net.accesses[self.number];
        transport.receive(now, bytes, |bytes| access.send(now, bytes));
        let heard = transport.take_heard();
        let now_ms = around.scene.now_ms;
        for packet in &heard {
            let (first, last) = match packet.is_voice {
                true => (&mut transport.first_voice_ms, &mut transport.voice_ms),
                false => (&mut transport.first_picture_ms, &mut transport.picture_ms),
            };
            first.get_or_insert(now_ms);
            *last = Some(now_ms);
        }
        if let Some(consultation) = self.consultation() {
            for packet in heard {
                let speaker = packet.stamp.map(|stamp| stamp.speaker as usize);
                let Around { scene, clinic, oracle, .. } = around;
                oracle.reached(scene, clinic, self.person, consultation, speaker, sent_ms);
                if let Some(known) = speaker.and_then(|speaker| clinic.people.get(speaker)) {
                    oracle.card_first(scene, (consultation, self.role), &known.name, self.shown_card.as_deref());
                }
            }
        }
        self.tell_state(around);
    }

    /// Takes what a stream brought.
    pub(super) fn take(&mut self, around: &mut Around, stream: u64, item: Item) {
        if self.stream != Some(stream) {
            return;
        }
        let input = match item {
            Item::Open => LinkInput::SocketOpened,
            Item::Text(text) => match serde_json::from_str::<ServerMessage>(&text) {
                Ok(message) => {
                    self.keys.has_joined |= matches!(message, ServerMessage::Joined { .. });
                    LinkInput::SocketMessage(message)
                }
                Err(error) => return around.scene.fault("clients understand the server", error.to_string()),
            },
            Item::Close => {
                self.stream = None;
                LinkInput::SocketClosed
            }
        };
        self.link(around, input);
    }

    pub(super) fn ticket_answered(&mut self, around: &mut Around, attempt: u32, answer: Result<String, TicketFailure>) {
        if attempt == self.attempt {
            let input = match answer {
                Ok(ticket) => LinkInput::TicketFetched { ticket: self.choose_ticket(around, ticket) },
                Err(failure) => LinkInput::TicketFailed(failure),
            };
            self.link(around, input);
        }
    }

    /// The ticket that this device presents instead of the one that it got.
    fn choose_ticket(&mut self, around: &mut Around, fresh: String) -> String {
        let before = self.last_ticket.replace(fresh.clone());
        let number = self.number;
        match self.honesty {
            Honesty::Honest | Honesty::WrongKey => fresh,
            Honesty::Late => self.kept_ticket(around).unwrap_or(fresh),
            Honesty::Reuses => before.unwrap_or(fresh),
            Honesty::Steals => {
                let others = around.clinic.issued.iter().filter(|(_, issued)| issued.device != number);
                others.max_by_key(|(_, issued)| issued.claims.issued_at).map_or(fresh, |(ticket, _)| ticket.clone())
            }
            Honesty::Forges => {
                let Some(issued) = around.clinic.issued.get(&fresh) else { return fresh };
                let (mut claims, other) = (issued.claims.clone(), around.scene.dice.below(2) as usize);
                claims.ticket = around.scene.id();
                claims.person = around.clinic.people[other].person;
                claims.role = around.clinic.people[other].role;
                // The signature of the ticket that was given out, over other words.
                let forged = claims.seal(|_| [0; 64]);
                let (words, _) = forged.split_once('.').unwrap_or_default();
                let (_, signature) = fresh.split_once('.').unwrap_or_default();
                format!("{words}.{signature}")
            }
        }
    }

    /// A ticket whose minute is over, if this device kept one; otherwise it begins to keep one.
    fn kept_ticket(&mut self, around: &mut Around) -> Option<String> {
        let now_ms = around.scene.now_ms;
        if let Some((ticket, _)) = self.spare_ticket.take_if(|(_, at_ms)| *at_ms + 60_000 <= now_ms) {
            return Some(ticket);
        }
        let consultation = self.consultation();
        let Around { scene, clinic, .. } = around;
        let ticket = clinic.ticket(scene, self.number, self.person, consultation, self.secret.public()).ok()?;
        self.spare_ticket.get_or_insert((ticket, now_ms));
        None
    }

    /// The consultation that the device is for, if any.
    pub(super) fn consultation(&self) -> Option<usize> {
        match self.purpose {
            Purpose::Consultation(number) => Some(number),
            Purpose::Desk => None,
        }
    }

    pub(super) fn signed(&mut self, around: &mut Around, nonce: String, ticket: &str) {
        let (proof, key) = match self.honesty {
            Honesty::WrongKey => {
                let other = BrowserSecret::draw(&mut around.scene.dice);
                (other.sign_join(&nonce, ticket), self.secret.public().clone())
            }
            _ => (self.secret.sign_join(&nonce, ticket), self.secret.public().clone()),
        };
        self.link(around, LinkInput::JoinSigned { nonce, key, proof });
    }

    pub(super) fn offer_made(&mut self, around: &mut Around, peer: u32, generation: u32, ice_restart: bool) {
        let transport = self.transport.as_mut().filter(|transport| transport.number == peer);
        let input = match transport {
            Some(transport) => MediaInput::OfferReady { generation, sdp: transport.offer(ice_restart) },
            None => MediaInput::NegotiationFailed { generation },
        };
        self.feed(around, Input::Media(input));
    }

    pub(super) fn answer_taken(&mut self, around: &mut Around, peer: u32, generation: u32, sdp: &str) {
        let now = around.scene.instant();
        let Some(transport) = self.transport.as_mut().filter(|transport| transport.number == peer) else { return };
        if transport.accept(now, sdp) {
            self.run(around);
        } else {
            self.feed(around, Input::Media(MediaInput::NegotiationFailed { generation }));
        }
    }

    /// Gives what happened to the connection to the engine of the page.
    pub(super) fn link(&mut self, around: &mut Around, input: LinkInput) {
        match &self.engine {
            Some(Engine::Call(_)) => self.feed(around, Input::Link(input)),
            Some(Engine::Desk(_)) => self.feed_desk(around, DeskInput::Link(input)),
            None => {}
        }
    }

    pub(super) fn act(&mut self, around: &mut Around, action: Action) {
        around.scene.say(|| format!("person {} on device {}: {action:?}", self.person, self.number));
        self.feed(around, Input::Act(action));
    }

    pub(super) fn feed(&mut self, around: &mut Around, input: Input) {
        let now = self.clock(&around.scene);
        let Some(Engine::Call(call)) = &mut self.engine else { return };
        let before = call.view().phase;
        call.handle(input, now);
        let after = call.view().phase;
        if let Some(other) = &call.view().other
            && self.shown_card.as_ref() != Some(&other.card.display_name)
        {
            self.shown_card = Some(other.card.display_name.clone());
        }
        if std::mem::discriminant(&before) != std::mem::discriminant(&after) {
            around.scene.say(|| format!("device {}: {after:?}", self.number));
        }
        loop {
            let Some(Engine::Call(call)) = &mut self.engine else { return };
            let Some(output) = call.next_output() else { break };
            self.carry_out(around, output);
        }
        self.mind_keys(around);
    }

    pub(super) fn feed_desk(&mut self, around: &mut Around, input: DeskInput) {
        let now = self.clock(&around.scene);
        let Some(Engine::Desk(desk)) = &mut self.engine else { return };
        desk.handle(input, now);
        loop {
            let Some(Engine::Desk(desk)) = &mut self.engine else { return };
            match desk.next_output() {
                None => return,
                Some(DeskOutput::Link(output)) => self.carry_out_link(around, output),
                Some(DeskOutput::Ring { .. }) => {}
            }
        }
    }

    fn carry_out(&mut self, around: &mut Around, output: Output) {
        let (device, scene) = (self.number, &mut around.scene);
        match output {
            Output::Link(output) => self.carry_out_link(around, output),
            Output::Media(MediaOutput::CreatePeer { peer }) => {
                around.transports += 1;
                let sending = Sending { has_voice: false, has_picture: false, ..self.sending };
                self.transport = Some(Transport::open(peer, around.transports, sending, scene.instant()));
            }
            Output::Media(MediaOutput::CreateOffer { peer, generation, ice_restart, .. }) => {
                scene.within(1..25, Event::OfferMade { device, peer, generation, ice_restart });
            }
            Output::Media(MediaOutput::ApplyAnswer { peer, generation, sdp }) => {
                scene.within(1..15, Event::AnswerTaken { device, peer, generation, sdp });
            }
            Output::Media(MediaOutput::ClosePeer { peer }) => {
                self.transport.take_if(|transport| transport.number == peer);
            }
            Output::SwitchMedia(wanted) => {
                self.local = wanted;
                self.feed(around, Input::LocalMediaChanged(wanted));
            }
            Output::PauseSending => self.is_held = around.sabotage != Some(Sabotage::OpensAll),
            Output::ResumeSending => self.is_held = false,
            Output::Adapt(adaptation) => self.is_camera_paused = adaptation.camera == CameraRate::Nothing,
            // A browser that counts nothing: the server's word on the link is all that the engine has.
            Output::SampleLink | Output::Guest(_) => {}
            Output::EndToEnd { message } => {
                let now = self.keys_now(around);
                self.keys.hear(&message, now);
            }
        }
    }

    fn carry_out_link(&mut self, around: &mut Around, output: LinkOutput) {
        let (device, scene) = (self.number, &mut around.scene);
        match output {
            LinkOutput::FetchTicket => {
                self.attempt += 1;
                let attempt = self.attempt;
                scene.within(5..120, Event::TicketAsked { device, attempt });
            }
            LinkOutput::OpenSocket => {
                self.drop_stream(around);
                self.stream = Some(around.net.open_stream(&mut around.scene, device));
            }
            LinkOutput::CloseSocket => self.drop_stream(around),
            LinkOutput::SignJoin { nonce, ticket } => {
                scene.within(1..20, Event::Signed { device, nonce, ticket });
            }
            LinkOutput::Send(message) => {
                let text = serde_json::to_string(&message).expect("messages hold no map, so they have a JSON form");
                if let Some(stream) = self.stream {
                    around.net.push_up(scene, stream, Item::Text(text));
                }
            }
        }
    }

    fn drop_stream(&mut self, around: &mut Around) {
        let Some(number) = self.stream.take() else { return };
        if let Some(stream) = around.net.streams.get_mut(&number) {
            stream.is_open_here = false;
        }
        around.net.push_up(&mut around.scene, number, Item::Close);
    }

    /// The stream that this device uses, if any.
    pub(super) fn stream(&self) -> Option<u64> {
        self.stream
    }
}
