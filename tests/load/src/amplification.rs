//! What a server sends to an address whose owner never agreed: somebody with good credentials names a stranger's address as
//! the source of his datagrams.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_sfu::io::{ReceiveBatch, SendBatch, UdpPort};
use colloque_sfu_core::{NO_GROUP, Path, SendArena};

use crate::client::{MediaClient, first_hello};
use crate::server::Control;

/// What one address sent and was sent.
#[derive(Debug, Clone, Copy)]
pub struct Amplification {
    /// What it sent.
    pub name: &'static str,
    /// Bytes to the server, without headers of UDP and IP.
    pub bytes_in: u64,
    /// Bytes from it, without headers of UDP and IP.
    pub bytes_out: u64,
}

impl Amplification {
    /// Bytes from the server for each byte to it.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.bytes_out as f64 / (self.bytes_in as f64).max(1.0)
    }
}

/// What each of the addresses sends: name, checks, hellos.
const CASES: [(&str, usize, usize); 4] =
    [("one check", 1, 0), ("ten checks", 10, 0), ("one check, one hello", 1, 1), ("one check, ten hellos", 1, 10)];
/// Numbers of rooms, peers and addresses beyond those of calls.
const FIRST_NUMBER: usize = 900_000;
const FIRST_ADDRESS: u32 = 60_000;
/// Pause between two datagrams of one address.
const PAUSE: Duration = Duration::from_millis(20);

/// Sends datagrams with good credentials from addresses that never answer, and counts for `listen` what comes back.
///
/// # Errors
///
/// The system's error, or what the server's control port gives.
pub fn measure(first_client: Ipv4Addr, control: SocketAddr, listen: Duration) -> std::io::Result<Vec<Amplification>> {
    let mut control = Control::connect(control)?;
    let port = UdpPort::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), 1 << 20)?;
    let (mut sending, mut arena) = (SendBatch::new(false), SendArena::default());
    let mut results: Vec<Amplification> = Vec::new();
    let mut addresses: HashMap<IpAddr, usize> = HashMap::new();
    for (case, (name, checks, hellos)) in CASES.into_iter().enumerate() {
        let number = FIRST_NUMBER + case;
        let mut client = MediaClient::new(number as u32, true, Instant::now());
        let answer = control.offer(number, number, &client.offer(2))?;
        client.accept(&answer);
        let server = client.remote().and_then(|remote| remote.candidates.first().copied());
        let server = server.ok_or_else(|| std::io::Error::other("the answer has no candidate"))?;
        let local = IpAddr::V4(Ipv4Addr::from(u32::from(first_client) + FIRST_ADDRESS + case as u32));
        addresses.insert(local, case);
        (0..checks).for_each(|_| client.check());
        let checks = std::iter::from_fn(|| client.poll_transmit());
        let hellos = std::iter::repeat_n(first_hello(Instant::now()), hellos);
        let mut result = Amplification { name, bytes_in: 0, bytes_out: 0 };
        for datagram in checks.chain(hellos) {
            result.bytes_in += datagram.len() as u64;
            let path = Path { local: Some(local), ..Path::from(server) };
            arena.push(path, NO_GROUP, datagram.len(), |out| {
                out.copy_from_slice(&datagram);
                out.len()
            });
            sending.send(&port, &arena);
            arena.clear();
            std::thread::sleep(PAUSE);
        }
        results.push(result);
    }
    let until = Instant::now() + listen;
    let mut received = ReceiveBatch::default();
    while Instant::now() < until {
        let count = received.receive(&port)?;
        for index in 0..count {
            let Some((path, datagram)) = received.datagram(index) else { continue };
            if let Some(case) = path.local.and_then(|local| addresses.get(&local)) {
                results[*case].bytes_out += datagram.len() as u64;
            }
        }
        if count == 0 {
            std::thread::sleep(PAUSE);
        }
    }
    Ok(results)
}
