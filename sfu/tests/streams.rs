//! Media by TCP, over real sockets.

#![allow(clippy::unwrap_used)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_load::client::{MediaClient, OPUS, Received};
use colloque_load::memory::{peer, room};
use colloque_sfu::{Sfu, SfuConfig, SfuEvent, start};
use colloque_sfu_core::stun;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(20);

enum Carrier {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

struct Participant {
    client: MediaClient,
    carrier: Carrier,
    heard: Vec<Vec<u8>>,
}

/// A media plane whose announced TCP port accepts connections, as the HTTPS listener does.
async fn house(workers: usize) -> (Sfu, UnboundedReceiver<SfuEvent>, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let bind = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let (sfu, events) =
        start(SfuConfig { bind, workers, announce_tcp_ports: vec![address.port()], ..SfuConfig::default() }).unwrap();
    let gate = sfu.clone();
    tokio::spawn(async move {
        while let Ok((stream, from)) = listener.accept().await {
            let gate = gate.clone();
            tokio::spawn(async move { gate.serve_stream(stream, from).await });
        }
    });
    (sfu, events, address)
}

impl Participant {
    async fn join(sfu: &Sfu, number: u32, in_room: u128, by_tcp: bool) -> Self {
        let mut client = MediaClient::new(number, true, Instant::now());
        let offer = client.offer(1);
        let answer = sfu.connect_peer(room(in_room), peer(u128::from(number)), offer).await.unwrap();
        sfu.gate_room(room(in_room), true);
        assert!(client.accept(&answer));
        let remote = client.remote().unwrap();
        let carrier = if by_tcp {
            Carrier::Tcp(TcpStream::connect(remote.tcp_candidates[0]).await.unwrap())
        } else {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
            socket.connect(remote.candidates[0]).await.unwrap();
            Carrier::Udp(socket)
        };
        let mut participant = Self { client, carrier, heard: Vec::new() };
        let until = Instant::now() + SOON;
        while !participant.client.is_connected() {
            assert!(Instant::now() < until, "no connection");
            participant.client.handle_timeout(Instant::now());
            participant.step().await;
        }
        participant
    }

    /// Sends what waits, and takes what arrives within a moment.
    async fn step(&mut self) {
        while let Some(datagram) = self.client.poll_transmit() {
            self.send(&datagram).await;
        }
        while let Ok(Some(mut datagram)) = timeout(STEP, self.receive()).await {
            if let Received::Media(header, end) = self.client.handle_datagram(Instant::now(), &mut datagram) {
                self.heard.push(datagram[header.header_bytes..end].to_vec());
            }
        }
        while let Some(datagram) = self.client.poll_transmit() {
            self.send(&datagram).await;
        }
    }

    async fn send(&mut self, datagram: &[u8]) {
        match &mut self.carrier {
            Carrier::Udp(socket) => drop(socket.send(datagram).await.unwrap()),
            Carrier::Tcp(stream) => {
                stream.write_u16(datagram.len() as u16).await.unwrap();
                stream.write_all(datagram).await.unwrap();
            }
        }
    }

    /// The stream is read whole or not at all, so that a pause cuts no datagram.
    async fn receive(&mut self) -> Option<Vec<u8>> {
        match &mut self.carrier {
            Carrier::Udp(socket) => {
                let mut bytes = vec![0; 1_500];
                let length = socket.recv(&mut bytes).await.ok()?;
                bytes.truncate(length);
                Some(bytes)
            }
            Carrier::Tcp(stream) => {
                let mut head = [0; 2];
                loop {
                    match stream.peek(&mut head).await.ok()? {
                        0 => return None,
                        1 => tokio::task::yield_now().await,
                        _ => break,
                    }
                }
                let length = stream.read_u16().await.ok()?;
                let mut bytes = vec![0; length.into()];
                stream.read_exact(&mut bytes).await.ok()?;
                Some(bytes)
            }
        }
    }

    async fn say(&mut self, index: u64, words: &[u8]) {
        let packet = self.client.sealed(self.client.ssrcs[0], OPUS, false, index, index as u32 * 960, words);
        self.send(&packet).await;
    }
}

/// What one says the other hears, both ways.
async fn talk(one: &mut Participant, other: &mut Participant) {
    const WORDS: std::ops::Range<u64> = 1_000..1_020;
    for index in WORDS {
        one.say(index, format!("question {index}").as_bytes()).await;
        other.say(index, format!("answer {index}").as_bytes()).await;
        one.step().await;
        other.step().await;
    }
    let until = Instant::now() + SOON;
    while (one.heard.len() < 20 || other.heard.len() < 20) && Instant::now() < until {
        one.step().await;
        other.step().await;
    }
    let expected = |word: &str| WORDS.map(|index| format!("{word} {index}").into_bytes()).collect::<Vec<_>>();
    assert_eq!(other.heard, expected("question"));
    assert_eq!(one.heard, expected("answer"));
}

#[tokio::test]
async fn one_without_udp_talks_with_one_who_has_it() {
    let (sfu, mut events, _) = house(1).await;
    let mut one = Participant::join(&sfu, 1, 1, true).await;
    let mut other = Participant::join(&sfu, 2, 1, false).await;
    assert!(matches!(events.recv().await, Some(SfuEvent::PeerConnected { .. })));
    talk(&mut one, &mut other).await;
    let by_tcp = |links: Vec<colloque_sfu::Link>| links.iter().filter(|link| link.is_by_tcp).count();
    assert_eq!(by_tcp(sfu.links().await.unwrap()), 1);
    let reading = sfu.read().await.unwrap();
    assert_eq!(reading.streams, 1);
    assert!(reading.meter.stream_received > 0 && reading.meter.stream_sent > 0);
    sfu.shutdown();
}

#[tokio::test]
async fn every_worker_is_reached_through_one_port() {
    let (sfu, _events, _) = house(3).await;
    for in_room in 0..3u32 {
        let mut one = Participant::join(&sfu, 2 * in_room, u128::from(in_room), true).await;
        let mut other = Participant::join(&sfu, 2 * in_room + 1, u128::from(in_room), true).await;
        talk(&mut one, &mut other).await;
    }
    sfu.shutdown();
}

#[tokio::test]
async fn a_lost_connection_is_replaced_by_another() {
    let (sfu, _events, address) = house(1).await;
    let mut one = Participant::join(&sfu, 1, 1, true).await;
    let mut other = Participant::join(&sfu, 2, 1, false).await;
    one.carrier = Carrier::Tcp(TcpStream::connect(address).await.unwrap());
    // A check chooses the new path; the server follows it once it is answered.
    one.client.check();
    let until = Instant::now() + SOON;
    for index in 1.. {
        one.step().await;
        other.say(index, b"are you there?").await;
        if !one.heard.is_empty() {
            break;
        }
        assert!(Instant::now() < until, "the new connection is not followed");
    }
    while timeout(STEP * 5, one.receive()).await.is_ok() {}
    one.heard.clear();
    talk(&mut one, &mut other).await;
    sfu.shutdown();
}

#[tokio::test]
async fn strangers_get_no_word_and_no_place() {
    let (sfu, _events, address) = house(1).await;
    for sent in [&b"\x00\x04what"[..], &[0, 0], &[255; 300], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        let ended = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("it is closed");
        assert!(ended.is_err() || answer.is_empty(), "{answer:?}");
    }
    sfu.shutdown();
}

/// Sends a datagram and gives what comes back until the connection is closed.
async fn until_closed(stream: &mut TcpStream, datagram: &[u8]) -> Vec<u8> {
    stream.write_u16(datagram.len() as u16).await.unwrap();
    stream.write_all(datagram).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut answer)).await.expect("it is closed");
    answer
}

#[tokio::test]
async fn a_check_that_knows_the_name_and_not_the_password_is_closed_without_a_word() {
    let (sfu, _events, address) = house(1).await;
    let one = Participant::join(&sfu, 1, 1, true).await;
    let name = one.client.remote().unwrap().ufrag.clone();
    for name in [name.as_str(), "Astranger"] {
        let key = stun::integrity_key(b"a guess");
        let forged = stun::write_binding_request([3; 12], name.as_bytes(), b"me", true, &key);
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert!(until_closed(&mut stream, &forged).await.is_empty());
    }
    sfu.shutdown();
}

#[tokio::test]
async fn the_connection_of_a_peer_that_was_removed_ends_with_its_next_word() {
    let (sfu, mut events, _) = house(1).await;
    let mut one = Participant::join(&sfu, 1, 1, true).await;
    assert!(matches!(events.recv().await, Some(SfuEvent::PeerConnected { .. })));
    sfu.disconnect_peer(room(1), peer(1));
    one.client.check();
    let check = one.client.poll_transmit().unwrap();
    let Carrier::Tcp(stream) = &mut one.carrier else { unreachable!("it joined by TCP") };
    until_closed(stream, &check).await;
    sfu.shutdown();
}

#[tokio::test]
async fn a_peer_that_makes_ever_more_connections_keeps_as_many_as_it_has_addresses() {
    let (sfu, _events, address) = house(1).await;
    let mut one = Participant::join(&sfu, 1, 1, true).await;
    let mut others = Vec::new();
    for _ in 0..30 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        one.client.check();
        let check = one.client.poll_transmit().unwrap();
        stream.write_u16(check.len() as u16).await.unwrap();
        stream.write_all(&check).await.unwrap();
        // Its answer says that it counts as the peer's.
        assert!(timeout(SOON, stream.read_u16()).await.expect("it is answered").is_ok());
        others.push(stream);
    }
    let mut open = 0;
    for stream in &mut others {
        let mut rest = Vec::new();
        open += usize::from(timeout(5 * STEP, stream.read_to_end(&mut rest)).await.is_err());
    }
    assert_eq!(open, 7, "and the one in use");
    one.step().await;
    sfu.shutdown();
}

#[tokio::test]
async fn a_connection_that_takes_nothing_ends_when_its_peer_makes_others() {
    let (sfu, _events, address) = house(1).await;
    let mut one = Participant::join(&sfu, 1, 1, true).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut deaf = socket.connect(address).await.unwrap();
    let check = |one: &mut Participant| {
        one.client.check();
        let check = one.client.poll_transmit().unwrap();
        [&(check.len() as u16).to_be_bytes()[..], &check].concat()
    };
    for _ in 0..2_000 {
        let check = check(&mut one);
        deaf.write_all(&check).await.unwrap();
    }
    // Until all of them are looked at.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut others = Vec::new();
    for _ in 0..10 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&check(&mut one)).await.unwrap();
        assert!(timeout(SOON, stream.read_u16()).await.expect("it is answered").is_ok());
        others.push(stream);
    }
    let ended = async {
        while deaf.write_all(&[0, 1, 255]).await.is_ok() {
            tokio::time::sleep(STEP).await;
        }
    };
    timeout(SOON, ended).await.expect("it is ended though it takes no farewell");
    sfu.shutdown();
}

#[tokio::test]
async fn one_site_cannot_hold_the_places_of_those_who_come() {
    let (sfu, _events, address) = house(1).await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    // The first hold their places for a while; the others are closed at once, and after that while everybody gets in.
    let mut closed = 0;
    for stream in &mut silent {
        closed += usize::from(timeout(STEP, stream.read_u8()).await.is_ok());
    }
    assert!((20..40).contains(&closed), "{closed}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    let _one = Participant::join(&sfu, 1, 1, true).await;
    sfu.shutdown();
}
