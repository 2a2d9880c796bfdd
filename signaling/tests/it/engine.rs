//! The product's own client engine against the product's own server, over real sockets.

use std::collections::VecDeque;

use colloque_call::{
    Action, Call, CallOptions, Input, LinkInput, LinkOutput, MediaInput, MediaOutput, MediaPath, Output, PeerState,
    Phase,
};
use colloque_protocol::Role;
use colloque_protocol::signaling::{EndReason, MediaState, ServerMessage};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::client::connect;
use crate::server::{Booking, ORIGIN, PATIENCE, Server, now};

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// A person: the engine, its socket, and a browser whose media always connects.
struct Driven<'a> {
    booking: &'a Booking,
    role: Role,
    call: Call,
    socket: Option<Socket>,
    inputs: VecDeque<Input>,
    tickets: u32,
}

impl<'a> Driven<'a> {
    fn new(booking: &'a Booking, role: Role) -> Self {
        let local = MediaState { microphone: true, camera: true, ..MediaState::default() };
        let call = Call::new(CallOptions { role, local, visible: true, seed: 5 }, now());
        Self { booking, role, call, socket: None, inputs: VecDeque::from([Input::Join]), tickets: 0 }
    }

    /// Runs until the screen shows what is wanted.
    async fn until(&mut self, server: &Server, wanted: impl Fn(&Call) -> bool) {
        let reached = async {
            loop {
                self.carry_on(server).await;
                if wanted(&self.call) {
                    return;
                }
                self.wait().await;
            }
        };
        let reached = timeout(PATIENCE, reached).await;
        assert!(reached.is_ok(), "{:?} never came there: {:#?}", self.role, self.call.view());
    }

    async fn act(&mut self, server: &Server, action: Action) {
        self.inputs.push_back(Input::Act(action));
        self.carry_on(server).await;
    }

    async fn carry_on(&mut self, server: &Server) {
        while let Some(input) = self.inputs.pop_front() {
            self.call.handle(input, now());
            while let Some(output) = self.call.next_output() {
                self.carry_out(output, server).await;
            }
        }
    }

    /// Waits for the next thing that happens.
    async fn wait(&mut self) {
        let pause = self.call.deadline().map_or(PATIENCE, |deadline| deadline.since(now()));
        let socket = self.socket.as_mut();
        let message = async {
            match socket {
                Some(socket) => socket.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            message = message => match message {
                Some(Ok(Message::Text(text))) => {
                    let message: ServerMessage = serde_json::from_str(text.as_str()).unwrap();
                    self.inputs.push_back(Input::Link(LinkInput::SocketMessage(message)));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => {
                    self.socket = None;
                    self.inputs.push_back(Input::Link(LinkInput::SocketClosed));
                }
            },
            () = sleep(pause) => self.inputs.push_back(Input::Tick),
        }
    }

    async fn carry_out(&mut self, output: Output, server: &Server) {
        match output {
            Output::Link(output) => self.carry_out_link(output, server).await,
            Output::Media(MediaOutput::CreatePeer { .. } | MediaOutput::ClosePeer { .. }) => {}
            Output::Media(MediaOutput::CreateOffer { generation, .. }) => {
                self.inputs.push_back(Input::Media(MediaInput::OfferReady { generation, sdp: "offer".to_owned() }));
            }
            Output::Media(MediaOutput::ApplyAnswer { peer, .. }) => {
                let state = PeerState::Connected;
                self.inputs.push_back(Input::Media(MediaInput::StateChanged { peer, state }));
            }
            Output::SwitchMedia(_)
            | Output::PauseSending
            | Output::ResumeSending
            | Output::Adapt(_)
            | Output::SampleLink
            | Output::EndToEnd { .. }
            | Output::Guest(_) => {}
        }
    }

    async fn carry_out_link(&mut self, output: LinkOutput, server: &Server) {
        match output {
            LinkOutput::FetchTicket => {
                self.tickets += 1;
                let ticket = server.sign(&self.booking.claims(server, self.role));
                self.inputs.push_back(Input::Link(LinkInput::TicketFetched { ticket }));
            }
            LinkOutput::OpenSocket => {
                self.socket = connect(server, Some(ORIGIN)).await.ok();
                let opened = if self.socket.is_some() { LinkInput::SocketOpened } else { LinkInput::SocketClosed };
                self.inputs.push_back(Input::Link(opened));
            }
            LinkOutput::CloseSocket => {
                // As browsers do: what was sent arrives, because the close is answered before the connection goes.
                if let Some(mut socket) = self.socket.take() {
                    let _ = socket.close(None).await;
                    while let Some(Ok(_)) = socket.next().await {}
                }
            }
            LinkOutput::SignJoin { nonce, ticket } => {
                let browser = self.booking.browser(self.role);
                let (key, proof) = (browser.key.clone(), browser.prove(&nonce, &ticket));
                self.inputs.push_back(Input::Link(LinkInput::JoinSigned { nonce, key, proof }));
            }
            LinkOutput::Send(message) => {
                if let Some(socket) = &mut self.socket {
                    let _ = socket.send(Message::text(serde_json::to_string(&message).unwrap())).await;
                }
            }
        }
    }
}

fn in_call(call: &Call) -> bool {
    call.view().phase == Phase::InCall && call.view().media == MediaPath::Up
}

#[tokio::test]
async fn engine_and_server_hold_a_consultation_across_a_restart() {
    let mut server = Server::start().await;
    let booking = Booking::new();
    let mut patient = Driven::new(&booking, Role::Patient);
    let mut practitioner = Driven::new(&booking, Role::Practitioner);
    patient.until(&server, |call| call.view().phase == Phase::Waiting).await;
    practitioner.until(&server, |call| call.view().other.is_some()).await;

    practitioner.act(&server, Action::Admit).await;
    practitioner.until(&server, in_call).await;
    patient.until(&server, |call| matches!(call.view().phase, Phase::Called { .. })).await;
    patient.until(&server, |call| call.view().media == MediaPath::Up).await;
    patient.act(&server, Action::Answer).await;
    patient.until(&server, in_call).await;

    let before = patient.call.view().participant;
    let restarting = server.restart();
    let both_read = async {
        // Their sockets are told and closed while the server stops.
        tokio::join!(drain(&mut patient), drain(&mut practitioner));
    };
    tokio::join!(restarting, both_read);
    patient.until(&server, |call| call.view().signaling_lost_since.is_some()).await;
    practitioner.until(&server, |call| call.view().signaling_lost_since.is_some()).await;
    patient.until(&server, |call| in_call(call) && call.view().signaling_lost_since.is_none()).await;
    practitioner.until(&server, |call| in_call(call) && call.view().signaling_lost_since.is_none()).await;
    assert!(before.is_some());
    assert!(patient.call.view().admitted_at.is_some());
    assert_eq!(patient.tickets, 2, "one more ticket for one return");

    practitioner.act(&server, Action::End).await;
    let ended = Phase::Ended { reason: EndReason::EndedByPractitioner };
    practitioner.until(&server, |call| call.view().phase == ended).await;
    patient.until(&server, |call| call.view().phase == ended).await;
}

/// Reads a socket to its end, and gives the engine what it read.
async fn drain(driven: &mut Driven<'_>) {
    while let Some(socket) = &mut driven.socket {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let message: ServerMessage = serde_json::from_str(text.as_str()).unwrap();
                driven.inputs.push_back(Input::Link(LinkInput::SocketMessage(message)));
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => driven.socket = None,
        }
    }
}

#[tokio::test]
async fn an_engine_that_leaves_is_shown_as_gone_and_comes_back() {
    let server = Server::start().await;
    let booking = Booking::new();
    let mut patient = Driven::new(&booking, Role::Patient);
    let mut practitioner = Driven::new(&booking, Role::Practitioner);
    practitioner.until(&server, |call| call.view().phase == Phase::Waiting).await;
    patient.until(&server, |call| call.view().phase == Phase::Waiting).await;
    practitioner.until(&server, |call| call.view().other.is_some()).await;
    patient.act(&server, Action::Leave).await;
    assert_eq!(patient.call.view().phase, Phase::Ended { reason: EndReason::YouLeft });
    practitioner.until(&server, |call| call.view().other.is_none()).await;
    patient.inputs.push_back(Input::Join);
    patient.until(&server, |call| call.view().phase == Phase::Waiting).await;
}
