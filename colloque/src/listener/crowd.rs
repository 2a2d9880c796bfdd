//! How many connections come from where.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most connections from one subscriber: a clinic behind one address has room, a flood from one machine has not.
pub const MOST_CONNECTIONS_BY_SUBSCRIBER: usize = 256;

/// Most connections from one site, a quarter of all: a subscriber at home may have all networks of one site.
pub const MOST_CONNECTIONS_BY_SITE: usize = 1_024;

/// Bits of an IPv6 address that name a subscriber's network. Within it one machine chooses its addresses.
const SUBSCRIBER_BITS: u32 = 64;

/// Bits of an IPv6 address that name a site. Source: RFC 6177, no more than a /48 for one end site.
const SITE_BITS: u32 = 48;

/// Bits of an IPv4 address that name a site.
const SITE_BITS_V4: u32 = 24;

/// How many connections each subscriber and each site has.
#[derive(Debug, Default)]
pub struct Crowd(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    subscribers: HashMap<IpAddr, usize>,
    sites: HashMap<IpAddr, usize>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    subscriber: IpAddr,
    site: IpAddr,
}

impl Crowd {
    /// Takes a place; none when the address's subscriber or site has all of its places.
    pub fn enter(crowd: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let (subscriber, site) = (subscriber_of(address), site_of(address));
        let mut counts = crowd.lock();
        let count = |counts: &HashMap<IpAddr, usize>, key| counts.get(&key).copied().unwrap_or(0);
        if count(&counts.subscribers, subscriber) >= MOST_CONNECTIONS_BY_SUBSCRIBER
            || count(&counts.sites, site) >= MOST_CONNECTIONS_BY_SITE
        {
            return None;
        }
        *counts.subscribers.entry(subscriber).or_default() += 1;
        *counts.sites.entry(site).or_default() += 1;
        Some(Place { crowd: Arc::clone(crowd), subscriber, site })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.lock();
        leave(&mut counts.subscribers, self.subscriber);
        leave(&mut counts.sites, self.site);
    }
}

fn leave(counts: &mut HashMap<IpAddr, usize>, key: IpAddr) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

/// Gives what is counted as one subscriber: an IPv4 address, or the network of an IPv6 address.
fn subscriber_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => first_bits(address, SUBSCRIBER_BITS),
    }
}

/// Gives what is counted as one site.
fn site_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << (u32::BITS - SITE_BITS_V4))))
        }
        IpAddr::V6(address) => first_bits(address, SITE_BITS),
    }
}

fn first_bits(address: Ipv6Addr, bits: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (u128::BITS - bits))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fill(crowd: &Arc<Crowd>, address: IpAddr) -> Vec<Place> {
        (0..MOST_CONNECTIONS_BY_SUBSCRIBER).map(|_| Crowd::enter(crowd, address).unwrap()).collect()
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
        let counts = crowd.lock();
        assert!(counts.subscribers.is_empty() && counts.sites.is_empty());
    }

    #[test]
    fn two_addresses_of_one_subscriber_share_their_places() {
        let crowd = Arc::new(Crowd::default());
        let _places = fill(&crowd, address("2001:db8:1:2::1"));
        assert!(Crowd::enter(&crowd, address("2001:db8:1:2:ffff:ffff:ffff:ffff")).is_none());
        assert!(Crowd::enter(&crowd, address("2001:db8:1:3::1")).is_some());
    }
    #[test]
    fn a_site_with_many_networks_has_a_part_of_all_places() {
        for (site, elsewhere) in [("2001:db8:1:", "2001:db8:2:1::1"), ("203.0.113.", "203.0.114.1")] {
            let crowd = Arc::new(Crowd::default());
            let within = |number: usize| match site.contains(':') {
                true => format!("{site}{number:x}::1"),
                false => format!("{site}{number}"),
            };
            let places: Vec<_> = (0..20)
                .flat_map(|number| (0..MOST_CONNECTIONS_BY_SUBSCRIBER).map(move |_| number))
                .filter_map(|number| Crowd::enter(&crowd, address(&within(number))))
                .collect();
            assert_eq!(places.len(), MOST_CONNECTIONS_BY_SITE);
            assert!(Crowd::enter(&crowd, address(elsewhere)).is_some());
        }
    }
}
