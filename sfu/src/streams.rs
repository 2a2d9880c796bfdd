//! Media by TCP, for networks that let nothing else pass: tasks read and write the connections, and the workers see datagrams.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc as blocking;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use colloque_sfu_core::{MAX_DATAGRAM_BYTES, Path, SendArena, Transport, mark_in_check};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::io::Waker;
use crate::meter::Meter;

/// Connections of peers at a time at most.
///
/// Higher: more memory, up to 250 kB each. Lower: fewer people behind networks without UDP.
const MAX_STREAMS: usize = 2_048;
/// Connections that did not prove yet whose they are, and those of them from one site.
///
/// Higher: strangers hold more for a few seconds. Lower: a crowd that comes at once waits for the browsers' next attempt.
const MAX_UNPROVEN: usize = 512;
const MAX_UNPROVEN_BY_SITE: usize = 16;
/// Datagrams of one connection that may wait for the worker; then its client waits.
const MAX_RECEIVED: usize = 32;
/// Datagrams that may wait for one connection; what comes on top is lost, as on a UDP path that is full.
///
/// Higher: what a slow connection receives is older. Lower: a keyframe does not pass whole.
const MAX_QUEUED: usize = 128;
/// How long a connection may take to say whom it is for.
const FIRST_CHECK_WITHIN: Duration = Duration::from_secs(3);
/// Longest silence of a client. Browsers check a path in use every few seconds.
const MAX_SILENCE: Duration = Duration::from_secs(30);
/// Bytes that the kernel takes before they can leave.
///
/// Higher: more of what is sent is old. Lower: more wake-ups.
const UNSENT_BYTES: u32 = 16 * 1024;
/// How long a connection that the worker ended may take to hand over what it was sent last.
const FAREWELL_WITHIN: Duration = Duration::from_secs(2);

/// What the connections of one worker do.
pub(crate) enum StreamInput {
    /// A client's connection is there.
    Opened { path: Path, way: Way },
    /// A datagram arrived; its place is free again when it was looked at.
    Datagram { path: Path, bytes: Vec<u8>, _place: OwnedSemaphorePermit },
}

/// The way to a client. Dropped, its connection ends, also one that takes nothing of what is written to it.
pub(crate) struct Way {
    sender: mpsc::Sender<Vec<u8>>,
    _is_open: oneshot::Sender<()>,
}

/// The connections as a worker sees them.
pub(crate) struct Streams {
    pub queue: blocking::Receiver<StreamInput>,
    open: HashMap<Path, Way>,
    /// Connections after which those that ended are forgotten.
    prune_at: usize,
}

/// The way of connections to their workers.
#[derive(Debug)]
pub(crate) struct StreamGate {
    pub workers: Vec<WorkerDoor>,
    slots: Arc<Semaphore>,
    unproven: Arc<Unproven>,
    numbers: AtomicU32,
}

/// Where one worker takes what its connections bring.
#[derive(Debug)]
pub(crate) struct WorkerDoor {
    pub inputs: blocking::Sender<StreamInput>,
    pub waker: Arc<Waker>,
}

impl Streams {
    pub(crate) fn new(queue: blocking::Receiver<StreamInput>) -> Self {
        Self { queue, open: HashMap::new(), prune_at: MAX_STREAMS }
    }

    /// Keeps the way to a client.
    pub(crate) fn open(&mut self, path: Path, way: Way) {
        if self.open.len() >= self.prune_at {
            self.open.retain(|_, way| !way.sender.is_closed());
            self.prune_at = MAX_STREAMS.max(2 * self.open.len());
        }
        self.open.insert(path, way);
    }

    /// Ends a connection of nobody.
    pub(crate) fn close(&mut self, path: Path) {
        self.open.remove(&path);
    }

    /// Connections that are there.
    pub(crate) fn count(&self) -> usize {
        self.open.values().filter(|way| !way.sender.is_closed()).count()
    }

    /// Sends what the arena has for connections; what finds no room is lost.
    pub(crate) fn send(&mut self, arena: &SendArena, meter: &mut Meter) {
        if self.open.is_empty() {
            return;
        }
        for transmit in arena.transmits().iter().filter(|transmit| transmit.to.transport != Transport::Udp) {
            let Some(way) = self.open.get(&transmit.to) else { continue };
            match way.sender.try_send(arena.bytes(transmit).to_vec()) {
                Ok(()) => meter.stream_sent += 1,
                Err(mpsc::error::TrySendError::Full(_)) => meter.stream_overflowed += 1,
                Err(mpsc::error::TrySendError::Closed(_)) => {
                    self.open.remove(&transmit.to);
                }
            }
        }
    }
}

impl StreamGate {
    pub(crate) fn new(workers: Vec<WorkerDoor>) -> Self {
        let slots = Arc::new(Semaphore::new(MAX_STREAMS));
        Self { workers, slots, unproven: Arc::default(), numbers: AtomicU32::new(0) }
    }

    /// Serves one connection to its end.
    pub(crate) async fn serve(&self, stream: TcpStream, remote: SocketAddr) -> io::Result<()> {
        let remote = SocketAddr::new(remote.ip().to_canonical(), remote.port());
        let Some(place) = Unproven::enter(&self.unproven, remote.ip()) else { return Ok(()) };
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
        let (reads, mut writes) = stream.into_split();
        let mut reads = BufReader::new(reads);
        let first = timeout(FIRST_CHECK_WITHIN, read_datagram(&mut reads)).await??;
        let Some(worker) = mark_in_check(&first).and_then(|mark| self.workers.get(usize::from(mark))) else {
            return Ok(());
        };
        let path = Path::tcp(remote, self.numbers.fetch_add(1, Ordering::Relaxed));
        let (sender, mut queued) = mpsc::channel(MAX_QUEUED);
        let places = Arc::new(Semaphore::new(MAX_RECEIVED));
        let (is_open, ended) = oneshot::channel();
        worker.give(StreamInput::Opened { path, way: Way { sender, _is_open: is_open } })?;
        worker.take(path, first, &places).await?;
        // The worker answers the check of a peer, and closes on a stranger.
        let Some(answer) = timeout(FIRST_CHECK_WITHIN, queued.recv()).await? else { return Ok(()) };
        let Ok(_slot) = Arc::clone(&self.slots).try_acquire_owned() else { return Ok(()) };
        drop(place);
        let writing = async {
            write_datagram(&mut writes, &answer).await?;
            while let Some(bytes) = queued.recv().await {
                write_datagram(&mut writes, &bytes).await?;
            }
            Ok(())
        };
        let reading = async {
            loop {
                let bytes = timeout(MAX_SILENCE, read_datagram(&mut reads)).await??;
                worker.take(path, bytes, &places).await?;
            }
        };
        // A client that takes nothing holds the writing up, and goes all the same.
        let ending = async {
            let _ = ended.await;
            sleep(FAREWELL_WITHIN).await;
            Ok(())
        };
        tokio::select! {
            ended = reading => ended,
            ended = writing => ended,
            ended = ending => ended,
        }
    }
}

/// The connections that did not prove yet whose they are, by site.
#[derive(Debug, Default)]
struct Unproven(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place among them, given back when dropped.
struct UnprovenPlace {
    unproven: Arc<Unproven>,
    site: IpAddr,
}

impl Unproven {
    fn enter(unproven: &Arc<Self>, address: IpAddr) -> Option<UnprovenPlace> {
        let site = site_of(address);
        let mut sites = unproven.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_site = sites.get(&site).copied().unwrap_or(0);
        if of_site >= MAX_UNPROVEN_BY_SITE || sites.values().sum::<usize>() >= MAX_UNPROVEN {
            return None;
        }
        sites.insert(site, of_site + 1);
        Some(UnprovenPlace { unproven: Arc::clone(unproven), site })
    }
}

impl Drop for UnprovenPlace {
    fn drop(&mut self) {
        let mut sites = self.unproven.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sites.get_mut(&self.site) {
            *count -= 1;
            if *count == 0 {
                sites.remove(&self.site);
            }
        }
    }
}

/// An IPv4 address, or the network of an IPv6 site, within which one machine may choose its address.
///
/// # Source
///
/// RFC 6177: no more than a /48 for one end site.
fn site_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::from(Ipv6Addr::from(u128::from(address) >> 80 << 80)),
    }
}

impl WorkerDoor {
    /// Gives a datagram, once the worker has few enough of this connection.
    async fn take(&self, path: Path, bytes: Vec<u8>, places: &Arc<Semaphore>) -> io::Result<()> {
        let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
        self.give(StreamInput::Datagram { path, bytes, _place: place })
    }

    fn give(&self, input: StreamInput) -> io::Result<()> {
        self.inputs.send(input).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.waker.wake();
        Ok(())
    }
}

/// Reads one datagram behind its length.
///
/// # Source
///
/// RFC 4571 section 2.
async fn read_datagram(reads: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let length = usize::from(reads.read_u16().await?);
    if length == 0 || length > MAX_DATAGRAM_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    reads.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn write_datagram(writes: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidData)?;
    let mut framed = Vec::with_capacity(2 + bytes.len());
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(bytes);
    writes.write_all(&framed).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_read_and_what_is_no_datagram_is_refused() {
        let mut bytes = Vec::new();
        write_datagram(&mut bytes, b"one").await.unwrap();
        write_datagram(&mut bytes, &[7; MAX_DATAGRAM_BYTES]).await.unwrap();
        let mut reads = &bytes[..];
        assert_eq!(read_datagram(&mut reads).await.unwrap(), b"one");
        assert_eq!(read_datagram(&mut reads).await.unwrap(), [7; MAX_DATAGRAM_BYTES]);
        assert!(read_datagram(&mut reads).await.is_err(), "the end");
        assert!(read_datagram(&mut &[0u8, 0][..]).await.is_err(), "nothing in it");
        assert!(read_datagram(&mut &[255u8; 70_000][..]).await.is_err(), "too long");
    }
}
