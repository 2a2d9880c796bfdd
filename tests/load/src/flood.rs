//! Floods: datagrams of strangers, from thousands of sources that no server knows.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_sfu::io::{BATCH, ReceiveBatch, SendBatch, UdpPort};
use colloque_sfu_core::{NO_GROUP, Path, SendArena, stun};

use crate::client::first_hello;

/// What the strangers send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FloodKind {
    /// ICE checks for user names that no peer has.
    UnknownChecks,
    /// ICE checks for a peer that is there, with a wrong password: each costs the server an HMAC.
    ForgedChecks,
    /// First datagrams of DTLS handshakes, without a check before them.
    Hellos,
    /// Chance, a third of which looks like RTP and a third like RTCP.
    Noise,
}

impl FloodKind {
    /// How the table names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownChecks => "ICE checks, unknown user",
            Self::ForgedChecks => "ICE checks, wrong password",
            Self::Hellos => "DTLS hellos, no consent",
            Self::Noise => "noise",
        }
    }
}

/// Ports that a flood comes from, and addresses of each.
const PORTS: usize = 16;
const ADDRESSES: u32 = 250;
/// Different datagrams of one flood.
const DATAGRAMS: usize = 512;
/// Where the addresses begin, counted from the first client's.
const FIRST_ADDRESS: u32 = 51_200;
/// Datagrams sent before the calls get their turn.
const AT_ONCE: u64 = 64;
/// What a flood falls behind at most: what it could not send before that is left out.
const MAX_BACKLOG: Duration = Duration::from_millis(20);

/// A flood towards one address.
pub struct Flood {
    ports: Vec<UdpPort>,
    first_address: u32,
    datagrams: Vec<Vec<u8>>,
    received: Box<ReceiveBatch>,
    sending: SendBatch,
    arena: SendArena,
    to: SocketAddr,
    began_at: Option<Instant>,
    due: u64,
    sources: u32,
    /// What was sent and what came back since [`Flood::begin`].
    pub count: FloodCount,
}

/// What a flood sent, and what came back to its sources.
#[derive(Debug, Clone, Copy, Default)]
pub struct FloodCount {
    /// Datagrams sent.
    pub datagrams: u64,
    /// Their bytes, without headers of UDP and IP.
    pub bytes_in: u64,
    /// Bytes that the server sent to the sources, without headers of UDP and IP.
    pub bytes_out: u64,
}

impl Flood {
    /// Makes a flood; `ufrag` is the user name of a peer that is there.
    ///
    /// # Errors
    ///
    /// The system's error if no ports can be bound.
    pub fn new(kind: FloodKind, to: SocketAddr, first_client: Ipv4Addr, ufrag: &str) -> std::io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Ok(Self {
            ports: (0..PORTS).map(|_| UdpPort::bind(any, 1 << 20)).collect::<std::io::Result<_>>()?,
            first_address: u32::from(first_client) + FIRST_ADDRESS,
            datagrams: datagrams(kind, ufrag),
            received: Box::default(),
            sending: SendBatch::new(true),
            arena: SendArena::default(),
            to,
            began_at: None,
            due: 0,
            sources: 0,
            count: FloodCount::default(),
        })
    }

    /// Begins anew, towards `to`.
    pub fn begin(&mut self, to: SocketAddr) {
        self.to = to;
        self.began_at = None;
        self.due = 0;
        self.drain();
        self.count = FloodCount::default();
    }

    /// Sends what is due of `rate` datagrams a second.
    pub fn send(&mut self, now: Instant, rate: f64) {
        let began_at = *self.began_at.get_or_insert(now);
        let due = (now.saturating_duration_since(began_at).as_secs_f64() * rate) as u64;
        let backlog = (MAX_BACKLOG.as_secs_f64() * rate) as u64;
        self.due = self.due.max(due.saturating_sub(backlog));
        let count = due.saturating_sub(self.due).min(AT_ONCE);
        if count == 0 {
            return;
        }
        self.due += count;
        for _ in 0..count {
            // The arena is for one port, so the port changes from one call to the next.
            self.sources = self.sources.wrapping_add(1);
            let local = Ipv4Addr::from(self.first_address + self.sources % ADDRESSES);
            let datagram = &self.datagrams[self.sources as usize % DATAGRAMS];
            let path = Path { local: Some(local.into()), ..Path::from(self.to) };
            self.arena.push(path, NO_GROUP, datagram.len(), |out| {
                out.copy_from_slice(datagram);
                out.len()
            });
            self.count.bytes_in += datagram.len() as u64;
        }
        self.count.datagrams += count;
        let port = self.sources as usize / AT_ONCE as usize % PORTS;
        self.sending.send(&self.ports[port], &self.arena);
        self.arena.clear();
    }

    /// Counts what came back.
    pub fn drain(&mut self) {
        for port in &self.ports {
            while let Ok(count) = self.received.receive(port) {
                let datagrams =
                    (0..count).filter_map(|index| self.received.datagram(index).map(|(_, bytes)| bytes.len()));
                self.count.bytes_out += datagrams.sum::<usize>() as u64;
                if count < BATCH {
                    break;
                }
            }
        }
    }
}

/// The datagrams of a flood, the same in every run.
fn datagrams(kind: FloodKind, ufrag: &str) -> Vec<Vec<u8>> {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let wrong = stun::integrity_key(b"not-the-password-of-anybody");
    let hello = first_hello(Instant::now());
    let check = |chance: &mut Chance, to: &[u8]| {
        let mut transaction = [0; 12];
        chance.fill(&mut transaction);
        stun::write_binding_request(transaction, to, b"stranger", true, &wrong)
    };
    let one = |number: usize| match kind {
        FloodKind::UnknownChecks => {
            let unknown: Vec<u8> = (0..8).map(|_| b'a' + (chance.next() % 26) as u8).collect();
            check(&mut chance, &unknown)
        }
        FloodKind::ForgedChecks => check(&mut chance, ufrag.as_bytes()),
        FloodKind::Hellos => {
            let mut hello = hello.clone();
            // Random of the client, RFC 5246 section 7.4.1.2, behind the headers of record and handshake and the version.
            chance.fill(&mut hello[27..59]);
            hello
        }
        FloodKind::Noise => {
            let mut bytes = vec![0; 40 + (chance.next() % 1_160) as usize];
            chance.fill(&mut bytes);
            match number % 3 {
                0 => (bytes[0], bytes[1]) = (0x80, 96),
                1 => (bytes[0], bytes[1]) = (0x81, 201),
                _ => {}
            }
            bytes
        }
    };
    (0..DATAGRAMS).map(one).collect()
}

/// Splitmix: enough for bytes that nobody expects.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_be_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flood_is_what_it_says() {
        for datagram in datagrams(FloodKind::ForgedChecks, "somebody") {
            let request = stun::BindingRequest::parse(&datagram).unwrap();
            assert_eq!(request.to_ufrag, b"somebody");
            assert!(!request.is_authentic(&stun::integrity_key(b"the right one")));
        }
        let unknown = datagrams(FloodKind::UnknownChecks, "somebody");
        assert!(unknown.iter().all(|datagram| stun::BindingRequest::parse(datagram).unwrap().to_ufrag != b"somebody"));
        let hellos = datagrams(FloodKind::Hellos, "somebody");
        // A handshake record of DTLS that holds a hello.
        assert!(hellos.iter().all(|hello| hello[0] == 22 && hello[13] == 1));
        assert_ne!(hellos[0], hellos[1]);
        let noise = datagrams(FloodKind::Noise, "somebody");
        assert!(noise.iter().any(|bytes| bytes[0] == 0x80) && noise.iter().any(|bytes| bytes[1] == 201));
    }

    #[test]
    fn a_flood_sends_at_its_rate_and_leaves_out_what_it_could_not() {
        let sink = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = sink.local_addr().unwrap();
        let mut flood = Flood::new(FloodKind::Noise, to, Ipv4Addr::new(127, 98, 0, 1), "somebody").unwrap();
        let began_at = Instant::now();
        for milliseconds in 0..=100 {
            flood.send(began_at + Duration::from_millis(milliseconds), 1_000.0);
        }
        assert_eq!(flood.count.datagrams, 100);
        flood.send(began_at + Duration::from_secs(10), 1_000.0);
        assert_eq!(flood.count.datagrams, 120, "only the last 20 ms are made up for");
    }
}
