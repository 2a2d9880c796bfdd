//! How many connections come from where.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Most connections from one network: a clinic behind one address has room, a flood from one machine has not.
pub const MOST_CONNECTIONS_BY_NETWORK: usize = 256;

/// Bits of an IPv6 address that name a subscriber's network. Within it one machine chooses its addresses.
const SUBSCRIBER_BITS: u32 = 64;

/// How many connections each network has.
#[derive(Debug, Default)]
pub struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    network: IpAddr,
}

impl Crowd {
    /// Takes a place; none when the address's network has all of its places.
    pub fn enter(crowd: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        let mut counts = crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(network).or_default();
        if *count >= MOST_CONNECTIONS_BY_NETWORK {
            return None;
        }
        *count += 1;
        Some(Place { crowd: Arc::clone(crowd), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

/// Gives what is counted as one: an IPv4 address, or the network of an IPv6 address.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (u128::BITS - SUBSCRIBER_BITS))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fill(crowd: &Arc<Crowd>, address: IpAddr) -> Vec<Place> {
        (0..MOST_CONNECTIONS_BY_NETWORK).map(|_| Crowd::enter(crowd, address).unwrap()).collect()
    }

    #[test]
    fn one_address_cannot_take_every_place_and_gives_its_places_back() {
        let crowd = Arc::new(Crowd::default());
        let places = fill(&crowd, address("203.0.113.9"));
        assert!(Crowd::enter(&crowd, address("203.0.113.9")).is_none());
        assert!(Crowd::enter(&crowd, address("::ffff:203.0.113.9")).is_none());
        assert!(Crowd::enter(&crowd, address("203.0.113.10")).is_some());
        drop(places);
        assert!(Crowd::enter(&crowd, address("203.0.113.9")).is_some());
        assert!(crowd.0.lock().unwrap().is_empty());
    }

    #[test]
    fn two_addresses_of_one_subscriber_share_their_places() {
        let crowd = Arc::new(Crowd::default());
        let _places = fill(&crowd, address("2001:db8:1:2::1"));
        assert!(Crowd::enter(&crowd, address("2001:db8:1:2:ffff:ffff:ffff:ffff")).is_none());
        assert!(Crowd::enter(&crowd, address("2001:db8:1:3::1")).is_some());
    }
}
