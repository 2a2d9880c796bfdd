//! The connection to the signaling server: ticket, socket, challenge, join, heartbeat, return.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::Timestamp;
use colloque_protocol::key::BrowserKey;
use colloque_protocol::signaling::{
    ClientMessage, EndReason, HEARTBEAT_INTERVAL, HEARTBEAT_LIMIT, JoinRefusal, SIGNALING_VERSION, ServerMessage,
};

use crate::jitter::Jitter;
use crate::policy::{
    BUSY_PAUSE, CONNECT_LIMIT, PROBE_LIMIT, QUICK_REFETCHES, RECONNECT_PAUSE, RECONNECT_PAUSE_LIMIT,
    SERVER_STOPPING_SPREAD, TOO_EARLY_PAUSE,
};

/// What happened to the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkInput {
    /// The HTTP service gave a ticket.
    TicketFetched {
        /// The ticket's text.
        ticket: String,
    },
    /// The HTTP service gave none.
    TicketFailed(TicketFailure),
    /// The socket is open.
    SocketOpened,
    /// The socket brought a message.
    SocketMessage(ServerMessage),
    /// The socket closed or could not be opened. Never given for a socket closed by [`LinkOutput::CloseSocket`].
    SocketClosed,
    /// The browser signed a [`LinkOutput::SignJoin`].
    JoinSigned {
        /// The nonce that was signed.
        nonce: String,
        /// The browser's key.
        key: BrowserKey,
        /// ECDSA P-256 signature, 64 bytes, base64url without padding.
        proof: String,
    },
    /// The browser could not sign: its key is gone.
    SignFailed,
    /// The browser says that the network is there.
    NetworkOnline,
    /// The browser says that the network is gone.
    NetworkOffline,
}

/// Why there is no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TicketFailure {
    /// No answer, or the service is away (no network, 429, 5xx): tried again by itself.
    Unreachable,
    /// The session ended (401): the person proves who they are, then starts again.
    SignedOut,
    /// The service says no. [`JoinRefusal::TooEarly`] is tried again by itself; a 404 is [`JoinRefusal::ConsultationOver`].
    Refused(JoinRefusal),
}

/// What the shell does for the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkOutput {
    /// Ask the HTTP service for a ticket; answer by `TicketFetched` or `TicketFailed`.
    FetchTicket,
    /// Open a socket, dropping the one before; answer by `SocketOpened` or `SocketClosed`.
    OpenSocket,
    /// Send what was queued, then close and forget the socket: nothing of it is reported any more.
    CloseSocket,
    /// Sign [`colloque_protocol::key::join_proof_input`]; answer by `JoinSigned` or `SignFailed`.
    SignJoin {
        /// The server's challenge.
        nonce: String,
        /// The ticket's text.
        ticket: String,
    },
    /// Send a message.
    Send(ClientMessage),
}

/// What the owner of a [`Link`] learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkEvent {
    /// A message of a joined connection; the first one is what joined it.
    Message(ServerMessage),
    /// A joined connection is gone; another is being made.
    Lost,
    /// Not let in. When `retried`, another attempt follows by itself.
    Refused { refusal: JoinRefusal, retried: bool },
    /// The session ended.
    SignedOut,
    /// The browser cannot sign.
    CannotSign,
    /// Over, by a word of the server.
    Ended(EndReason),
}

#[derive(Debug)]
pub(crate) struct Link {
    state: State,
    take_over: bool,
    failures: u32,
    refetches: u32,
    round_trip: Option<Duration>,
    jitter: Jitter,
    outputs: VecDeque<LinkOutput>,
}

#[derive(Debug)]
enum State {
    Closed,
    Connecting {
        ticket: Option<String>,
        socket: Socket,
        until: Timestamp,
    },
    Live {
        heard_at: Timestamp,
        ping_at: Timestamp,
        pinged_at: Timestamp,
        sequence: u32,
        probe_until: Option<Timestamp>,
    },
    Pausing {
        until: Timestamp,
    },
}

#[derive(Debug)]
enum Socket {
    Opening,
    Challenged { nonce: String },
    Signing { nonce: String },
    Joining,
}

impl Link {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            state: State::Closed,
            take_over: false,
            failures: 0,
            refetches: 0,
            round_trip: None,
            jitter: Jitter::new(seed),
            outputs: VecDeque::new(),
        }
    }

    pub(crate) fn next_output(&mut self) -> Option<LinkOutput> {
        self.outputs.pop_front()
    }

    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.state, State::Live { .. })
    }

    pub(crate) const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Time from the last answered ping to its answer.
    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        match &self.state {
            State::Closed => None,
            State::Connecting { until, .. } | State::Pausing { until } => Some(*until),
            State::Live { heard_at, ping_at, probe_until, .. } => {
                let quiet_until = heard_at.after(HEARTBEAT_LIMIT);
                Some(probe_until.unwrap_or(quiet_until).min(quiet_until).min(*ping_at))
            }
        }
    }

    /// Starts to connect, unless it is connecting or connected.
    pub(crate) fn open(&mut self, take_over: bool, now: Timestamp) {
        if self.is_closed() {
            self.take_over = take_over;
            self.failures = 0;
            self.refetches = 0;
            self.connect(now);
        }
    }

    /// Closes for good; sends what was queued before.
    pub(crate) fn close(&mut self) {
        let has_socket = matches!(self.state, State::Connecting { .. } | State::Live { .. });
        self.state = State::Closed;
        if has_socket {
            self.outputs.push_back(LinkOutput::CloseSocket);
        }
    }

    /// Sends a message if the connection is joined.
    pub(crate) fn send(&mut self, message: ClientMessage) -> bool {
        let live = self.is_live();
        if live {
            self.outputs.push_back(LinkOutput::Send(message));
        }
        live
    }

    /// Stops pausing, or asks a joined connection for a sign of life.
    pub(crate) fn hurry(&mut self, now: Timestamp) {
        match &mut self.state {
            State::Closed | State::Connecting { .. } => {}
            State::Pausing { .. } => {
                self.failures = 0;
                self.connect(now);
            }
            State::Live { ping_at, probe_until, .. } => {
                if probe_until.is_none() {
                    *probe_until = Some(now.after(PROBE_LIMIT));
                    *ping_at = now;
                }
                self.ping_if_due(now);
            }
        }
    }

    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<LinkEvent> {
        match &self.state {
            State::Closed => None,
            State::Connecting { until, .. } => {
                if now >= *until {
                    self.pause_after_failure(now);
                }
                None
            }
            State::Pausing { until } => {
                if now >= *until {
                    self.connect(now);
                }
                None
            }
            State::Live { heard_at, probe_until, .. } => {
                if now >= heard_at.after(HEARTBEAT_LIMIT) || probe_until.is_some_and(|until| now >= until) {
                    self.pause_after_failure(now);
                    return Some(LinkEvent::Lost);
                }
                self.ping_if_due(now);
                None
            }
        }
    }

    pub(crate) fn handle(&mut self, input: LinkInput, now: Timestamp) -> Option<LinkEvent> {
        match input {
            LinkInput::TicketFetched { ticket } => {
                if let State::Connecting { ticket: slot @ None, .. } = &mut self.state {
                    *slot = Some(ticket);
                    self.sign_when_ready();
                }
                None
            }
            LinkInput::TicketFailed(failure) => self.ticket_failed(failure, now),
            LinkInput::SocketOpened => None,
            LinkInput::SocketMessage(message) => self.message(message, now),
            LinkInput::SocketClosed => match &self.state {
                State::Closed | State::Pausing { .. } => None,
                State::Connecting { .. } => {
                    let pause = self.next_pause();
                    self.pause(pause, false, now);
                    None
                }
                State::Live { .. } => {
                    let pause = self.next_pause();
                    self.pause(pause, false, now);
                    Some(LinkEvent::Lost)
                }
            },
            LinkInput::JoinSigned { nonce, key, proof } => {
                self.join(&nonce, key, proof);
                None
            }
            LinkInput::SignFailed => {
                if let State::Connecting { .. } = self.state {
                    self.close();
                    return Some(LinkEvent::CannotSign);
                }
                None
            }
            LinkInput::NetworkOnline => {
                // A socket still opening belongs to the network before and may hang.
                if let State::Connecting { socket: Socket::Opening, .. } = self.state {
                    self.outputs.push_back(LinkOutput::CloseSocket);
                    self.connect(now);
                } else {
                    self.hurry(now);
                }
                None
            }
            LinkInput::NetworkOffline => {
                if self.is_live() {
                    self.hurry(now);
                }
                None
            }
        }
    }

    fn ticket_failed(&mut self, failure: TicketFailure, now: Timestamp) -> Option<LinkEvent> {
        let State::Connecting { ticket: None, .. } = self.state else { return None };
        match failure {
            TicketFailure::Unreachable => {
                self.pause_after_failure(now);
                None
            }
            TicketFailure::SignedOut => {
                self.close();
                Some(LinkEvent::SignedOut)
            }
            TicketFailure::Refused(refusal) => Some(self.refused(refusal, now)),
        }
    }

    fn message(&mut self, message: ServerMessage, now: Timestamp) -> Option<LinkEvent> {
        match (&mut self.state, message) {
            (State::Closed | State::Pausing { .. }, _) => None,
            (State::Connecting { socket: socket @ Socket::Opening, .. }, ServerMessage::Challenge { nonce }) => {
                *socket = Socket::Challenged { nonce };
                self.sign_when_ready();
                None
            }
            (
                State::Connecting { socket: Socket::Joining, .. },
                joined @ (ServerMessage::Joined { .. } | ServerMessage::DeskJoined { .. }),
            ) => {
                self.failures = 0;
                self.refetches = 0;
                self.take_over = false;
                self.state =
                    State::Live { heard_at: now, ping_at: now, pinged_at: now, sequence: 0, probe_until: None };
                self.ping_if_due(now);
                Some(LinkEvent::Message(joined))
            }
            (State::Connecting { .. }, ServerMessage::Refused { code }) => Some(self.refused(code, now)),
            (_, ServerMessage::Ended { reason }) => self.ended(reason, now),
            // Anything else before the answer to the join says nothing that this client may believe.
            (State::Connecting { .. }, _) => None,
            (State::Live { heard_at, pinged_at, sequence, probe_until, .. }, message) => {
                *heard_at = now;
                *probe_until = None;
                if let ServerMessage::Pong { sequence: answered } = message
                    && answered == *sequence
                {
                    self.round_trip = Some(now.since(*pinged_at));
                }
                Some(LinkEvent::Message(message))
            }
        }
    }

    fn ended(&mut self, reason: EndReason, now: Timestamp) -> Option<LinkEvent> {
        let was_live = self.is_live();
        match reason {
            EndReason::ServerStopping => {
                let spread = self.jitter.below(SERVER_STOPPING_SPREAD);
                self.pause(spread, true, now);
                was_live.then_some(LinkEvent::Lost)
            }
            EndReason::ConnectionGivenUp => {
                self.pause_after_failure(now);
                was_live.then_some(LinkEvent::Lost)
            }
            EndReason::SignedOut => {
                self.close();
                Some(LinkEvent::SignedOut)
            }
            EndReason::EndedByPractitioner
            | EndReason::RefusedByPractitioner
            | EndReason::YouLeft
            | EndReason::ContinuedElsewhere
            | EndReason::AppointmentChanged
            | EndReason::ConsentWithdrawn => {
                self.close();
                Some(LinkEvent::Ended(reason))
            }
        }
    }

    fn refused(&mut self, refusal: JoinRefusal, now: Timestamp) -> LinkEvent {
        let pause = match refusal {
            JoinRefusal::TicketExpired | JoinRefusal::TicketReplayed if self.refetches < QUICK_REFETCHES => {
                self.refetches += 1;
                Some(Duration::ZERO)
            }
            JoinRefusal::TicketExpired | JoinRefusal::TicketReplayed => Some(self.next_pause()),
            JoinRefusal::ServerFull | JoinRefusal::ServerFailed => {
                let pause = self.next_pause().max(BUSY_PAUSE);
                Some(self.jitter.upper_half(pause))
            }
            JoinRefusal::TooEarly => Some(self.jitter.upper_half(TOO_EARLY_PAUSE)),
            JoinRefusal::TicketInvalid
            | JoinRefusal::WrongPerson
            | JoinRefusal::ConsentMissing
            | JoinRefusal::TooLate
            | JoinRefusal::AlreadyElsewhere
            | JoinRefusal::ConsultationOver
            | JoinRefusal::WrongVersion => None,
        };
        match pause {
            Some(pause) => self.pause(pause, true, now),
            None => self.close(),
        }
        LinkEvent::Refused { refusal, retried: pause.is_some() }
    }

    fn connect(&mut self, now: Timestamp) {
        self.state = State::Connecting { ticket: None, socket: Socket::Opening, until: now.after(CONNECT_LIMIT) };
        // Both at once: one round trip less before the waiting room.
        self.outputs.push_back(LinkOutput::FetchTicket);
        self.outputs.push_back(LinkOutput::OpenSocket);
    }

    fn sign_when_ready(&mut self) {
        if let State::Connecting { ticket: Some(ticket), socket, .. } = &mut self.state
            && let Socket::Challenged { nonce } = socket
        {
            self.outputs.push_back(LinkOutput::SignJoin { nonce: nonce.clone(), ticket: ticket.clone() });
            *socket = Socket::Signing { nonce: std::mem::take(nonce) };
        }
    }

    fn join(&mut self, signed: &str, key: BrowserKey, proof: String) {
        if let State::Connecting { ticket: Some(ticket), socket, .. } = &mut self.state
            && let Socket::Signing { nonce } = socket
            && nonce == signed
        {
            self.outputs.push_back(LinkOutput::Send(ClientMessage::Join {
                version: SIGNALING_VERSION,
                ticket: ticket.clone(),
                key,
                proof,
                take_over: self.take_over,
            }));
            *socket = Socket::Joining;
        }
    }

    fn ping_if_due(&mut self, now: Timestamp) {
        if let State::Live { ping_at, pinged_at, sequence, .. } = &mut self.state
            && now >= *ping_at
        {
            *sequence = sequence.wrapping_add(1);
            *pinged_at = now;
            *ping_at = now.after(HEARTBEAT_INTERVAL);
            self.outputs.push_back(LinkOutput::Send(ClientMessage::Ping { sequence: *sequence }));
        }
    }

    fn next_pause(&mut self) -> Duration {
        let pause = RECONNECT_PAUSE.saturating_mul(1 << self.failures.min(8)).min(RECONNECT_PAUSE_LIMIT);
        self.jitter.upper_half(pause)
    }

    fn pause_after_failure(&mut self, now: Timestamp) {
        let pause = self.next_pause();
        self.pause(pause, true, now);
    }

    fn pause(&mut self, pause: Duration, has_socket: bool, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.state = State::Pausing { until: now.after(pause) };
        if has_socket {
            self.outputs.push_back(LinkOutput::CloseSocket);
        }
    }
}
