//! Where a request comes from, when it comes through reverse proxies.

use std::net::IpAddr;

/// Header in which each proxy appends whom it heard.
pub const FORWARDED_HEADER: &str = "x-forwarded-for";

/// Longest chain of proxies looked at.
const MAX_HOPS: usize = 16;

/// Finds the client's address: the peer's, or what the proxies of ours say of it.
///
/// `told` are the values of [`FORWARDED_HEADER`], in order. The last hop that is no proxy of ours is the first that nobody could make
/// up; a hop that is no address says nothing, nor does any before it.
pub fn client_address<'a>(peer: IpAddr, told: impl DoubleEndedIterator<Item = &'a str>, trusted: &[IpAddr]) -> IpAddr {
    let peer = peer.to_canonical();
    let mut address = peer;
    for hop in told.rev().flat_map(|value| value.rsplit(',')).take(MAX_HOPS) {
        if !trusted.contains(&address) {
            return address;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(heard) => address = heard.to_canonical(),
            Err(_) => return peer,
        }
    }
    if trusted.contains(&address) { peer } else { address }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, told: &[&str]) -> String {
        let trusted = ["10.0.0.1", "10.0.0.2"].map(|proxy| proxy.parse().unwrap());
        client_address(peer.parse().unwrap(), told.iter().copied(), &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_the_address_it_is_known_by() {
        assert_eq!(address("198.51.100.1", &["192.0.2.1"]), "198.51.100.1");
        assert_eq!(address("::ffff:198.51.100.1", &[]), "198.51.100.1");
    }

    #[test]
    fn a_trusted_proxy_says_whom_it_heard_and_not_what_the_client_claimed() {
        assert_eq!(address("10.0.0.1", &["192.0.2.1, 198.51.100.2"]), "198.51.100.2");
        assert_eq!(address("10.0.0.1", &["192.0.2.1", "198.51.100.2, 10.0.0.2"]), "198.51.100.2");
        assert_eq!(address("10.0.0.1", &["::ffff:198.51.100.2"]), "198.51.100.2");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_stands_before_a_hop_that_is_no_address_is_not_believed() {
        assert_eq!(address("10.0.0.1", &["192.0.2.1, nonsense"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["192.0.2.1, 198.51.100.2:443, 10.0.0.2"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["192.0.2.1, "]), "10.0.0.1");
    }
}
