//! The media plane and its clients in one thread: no socket, a clock that only the test moves.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use colloque_ids::{PeerId, RoomId};
use colloque_sfu_core::rtp::RtpHeader;
use colloque_sfu_core::{
    Certificate, ConnectPeerError, Core, CoreConfig, DEFAULT_PUBLISHER_CAP_BPS, Event, Path, SendArena, TICK,
};
use uuid::Uuid;

use crate::client::{LINES, MediaClient, Received};

/// A media plane, and the clients that it serves.
pub struct World {
    /// The media plane.
    pub core: Core,
    /// What it wants to send.
    pub arena: SendArena,
    /// The present instant.
    pub now: Instant,
    /// Every client that ever joined.
    pub seats: Vec<Seat>,
    /// What the media plane reported.
    pub events: Vec<Event>,
    /// Datagrams towards clients for which this is true are lost.
    pub loses: fn(usize, &[u8]) -> bool,
}

/// One client and what reached it.
pub struct Seat {
    /// The client.
    pub client: MediaClient,
    /// Where the media plane sees it.
    pub path: Path,
    /// Its room.
    pub room: RoomId,
    /// Its name.
    pub peer: PeerId,
    /// Opened media packets: header and payload.
    pub media: Vec<(RtpHeader, Vec<u8>)>,
    /// Opened compounds of reports.
    pub reports: Vec<Vec<u8>>,
    /// Datagrams that reached the client, whatever became of them.
    pub datagrams: usize,
}

/// Room with a small number for a name.
#[must_use]
pub fn room(number: u128) -> RoomId {
    RoomId::from_uuid(Uuid::from_u128(number))
}

/// Peer with a small number for a name.
#[must_use]
pub fn peer(number: u128) -> PeerId {
    PeerId::from_uuid(Uuid::from_u128(number))
}

/// A media plane with nobody in it, whose chances follow from `seed`; its certificate alone differs from run to run.
///
/// # Panics
///
/// When the system gives no randomness.
#[must_use]
pub fn empty_core(seed: [u8; 32]) -> Core {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("the system gives randomness");
    let certificate =
        rcgen::CertificateParams::default().self_signed(&key).expect("default parameters make a certificate");
    Core::new(CoreConfig {
        announced: vec![SocketAddr::from(([192, 0, 2, 1], 4000))],
        announced_tcp: Vec::new(),
        mark: 0,
        certificate: Certificate::from_der(certificate.der().to_vec(), key.serialize_der()),
        seed,
        publisher_cap_bps: DEFAULT_PUBLISHER_CAP_BPS,
    })
}

impl Default for World {
    fn default() -> Self {
        Self {
            core: empty_core([7; 32]),
            arena: SendArena::default(),
            now: Instant::now(),
            seats: Vec::new(),
            events: Vec::new(),
            loses: |_, _| false,
        }
    }
}

impl World {
    /// Seats a client whose offer was taken, without connecting it.
    ///
    /// # Errors
    ///
    /// As the media plane refuses the offer.
    pub fn seat(&mut self, room_number: u128, peer_number: u128) -> Result<usize, ConnectPeerError> {
        self.seat_with(room_number, peer_number, |client| client, |client| client.offer(LINES))
    }

    fn seat_with(
        &mut self,
        room_number: u128,
        peer_number: u128,
        kind: impl Fn(MediaClient) -> MediaClient,
        offer: impl Fn(&MediaClient) -> String,
    ) -> Result<usize, ConnectPeerError> {
        let index = self.seats.len();
        let mut client = kind(MediaClient::new(index as u32, true, self.now));
        let (room, peer) = (room(room_number), peer(peer_number));
        let answer = self.core.connect_peer(self.now, room, peer, &offer(&client))?;
        self.core.gate_room(room, true);
        client.accept(&answer);
        let path = Path::from(SocketAddr::from(([198, 51, 100, 1], 10_000 + index as u16)));
        self.seats.push(Seat { client, path, room, peer, media: Vec::new(), reports: Vec::new(), datagrams: 0 });
        Ok(index)
    }

    /// Seats a client and connects it.
    pub fn join(&mut self, room_number: u128, peer_number: u128) -> usize {
        self.join_as(room_number, peer_number, |client| client)
    }

    /// Seats a client of some kind and connects it.
    pub fn join_as(
        &mut self,
        room_number: u128,
        peer_number: u128,
        kind: impl Fn(MediaClient) -> MediaClient,
    ) -> usize {
        self.join_with(room_number, peer_number, kind, |client| client.offer(LINES))
    }

    /// Seats a client of some kind with an offer of its own, and connects it.
    pub fn join_with(
        &mut self,
        room_number: u128,
        peer_number: u128,
        kind: impl Fn(MediaClient) -> MediaClient,
        offer: impl Fn(&MediaClient) -> String,
    ) -> usize {
        let index = self.seat_with(room_number, peer_number, kind, offer).expect("a sound offer is taken");
        self.seats[index].client.check();
        self.exchange();
        assert!(self.seats[index].client.is_connected(), "the handshake completes");
        index
    }

    /// Carries datagrams to and fro until nobody has any left.
    pub fn exchange(&mut self) {
        loop {
            let mut is_quiet = true;
            for index in 0..self.seats.len() {
                while let Some(datagram) = self.seats[index].client.poll_transmit() {
                    is_quiet = false;
                    self.send(index, datagram);
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    /// Gives one datagram of a client to the media plane, and its answers to the clients.
    pub fn send(&mut self, from: usize, mut datagram: Vec<u8>) {
        let path = self.seats[from].path;
        self.core.handle_datagram(self.now, path, &mut datagram, &mut self.arena);
        self.deliver();
    }

    /// Moves the clock, tick by tick.
    pub fn advance(&mut self, by: Duration) {
        let until = self.now + by;
        while self.now < until {
            self.now = (self.now + TICK).min(until);
            self.core.handle_timeout(self.now, &mut self.arena);
            self.deliver();
        }
    }

    /// Gives what the media plane sent to the clients.
    pub fn deliver(&mut self) {
        for transmit in self.arena.transmits() {
            let Some(index) = self.seats.iter().position(|seat| seat.path == transmit.to) else { continue };
            let mut datagram = self.arena.bytes(transmit).to_vec();
            if (self.loses)(index, &datagram) {
                continue;
            }
            let seat = &mut self.seats[index];
            seat.datagrams += 1;
            match seat.client.handle_datagram(self.now, &mut datagram) {
                Received::Media(header, end) => {
                    seat.media.push((header, datagram[header.header_bytes..end].to_vec()));
                }
                Received::Report(length) => seat.reports.push(datagram[..length].to_vec()),
                Received::Handled | Received::Ignored => {}
            }
        }
        self.arena.clear();
        while let Some(event) = self.core.poll_event() {
            self.events.push(event);
        }
    }

    /// Has a client publish one packet on one line.
    pub fn publish(&mut self, from: usize, line: usize, index: u64, timestamp: u32, payload: &[u8]) {
        let client = &self.seats[from].client;
        let payload_type = if line == 0 { crate::client::OPUS } else { crate::client::VP8 };
        let packet = client.sealed(client.ssrcs[line], payload_type, true, index, timestamp, payload);
        self.send(from, packet);
    }

    /// Has a client send a compound of reports.
    pub fn report(&mut self, from: usize, plain: &[u8]) {
        let packet = self.seats[from].client.sealed_rtcp(plain);
        self.send(from, packet);
    }
}

/// Payload of a VP8 keyframe in one packet.
pub const KEYFRAME: &[u8] = &[0x10, 0x50, 0x9d, 0x01, 0x2a];
/// Payload of a VP8 frame that depends on others.
pub const DELTA: &[u8] = &[0x10, 0x51, 1, 2, 3];
