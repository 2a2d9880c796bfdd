//! The listener against clients that hold their place, over real sockets.

use std::future::pending;
use std::time::Instant;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::routing::get;
use colloque_sfu::SfuConfig;
use hyper::client::conn::http2;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::crowd::MOST_CONNECTIONS_BY_SUBSCRIBER;
use super::*;

/// Short, so that the tests are; a request of twice `idle` is a long one.
const LIMITS: Limits = Limits {
    handshake: Duration::from_secs(5),
    head: Duration::from_millis(400),
    idle: Duration::from_millis(600),
    leave: Duration::from_millis(300),
    hurried: Duration::from_millis(600),
    connections: 4_096,
};

/// Past every limit, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

const LONG_REQUEST: Duration = Duration::from_millis(1_500);

struct Server {
    address: SocketAddr,
    connector: TlsConnector,
    media: Sfu,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.media.clone().shutdown();
    }
}

impl Server {
    async fn start(proxies: Vec<IpAddr>) -> Self {
        Self::start_with(proxies, LIMITS).await
    }

    async fn start_with(proxies: Vec<IpAddr>, limits: Limits) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = made.cert.into();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bind = SocketAddr::from(([127, 0, 0, 1], 0));
        let (media, _) = colloque_sfu::start(SfuConfig { bind, ..SfuConfig::default() }).unwrap();
        tokio::spawn(serve(listener, Arc::new(tls), app(), media.clone(), proxies, limits, pending()));
        Self { address, connector: TlsConnector::from(Arc::new(client)), media }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        self.connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
    }
}

fn app() -> Router {
    Router::new()
        .route("/quick", get(async || "quick"))
        .route("/large", get(async || "x".repeat(1 << 20)))
        .route(
            "/long",
            get(async || {
                tokio::time::sleep(LONG_REQUEST).await;
                "long"
            }),
        )
        .route("/socket", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let _ = socket.send(message).await;
    }
}

/// Waits until the server ends the connection and gives how long that took.
async fn until_closed(stream: &mut TlsStream<TcpStream>) -> Duration {
    let since = Instant::now();
    let mut sink = Vec::new();
    // However it is closed: an orderly end of TLS, or none.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut sink)).await.expect("the server closes the connection");
    since.elapsed()
}

#[tokio::test]
async fn a_client_that_says_nothing_after_tls_is_closed() {
    let server = Server::start(vec![]).await;
    let mut silent = server.connect().await;
    assert!(until_closed(&mut silent).await >= LIMITS.head / 2);
    // A part of what both versions of HTTP may begin with.
    let mut hesitating = server.connect().await;
    hesitating.write_all(b"P").await.unwrap();
    until_closed(&mut hesitating).await;
}

#[tokio::test]
async fn what_begins_as_media_gets_no_answer_in_text() {
    let server = Server::start(vec![]).await;
    for (sent, is_answered) in [(&b"GET / HTTP/1.1\r\n\r\n"[..], true), (b"\x00\x04what", false)] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        let mut answer = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert_eq!(!answer.is_empty(), is_answered);
    }
}

#[tokio::test]
async fn a_client_that_trickles_a_head_is_closed() {
    let server = Server::start(vec![]).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET /quick HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
    until_closed(&mut slow).await;
}

#[tokio::test]
async fn an_http2_client_that_only_answers_pings_is_closed() {
    let server = Server::start(vec![]).await;
    for asks_first in [false, true] {
        let stream = TokioIo::new(server.connect().await);
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        let connection = tokio::spawn(connection);
        if asks_first {
            assert_eq!(ask(&mut sender, "/quick").await.status(), StatusCode::OK);
        }
        let ended = timeout(PATIENCE, connection).await.expect("the server closes the connection").unwrap();
        assert!(ended.is_ok(), "the end is told in HTTP/2's own words: {ended:?}");
    }
}

#[tokio::test]
async fn an_http2_client_that_reads_no_answer_is_closed() {
    let server = Server::start(vec![]).await;
    let stream = TokioIo::new(server.connect().await);
    let (mut sender, connection) =
        http2::Builder::new(TokioExecutor::new()).initial_stream_window_size(1).handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let answer = ask(&mut sender, "/large").await;
    let _ = timeout(PATIENCE, connection).await.expect("the server closes the connection").unwrap();
    drop(answer);
}

#[tokio::test]
async fn a_request_that_lasts_is_not_cut() {
    let server = Server::start(vec![]).await;
    let stream = TokioIo::new(server.connect().await);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(ask(&mut sender, "/long").await.status(), StatusCode::OK);

    let mut plain = server.connect().await;
    plain.write_all(b"GET /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("long"), "{answer}");
}

#[tokio::test]
async fn a_large_answer_arrives_whole() {
    let server = Server::start(vec![]).await;
    let mut plain = server.connect().await;
    plain.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-length: 1048576"), "{head}");
    assert_eq!(body.len(), 1 << 20);
}

#[tokio::test]
async fn idle_clients_leave_sooner_when_few_connections_are_free() {
    let limits = Limits { head: PATIENCE * 9, idle: PATIENCE * 9, connections: 8, ..LIMITS };
    let server = Server::start_with(vec![], limits).await;
    let mut few = Vec::new();
    for _ in 0..5 {
        few.push(server.connect().await);
    }
    let still_open = timeout(LONG_REQUEST * 2, few[0].read_u8()).await;
    assert!(still_open.is_err(), "while a quarter is free nobody is hurried: {still_open:?}");
    few.push(server.connect().await);
    // Once some have left, the others are not hurried any more.
    let mut closed = tokio::task::JoinSet::new();
    for mut client in few {
        closed.spawn(async move { until_closed(&mut client).await });
    }
    closed.join_next().await.expect("there are clients").unwrap();
}

#[tokio::test]
async fn a_websocket_lives_on_in_silence() {
    let server = Server::start(vec![]).await;
    let mut socket = server.connect().await;
    let head = "GET /socket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(socket.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
    tokio::time::sleep(LONG_REQUEST).await;
    // A text frame of two letters, its mask zero; the answer is not masked.
    socket.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await.unwrap();
    let mut frame = [0; 4];
    timeout(PATIENCE, socket.read_exact(&mut frame)).await.unwrap().unwrap();
    assert_eq!(frame, [0x81, 2, b'h', b'i']);
}

#[tokio::test]
async fn the_clients_of_a_trusted_proxy_do_not_share_the_places_of_one_address() {
    for (proxies, is_served) in [(vec![], false), (vec![IpAddr::from([127, 0, 0, 1])], true)] {
        let server = Server::start(proxies).await;
        let mut held = Vec::new();
        for _ in 0..MOST_CONNECTIONS_BY_SUBSCRIBER {
            held.push(TcpStream::connect(server.address).await.unwrap());
        }
        let mut next = TcpStream::connect(server.address).await.unwrap();
        let answered = async {
            next.write_all(b"GET / HTTP/1.1\r\n\r\n").await.ok()?;
            // Without a place the connection is dropped unread, which the kernel tells as a reset or as an end.
            next.read_u8().await.ok()
        };
        let answered = timeout(PATIENCE, answered).await.expect("it is answered or closed").is_some();
        assert_eq!(answered, is_served);
    }
}

async fn ask(sender: &mut http2::SendRequest<String>, path: &str) -> hyper::Response<hyper::body::Incoming> {
    let request = Request::get(format!("https://localhost{path}")).body(String::new()).unwrap();
    timeout(PATIENCE, sender.send_request(request)).await.expect("an answer comes").expect("the answer is whole")
}
