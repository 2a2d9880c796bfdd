use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use colloque_ids::{PeerId, RoomId};
use colloque_sfu_core::sdp::Mid;
use colloque_sfu_core::{Certificate, Core, CoreConfig, DEFAULT_PUBLISHER_CAP_BPS, Event, Link, MAX_MARKS};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tracing::{debug, warn};

use crate::io::{UdpPort, Waker};
use crate::meter::{Meter, Reading};
use crate::streams::{StreamGate, Streams, WorkerDoor};
use crate::worker::{Answer, Command, Reply, Worker};

/// How the media plane runs.
#[derive(Debug, Clone)]
pub struct SfuConfig {
    /// Address and port of the first worker; the others take the ports that follow. Port 0 takes any free port for each.
    pub bind: SocketAddr,
    /// Addresses under which clients reach this machine, the preferred first.
    pub announce: Vec<IpAddr>,
    /// Ports of those addresses whose TCP connections reach [`Sfu::serve_stream`].
    pub announce_tcp_ports: Vec<u16>,
    /// Threads, each with its port and its rooms; at least one, at most [`MAX_MARKS`].
    pub workers: usize,
    /// Whether worker `n` stays on core `n`.
    pub pin: bool,
    /// Most that one publisher is allowed to send, in bits per second.
    pub publisher_cap_bps: u64,
    /// Kernel buffer of each port, each way, in bytes.
    pub socket_buffer_bytes: usize,
    /// Whether datagrams of one destination leave in one message, where the kernel can.
    pub segmentation: bool,
}

impl Default for SfuConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            announce: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            announce_tcp_ports: Vec::new(),
            workers: 1,
            pin: false,
            publisher_cap_bps: DEFAULT_PUBLISHER_CAP_BPS,
            socket_buffer_bytes: SOCKET_BUFFER_BYTES,
            segmentation: true,
        }
    }
}

/// A fiftieth of a second of one core's full load.
///
/// Higher: after a pause of the machine everything waits in a longer queue, which no cache holds, and a worker near its limit does not
/// catch up. Lower: a shorter pause loses packets.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Offers that may wait for one worker. Orders that close, open or remove are never refused: they are few, and none may be lost.
const QUEUED_OFFERS: usize = 1_024;

/// Why the media plane does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartSfuError {
    /// No address to announce: no client could reach the media plane.
    #[error("no address is announced for media")]
    NoAnnouncedAddress,
    /// The port cannot be bound.
    #[error("cannot bind the media port {address}")]
    Bind {
        /// What was tried.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The system has no descriptor, thread or randomness left.
    #[error("cannot start a media worker")]
    Worker(#[source] std::io::Error),
    /// The process's certificate cannot be made.
    #[error("cannot make the media certificate")]
    Certificate(#[source] rcgen::Error),
}

/// Why a peer is not connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectPeerError {
    /// The offer breaks a rule, or a limit is reached.
    #[error("media server refuses the peer")]
    Refused(#[from] colloque_sfu_core::ConnectPeerError),
    /// Too many offers wait.
    #[error("media server is overloaded")]
    Overloaded,
    /// The worker has ended.
    #[error("media server has stopped")]
    Stopped,
}

/// A worker does not say what it counted: it ended, or is busy for longer than [`READ_WITHIN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a media worker does not answer")]
pub struct ReadMediaError;

/// Longest wait for what a worker counted.
const READ_WITHIN: Duration = Duration::from_secs(2);

/// Handle on a running media plane.
#[derive(Debug, Clone)]
pub struct Sfu {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    workers: Vec<WorkerHandle>,
    gate: StreamGate,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug)]
struct WorkerHandle {
    commands: Sender<Command>,
    /// Places of offers that wait for the worker.
    offers: Arc<Semaphore>,
    waker: Arc<Waker>,
    local_addr: SocketAddr,
}

/// Starts the workers; gives the handle and what happens to peers from now on.
///
/// Events are few, a handful for each peer in its life, so their queue has no limit of its own.
///
/// # Errors
///
/// As [`StartSfuError`] says; nothing keeps running then.
pub fn start(config: SfuConfig) -> Result<(Sfu, mpsc::UnboundedReceiver<Event>), StartSfuError> {
    if config.announce.is_empty() {
        return Err(StartSfuError::NoAnnouncedAddress);
    }
    let certificate = make_certificate().map_err(StartSfuError::Certificate)?;
    let (events, received_events) = mpsc::unbounded_channel();
    let gate = StreamGate::new(Vec::new());
    let mut shared = Shared { workers: Vec::new(), gate, threads: Mutex::new(Vec::new()) };
    for mark in 0..u8::try_from(config.workers).unwrap_or(u8::MAX).clamp(1, MAX_MARKS) {
        match start_worker(&config, mark, &certificate, events.clone()) {
            Ok((worker, door, thread)) => {
                shared.workers.push(worker);
                shared.gate.workers.push(door);
                shared.threads.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()).push(thread);
            }
            Err(error) => {
                Sfu { shared: Arc::new(shared) }.shutdown();
                return Err(error);
            }
        }
    }
    Ok((Sfu { shared: Arc::new(shared) }, received_events))
}

fn start_worker(
    config: &SfuConfig,
    mark: u8,
    certificate: &Certificate,
    events: mpsc::UnboundedSender<Event>,
) -> Result<(WorkerHandle, WorkerDoor, JoinHandle<()>), StartSfuError> {
    let mut address = config.bind;
    if address.port() != 0 {
        let port = address.port().checked_add(mark.into());
        address.set_port(
            port.ok_or_else(|| StartSfuError::Bind { address, source: std::io::ErrorKind::InvalidInput.into() })?,
        );
    }
    let bind_error = |source| StartSfuError::Bind { address, source };
    let port = UdpPort::bind(address, config.socket_buffer_bytes).map_err(bind_error)?;
    if let Err(error) = port.stamp_arrivals() {
        debug!("latencies of forwarding are counted without the kernel's queue: {error}");
    }
    let local_addr = port.local_addr().map_err(bind_error)?;
    let waker = Arc::new(Waker::new().map_err(StartSfuError::Worker)?);
    let mut seed = [0; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|_| StartSfuError::Worker(std::io::Error::other("the system gives no randomness")))?;
    let core = Core::new(CoreConfig {
        announced: config.announce.iter().map(|ip| SocketAddr::new(*ip, local_addr.port())).collect(),
        announced_tcp: config
            .announce_tcp_ports
            .iter()
            .flat_map(|port| config.announce.iter().map(|ip| SocketAddr::new(*ip, *port)))
            .collect(),
        mark,
        certificate: certificate.clone(),
        seed,
        publisher_cap_bps: config.publisher_cap_bps,
    });
    let (commands, queue) = channel();
    let offers = Arc::new(Semaphore::new(QUEUED_OFFERS));
    let (inputs, stream_inputs) = channel();
    let streams = Streams::new(stream_inputs);
    let segmentation = config.segmentation;
    let meter = Meter::default();
    let worker = Worker { core, port, waker: Arc::clone(&waker), queue, events, segmentation, streams, meter };
    let core_number = config.pin.then_some(mark.into());
    let thread = std::thread::Builder::new()
        .name(format!("sfu-{mark}"))
        .spawn(move || worker.run(core_number))
        .map_err(StartSfuError::Worker)?;
    let door = WorkerDoor { inputs, waker: Arc::clone(&waker) };
    Ok((WorkerHandle { commands, offers, waker, local_addr }, door, thread))
}

fn make_certificate() -> Result<Certificate, rcgen::Error> {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = rcgen::CertificateParams::default();
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::CommonName, "Colloque");
    params.distinguished_name = name;
    let certificate = params.self_signed(&key)?;
    Ok(Certificate::from_der(certificate.der().to_vec(), key.serialize_der()))
}

impl Sfu {
    /// Takes a client's offer and gives the answer, both in SDP. No media pass before [`Sfu::gate_room`].
    ///
    /// The offer is handed over by the call, before the answer is waited for: what is asked afterwards comes after it.
    ///
    /// # Errors
    ///
    /// - [`ConnectPeerError::Refused`] if the offer breaks a rule or the room or server is full.
    /// - [`ConnectPeerError::Overloaded`] if too many offers wait; worth another try.
    /// - [`ConnectPeerError::Stopped`] after [`Sfu::shutdown`].
    pub fn connect_peer(
        &self,
        room: RoomId,
        peer: PeerId,
        offer: String,
    ) -> impl Future<Output = Result<String, ConnectPeerError>> + Send + use<> {
        answer_of(self.hand_over(room, |reply, place| Command::Connect { room, peer, offer, reply, place }))
    }

    /// Takes an offer that only looks for new network paths, and gives the answer: keys and streams stay.
    ///
    /// # Errors
    ///
    /// As [`Sfu::connect_peer`]; refused as well when the peer was removed meanwhile, or when the offer names another
    /// certificate: its client must begin anew.
    pub fn restart_ice(
        &self,
        room: RoomId,
        peer: PeerId,
        offer: String,
    ) -> impl Future<Output = Result<String, ConnectPeerError>> + Send + use<> {
        answer_of(self.hand_over(room, |reply, place| Command::RestartIce { room, peer, offer, reply, place }))
    }

    /// Opens a room for media, or closes it; unknown rooms are ignored, and a room is closed when its first peer comes.
    ///
    /// Until it is opened its peers connect, and nothing that they send is taken or sent on.
    pub fn gate_room(&self, room: RoomId, is_open: bool) {
        if self.send(room, Command::Gate { room, is_open }).is_err() {
            warn!(room.id = %room, "room {room} keeps its gate: the media server has stopped");
        }
    }

    /// Takes the height, in pixels of the screen, at which a subscriber shows the picture of one line; zero for not at all.
    ///
    /// Unknown rooms, peers and lines are ignored.
    pub fn show_picture(&self, room: RoomId, peer: PeerId, mid: Mid, height: u16) {
        if self.send(room, Command::ShowPicture { room, peer, mid, height }).is_err() {
            warn!(room.id = %room, peer.id = %peer, "size of a picture is not taken: the media server has stopped");
        }
    }

    /// Removes a peer, with a farewell to its client; unknown peers are ignored.
    pub fn disconnect_peer(&self, room: RoomId, peer: PeerId) {
        if self.send(room, Command::Disconnect { room, peer }).is_err() {
            warn!(room.id = %room, peer.id = %peer, "cannot disconnect peer {peer} at once: it goes when it falls silent");
        }
    }

    /// Removes all peers of a room, each with a farewell; unknown rooms are ignored.
    pub fn close_room(&self, room: RoomId) {
        if self.send(room, Command::CloseRoom { room }).is_err() {
            warn!(room.id = %room, "cannot close room {room} at once: its peers go when they fall silent");
        }
    }

    /// Serves a client's TCP connection to its end, for networks that let no UDP pass: ICE, DTLS and media, each datagram
    /// behind its length.
    ///
    /// A connection that does not begin with a check for one of the peers here gets no answer.
    ///
    /// # Source
    ///
    /// RFC 6544; RFC 4571 section 2.
    pub async fn serve_stream(&self, stream: TcpStream, remote: SocketAddr) {
        if let Err(error) = self.shared.gate.serve(stream, remote).await {
            debug!("media connection ended: {error}");
        }
    }

    /// Reads what all workers counted since they began.
    ///
    /// # Errors
    ///
    /// [`ReadMediaError`] when one of them does not answer: a sum without it would seem to go backwards.
    pub async fn read(&self) -> Result<Reading, ReadMediaError> {
        let mut all = Reading::default();
        self.ask_all(|reply| Command::Read { reply }).await?.iter().for_each(|reading| all.add(reading));
        Ok(all)
    }

    /// Reads how the links of all connected peers go that are heard.
    ///
    /// # Errors
    ///
    /// [`ReadMediaError`] when a worker does not answer.
    pub async fn links(&self) -> Result<Vec<Link>, ReadMediaError> {
        Ok(self.ask_all(|reply| Command::Look { reply }).await?.concat())
    }

    /// Address and port of the first worker.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.workers[0].local_addr
    }

    /// Addresses and ports of all workers.
    pub fn local_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        self.shared.workers.iter().map(|worker| worker.local_addr)
    }

    /// Ends all workers, with a farewell to every client, and waits for their threads.
    pub fn shutdown(self) {
        for worker in &self.shared.workers {
            let _ = worker.commands.send(Command::Shutdown);
            worker.waker.wake();
        }
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
        for thread in threads {
            if thread.join().is_err() {
                warn!("a media worker ended by a panic");
            }
        }
    }

    async fn ask_all<T>(&self, question: impl Fn(oneshot::Sender<T>) -> Command) -> Result<Vec<T>, ReadMediaError> {
        let asked = self.shared.workers.iter().map(|worker| {
            let (reply, answer) = oneshot::channel();
            worker.commands.send(question(reply)).map_err(|_| ReadMediaError)?;
            worker.waker.wake();
            Ok(answer)
        });
        // All are asked before the first is awaited.
        let asked: Vec<_> = asked.collect::<Result<_, ReadMediaError>>()?;
        let mut answers = Vec::with_capacity(asked.len());
        for answer in asked {
            let answer = tokio::time::timeout(READ_WITHIN, answer).await;
            answers.push(answer.map_err(|_| ReadMediaError)?.map_err(|_| ReadMediaError)?);
        }
        Ok(answers)
    }

    /// Hands an offer over to its worker; gives where the answer comes.
    fn hand_over(
        &self,
        room: RoomId,
        command: impl FnOnce(Reply, OwnedSemaphorePermit) -> Command,
    ) -> Result<Answer, ConnectPeerError> {
        let (reply, answer) = oneshot::channel();
        let place = self.offer_place(room)?;
        self.send(room, command(reply, place))?;
        Ok(answer)
    }

    fn offer_place(&self, room: RoomId) -> Result<OwnedSemaphorePermit, ConnectPeerError> {
        Arc::clone(&self.worker(room).offers).try_acquire_owned().map_err(|_| ConnectPeerError::Overloaded)
    }

    fn send(&self, room: RoomId, command: Command) -> Result<(), ConnectPeerError> {
        let worker = self.worker(room);
        worker.commands.send(command).map_err(|_| ConnectPeerError::Stopped)?;
        worker.waker.wake();
        Ok(())
    }

    fn worker(&self, room: RoomId) -> &WorkerHandle {
        &self.shared.workers[worker_of(room, self.shared.workers.len())]
    }
}

async fn answer_of(handed_over: Result<Answer, ConnectPeerError>) -> Result<String, ConnectPeerError> {
    handed_over?.await.map_err(|_| ConnectPeerError::Stopped)?.map_err(ConnectPeerError::Refused)
}

/// The worker where a room lives: the same for each peer, whoever asks.
fn worker_of(room: RoomId, workers: usize) -> usize {
    // The last bytes of the identifier are random.
    (room.uuid().as_u128() % workers as u128) as usize
}
