use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use colloque_network::{Conditions, Counts, Link};
use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc};

use crate::order::Change;

/// One way through the network: what is put in comes out later, or never.
pub(crate) struct Direction {
    state: Mutex<State>,
    /// Something was put in, or the conditions changed.
    changed: Notify,
}

struct State {
    link: Link<Item>,
    conditions: Conditions,
}

pub(crate) enum Item {
    Datagram { socket: Arc<UdpSocket>, to: Option<SocketAddr>, bytes: Vec<u8> },
    Chunk { stream: Arc<Stream>, number: u64, bytes: Vec<u8> },
}

/// Where one direction of a TCP connection comes out, in order whatever the network does.
pub(crate) struct Stream {
    arrived: Mutex<Arrived>,
    to: mpsc::UnboundedSender<Vec<u8>>,
}

struct Arrived {
    next: u64,
    held: BTreeMap<u64, Vec<u8>>,
}

impl Direction {
    pub(crate) fn new(conditions: Conditions, seed: u64) -> Arc<Self> {
        let direction = Arc::new(Self {
            state: Mutex::new(State { link: Link::new(conditions, seed), conditions }),
            changed: Notify::new(),
        });
        tokio::spawn(Arc::clone(&direction).deliver());
        direction
    }

    pub(crate) fn change(&self, change: &Change) {
        let mut state = self.lock();
        change.apply(&mut state.conditions);
        let conditions = state.conditions;
        state.link.change(|current| *current = conditions);
        drop(state);
        self.changed.notify_waiters();
    }

    pub(crate) fn counts(&self) -> Counts {
        self.lock().link.counts()
    }

    pub(crate) fn conditions(&self) -> Conditions {
        self.lock().conditions
    }

    pub(crate) fn push_datagram(&self, socket: Arc<UdpSocket>, to: Option<SocketAddr>, bytes: Vec<u8>) {
        let length = bytes.len();
        self.lock().link.push(Instant::now(), length, Item::Datagram { socket, to, bytes });
        self.changed.notify_waiters();
    }

    /// Puts in one piece of a stream; what is lost is sent again after the time that its sender needs to notice.
    pub(crate) async fn push_chunk(&self, stream: &Arc<Stream>, number: u64, bytes: &[u8]) {
        loop {
            let item = Item::Chunk { stream: Arc::clone(stream), number, bytes: bytes.to_vec() };
            let pause = {
                let mut state = self.lock();
                let pause = LEAST_RECOVERY.max(state.conditions.delay * 2);
                if state.link.push(Instant::now(), bytes.len(), item) { None } else { Some(pause) }
            };
            self.changed.notify_waiters();
            match pause {
                None => return,
                Some(pause) => tokio::time::sleep(pause).await,
            }
        }
    }

    async fn deliver(self: Arc<Self>) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Before the look at the link, so that nothing put in after it goes unnoticed.
            changed.as_mut().enable();
            let next_at = {
                let mut state = self.lock();
                while let Some((_, item)) = state.link.pop(Instant::now()) {
                    item.deliver();
                }
                state.link.next_at()
            };
            match next_at {
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(at.into()) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Item {
    fn deliver(self) {
        match self {
            // A full socket buffer or an unreachable port loses a datagram, as any network may.
            Self::Datagram { socket, to: Some(to), bytes } => drop(socket.try_send_to(&bytes, to)),
            Self::Datagram { socket, to: None, bytes } => drop(socket.try_send(&bytes)),
            Self::Chunk { stream, number, bytes } => stream.arrive(number, bytes),
        }
    }
}

impl Stream {
    pub(crate) fn new(to: mpsc::UnboundedSender<Vec<u8>>) -> Arc<Self> {
        Arc::new(Self { arrived: Mutex::new(Arrived { next: 0, held: BTreeMap::new() }), to })
    }

    fn arrive(&self, number: u64, bytes: Vec<u8>) {
        let mut arrived = self.arrived.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        arrived.held.insert(number, bytes);
        let mut next = arrived.next;
        while let Some(bytes) = arrived.held.remove(&next) {
            // Its connection may have ended meanwhile.
            let _ = self.to.send(bytes);
            next += 1;
        }
        arrived.next = next;
    }
}

/// Shortest time until a TCP sender sends again what was lost.
const LEAST_RECOVERY: Duration = Duration::from_millis(30);
