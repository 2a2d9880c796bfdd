//! The peer connection: offer, answer, loss, ICE restart, replacement. At most one lives at any moment.

use std::collections::VecDeque;
use std::time::Duration;

use colloque_ids::Timestamp;
use colloque_protocol::signaling::OfferRefusal;

use crate::policy::{
    FAILED_PEER_PAUSE, ICE_RESTART_AFTER, NEW_PEER_AFTER, NEW_PEER_DOUBLINGS, PEERS_BEFORE_BLOCKED, RETRY_PAUSE,
};

/// What the browser did with the peer connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaInput {
    /// The offer asked by [`MediaOutput::CreateOffer`] is made and set as local description.
    OfferReady {
        /// The offer's number.
        generation: u32,
        /// SDP. Candidates are not waited for: the server learns the client's address from its checks.
        sdp: String,
    },
    /// The offer could not be made, or its answer could not be applied.
    NegotiationFailed {
        /// The offer's number.
        generation: u32,
    },
    /// `connectionState` changed.
    StateChanged {
        /// The peer connection's number.
        peer: u32,
        /// Its state.
        state: PeerState,
    },
}

/// State of a peer connection, as browsers say it; `new` and `closed` say nothing to this engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerState {
    /// `connecting`.
    Connecting,
    /// `connected`.
    Connected,
    /// `disconnected`: no packets for some seconds.
    Disconnected,
    /// `failed`: the browser gave up.
    Failed,
}

/// What the shell does for media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaOutput {
    /// Make a peer connection with three transceivers (microphone, camera, screen) and put the local tracks on it.
    CreatePeer {
        /// Its number.
        peer: u32,
    },
    /// Make an offer; answer by `OfferReady` or `NegotiationFailed`.
    CreateOffer {
        /// The peer connection.
        peer: u32,
        /// The offer's number.
        generation: u32,
        /// Whether ICE restarts.
        ice_restart: bool,
        /// What the peer connection uses from this offer on, as [`colloque_protocol::signaling::RoomState::ice_servers`] says; what it
        /// uses already when absent.
        ice_servers: Option<String>,
    },
    /// Set the server's answer as remote description; answer by `NegotiationFailed` if it cannot be.
    ApplyAnswer {
        /// The peer connection.
        peer: u32,
        /// The offer's number.
        generation: u32,
        /// SDP.
        sdp: String,
    },
    /// Close a peer connection; nothing of it is reported any more.
    ClosePeer {
        /// The peer connection.
        peer: u32,
    },
}

/// How this client's own media goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaPath {
    /// Nothing was negotiated yet.
    #[default]
    Idle,
    /// Being made for the first time.
    Connecting,
    /// Packets flow.
    Up,
    /// Packets flowed and do not now.
    Lost {
        /// Since when.
        since: Timestamp,
    },
    /// Signaling works and peer connections never connect: the network blocks media. Still tried.
    Blocked,
}

/// An offer to send.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) generation: u32,
    pub(crate) ice_restart: bool,
    pub(crate) sdp: String,
}

#[derive(Debug, Default)]
pub(crate) struct Media {
    peer: Option<Peer>,
    peers: u32,
    generations: u32,
    /// Peer connections in a row that never connected.
    fruitless: u32,
    /// Set at the first connection and kept through replacements: a person who was heard is not "connecting" again.
    connected_before: bool,
    lost_since: Option<Timestamp>,
    /// The person asked for another attempt, which waits for signaling.
    is_hurried: bool,
    ice_servers: Option<String>,
    outputs: VecDeque<MediaOutput>,
}

#[derive(Debug)]
struct Peer {
    number: u32,
    generation: u32,
    ice_restart: bool,
    negotiation: Negotiation,
    /// Counts the time for the present attempt: preparation, answer, then connection.
    attempt_since: Timestamp,
    path: Path,
    server_sees_packets: bool,
    connected_once: bool,
    restarted_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
}

#[derive(Debug)]
enum Negotiation {
    Preparing,
    Prepared {
        sdp: String,
    },
    /// Also the state of what failed: no answer is expected to arrive any more.
    Sent,
    Answered,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Path {
    Unknown,
    Up,
    Down,
}

enum Step {
    RestartIce,
    Replace,
}

impl Peer {
    /// When the present attempt began.
    fn tried_at(&self) -> Timestamp {
        self.restarted_at.unwrap_or(self.attempt_since)
    }
}

impl Media {
    pub(crate) fn next_output(&mut self) -> Option<MediaOutput> {
        self.outputs.pop_front()
    }

    /// What the offers that come use.
    pub(crate) fn ice_servers(&self) -> Option<&str> {
        self.ice_servers.as_deref()
    }

    /// Uses these, if any, for the offers that come.
    pub(crate) fn use_ice_servers(&mut self, ice_servers: Option<String>) {
        if ice_servers.is_some() {
            self.ice_servers = ice_servers;
        }
    }

    /// Makes a peer connection and its offer unless there is one.
    pub(crate) fn prepare(&mut self, now: Timestamp) {
        if self.peer.is_none() {
            self.create(now);
        }
    }

    /// Closes the peer connection and forgets how it went.
    pub(crate) fn close(&mut self) {
        self.drop_peer();
        self.fruitless = 0;
        self.connected_before = false;
        self.lost_since = None;
        self.is_hurried = false;
    }

    /// Asks for another attempt at the next tick, without waiting for the present one to run out.
    pub(crate) const fn hurry(&mut self) {
        self.is_hurried = true;
    }

    /// Replaces what a lost signaling connection made worthless: an offer nobody has, or one whose answer is lost.
    pub(crate) fn signaling_returned(&mut self, now: Timestamp) {
        // An offer that waited may carry candidates of a network that is gone.
        let worthless = self
            .peer
            .as_ref()
            .is_some_and(|peer| peer.path != Path::Up && !matches!(peer.negotiation, Negotiation::Answered));
        if worthless {
            self.create(now);
        }
    }

    /// Replaces an offer that was sent for a room which is not open any more.
    pub(crate) fn withdraw(&mut self, now: Timestamp) {
        let sent = self
            .peer
            .as_ref()
            .is_some_and(|peer| matches!(peer.negotiation, Negotiation::Sent | Negotiation::Answered));
        if sent {
            self.close();
            self.create(now);
        }
    }

    /// Gives the prepared offer, once.
    pub(crate) fn take_offer(&mut self, now: Timestamp) -> Option<Offer> {
        let peer = self.peer.as_mut()?;
        let Negotiation::Prepared { sdp } = &mut peer.negotiation else { return None };
        let sdp = std::mem::take(sdp);
        peer.negotiation = Negotiation::Sent;
        if !peer.ice_restart {
            peer.attempt_since = now;
        }
        Some(Offer { generation: peer.generation, ice_restart: peer.ice_restart, sdp })
    }

    pub(crate) fn answered(&mut self, generation: u32, sdp: String) {
        if let Some(peer) = &mut self.peer
            && peer.generation == generation
            && matches!(peer.negotiation, Negotiation::Sent)
        {
            peer.negotiation = Negotiation::Answered;
            self.outputs.push_back(MediaOutput::ApplyAnswer { peer: peer.number, generation, sdp });
        }
    }

    pub(crate) fn refused(&mut self, generation: u32, refusal: OfferRefusal, now: Timestamp) {
        let Some(peer) = &mut self.peer else { return };
        if peer.generation != generation || !matches!(peer.negotiation, Negotiation::Sent) {
            return;
        }
        if peer.ice_restart {
            // The server forgot this peer connection: only a new one can help.
            self.create(now);
            return;
        }
        match refusal {
            OfferRefusal::NoConsent | OfferRefusal::Unacceptable | OfferRefusal::Unavailable => {
                peer.failed_at = Some(now);
            }
        }
    }

    pub(crate) fn server_sees_packets(&mut self, up: bool, now: Timestamp) {
        if let Some(peer) = &mut self.peer
            && peer.connected_once
        {
            peer.server_sees_packets = up;
            self.follow_path(now);
        }
    }

    pub(crate) fn handle(&mut self, input: MediaInput, now: Timestamp) {
        let Some(peer) = &mut self.peer else { return };
        match input {
            MediaInput::OfferReady { generation, sdp } => {
                if peer.generation == generation && matches!(peer.negotiation, Negotiation::Preparing) {
                    peer.negotiation = Negotiation::Prepared { sdp };
                }
            }
            MediaInput::NegotiationFailed { generation } => {
                if peer.generation == generation {
                    peer.negotiation = Negotiation::Sent;
                    peer.failed_at = peer.failed_at.or(Some(now));
                }
            }
            MediaInput::StateChanged { peer: number, state } => {
                if peer.number != number {
                    return;
                }
                match state {
                    PeerState::Connecting => {}
                    PeerState::Connected => {
                        peer.path = Path::Up;
                        peer.failed_at = None;
                        peer.server_sees_packets = true;
                        peer.connected_once = true;
                        peer.restarted_at = None;
                        self.connected_before = true;
                        self.fruitless = 0;
                    }
                    PeerState::Disconnected => peer.path = Path::Down,
                    PeerState::Failed => {
                        peer.path = Path::Down;
                        peer.failed_at = peer.failed_at.or(Some(now));
                    }
                }
                self.follow_path(now);
            }
        }
    }

    /// Acts on a loss that lasts. Without signaling nothing can be negotiated, so nothing is due.
    pub(crate) fn tick(&mut self, signaling: bool, now: Timestamp) {
        if !signaling {
            return;
        }
        let is_hurried = std::mem::take(&mut self.is_hurried);
        let Some((due_at, step)) = self.due() else { return };
        if is_hurried && self.peer.as_ref().is_some_and(|peer| now >= peer.tried_at().after(RETRY_PAUSE)) {
            // Whoever taps may have changed the network: it is not called blocking before a fresh attempt has failed.
            self.fruitless = self.fruitless.min(PEERS_BEFORE_BLOCKED - 1);
            return self.take_step(step, now);
        }
        if now < due_at {
            return;
        }
        if matches!(step, Step::Replace) && self.peer.as_ref().is_some_and(|peer| !peer.connected_once) {
            self.fruitless = self.fruitless.saturating_add(1);
        }
        self.take_step(step, now);
    }

    fn take_step(&mut self, step: Step, now: Timestamp) {
        match step {
            // A peer that was lost for so long is forgotten by the server too.
            Step::RestartIce if self.lost_since.is_none_or(|since| now.since(since) < NEW_PEER_AFTER) => {
                self.restart_ice(now);
            }
            Step::RestartIce | Step::Replace => self.create(now),
        }
    }

    pub(crate) fn deadline(&self, signaling: bool) -> Option<Timestamp> {
        if signaling { self.due().map(|(due_at, _)| due_at) } else { None }
    }

    pub(crate) fn path(&self) -> MediaPath {
        let Some(peer) = &self.peer else { return MediaPath::Idle };
        if peer.path == Path::Up && peer.server_sees_packets {
            return MediaPath::Up;
        }
        if self.fruitless >= PEERS_BEFORE_BLOCKED {
            return MediaPath::Blocked;
        }
        match (self.lost_since, &peer.negotiation) {
            (Some(since), _) => MediaPath::Lost { since },
            (None, Negotiation::Preparing | Negotiation::Prepared { .. }) if !self.connected_before => MediaPath::Idle,
            (None, _) => MediaPath::Connecting,
        }
    }

    fn due(&self) -> Option<(Timestamp, Step)> {
        let peer = self.peer.as_ref()?;
        if let Negotiation::Prepared { .. } = peer.negotiation
            && !peer.ice_restart
        {
            // It waits for signaling, however long that takes.
            return None;
        }
        let doublings = 1 << self.fruitless.min(NEW_PEER_DOUBLINGS);
        let patience = if peer.failed_at.is_some() { FAILED_PEER_PAUSE } else { NEW_PEER_AFTER } * doublings;
        if peer.path == Path::Up && peer.server_sees_packets {
            return None;
        }
        if let Some(since) = self.lost_since
            && peer.connected_once
        {
            return Some(match (peer.restarted_at, &peer.negotiation) {
                (None, Negotiation::Answered) => {
                    // The server speaks after seconds without a packet: no loss that heals by itself lasts so long.
                    let is_sure = peer.failed_at.is_some() || !peer.server_sees_packets;
                    let pause = if is_sure { Duration::ZERO } else { ICE_RESTART_AFTER };
                    (since.after(pause), Step::RestartIce)
                }
                (Some(restarted_at), _) => {
                    (restarted_at.after(NEW_PEER_AFTER.saturating_sub(ICE_RESTART_AFTER)), Step::Replace)
                }
                (None, Negotiation::Preparing | Negotiation::Prepared { .. } | Negotiation::Sent) => {
                    (since.after(NEW_PEER_AFTER), Step::Replace)
                }
            });
        }
        Some((peer.attempt_since.after(patience), Step::Replace))
    }

    fn follow_path(&mut self, now: Timestamp) {
        let Some(peer) = &self.peer else { return };
        if peer.path == Path::Up && peer.server_sees_packets {
            self.lost_since = None;
        } else if self.connected_before && self.lost_since.is_none() {
            self.lost_since = Some(now);
        }
    }

    fn restart_ice(&mut self, now: Timestamp) {
        let Some(peer) = &mut self.peer else { return };
        self.generations = self.generations.wrapping_add(1);
        peer.generation = self.generations;
        peer.ice_restart = true;
        peer.restarted_at = Some(now);
        peer.failed_at = None;
        peer.negotiation = Negotiation::Preparing;
        self.ask_offer(true);
    }

    fn create(&mut self, now: Timestamp) {
        self.drop_peer();
        self.peers = self.peers.wrapping_add(1);
        self.generations = self.generations.wrapping_add(1);
        if self.connected_before {
            self.lost_since = self.lost_since.or(Some(now));
        }
        self.peer = Some(Peer {
            number: self.peers,
            generation: self.generations,
            ice_restart: false,
            negotiation: Negotiation::Preparing,
            attempt_since: now,
            path: Path::Unknown,
            server_sees_packets: true,
            connected_once: false,
            restarted_at: None,
            failed_at: None,
        });
        self.outputs.push_back(MediaOutput::CreatePeer { peer: self.peers });
        self.ask_offer(false);
    }

    /// Asks for the newest peer connection's newest offer.
    fn ask_offer(&mut self, ice_restart: bool) {
        self.outputs.push_back(MediaOutput::CreateOffer {
            peer: self.peers,
            generation: self.generations,
            ice_restart,
            ice_servers: self.ice_servers.clone(),
        });
    }

    fn drop_peer(&mut self) {
        if let Some(peer) = self.peer.take() {
            self.outputs.push_back(MediaOutput::ClosePeer { peer: peer.number });
        }
    }
}
