//! The relay between real sockets.

#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use colloque_relay::{Order, Relay, RelayConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

const NEAR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 71));
const FAR: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_secs(10);

fn order(text: &str) -> Order {
    serde_json::from_str(text).unwrap()
}

async fn udp() -> (Relay, UdpSocket, UdpSocket) {
    let server = UdpSocket::bind((FAR, 0)).await.unwrap();
    let port = server.local_addr().unwrap().port();
    let config = RelayConfig { listen: NEAR, server: FAR, udp: vec![port], tcp: Vec::new(), seed: 7 };
    let relay = Relay::start(&config).await.unwrap();
    let client = UdpSocket::bind((FAR, 0)).await.unwrap();
    client.connect((NEAR, port)).await.unwrap();
    (relay, server, client)
}

async fn tcp() -> (Relay, TcpListener, SocketAddr) {
    let server = TcpListener::bind((FAR, 0)).await.unwrap();
    let port = server.local_addr().unwrap().port();
    let config = RelayConfig { listen: NEAR, server: FAR, udp: Vec::new(), tcp: vec![port], seed: 7 };
    (Relay::start(&config).await.unwrap(), server, SocketAddr::new(NEAR, port))
}

#[tokio::test]
async fn datagrams_take_their_time_and_come_back_to_their_sender() {
    let (relay, server, client) = udp().await;
    relay.obey(&order(r#"{"up": {"delay_ms": 80}, "down": {"delay_ms": 40}}"#));
    let began_at = Instant::now();
    client.send(b"there").await.unwrap();
    let mut bytes = [0; 64];
    let (length, from) = timeout(SOON, server.recv_from(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes[..length], b"there");
    assert!(began_at.elapsed() >= Duration::from_millis(80));
    server.send_to(b"back", from).await.unwrap();
    let length = timeout(SOON, client.recv(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes[..length], b"back");
    assert!(began_at.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn chance_loses_its_share_of_datagrams() {
    let (relay, server, client) = udp().await;
    relay.obey(&order(r#"{"up": {"loss": 0.5}}"#));
    for _ in 0..200 {
        client.send(b"one").await.unwrap();
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    let mut arrived = 0;
    let mut bytes = [0; 64];
    while timeout(Duration::from_millis(300), server.recv(&mut bytes)).await.is_ok() {
        arrived += 1;
    }
    assert!((60..140).contains(&arrived), "{arrived}");
    assert_eq!(relay.report().up.offered, 200);
    assert_eq!(relay.report().up.lost, 200 - arrived);
}

#[tokio::test]
async fn without_udp_nothing_passes_and_with_it_again_everything() {
    let (relay, server, client) = udp().await;
    relay.obey(&order(r#"{"udp": false}"#));
    client.send(b"lost").await.unwrap();
    let mut bytes = [0; 64];
    assert!(timeout(Duration::from_millis(200), server.recv(&mut bytes)).await.is_err());
    relay.obey(&order(r#"{"udp": true}"#));
    client.send(b"seen").await.unwrap();
    let length = timeout(SOON, server.recv(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes[..length], b"seen");
}

#[tokio::test]
async fn a_network_that_moves_is_seen_with_another_address() {
    let (relay, server, client) = udp().await;
    let mut bytes = [0; 64];
    client.send(b"before").await.unwrap();
    let (_, before) = timeout(SOON, server.recv_from(&mut bytes)).await.unwrap().unwrap();
    relay.obey(&order(r#"{"move_to": "127.0.0.72"}"#));
    server.send_to(b"to the old address", before).await.unwrap();
    assert!(timeout(Duration::from_millis(200), client.recv(&mut bytes)).await.is_err());
    client.send(b"after").await.unwrap();
    let (_, after) = timeout(SOON, server.recv_from(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(after.ip(), IpAddr::from([127, 0, 0, 72]));
    server.send_to(b"to the new one", after).await.unwrap();
    timeout(SOON, client.recv(&mut bytes)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stream_arrives_whole_and_in_order_whatever_is_lost() {
    let (relay, server, near) = tcp().await;
    relay.obey(&order(r#"{"up": {"loss": 0.1, "jitter_ms": 5, "reordering": 0.2}}"#));
    let sent: Vec<u8> = (0..200_000u32).map(|number| (number % 251) as u8).collect();
    let mut client = TcpStream::connect(near).await.unwrap();
    let (mut accepted, _) = timeout(SOON, server.accept()).await.unwrap().unwrap();
    let sending = async {
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let receiving = async { timeout(SOON, accepted.read_to_end(&mut received)).await.unwrap().unwrap() };
    tokio::join!(sending, receiving);
    assert!(received == sent, "{} of {} bytes", received.len(), sent.len());
    assert!(relay.report().up.lost > 0);
}

#[tokio::test]
async fn a_stream_waits_for_a_network_that_is_down() {
    let (relay, server, near) = tcp().await;
    let mut client = TcpStream::connect(near).await.unwrap();
    let (mut accepted, _) = timeout(SOON, server.accept()).await.unwrap().unwrap();
    let mut bytes = [0; 4];
    for (end, beginning) in [
        (
            r#"{"up": {"is_down": true}, "down": {"is_down": true}}"#,
            r#"{"up": {"is_down": false}, "down": {"is_down": false}}"#,
        ),
        (r#"{"tcp": false}"#, r#"{"tcp": true}"#),
    ] {
        relay.obey(&order(end));
        client.write_all(b"late").await.unwrap();
        assert!(timeout(Duration::from_millis(200), accepted.read_exact(&mut bytes)).await.is_err());
        relay.obey(&order(beginning));
        timeout(SOON, accepted.read_exact(&mut bytes)).await.unwrap().unwrap();
        assert_eq!(&bytes, b"late");
    }
}

#[tokio::test]
async fn a_network_that_moves_breaks_its_streams_off() {
    let (relay, server, near) = tcp().await;
    let mut client = TcpStream::connect(near).await.unwrap();
    timeout(SOON, server.accept()).await.unwrap().unwrap();
    relay.obey(&order(r#"{"move_to": "127.0.0.73"}"#));
    let mut bytes = [0; 4];
    assert!(matches!(timeout(SOON, client.read(&mut bytes)).await.unwrap(), Ok(0) | Err(_)));
    let _again = TcpStream::connect(near).await.unwrap();
    let (_, from) = timeout(SOON, server.accept()).await.unwrap().unwrap();
    assert_eq!(from.ip(), IpAddr::from([127, 0, 0, 73]));
}

#[tokio::test]
async fn where_only_tls_passes_a_connection_shows_it_with_its_first_record() {
    let (relay, server, near) = tcp().await;
    relay.obey(&order(r#"{"tls_only": true}"#));
    let hello = [22, 3, 1, 0, 5, 1, 0, 0, 1, 0];
    for (first, passes) in
        [(hello, true), ([0, 8, 0, 1, 0, 0, 33, 18, 164, 66], false), ([22, 3, 3, 0, 5, 2, 0, 0, 1, 0], false)]
    {
        let mut client = TcpStream::connect(near).await.unwrap();
        // In two pieces: the network has to wait for the whole beginning.
        client.write_all(&first[..3]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(60)).await;
        // What was broken off already takes no more.
        client.write_all(&first[3..]).await.ok();
        if passes {
            let (mut accepted, _) = timeout(SOON, server.accept()).await.unwrap().unwrap();
            let mut bytes = [0; 10];
            timeout(SOON, accepted.read_exact(&mut bytes)).await.unwrap().unwrap();
            assert_eq!(bytes, first);
        } else {
            let ended = timeout(SOON, client.read(&mut [0; 1])).await.unwrap();
            assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
            assert!(timeout(Duration::from_millis(100), server.accept()).await.is_err());
        }
    }
}

#[tokio::test]
async fn without_udp_the_datagrams_of_a_named_server_still_pass() {
    let (relay, server, blocked) = udp().await;
    let port = server.local_addr().unwrap().port();
    let beyond = UdpSocket::bind("127.0.0.73:0").await.unwrap();
    beyond.connect((NEAR, port)).await.unwrap();
    relay.obey(&order(r#"{"udp": false, "udp_from": "127.0.0.73"}"#));
    blocked.send(b"lost").await.unwrap();
    beyond.send(b"seen").await.unwrap();
    let mut bytes = [0; 64];
    let (length, from) = timeout(SOON, server.recv_from(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes[..length], b"seen");
    server.send_to(b"back", from).await.unwrap();
    let length = timeout(SOON, beyond.recv(&mut bytes)).await.unwrap().unwrap();
    assert_eq!(&bytes[..length], b"back");
    assert!(timeout(Duration::from_millis(200), server.recv_from(&mut bytes)).await.is_err());
}
