//! A bad network between real programs: UDP and TCP of one person pass a seeded [`colloque_network::Link`] each way.
//!
//! The relay listens on an address of its own with the server's port numbers, so that what the server announces stays true but
//! for the address. Everything that it carries shares one link up and one down, as behind one person's access network.

mod direction;
mod order;
mod relay;
mod tcp;
mod udp;

pub use order::{Change, Order, Report};
pub use relay::{Relay, RelayConfig};
