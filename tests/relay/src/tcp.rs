use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::direction::{Direction, Stream};

/// The connections of one port.
pub(crate) struct Connections {
    far: SocketAddr,
    up: Arc<Direction>,
    down: Arc<Direction>,
    is_open: AtomicBool,
    is_tls_only: AtomicBool,
    state: Mutex<State>,
}

struct State {
    from: Option<IpAddr>,
    running: Vec<AbortHandle>,
}

/// Bytes of a stream that travel together: what one packet carries.
const CHUNK_BYTES: usize = 1_400;
/// Pause between two looks at whether a network that is down is back.
const LOOK_PAUSE: Duration = Duration::from_millis(25);

impl Connections {
    pub(crate) fn start(
        listener: TcpListener,
        far: SocketAddr,
        up: &Arc<Direction>,
        down: &Arc<Direction>,
    ) -> Arc<Self> {
        let state = Mutex::new(State { from: None, running: Vec::new() });
        let (is_open, is_tls_only) = (AtomicBool::new(true), AtomicBool::new(false));
        let (up, down) = (Arc::clone(up), Arc::clone(down));
        let connections = Arc::new(Self { far, up, down, is_open, is_tls_only, state });
        tokio::spawn(Arc::clone(&connections).accept(listener));
        connections
    }

    pub(crate) fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Relaxed);
    }

    pub(crate) fn set_tls_only(&self, is_tls_only: bool) {
        self.is_tls_only.store(is_tls_only, Ordering::Relaxed);
    }

    /// Breaks every connection off; those that follow leave from another address.
    pub(crate) fn move_to(&self, address: IpAddr) {
        let mut state = self.lock();
        state.from = Some(address);
        state.running.drain(..).for_each(|connection| connection.abort());
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let Ok((near, _)) = listener.accept().await else { continue };
            let connection = tokio::spawn(Arc::clone(&self).carry(near)).abort_handle();
            let mut state = self.lock();
            state.running.retain(|connection| !connection.is_finished());
            state.running.push(connection);
        }
    }

    async fn carry(self: Arc<Self>, near: TcpStream) -> io::Result<()> {
        // A network that is down does not reach the server; one that is far reaches it after a round trip.
        while self.up.conditions().is_down || self.down.conditions().is_down {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        self.wait_until_open().await;
        tokio::time::sleep(self.up.conditions().delay + self.down.conditions().delay).await;
        if self.is_tls_only.load(Ordering::Relaxed) && !begins_as_tls(&near).await? {
            return Ok(());
        }
        let socket = if self.far.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        let from = self.lock().from;
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        let far = socket.connect(self.far).await?;
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let (near_reads, near_writes) = near.into_split();
        let (far_reads, far_writes) = far.into_split();
        tokio::try_join!(self.pump(near_reads, far_writes, &self.up), self.pump(far_reads, near_writes, &self.down))?;
        Ok(())
    }

    /// Carries one direction of a connection, to its end or its failure.
    async fn pump(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, direction: &Direction) -> io::Result<()> {
        let (arrive, mut arrived) = mpsc::unbounded_channel::<Vec<u8>>();
        let reading = async {
            let stream = Stream::new(arrive);
            let mut bytes = [0; CHUNK_BYTES];
            for number in 0.. {
                let length = from.read(&mut bytes).await?;
                self.wait_until_open().await;
                direction.push_chunk(&stream, number, &bytes[..length]).await;
                if length == 0 {
                    break;
                }
            }
            Ok::<_, io::Error>(())
        };
        let writing = async {
            while let Some(bytes) = arrived.recv().await {
                if bytes.is_empty() {
                    break;
                }
                to.write_all(&bytes).await?;
            }
            to.shutdown().await
        };
        tokio::try_join!(reading, writing)?;
        Ok(())
    }

    async fn wait_until_open(&self) {
        while !self.is_open.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Whether the first record of a connection is a handshake and its first message a client's hello.
///
/// # Source
///
/// RFC 8446 sections 5.1 (record: type 22, legacy version 3.x) and 4 (handshake: type 1).
async fn begins_as_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; 6];
    let mut length = 0;
    while length < first.len() {
        let more = stream.peek(&mut first).await?;
        if more == 0 || first[0] != 22 {
            return Ok(false);
        }
        if more == length {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        length = more;
    }
    Ok(first[1] == 3 && first[5] == 1)
}
