//! The two servers behind one interface.

use std::net::SocketAddr;
use std::time::Instant;

use colloque_load::forwarder::Forwarder;
use colloque_load::memory::{empty_core, peer, room};
use colloque_sfu_core::{Core, Path, SendArena};

/// A media server without a socket.
pub trait MediaServer {
    /// Takes the offer of a participant of the one room; gives the answer.
    ///
    /// # Errors
    ///
    /// What the server says of an offer that it refuses.
    fn connect(&mut self, now: Instant, number: usize, offer: &str) -> Result<String, String>;

    /// Takes one datagram.
    fn take(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena);

    /// When something is due.
    fn due_at(&mut self) -> Option<Instant>;

    /// Does what is due.
    fn tick(&mut self, now: Instant, out: &mut SendArena);
}

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Colloque's media plane.
    Colloque,
    /// The SFU made of str0m.
    Str0m,
}

impl Which {
    /// Makes an empty server whose chances follow from `seed`; str0m's do not, and no outcome depends on them.
    #[must_use]
    pub fn make(self, seed: u64) -> Box<dyn MediaServer> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        match self {
            Self::Colloque => Box::new(empty_core(bytes)),
            Self::Str0m => Box::new(Forwarder::new(SocketAddr::from(([192, 0, 2, 1], 4000)), false)),
        }
    }
}

impl MediaServer for Core {
    fn connect(&mut self, now: Instant, number: usize, offer: &str) -> Result<String, String> {
        let answer = self.connect_peer(now, room(1), peer(number as u128 + 1), offer);
        self.gate_room(room(1), true);
        answer.map_err(|error| error.to_string())
    }

    fn take(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena) {
        self.handle_datagram(now, from, datagram, out);
    }

    fn due_at(&mut self) -> Option<Instant> {
        self.next_timeout()
    }

    fn tick(&mut self, now: Instant, out: &mut SendArena) {
        self.handle_timeout(now, out);
    }
}

impl MediaServer for Forwarder {
    fn connect(&mut self, now: Instant, _number: usize, offer: &str) -> Result<String, String> {
        self.connect_peer(now, 1, offer).map_err(|error| error.to_string())
    }

    fn take(&mut self, now: Instant, from: Path, datagram: &mut [u8], out: &mut SendArena) {
        self.handle_datagram(now, from, datagram, out);
        self.flush(now, out);
    }

    fn due_at(&mut self) -> Option<Instant> {
        self.next_timeout()
    }

    fn tick(&mut self, now: Instant, out: &mut SendArena) {
        self.flush(now, out);
        self.handle_timeout(now, out);
    }
}
