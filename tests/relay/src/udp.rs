use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use crate::direction::Direction;

/// The datagrams of one port: a flow for each address that sends, as a router that translates addresses keeps.
pub(crate) struct Flows {
    near: Arc<UdpSocket>,
    far: SocketAddr,
    up: Arc<Direction>,
    down: Arc<Direction>,
    is_open: AtomicBool,
    table: Mutex<Table>,
}

struct Table {
    from: Option<IpAddr>,
    let_through: Option<IpAddr>,
    flows: HashMap<SocketAddr, Flow>,
}

struct Flow {
    far: Arc<UdpSocket>,
    reading: AbortHandle,
}

const MAX_DATAGRAM_BYTES: usize = 2_048;

impl Flows {
    pub(crate) async fn start(
        near: SocketAddr,
        far: SocketAddr,
        up: &Arc<Direction>,
        down: &Arc<Direction>,
    ) -> io::Result<Arc<Self>> {
        let near = Arc::new(UdpSocket::bind(near).await?);
        near.writable().await?;
        let flows = Arc::new(Self {
            near,
            far,
            up: Arc::clone(up),
            down: Arc::clone(down),
            is_open: AtomicBool::new(true),
            table: Mutex::new(Table { from: None, let_through: None, flows: HashMap::new() }),
        });
        tokio::spawn(Arc::clone(&flows).carry());
        Ok(flows)
    }

    pub(crate) fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Relaxed);
    }

    pub(crate) fn let_through(&self, address: IpAddr) {
        self.lock().let_through = Some(address);
    }

    fn passes(&self, source: SocketAddr) -> bool {
        self.is_open.load(Ordering::Relaxed) || self.lock().let_through == Some(source.ip())
    }

    /// Has every flow leave from a new port on another address; what still comes to the old one is lost.
    pub(crate) fn move_to(&self, address: IpAddr) {
        let mut table = self.lock();
        table.from = Some(address);
        table.flows.drain().for_each(|(_, flow)| flow.reading.abort());
    }

    async fn carry(self: Arc<Self>) {
        let mut bytes = [0; MAX_DATAGRAM_BYTES];
        loop {
            let Ok((length, source)) = self.near.recv_from(&mut bytes).await else { continue };
            let Ok(far) = self.flow(source).await else { continue };
            if self.passes(source) {
                self.up.push_datagram(far, None, bytes[..length].to_vec());
            }
        }
    }

    async fn flow(self: &Arc<Self>, source: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        let from = {
            let table = self.lock();
            if let Some(flow) = table.flows.get(&source) {
                return Ok(Arc::clone(&flow.far));
            }
            table.from
        };
        let any = if self.far.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
        let far = Arc::new(UdpSocket::bind((from.unwrap_or(any), 0)).await?);
        far.connect(self.far).await?;
        // A socket is not known to be writable before it was asked once.
        far.writable().await?;
        let reading = tokio::spawn(Arc::clone(self).answer(Arc::clone(&far), source)).abort_handle();
        self.lock().flows.insert(source, Flow { far: Arc::clone(&far), reading });
        Ok(far)
    }

    async fn answer(self: Arc<Self>, far: Arc<UdpSocket>, source: SocketAddr) {
        let mut bytes = [0; MAX_DATAGRAM_BYTES];
        loop {
            // A server that is down refuses datagrams; when it is back, the flow goes on.
            let Ok(length) = far.recv(&mut bytes).await else { continue };
            if self.passes(source) {
                self.down.push_datagram(Arc::clone(&self.near), Some(source), bytes[..length].to_vec());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
