use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use colloque_network::Conditions;
use tokio::net::TcpListener;

use crate::direction::Direction;
use crate::order::{Order, Report};
use crate::tcp::Connections;
use crate::udp::Flows;

/// Where a relay stands.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Address that the person's program reaches.
    pub listen: IpAddr,
    /// Address of the server.
    pub server: IpAddr,
    /// UDP ports that are carried.
    pub udp: Vec<u16>,
    /// TCP ports that are carried.
    pub tcp: Vec<u16>,
    /// What chance follows from.
    pub seed: u64,
}

/// A running relay; it ends with the runtime.
pub struct Relay {
    up: Arc<Direction>,
    down: Arc<Direction>,
    flows: Vec<Arc<Flows>>,
    connections: Vec<Arc<Connections>>,
}

impl Relay {
    /// Listens, and carries everything at once and unharmed until an order says otherwise.
    ///
    /// # Errors
    ///
    /// The system's error when an address or port cannot be had.
    pub async fn start(config: &RelayConfig) -> io::Result<Self> {
        let up = Direction::new(Conditions::default(), config.seed);
        let down = Direction::new(Conditions::default(), config.seed.wrapping_add(1));
        let mut relay = Self { up, down, flows: Vec::new(), connections: Vec::new() };
        for port in &config.udp {
            let (near, far) = (SocketAddr::new(config.listen, *port), SocketAddr::new(config.server, *port));
            relay.flows.push(Flows::start(near, far, &relay.up, &relay.down).await?);
        }
        for port in &config.tcp {
            let listener = TcpListener::bind((config.listen, *port)).await?;
            let far = SocketAddr::new(config.server, *port);
            relay.connections.push(Connections::start(listener, far, &relay.up, &relay.down));
        }
        Ok(relay)
    }

    /// Does what is asked, for everything that is put in from now on.
    pub fn obey(&self, order: &Order) {
        self.up.change(&order.up);
        self.down.change(&order.down);
        for flows in &self.flows {
            if let Some(passes) = order.udp {
                flows.set_open(passes);
            }
            if let Some(address) = order.udp_from {
                flows.let_through(address);
            }
            if let Some(address) = order.move_to {
                flows.move_to(address);
            }
        }
        for connections in &self.connections {
            if let Some(passes) = order.tcp {
                connections.set_open(passes);
            }
            if let Some(is_tls_only) = order.tls_only {
                connections.set_tls_only(is_tls_only);
            }
            if let Some(address) = order.move_to {
                connections.move_to(address);
            }
        }
    }

    /// What the network has done so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report { up: self.up.counts().into(), down: self.down.counts().into() }
    }
}
