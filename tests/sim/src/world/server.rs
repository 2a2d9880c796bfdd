//! The server: the signaling state machine in its shell, and the media worker beside it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colloque_ids::{ConnectionId, PeerId};
use colloque_protocol::connection::DisconnectCause;
use colloque_protocol::end_to_end::FromOthers;
use colloque_protocol::signaling::{ClientMessage, JoinRefusal, MAX_CLIENT_MESSAGE_BYTES, OfferRefusal, ServerMessage};
use colloque_protocol::ticket::{TicketClaims, UnverifiedTicket};
use colloque_signaling::{Presented, TicketKey};
use colloque_signaling_core::limits::TICK_INTERVAL;
use colloque_signaling_core::{CommitFailure, Input, Limits, Output, Signaling};

use super::Around;
use super::access::Item;
use super::chance;
use super::event::{Event, Order};
use super::plane::Plane;
use super::recorder::{Job, Lane, Recorder};
use super::sabotage::Sabotage;
use crate::meter;

/// Messages that may wait for a slow reader, as in the shell.
const QUEUED_MESSAGES: usize = 64;
/// Longest time for the media worker to answer an offer, in milliseconds, as in the shell.
const MEDIA_LIMIT_MS: u64 = 5_000;

/// One life of the server, from its start to its stop or crash.
pub(super) struct Server {
    pub(super) life: u64,
    pub(super) is_up: bool,
    pub(super) signaling: Signaling,
    pub(super) plane: Plane,
    pub(super) recorder: Recorder,
    ticket_key: TicketKey,
    sockets: BTreeMap<ConnectionId, Socket>,
    by_stream: BTreeMap<u64, ConnectionId>,
    /// Offers that the media worker has not answered yet.
    awaited: BTreeSet<(PeerId, u32)>,
    /// What the media worker was asked and has not taken yet, in order, with when it arrives in milliseconds of the world.
    orders: VecDeque<(u64, Order)>,
}

struct Socket {
    stream: u64,
    nonce: String,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Unjoined,
    Joining,
    /// Reads no more.
    Deaf,
}

impl Server {
    pub(super) fn start(around: &mut Around, life: u64) -> Self {
        let scene = &mut around.scene;
        scene.after(TICK_INTERVAL.as_millis() as u64, Event::ServerTick { life });
        scene.say(|| format!("server starts, life {life}"));
        let (seed, now) = (scene.dice.bits(), scene.timestamp());
        Self {
            life,
            is_up: true,
            signaling: meter::measure(|| Signaling::new(Limits::default(), seed, now)),
            plane: Plane::new(chance::bytes(&mut scene.dice)),
            recorder: Recorder::default(),
            ticket_key: TicketKey::new(around.clinic.public_key()),
            sockets: BTreeMap::new(),
            by_stream: BTreeMap::new(),
            awaited: BTreeSet::new(),
            orders: VecDeque::new(),
        }
    }

    /// Dies without a word; whether clients' connections are reset depends on what died.
    pub(super) fn crash(&mut self, around: &mut Around, is_reset: bool) {
        self.is_up = false;
        around.oracle.server_died(&mut around.scene);
        for socket in std::mem::take(&mut self.sockets).into_values() {
            around.net.break_stream(&mut around.scene, socket.stream, is_reset);
        }
        self.by_stream.clear();
        around.scene.say(|| format!("server dies, life {}", self.life));
    }

    /// Sockets that the server holds.
    pub(super) fn sockets(&self) -> usize {
        self.sockets.len()
    }

    /// Streams that the server holds.
    pub(super) fn holds(&self, stream: u64) -> bool {
        self.by_stream.contains_key(&stream)
    }

    pub(super) fn handle(&mut self, around: &mut Around, input: Input) {
        if !self.is_up {
            return;
        }
        around.oracle.told(&around.clinic, &input, around.scene.now_ms);
        let now = around.scene.timestamp();
        meter::measure(|| self.signaling.handle(input, now));
        while let Some(output) = meter::measure(|| self.signaling.next_output()) {
            self.carry_out(around, output);
        }
    }

    pub(super) fn tick(&mut self, around: &mut Around) {
        let life = self.life;
        around.scene.after(TICK_INTERVAL.as_millis() as u64, Event::ServerTick { life });
        self.handle(around, Input::Tick);
    }

    /// Takes what a stream brought.
    pub(super) fn take(&mut self, around: &mut Around, stream: u64, item: Item) {
        match (item, self.by_stream.get(&stream).copied()) {
            (_, None) if !self.is_up => around.net.break_stream(&mut around.scene, stream, true),
            (Item::Open, None) => self.open(around, stream),
            (Item::Text(text), Some(connection)) => self.read(around, connection, &text),
            (Item::Close, Some(connection)) => {
                self.forget(connection);
                self.handle(around, Input::Lost { connection, cause: DisconnectCause::SocketClosed });
            }
            (Item::Text(_) | Item::Close, None) | (Item::Open, Some(_)) => {}
        }
    }

    fn open(&mut self, around: &mut Around, stream: u64) {
        let Some(from) = around.net.streams.get(&stream).map(|stream| stream.from) else { return };
        let connection: ConnectionId = around.scene.id();
        let nonce = URL_SAFE_NO_PAD.encode(chance::bytes(&mut around.scene.dice));
        self.sockets.insert(connection, Socket { stream, nonce: nonce.clone(), phase: Phase::Unjoined });
        self.by_stream.insert(stream, connection);
        around.oracle.opened(connection, around.net.streams[&stream].device);
        around.net.push_down(&mut around.scene, stream, Item::Open);
        around.net.push_down(&mut around.scene, stream, text_of(&ServerMessage::Challenge { nonce }));
        self.handle(around, Input::Opened { connection, from });
    }

    fn read(&mut self, around: &mut Around, connection: ConnectionId, text: &str) {
        let Some(socket) = self.sockets.get_mut(&connection) else { return };
        let message = match serde_json::from_str(text) {
            Ok(message) if text.len() <= MAX_CLIENT_MESSAGE_BYTES => message,
            Ok(_) | Err(_) => return self.misbehaved(around, connection),
        };
        match (socket.phase, message) {
            (Phase::Deaf, _) => {}
            (Phase::Unjoined, ClientMessage::Join { version, ticket, key, proof, take_over }) => {
                socket.phase = Phase::Joining;
                let presented = Presented { version, ticket: &ticket, key: &key, proof: &proof };
                let verified = match around.sabotage {
                    Some(Sabotage::BelievesTickets) => believed(&ticket),
                    _ => self.ticket_key.verify(&socket.nonce, &presented),
                };
                let join = match verified {
                    Ok(claims) => Input::JoinVerified { connection, claims: Box::new(claims), take_over },
                    Err(refusal) => Input::JoinRefused { connection, refusal },
                };
                around.oracle.presented(connection, ticket);
                self.handle(around, join);
            }
            (Phase::Unjoined, _) => self.misbehaved(around, connection),
            (Phase::Joining, message) => self.handle(around, Input::Message { connection, message }),
        }
    }

    fn misbehaved(&mut self, around: &mut Around, connection: ConnectionId) {
        if let Some(socket) = self.sockets.get_mut(&connection) {
            socket.phase = Phase::Deaf;
        }
        self.handle(around, Input::Lost { connection, cause: DisconnectCause::Misbehaved });
    }

    fn forget(&mut self, connection: ConnectionId) {
        if let Some(socket) = self.sockets.remove(&connection) {
            self.by_stream.remove(&socket.stream);
        }
    }

    fn carry_out(&mut self, around: &mut Around, output: Output) {
        let life = self.life;
        match output {
            Output::Send { connection, message } => self.send(around, connection, &message),
            Output::SendAttestation { connection, statement, makes_group } => {
                let attestation = around.clinic.attest(&statement).bytes().to_vec();
                let message = FromOthers::Attested { attestation, makes_group }.to_text();
                self.send(around, connection, &ServerMessage::EndToEnd { message });
            }
            Output::Close { connection } => self.close(around, connection),
            Output::Commit { commit, record } => {
                self.recorder.put(&mut around.scene, around.storage, life, Job::Commit { commit, record });
            }
            Output::Journal(event) if around.sabotage == Some(Sabotage::LosesEntries) => drop(event),
            Output::Journal(event) => {
                self.recorder.put(&mut around.scene, around.storage, life, Job::Journal(event));
            }
            Output::ConnectMedia { room, peer, generation, offer, ice_restart } => {
                self.awaited.insert((peer, generation));
                self.ask(around, Order::Connect { room, peer, generation, offer, ice_restart });
                around.scene.after(MEDIA_LIMIT_MS, Event::OfferOverdue { life, peer, generation });
            }
            Output::GateMedia { room, is_open } => {
                around.oracle.gate_asked(&mut around.scene, &around.clinic, room, is_open);
                self.ask(around, Order::Gate { room, is_open });
            }
            Output::DisconnectMedia { room, peer } => self.ask(around, Order::Disconnect { room, peer }),
        }
    }

    fn send(&mut self, around: &mut Around, connection: ConnectionId, message: &ServerMessage) {
        let Some(stream) = self.sockets.get(&connection).map(|socket| socket.stream) else { return };
        if around.sabotage == Some(Sabotage::LosesWelcomes) && is_welcome(message) {
            return;
        }
        let Around { scene, clinic, oracle, net, .. } = around;
        scene.say(|| format!("  {connection} <- {}", brief(message)));
        oracle.said(scene, clinic, connection, message);
        if net.waiting_down(stream) >= QUEUED_MESSAGES {
            self.close(around, connection);
            let input = Input::Lost { connection, cause: DisconnectCause::Misbehaved };
            around.scene.after(0, Event::Told { life: self.life, input });
            return;
        }
        net.push_down(scene, stream, text_of(message));
    }

    fn close(&mut self, around: &mut Around, connection: ConnectionId) {
        if let Some(stream) = self.sockets.get(&connection).map(|socket| socket.stream) {
            around.net.push_down(&mut around.scene, stream, Item::Close);
        }
        around.oracle.closed(connection, around.scene.now_ms);
        self.forget(connection);
    }

    /// Takes the end of a write.
    pub(super) fn written(
        &mut self,
        around: &mut Around,
        lane: Lane,
        job: Job,
        stored: Result<colloque_ids::Timestamp, CommitFailure>,
    ) {
        if let Some(input) = self.recorder.ended(around, self.life, lane, job, stored) {
            self.handle(around, input);
        }
    }

    /// Asks something of the media worker, which takes all of it in order.
    fn ask(&mut self, around: &mut Around, order: Order) {
        let before_ms = self.orders.back().map_or(0, |(at_ms, _)| *at_ms);
        let at_ms = before_ms.max(around.scene.now_ms + around.scene.dice.below(4));
        match around.sabotage {
            Some(Sabotage::TakesOrdersAnyhow) => self.orders.push_front((at_ms, order)),
            _ => self.orders.push_back((at_ms, order)),
        }
        around.scene.after(at_ms - around.scene.now_ms, Event::Orders { life: self.life });
    }

    /// Has the media worker take what has reached it.
    pub(super) fn take_orders(&mut self, around: &mut Around) {
        if let Some(in_ms) = self.plane.stalled_for(around.scene.now_ms) {
            return around.scene.after(in_ms, Event::Orders { life: self.life });
        }
        while let Some((_, order)) = self.orders.pop_front_if(|(at_ms, _)| *at_ms <= around.scene.now_ms) {
            self.carry_order_out(around, order);
        }
    }

    fn carry_order_out(&mut self, around: &mut Around, order: Order) {
        let sabotage = around.sabotage;
        let Around { scene, net, .. } = &mut *around;
        match order {
            Order::Connect { room, peer, generation, offer, ice_restart } => {
                let answer = self.plane.connect(scene, room, peer, &offer, ice_restart);
                if sabotage == Some(Sabotage::OpensAll) {
                    self.plane.gate(room, true);
                }
                if self.awaited.remove(&(peer, generation)) {
                    let input = match answer {
                        Ok(sdp) => Input::MediaAnswered { room, peer, generation, sdp },
                        Err(refusal) => Input::MediaRefused { peer, generation, refusal },
                    };
                    scene.within(0..2, Event::Told { life: self.life, input });
                }
            }
            Order::Disconnect { .. } if sabotage == Some(Sabotage::KeepsPeers) => {}
            Order::Gate { .. } if sabotage == Some(Sabotage::OpensNothing) => {}
            Order::Disconnect { room, peer } => self.plane.disconnect(scene, net, room, peer),
            Order::Gate { room, is_open } => self.plane.gate(room, is_open),
        }
        self.pass_events(around);
    }

    pub(super) fn offer_overdue(&mut self, around: &mut Around, peer: PeerId, generation: u32) {
        if self.awaited.remove(&(peer, generation)) {
            let refusal = OfferRefusal::Unavailable;
            self.handle(around, Input::MediaRefused { peer, generation, refusal });
        }
    }

    /// Tells signaling what happened to peers.
    pub(super) fn pass_events(&mut self, around: &mut Around) {
        while let Some(event) = self.plane.poll_event() {
            around.scene.say(|| format!("  plane: {event:?}"));
            around.scene.after(1, Event::Told { life: self.life, input: Input::Media(event) });
        }
    }
}

/// What a ticket says, whoever signed it.
fn believed(ticket: &str) -> Result<TicketClaims, JoinRefusal> {
    let ticket = UnverifiedTicket::parse(ticket).map_err(|_| JoinRefusal::TicketInvalid)?;
    ticket.verify(|_, _| true).map_err(|_| JoinRefusal::TicketInvalid)
}

fn text_of(message: &ServerMessage) -> Item {
    Item::Text(serde_json::to_string(message).expect("messages hold no map, so they have a JSON form"))
}

fn is_welcome(message: &ServerMessage) -> bool {
    let ServerMessage::EndToEnd { message } = message else { return false };
    matches!(FromOthers::from_text(message), Ok(FromOthers::Welcome { .. }))
}

/// A message without its long texts.
pub(super) fn brief(message: &ServerMessage) -> String {
    match message {
        ServerMessage::Answer { generation, .. } => format!("Answer {generation}"),
        ServerMessage::EndToEnd { message } => format!("EndToEnd, {} bytes", message.len()),
        ServerMessage::Room { state } | ServerMessage::Joined { state, .. } => {
            let other = state.other.as_ref().map(|other| (&other.card.display_name, other.presence));
            let word = if matches!(message, ServerMessage::Room { .. }) { "Room" } else { "Joined" };
            format!("{word} {:?} {other:?}", state.stage)
        }
        other => format!("{other:?}"),
    }
}
