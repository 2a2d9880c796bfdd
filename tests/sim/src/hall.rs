use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{Context, SHA256};
use colloque_load::client::LINES;
use colloque_load::memory::{empty_core, peer, room};
use colloque_network::{Conditions, Link};
use colloque_sfu_core::{Core, Event, Path, SendArena};

use crate::participant::Participant;

/// How finely time passes.
const STEP: Duration = Duration::from_millis(1);

/// A media plane, the participants of its rooms, and the network between them.
pub struct Hall {
    core: Core,
    arena: SendArena,
    now: Instant,
    began_at: Instant,
    seed: u64,
    /// The participants, in order of arrival.
    pub seats: Vec<Seat>,
    /// What the media plane reported.
    pub events: Vec<Event>,
    digest: Context,
    /// Datagrams that arrived: their room serves the next ones.
    spare: Vec<Vec<u8>>,
}

/// A participant with the way to the server and back.
pub struct Seat {
    /// Who.
    pub participant: Participant,
    /// Where the server sees the participant.
    pub path: Path,
    /// The way to the server.
    pub up: Link<Vec<u8>>,
    /// The way back.
    pub down: Link<Vec<u8>>,
}

/// A network that disturbs nobody: 20 Mbit/s, 40 ms there and back.
#[must_use]
pub fn good_network() -> Conditions {
    Conditions { rate_bps: Some(20_000_000), delay: Duration::from_millis(20), ..Conditions::default() }
}

impl Hall {
    /// Opens a hall with a room of two, connected: one on a good network, and one behind `second`.
    #[must_use]
    pub fn of_two(seed: u64, second: Conditions) -> Self {
        let mut hall = Self::new(seed);
        hall.join_at_once(1, good_network());
        hall.join_at_once(1, second);
        hall
    }

    /// Opens an empty hall; everything that happens in it follows from `seed`.
    ///
    /// # Panics
    ///
    /// When the system gives no randomness for the certificate, which no outcome depends on.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let now = Instant::now();
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self {
            core: empty_core(bytes),
            arena: SendArena::default(),
            now,
            began_at: now,
            seed,
            seats: Vec::new(),
            events: Vec::new(),
            digest: Context::new(&SHA256),
            spare: Vec::new(),
        }
    }

    /// Seats a participant behind a network of the given conditions, the same both ways.
    ///
    /// # Panics
    ///
    /// When the media plane refuses the participant's offer.
    pub fn join(&mut self, room_number: u128, conditions: Conditions) -> usize {
        let index = self.seats.len();
        let mut participant = Participant::new(index as u32, self.began_at, self.now);
        let offer = participant.client.offer(LINES);
        let answer = self
            .core
            .connect_peer(self.now, room(room_number), peer(index as u128 + 1), &offer)
            .expect("a sound offer is taken");
        self.core.gate_room(room(room_number), true);
        participant.client.accept(&answer);
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(index as u64 * 2);
        self.seats.push(Seat {
            participant,
            path: Path::from(SocketAddr::from(([198, 51, 100, 1], 10_000 + index as u16))),
            up: Link::new(conditions, seed),
            down: Link::new(conditions, seed + 1),
        });
        index
    }

    /// Seats a participant and connects it at once, on a network without conditions, that then gets them: the lengths of
    /// signatures are chance, and nothing after the handshake shall depend on them.
    ///
    /// # Panics
    ///
    /// When the handshake does not complete.
    pub fn join_at_once(&mut self, room_number: u128, conditions: Conditions) -> usize {
        let index = self.join(room_number, Conditions::default());
        for _ in 0..20 {
            let (now, path) = (self.now, self.seats[index].path);
            let mut sent = Vec::new();
            let Seat { participant, down, .. } = &mut self.seats[index];
            participant.connect(now, &mut |datagram| sent.push(datagram));
            while let Some((_, mut datagram)) = down.pop(now) {
                participant.receive(now, &mut datagram, &mut |datagram| sent.push(datagram));
            }
            for mut datagram in sent {
                self.core.handle_datagram(now, path, &mut datagram, &mut self.arena);
                self.deliver();
            }
        }
        assert!(self.seats[index].participant.client.is_connected(), "the handshake completes");
        self.set(index, |before| *before = conditions);
        index
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The instant `ago` before the present.
    #[must_use]
    pub fn ago(&self, seconds: f64) -> Instant {
        self.now.checked_sub(Duration::from_secs_f64(seconds)).unwrap_or(self.began_at)
    }

    /// Changes a participant's network, the same both ways.
    pub fn set(&mut self, seat: usize, change: impl Fn(&mut Conditions)) {
        let seat = &mut self.seats[seat];
        seat.up.change(&change);
        seat.down.change(&change);
    }

    /// Has everybody send a small picture ten times a second beside their voice, as in the worlds of many seeds.
    pub fn send_little(&mut self) {
        for seat in &mut self.seats {
            seat.participant.publisher.sending.most_bps = 80_000;
            seat.participant.publisher.sending.frame = Duration::from_millis(100);
        }
    }

    /// Has everybody's camera pause, as on a weak link.
    pub fn pause_pictures(&mut self) {
        for seat in &mut self.seats {
            seat.participant.publisher.sending.has_picture = false;
        }
    }

    /// Opens a room for media, or closes it; rooms are open when somebody joins.
    pub fn gate(&mut self, room_number: u128, is_open: bool) {
        self.core.gate_room(room(room_number), is_open);
    }

    /// Changes the way from a participant to the server.
    pub fn set_up(&mut self, seat: usize, change: impl Fn(&mut Conditions)) {
        self.seats[seat].up.change(change);
    }

    /// Changes the way from the server to a participant.
    pub fn set_down(&mut self, seat: usize, change: impl Fn(&mut Conditions)) {
        self.seats[seat].down.change(change);
    }

    /// Lets time pass.
    pub fn run(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        while self.now < until {
            self.now += STEP;
            self.step();
        }
    }

    fn step(&mut self) {
        let now = self.now;
        for index in 0..self.seats.len() {
            let Seat { participant, up, down, path } = &mut self.seats[index];
            let mut send = |datagram: Vec<u8>| {
                up.push(now, datagram.len(), datagram);
            };
            participant.run(now, &mut send);
            while let Some((_, mut datagram)) = down.pop(now) {
                participant.receive(now, &mut datagram, &mut send);
                self.spare.push(datagram);
            }
            let path = *path;
            while let Some((_, mut datagram)) = self.seats[index].up.pop(now) {
                self.core.handle_datagram(now, path, &mut datagram, &mut self.arena);
                self.deliver();
            }
        }
        if self.core.next_timeout().is_some_and(|at| at <= now) {
            self.core.handle_timeout(now, &mut self.arena);
            self.deliver();
        }
        while let Some(event) = self.core.poll_event() {
            self.events.push(event);
        }
    }

    fn deliver(&mut self) {
        for transmit in self.arena.transmits() {
            let Some(seat) = self.seats.iter_mut().find(|seat| seat.path == transmit.to) else { continue };
            let mut datagram = self.spare.pop().unwrap_or_default();
            datagram.clear();
            datagram.extend_from_slice(self.arena.bytes(transmit));
            // Sizes and instants of media and reports, not bytes: keys differ from run to run.
            if datagram.first().is_some_and(|first| *first >= 128) {
                let mut noted = [0; 12];
                noted[..4].copy_from_slice(&(datagram.len() as u32).to_be_bytes());
                noted[4..].copy_from_slice(&((self.now - self.began_at).as_micros() as u64).to_be_bytes());
                self.digest.update(&noted);
            }
            seat.down.push(self.now, datagram.len(), datagram);
        }
        self.arena.clear();
    }

    /// A digest of everything that the media plane sent: sizes and instants.
    #[must_use]
    pub fn digest(&self) -> String {
        self.digest.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
