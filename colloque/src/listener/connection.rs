//! One connection, from its first byte to its end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use colloque_protocol::forwarded::{self, FORWARDED_HEADER};
use colloque_sfu::Sfu;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing::debug;

use super::activity::{Activity, Paced};

/// First byte of every TLS connection.
const TLS_HANDSHAKE_RECORD: u8 = 22;

/// First byte of a connection for media: the length of its first datagram, which is short.
///
/// # Source
///
/// RFC 4571 section 2: two bytes of length, the higher first. No TLS or HTTP begins so.
const SHORT_DATAGRAM: u8 = 0;

/// Most bytes of the head of a request over HTTP/1.1, and of headers over HTTP/2.
const MOST_HEAD_BYTES: usize = 32 * 1024;

/// Most bytes of an answer that wait for an HTTP/2 client to read.
const MOST_WAITING_BYTES: usize = 64 * 1024;

/// Requests that an HTTP/2 client may have under way: a page asks for a dozen things when it opens.
const MOST_STREAMS: u32 = 32;

/// Most bytes of requests' bodies that wait to be read, of one request and of a connection.
///
/// Larger: clients that send what nobody reads take more memory. Smaller: notes on a slow network take more round trips.
const MOST_UNREAD_BYTES: u32 = 64 * 1024;

/// Connections are few when less than one in so many is free.
const FEW_FREE: usize = 4;

/// How often an HTTP/2 client is asked whether it is there, and how long it may take to say so.
const PING_INTERVAL: Duration = Duration::from_secs(20);

const PLAIN_TEXT_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\nCette adresse commence par https://\n";

/// How long a client may do nothing.
///
/// A request that the platform is working on is never cut here, and a WebSocket is no longer HTTP: signaling has its own
/// limits.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To say hello, in TLS.
    pub handshake: Duration,
    /// To send its first request, and over HTTP/1.1 each further one.
    pub head: Duration,
    /// Between two requests, or without reading an answer.
    pub idle: Duration,
    /// To leave once it was told that the connection closes.
    pub leave: Duration,
    /// In place of `head` and `idle` when few of the connections are free.
    pub hurried: Duration,
    /// Most connections at a time. Further ones wait in the kernel's queue.
    pub connections: usize,
}

impl Limits {
    /// Gives how long a client may do nothing before any request and after one, when so many connections are free.
    fn with_free(self, free: usize) -> (Duration, Duration) {
        if free < self.connections / FEW_FREE {
            (self.head.min(self.hurried), self.idle.min(self.hurried))
        } else {
            (self.head, self.idle)
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(15),
            idle: Duration::from_secs(60),
            leave: Duration::from_secs(5),
            hurried: Duration::from_secs(5),
            connections: 4_096,
        }
    }
}

/// What every connection is served with.
#[derive(Clone)]
pub struct Service {
    /// TLS.
    pub acceptor: TlsAcceptor,
    /// The routes.
    pub app: Router,
    /// Proxies whose word about the client's address is believed.
    pub proxies: Arc<[IpAddr]>,
    /// Limits.
    pub limits: Limits,
    /// The connections that are free.
    pub slots: Arc<Semaphore>,
    /// Takes connections for media.
    pub media: Sfu,
}

impl Service {
    /// Serves one connection to its end, or until it was upgraded.
    ///
    /// When `stop` changes, requests under way finish and no further one is taken.
    pub async fn serve(self, mut stream: TcpStream, peer: SocketAddr, mut stop: watch::Receiver<()>) {
        let limits = self.limits;
        let mut first = [0];
        match timeout(limits.handshake, stream.peek(&mut first)).await {
            Ok(Ok(1)) if first[0] == TLS_HANDSHAKE_RECORD => {}
            Ok(Ok(1)) if first[0] == SHORT_DATAGRAM => {
                // The media plane counts its connections itself; here the place is free again.
                let media = self.media;
                tokio::spawn(async move {
                    tokio::select! {
                        () = media.serve_stream(stream, peer) => {}
                        _ = stop.changed() => {}
                    }
                });
                return;
            }
            Ok(Ok(1)) => {
                // Bytes left unread would make the kernel take the answer back.
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = timeout(limits.handshake, stream.write_all(PLAIN_TEXT_ANSWER)).await;
                return;
            }
            _ => return,
        }
        // A message of signaling is small and late when it waits for company.
        let _ = stream.set_nodelay(true);
        let Ok(Ok(stream)) = timeout(limits.handshake, self.acceptor.accept(stream)).await else { return };
        let activity = Activity::new();
        let (app, proxies, watched, slots) = (self.app, self.proxies, activity.clone(), self.slots);
        let answer = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            let from = client_address(peer, &request, &proxies);
            request.extensions_mut().insert(ConnectInfo(from));
            let (answer, working, watched) = (app.clone().oneshot(request), watched.work(), watched.clone());
            async move {
                let response = answer.await;
                drop(working);
                response.map(|response| response.map(|body| Paced::new(body, watched)))
            }
        });
        let connection = builder(limits).serve_connection_with_upgrades(TokioIo::new(stream), answer).into_owned();
        tokio::pin!(connection);
        // The library waits without limit for the first bytes, and for an HTTP/2 client that only answers pings.
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = async {
                tokio::select! {
                    _ = stop.changed() => {}
                    () = activity.stands_still(|| limits.with_free(slots.available_permits())) => {}
                }
            } => {
                connection.as_mut().graceful_shutdown();
                activity.moved();
                tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = activity.stands_still(|| (limits.leave, limits.leave)) => Ok(()),
                }
            }
        };
        if let Err(error) = ended {
            debug!(from = %peer.ip(), "connection from {} ended: {error}", peer.ip());
        }
    }
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(MOST_HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(u32::try_from(MOST_HEAD_BYTES).unwrap_or(u32::MAX))
        .max_send_buf_size(MOST_WAITING_BYTES)
        .initial_stream_window_size(MOST_UNREAD_BYTES)
        .initial_connection_window_size(2 * MOST_UNREAD_BYTES)
        .keep_alive_interval(Some(PING_INTERVAL))
        .keep_alive_timeout(PING_INTERVAL);
    builder
}

/// Gives the address that the request comes from: the proxies' word when they are ours, the connection's otherwise.
fn client_address<B>(peer: SocketAddr, request: &Request<B>, proxies: &[IpAddr]) -> SocketAddr {
    // A value that is no text is no address, and hides what stands before it.
    let told = request.headers().get_all(FORWARDED_HEADER).iter().map(|value| value.to_str().unwrap_or("?"));
    let address = forwarded::client_address(peer.ip(), told, proxies);
    if address == peer.ip().to_canonical() { peer } else { SocketAddr::new(address, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(forwarded: &str) -> Request<()> {
        Request::builder().header("x-forwarded-for", forwarded).body(()).unwrap()
    }

    #[test]
    fn a_strangers_word_about_the_address_is_not_believed() {
        let peer: SocketAddr = "203.0.113.9:1".parse().unwrap();
        assert_eq!(client_address(peer, &request("198.51.100.1"), &[]), peer);
    }

    #[test]
    fn the_own_proxys_last_word_counts() {
        let peer: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let from = client_address(peer, &request("198.51.100.1, 203.0.113.5"), &[peer.ip()]);
        assert_eq!(from.ip(), "203.0.113.5".parse::<IpAddr>().unwrap());
        let from = client_address(peer, &request("198.51.100.1, 203.0.113.5, nonsense"), &[peer.ip()]);
        assert_eq!(from.ip(), peer.ip());
    }
}
