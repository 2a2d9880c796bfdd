//! The machine's addresses in its own networks.

use std::net::{IpAddr, Ipv4Addr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// Gives the IPv4 addresses of running interfaces, the one that reaches other machines first; loopback left out.
///
/// IPv6 is left out: phones in a surgery's network reach the machine by IPv4, and temporary IPv6 addresses would change
/// the certificate every day.
pub fn local_addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let mut addresses: Vec<Ipv4Addr> = interfaces
        .filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP))
        .filter(|interface| !interface.flags.contains(InterfaceFlags::IFF_LOOPBACK))
        .filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()))
        .filter(|address| !address.is_link_local())
        .collect();
    // Addresses of the usual private networks come before those of containers and tunnels.
    addresses.sort_by_key(|address| (preference(*address), *address));
    addresses.dedup();
    addresses.into_iter().map(IpAddr::V4).collect()
}

/// Whether an address is one of this machine alone, or of a private network.
pub fn is_internal(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

const fn preference(address: Ipv4Addr) -> u8 {
    match address.octets() {
        [192, 168, ..] => 0,
        [10, ..] => 1,
        [172, 16..=31, ..] => 2,
        _ => 3,
    }
}
