//! Drives the product's engine: what a page does for it in a browser, done here with sockets and the `webrtc` crate.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use colloque_call::{
    Action, Call, CallOptions, CallView, Input, LinkInput, LinkOutput, MediaInput, MediaOutput, Output, PeerState,
};
use colloque_ids::Timestamp;
use colloque_network::Dice;
use colloque_protocol::signaling::ServerMessage;
use colloque_sealing::Outgoing;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::media;
use crate::participant::{ParticipantOptions, Shared, lock};
use crate::peer::{News, Peer};
use crate::socket::Socket;

pub(crate) struct Driver {
    options: ParticipantOptions,
    shared: Arc<Shared>,
    call: Call,
    dice: Dice,
    inputs: VecDeque<Input>,
    socket: Option<Socket>,
    peer: Option<(u32, Peer)>,
    is_connected: bool,
    is_held_back: bool,
    /// The server has said that this person is in the room, and the keys do not know it yet.
    has_joined: bool,
    news: mpsc::UnboundedSender<(u32, News)>,
    /// Set while the driver runs.
    told: Option<mpsc::UnboundedReceiver<(u32, News)>>,
    tracks: JoinSet<()>,
}

impl Driver {
    pub(crate) fn new(options: ParticipantOptions, shared: Arc<Shared>) -> Self {
        let local = *shared.local.borrow();
        let mut dice = Dice::new(options.seed ^ 2);
        let call = Call::new(CallOptions { role: options.role, local, visible: true, seed: dice.bits() }, now());
        let (news, told) = mpsc::unbounded_channel();
        Self {
            options,
            shared,
            call,
            dice,
            inputs: VecDeque::from([Input::Join]),
            socket: None,
            peer: None,
            is_connected: false,
            is_held_back: true,
            has_joined: false,
            news,
            told: Some(told),
            tracks: JoinSet::new(),
        }
    }

    pub(crate) async fn run(mut self, mut actions: mpsc::UnboundedReceiver<Action>, shown: watch::Sender<CallView>) {
        let Some(mut told) = self.told.take() else { return };
        loop {
            while let Some(input) = self.inputs.pop_front() {
                self.call.handle(input, now());
                while let Some(output) = self.call.next_output() {
                    self.carry_out(output).await;
                }
                self.mind_keys();
            }
            shown.send_if_modified(|view| {
                let is_new = *view != *self.call.view();
                if is_new {
                    view.clone_from(self.call.view());
                }
                is_new
            });
            let pause = self.call.deadline().map_or(LONGEST_PAUSE, |deadline| deadline.since(now()).min(LONGEST_PAUSE));
            let socket = self.socket.as_mut();
            let message = async {
                match socket {
                    Some(socket) => socket.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = message => {
                    let input = match message {
                        Some(message) => {
                            self.has_joined |= matches!(message, ServerMessage::Joined { .. });
                            LinkInput::SocketMessage(message)
                        }
                        None => {
                            self.socket = None;
                            LinkInput::SocketClosed
                        }
                    };
                    self.inputs.push_back(Input::Link(input));
                }
                action = actions.recv() => match action {
                    Some(action) => self.inputs.push_back(Input::Act(action)),
                    None => return,
                },
                Some((number, news)) = told.recv() => self.hear_of(number, news).await,
                () = sleep(pause) => self.inputs.push_back(Input::Tick),
            }
        }
    }

    async fn hear_of(&mut self, number: u32, news: News) {
        if self.peer.as_ref().is_none_or(|(present, _)| *present != number) {
            return;
        }
        match news {
            News::State(state) => {
                debug!("transport {number} is {state:?}");
                self.is_connected = match state {
                    PeerState::Connected => true,
                    PeerState::Connecting | PeerState::Disconnected => self.is_connected,
                    PeerState::Failed => false,
                };
                self.inputs.push_back(Input::Media(MediaInput::StateChanged { peer: number, state }));
                self.direct().await;
            }
            News::Track(track) => {
                self.tracks.spawn(media::receive(Arc::clone(&self.shared), track));
            }
        }
    }

    async fn carry_out(&mut self, output: Output) {
        match output {
            Output::Link(output) => self.carry_out_link(output).await,
            Output::Media(output) => self.carry_out_media(output).await,
            Output::SwitchMedia(wanted) => {
                self.shared.local.send_replace(wanted);
                self.inputs.push_back(Input::LocalMediaChanged(wanted));
            }
            Output::PauseSending => {
                self.is_held_back = true;
                self.direct().await;
            }
            Output::ResumeSending => {
                self.is_held_back = false;
                self.direct().await;
            }
            Output::Adapt(adaptation) => {
                self.shared.adaptation.send_replace(adaptation);
            }
            // The stack counts nothing of this kind: the server's word on the link is all that the engine has.
            Output::SampleLink | Output::Guest(_) => {}
            Output::EndToEnd { message } => lock(&self.shared.keys).hear(&message, now()),
        }
    }

    /// Does what a page and its worker do for each other.
    fn mind_keys(&mut self) {
        let mut keys = lock(&self.shared.keys);
        let view = self.call.view();
        if let (true, Some(room), Some(participant)) = (self.has_joined, view.room, view.participant) {
            self.has_joined = false;
            keys.joined(room, participant);
        }
        keys.tick(now());
        let mut opened = Vec::new();
        while let Some(outgoing) = keys.next_outgoing() {
            match outgoing {
                Outgoing::Send(message) => self.inputs.push_back(Input::EndToEnd { message }),
                Outgoing::KeysInstalled => opened.extend(keys.try_again(now())),
                Outgoing::Changed | Outgoing::Said { .. } => {}
                Outgoing::NotBelieved { participant, error } => warn!("{participant} is not believed: {error}"),
            }
        }
        drop(keys);
        for frame in opened {
            media::play(&self.shared, frame);
        }
    }

    async fn carry_out_link(&mut self, output: LinkOutput) {
        let input = match output {
            LinkOutput::FetchTicket => match self.options.tickets.ticket(&self.options.identity.thumbprint()).await {
                Ok(ticket) => LinkInput::TicketFetched { ticket },
                Err(failure) => LinkInput::TicketFailed(failure),
            },
            LinkOutput::OpenSocket => {
                self.socket = Socket::open(&self.options.signaling, &self.options.origin).await;
                if self.socket.is_some() { LinkInput::SocketOpened } else { LinkInput::SocketClosed }
            }
            LinkOutput::CloseSocket => {
                if let Some(socket) = self.socket.take() {
                    socket.close().await;
                }
                return;
            }
            LinkOutput::SignJoin { nonce, ticket } => match self.options.identity.prove(&nonce, &ticket) {
                Some(proof) => LinkInput::JoinSigned { nonce, key: self.options.identity.key().clone(), proof },
                None => LinkInput::SignFailed,
            },
            LinkOutput::Send(message) => {
                if let Some(socket) = &mut self.socket {
                    socket.send(&message).await;
                }
                return;
            }
        };
        self.inputs.push_back(Input::Link(input));
    }

    async fn carry_out_media(&mut self, output: MediaOutput) {
        match output {
            MediaOutput::CreatePeer { peer } => self.create_peer(peer).await,
            MediaOutput::CreateOffer { peer, generation, ice_restart, .. } => {
                let offer = match &self.peer {
                    Some((number, present)) if *number == peer => present.offer(ice_restart).await.ok(),
                    Some(_) | None => None,
                };
                let input = match offer {
                    Some(sdp) => MediaInput::OfferReady { generation, sdp },
                    None => MediaInput::NegotiationFailed { generation },
                };
                self.inputs.push_back(Input::Media(input));
            }
            MediaOutput::ApplyAnswer { peer, generation, sdp } => {
                let Some((_, present)) = self.peer.as_ref().filter(|(number, _)| *number == peer) else { return };
                let sdp = match self.options.media_through {
                    Some(address) => led_through(&sdp, address),
                    None => sdp,
                };
                if let Err(error) = present.answer(&sdp).await {
                    warn!("the answer cannot be applied: {error}");
                    self.inputs.push_back(Input::Media(MediaInput::NegotiationFailed { generation }));
                }
            }
            MediaOutput::ClosePeer { peer } => {
                if let Some((_, present)) = self.peer.take_if(|(number, _)| *number == peer) {
                    self.is_connected = false;
                    self.direct().await;
                    self.tracks.abort_all();
                    present.close().await;
                }
            }
        }
    }

    async fn create_peer(&mut self, number: u32) {
        let ssrc = self.dice.bits() as u32 | 1;
        let (readings, news) = (Arc::clone(&self.shared.readings), self.news.clone());
        match Peer::open(number, self.options.local, self.options.carrier, ssrc, readings, news).await {
            Ok(peer) => self.peer = Some((number, peer)),
            // The offer that is asked for next fails.
            Err(error) => warn!("no transport can be opened: {error}"),
        }
    }

    /// Points voice and pictures to where they go now, or nowhere.
    async fn direct(&self) {
        let outlet = match &self.peer {
            Some((_, peer)) if self.is_connected && !self.is_held_back => peer.outlet().await,
            Some(_) | None => None,
        };
        self.shared.outlet.send_replace(outlet);
    }
}

/// Puts another address into every candidate of an answer.
fn led_through(sdp: &str, address: IpAddr) -> String {
    let mut out = String::with_capacity(sdp.len());
    for line in sdp.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let is_candidate = line.starts_with("a=candidate:") && words.len() > 5;
        // Writing to a string cannot fail.
        let _ = match is_candidate {
            true => write!(out, "{} {address} {}\r\n", words[..4].join(" "), words[5..].join(" ")),
            false => write!(out, "{line}\r\n"),
        };
    }
    out
}

pub(crate) fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
}

/// Keys are told of time at least this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_led_through_another_address() {
        let answer = "v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 4000 typ host\r\na=end-of-candidates\r\n";
        let led = led_through(answer, IpAddr::from([127, 0, 0, 9]));
        assert_eq!(led, answer.replace("127.0.0.1", "127.0.0.9"));
    }
}
