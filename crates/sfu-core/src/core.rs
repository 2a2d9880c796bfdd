use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use colloque_ids::{PeerId, RoomId};
use slab::Slab;

use crate::arena::{NO_GROUP, Path, SendArena};
use crate::budget::Limits;
use crate::counters::Counters;
use crate::dtls::{Certificate, DtlsSettings, DtlsTransport};
use crate::ice::{IceAgent, RemoteCredentials, Ufrag};
use crate::mover::STRANGERS_PER_TICK;
use crate::negotiate;
use crate::peer::Peer;
use crate::random::Random;
use crate::room::Room;
use crate::sdp::{MAX_LAYERS, Mid, Offer, ParseOfferError};
use crate::tick::Looks;
use crate::track::Track;

/// People in one room at most.
pub const MAX_PEERS_PER_ROOM: usize = 8;
/// Rooms of one worker at most; memory for idle rooms stays below 100 MB.
pub const MAX_ROOMS: usize = 8192;
/// Pause between two looks at what is due: retransmission requests, handshakes, one part in fifty of all peers.
///
/// Higher: losses are noticed later. Lower: an idle worker wakes more often.
pub const TICK: Duration = Duration::from_millis(20);

/// What the shell settles once.
pub struct CoreConfig {
    /// Where clients reach this worker by UDP, the preferred address first.
    pub announced: Vec<SocketAddr>,
    /// Where clients reach it by TCP, the preferred address first; none where nothing listens.
    pub announced_tcp: Vec<SocketAddr>,
    /// Begins the user names of this worker, so that a connection that several workers share finds it: below [`crate::MAX_MARKS`].
    pub mark: u8,
    /// The process's certificate.
    pub certificate: Certificate,
    /// Source of credentials and stream numbers: 256 bits of chance.
    pub seed: [u8; 32],
    /// Most that one publisher is allowed to send, in bits per second.
    pub publisher_cap_bps: u64,
}

/// Most that one publisher sends unless configured otherwise, in bits per second: 720p at 30 frames with sound.
pub const DEFAULT_PUBLISHER_CAP_BPS: u64 = 2_500_000;

/// What the state machine tells its shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The handshake is complete: media flows.
    PeerConnected {
        /// Where.
        room: RoomId,
        /// Who.
        peer: PeerId,
    },
    /// Nothing was heard for [`crate::PEER_LOST_AFTER`].
    PeerLost {
        /// Where.
        room: RoomId,
        /// Who.
        peer: PeerId,
    },
    /// A lost peer was heard again.
    PeerRecovered {
        /// Where.
        room: RoomId,
        /// Who.
        peer: PeerId,
    },
    /// The peer was removed: silent for [`crate::PEER_GONE_AFTER`], closed by its client, or with a wrong certificate, or in a room that
    /// failed.
    PeerGone {
        /// Where.
        room: RoomId,
        /// Who.
        peer: PeerId,
    },
    /// A publisher may stop sending encodings that nobody is shown, and must send the others.
    LayersWanted {
        /// Where.
        room: RoomId,
        /// Whose.
        peer: PeerId,
        /// The line of the offer.
        mid: Mid,
        /// What is to be sent, in the order of the offer.
        is_sent: [bool; MAX_LAYERS],
    },
    /// How a peer's link is: once measured, whenever it passes a step that matters for pictures, and now and then while it is not
    /// good.
    LinkMeasured {
        /// Where.
        room: RoomId,
        /// Who.
        peer: PeerId,
        /// What it carries towards the peer, in thousands of bits per second.
        down_kbps: u32,
        /// What the links of the others leave of what the peer sends, in thousands of bits per second.
        leaves_kbps: u32,
        /// Packets lost on the worse of its two ways, in thousandths.
        lost_permille: u32,
    },
}

/// Why a peer is not connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectPeerError {
    /// The offer breaks a rule.
    #[error("offer is refused")]
    Offer(#[from] ParseOfferError),
    /// [`MAX_PEERS_PER_ROOM`] are there.
    #[error("room is full")]
    RoomFull,
    /// [`MAX_ROOMS`] are open.
    #[error("media server is full")]
    ServerFull,
    /// The offer's media lines or certificate do not continue those of the transport that it keeps.
    #[error("offer does not continue the session")]
    NotContinuing,
    /// The transport to continue is not, or no longer, there.
    #[error("no transport to continue")]
    UnknownPeer,
}

/// Identifiers and addresses are looked up by a keyed hash of fixed key: the same inputs give the same outputs, and no
/// output depends on the order within a map.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// All rooms of one worker.
///
/// Push inputs ([`Core::connect_peer`], [`Core::handle_datagram`], [`Core::handle_timeout`]), then pull outputs: datagrams
/// from the arena that was passed in, [`Core::poll_event`] and [`Core::next_timeout`].
pub struct Core {
    pub(crate) announced: Vec<SocketAddr>,
    pub(crate) announced_tcp: Vec<SocketAddr>,
    pub(crate) mark: u8,
    pub(crate) dtls: DtlsSettings,
    pub(crate) publisher_cap_bps: u64,
    pub(crate) limits: Limits,
    pub(crate) random: Random,
    pub(crate) rooms: Slab<Room>,
    pub(crate) peers: Slab<Peer>,
    pub(crate) tracks: Slab<Track>,
    pub(crate) room_by_id: Map<RoomId, usize>,
    pub(crate) peer_by_ufrag: Map<Ufrag, usize>,
    pub(crate) peer_by_address: Map<Path, usize>,
    /// Who was the first to send a stream of this number.
    pub(crate) peer_by_ssrc: Map<u32, usize>,
    /// The last address that was looked up: datagrams of one sender come in runs.
    pub(crate) last_address: Option<(Path, usize)>,
    /// Connections that are nobody's any more.
    pub(crate) abandoned: Vec<Path>,
    /// Peers that the next tick looks at, out of turn.
    pub(crate) urgent: Vec<usize>,
    pub(crate) events: VecDeque<Event>,
    pub(crate) next_tick_at: Option<Instant>,
    /// Peers that this tick has still to look at.
    pub(crate) looks: Option<Looks>,
    /// Peers whose reports on arrivals wait for a packet to leave with, at most until the next tick.
    pub(crate) owing: Vec<usize>,
    /// Peers for whose link something waits.
    pub(crate) paced: Vec<usize>,
    pub(crate) next_pace_at: Option<Instant>,
    pub(crate) ticks: u64,
    /// Packets from unknown addresses that are tried before the next tick.
    pub(crate) strangers_left: u32,
    /// The peer that a timer looks at, for the shell that isolates a failure.
    pub(crate) at_work: Option<usize>,
    pub(crate) counters: Counters,
    joined: u64,
    /// Tracks that were ever published.
    pub(crate) serials: u64,
}

impl Core {
    /// Makes an empty worker.
    #[must_use]
    pub fn new(config: CoreConfig) -> Self {
        Self {
            announced: config.announced,
            announced_tcp: config.announced_tcp,
            mark: config.mark,
            dtls: DtlsSettings::new(config.certificate),
            publisher_cap_bps: config.publisher_cap_bps,
            limits: Limits::new(config.publisher_cap_bps),
            random: Random::from_seed(config.seed),
            rooms: Slab::new(),
            peers: Slab::new(),
            tracks: Slab::new(),
            room_by_id: Map::default(),
            peer_by_ufrag: Map::default(),
            peer_by_address: Map::default(),
            peer_by_ssrc: Map::default(),
            last_address: None,
            abandoned: Vec::new(),
            urgent: Vec::new(),
            events: VecDeque::new(),
            next_tick_at: None,
            looks: None,
            owing: Vec::new(),
            paced: Vec::new(),
            next_pace_at: None,
            ticks: 0,
            strangers_left: STRANGERS_PER_TICK,
            at_work: None,
            counters: Counters::default(),
            joined: 0,
            serials: 0,
        }
    }

    /// Takes a client's offer and gives the answer; a room begins closed, see [`Core::gate_room`].
    ///
    /// A peer that is known keeps its transport, with fresh ICE credentials when the offer has, unless the offer names
    /// another certificate: then everything of the old transport is forgotten.
    ///
    /// # Errors
    ///
    /// - [`ConnectPeerError::Offer`] if the offer breaks a rule; nothing changes then.
    /// - [`ConnectPeerError::RoomFull`], [`ConnectPeerError::ServerFull`] at the limits.
    /// - [`ConnectPeerError::NotContinuing`] if a kept transport's media lines would change their order.
    pub fn connect_peer(
        &mut self,
        now: Instant,
        room: RoomId,
        peer: PeerId,
        offer: &str,
    ) -> Result<String, ConnectPeerError> {
        let offer = Offer::parse(offer)?;
        let key = match self.find_peer(room, peer) {
            Some(key) if self.peers[key].dtls.expected() == offer.fingerprint => {
                self.continue_transport(key, &offer)?;
                key
            }
            Some(key) => {
                self.replace_transport(now, key, &offer);
                key
            }
            None => self.add_peer(now, room, peer, &offer)?,
        };
        let answer = negotiate::answer(self, key, &offer);
        self.rebind(self.peers[key].room);
        self.next_tick_at.get_or_insert(now + TICK);
        Ok(answer)
    }

    /// Opens a room, or closes it: until it is opened its peers connect, and nothing that they send is taken or sent on.
    ///
    /// Unknown rooms are ignored, and a room that everybody left is closed when it is made anew.
    pub fn gate_room(&mut self, room: RoomId, is_open: bool) {
        let Some(key) = self.room_by_id.get(&room).copied() else { return };
        if std::mem::replace(&mut self.rooms[key].is_open, is_open) != is_open {
            self.rebind(key);
        }
    }

    /// Whether media pass in a room.
    #[must_use]
    pub fn is_open(&self, room: RoomId) -> bool {
        self.room_by_id.get(&room).is_some_and(|key| self.rooms[*key].is_open)
    }

    /// Takes an offer that only looks for new network paths, and gives the answer: keys and streams stay.
    ///
    /// # Errors
    ///
    /// - [`ConnectPeerError::Offer`] if the offer breaks a rule; nothing changes then.
    /// - [`ConnectPeerError::UnknownPeer`] if the peer was removed meanwhile: its client must begin anew.
    /// - [`ConnectPeerError::NotContinuing`] if certificate or media lines are not those of the transport.
    pub fn restart_ice(&mut self, room: RoomId, peer: PeerId, offer: &str) -> Result<String, ConnectPeerError> {
        let offer = Offer::parse(offer)?;
        let key = self.find_peer(room, peer).ok_or(ConnectPeerError::UnknownPeer)?;
        if self.peers[key].dtls.expected() != offer.fingerprint {
            return Err(ConnectPeerError::NotContinuing);
        }
        self.continue_transport(key, &offer)?;
        let answer = negotiate::answer(self, key, &offer);
        self.rebind(self.peers[key].room);
        Ok(answer)
    }

    /// Removes a peer, with a farewell to its client; unknown peers are ignored.
    pub fn disconnect_peer(&mut self, room: RoomId, peer: PeerId, out: &mut SendArena) {
        if let Some(key) = self.find_peer(room, peer) {
            self.say_farewell(key, out);
            self.remove_peer(key);
        }
    }

    /// Removes all peers of a room, each with a farewell; unknown rooms are ignored.
    pub fn close_room(&mut self, room: RoomId, out: &mut SendArena) {
        let Some(key) = self.room_by_id.get(&room) else { return };
        for peer in self.rooms[*key].peers.clone() {
            self.say_farewell(peer, out);
            self.remove_peer(peer);
        }
    }

    /// Removes a room whose state may be broken, without a word to its clients, and reports its peers gone.
    pub fn drop_room(&mut self, room: RoomId) {
        let Some(key) = self.room_by_id.get(&room) else { return };
        for peer in self.rooms[*key].peers.clone() {
            self.drop_peer(peer);
        }
    }

    /// The open rooms, in no order that matters.
    #[must_use]
    pub fn rooms(&self) -> Vec<RoomId> {
        self.rooms.iter().map(|(_, room)| room.id).collect()
    }

    /// Gives the next event, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Core::handle_timeout`] has something to do; none while nobody is connected.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let next_look_at = self.looks.as_ref().map(|looks| looks.due_at);
        [self.next_tick_at, self.next_pace_at, next_look_at].into_iter().flatten().min()
    }

    /// People in all rooms.
    #[must_use]
    pub fn peer_count(&self) -> usize {
        self.peers.len()
    }

    /// Whether one of the peers proved to send from `from`: for the shell, which keeps no connection of a stranger.
    #[must_use]
    pub fn knows(&self, from: Path) -> bool {
        self.peer_by_address.contains_key(&from)
    }

    /// The room whose datagrams come from `from`, for the shell that isolates a failure.
    #[must_use]
    pub fn room_of_address(&self, from: Path) -> Option<RoomId> {
        let peer = self.peers.get(*self.peer_by_address.get(&from)?)?;
        self.rooms.get(peer.room).map(|room| room.id)
    }

    /// The room that the last timer looked at, for the shell that isolates a failure.
    #[must_use]
    pub fn room_at_work(&self) -> Option<RoomId> {
        let peer = self.peers.get(self.at_work?)?;
        self.rooms.get(peer.room).map(|room| room.id)
    }

    pub(crate) fn find_peer(&self, room: RoomId, peer: PeerId) -> Option<usize> {
        let room = &self.rooms[*self.room_by_id.get(&room)?];
        room.peers.iter().copied().find(|key| self.peers[*key].id == peer)
    }

    fn add_peer(&mut self, now: Instant, room: RoomId, id: PeerId, offer: &Offer) -> Result<usize, ConnectPeerError> {
        let room_key = match self.room_by_id.get(&room) {
            Some(key) if self.rooms[*key].peers.len() == MAX_PEERS_PER_ROOM => return Err(ConnectPeerError::RoomFull),
            Some(key) => *key,
            None if self.rooms.len() == MAX_ROOMS => return Err(ConnectPeerError::ServerFull),
            None => {
                let key = self.rooms.insert(Room { id: room, peers: Vec::with_capacity(2), is_open: false });
                self.room_by_id.insert(room, key);
                key
            }
        };
        let ice = IceAgent::new(self.mark, RemoteCredentials::new(&offer.ufrag, &offer.password), &mut self.random);
        let entry = self.peers.vacant_entry();
        let key = entry.key();
        self.joined += 1;
        self.peer_by_ufrag.insert(ice.ufrag(), key);
        entry.insert(Peer::new(id, room_key, key, self.joined, ice, DtlsTransport::new(offer.fingerprint), now));
        self.rooms[room_key].peers.push(key);
        Ok(key)
    }

    fn continue_transport(&mut self, key: usize, offer: &Offer) -> Result<(), ConnectPeerError> {
        let peer = &mut self.peers[key];
        if !negotiate::continues(peer, offer) {
            return Err(ConnectPeerError::NotContinuing);
        }
        if !peer.ice.knows(&offer.ufrag, &offer.password) {
            let remote = RemoteCredentials::new(&offer.ufrag, &offer.password);
            if let Some(dropped) = peer.ice.restart(remote, &mut self.random) {
                self.peer_by_ufrag.remove(&dropped);
            }
            self.peer_by_ufrag.insert(peer.ice.ufrag(), key);
        }
        Ok(())
    }

    fn replace_transport(&mut self, now: Instant, key: usize, offer: &Offer) {
        self.forget_transport(key);
        let ice = IceAgent::new(self.mark, RemoteCredentials::new(&offer.ufrag, &offer.password), &mut self.random);
        self.peer_by_ufrag.insert(ice.ufrag(), key);
        self.peers[key].replace_transport(ice, DtlsTransport::new(offer.fingerprint), now);
    }

    /// Takes a peer's addresses, credentials, subscriptions and tracks out of every table.
    fn forget_transport(&mut self, key: usize) {
        let peer = &self.peers[key];
        let slots = peer.lines.iter().filter_map(|line| line.slot.as_ref());
        for source in slots.flat_map(|slot| [slot.source(), slot.ahead()]).flatten() {
            if let Some(track) = self.tracks.get_mut(source) {
                track.subscribers.retain(|subscription| subscription.peer != key);
            }
        }
        for ufrag in peer.ice.ufrags() {
            self.peer_by_ufrag.remove(&ufrag);
        }
        let addresses: Vec<Path> = peer.ice.addresses().collect();
        for ssrc in peer.inbound_ssrcs() {
            if self.peer_by_ssrc.get(&ssrc) == Some(&key) {
                self.peer_by_ssrc.remove(&ssrc);
            }
        }
        let tracks: Vec<usize> = peer.lines.iter().flat_map(|line| line.tracks.iter().copied()).collect();
        for address in addresses {
            self.unbind_address(key, address);
        }
        for track in tracks {
            self.remove_track(track);
        }
    }

    /// Removes a peer from every table, and its room with the last of them.
    pub(crate) fn remove_peer(&mut self, key: usize) {
        self.forget_transport(key);
        let peer = self.peers.remove(key);
        self.urgent.retain(|urgent| *urgent != key);
        self.paced.retain(|paced| *paced != key);
        let room = &mut self.rooms[peer.room];
        room.peers.retain(|other| *other != key);
        if room.peers.is_empty() {
            self.room_by_id.remove(&room.id);
            self.rooms.remove(peer.room);
        } else {
            self.rebind(peer.room);
        }
        if self.peers.is_empty() {
            self.next_tick_at = None;
            self.looks = None;
            self.next_pace_at = None;
        }
    }

    /// Removes a peer and tells the shell.
    pub(crate) fn drop_peer(&mut self, key: usize) {
        let (room, peer) = self.names(key);
        self.remove_peer(key);
        self.events.push_back(Event::PeerGone { room, peer });
    }

    pub(crate) fn names(&self, key: usize) -> (RoomId, PeerId) {
        let peer = &self.peers[key];
        (self.rooms[peer.room].id, peer.id)
    }

    /// Has the next tick look at a peer, out of turn.
    pub(crate) fn mark_urgent(&mut self, key: usize) {
        if let Some(peer) = self.peers.get_mut(key)
            && !peer.is_urgent
        {
            peer.is_urgent = true;
            self.urgent.push(key);
        }
    }

    fn say_farewell(&mut self, key: usize, out: &mut SendArena) {
        let peer = &mut self.peers[key];
        let Some(to) = peer.ice.selected() else { return };
        peer.dtls.close(|datagram| push_copy(out, to, datagram));
    }
}

/// Sends a datagram of a handshake; while `to` is unproven and got its share, keeps it for later.
pub(crate) fn push_allowed(out: &mut SendArena, ice: &mut IceAgent, now: Instant, to: Path, datagram: &[u8]) {
    if ice.may_send(to, datagram.len(), now) {
        push_copy(out, to, datagram);
    } else {
        ice.withhold(datagram);
    }
}

pub(crate) fn push_copy(out: &mut SendArena, to: Path, datagram: &[u8]) {
    out.push(to, NO_GROUP, datagram.len(), |buffer| {
        buffer.copy_from_slice(datagram);
        datagram.len()
    });
}
