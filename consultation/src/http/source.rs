//! Where a request comes from about whose sender storage was not asked yet.

use std::net::{IpAddr, Ipv6Addr};

use colloque_journal::NetworkPrefix;

/// What a request of somebody unknown counts under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// A browser in which somebody signed in before: whatever others do in its network, it counts for itself alone.
    Browser([u8; 16]),
    /// A host: an IPv4 address, or the 64 bits of an IPv6 address that one line has; none when the listener does not say.
    Host(Option<IpAddr>),
}

impl Source {
    /// The host at an address.
    pub(crate) fn host(address: Option<IpAddr>) -> Self {
        Self::Host(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
            v4 @ IpAddr::V4(_) => v4,
        }))
    }

    /// The network that a host shares with others.
    pub(super) fn network(self) -> Option<NetworkPrefix> {
        match self {
            Self::Browser(_) | Self::Host(None) => None,
            Self::Host(Some(address)) => Some(NetworkPrefix::of(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(address: &str) -> Source {
        Source::host(Some(address.parse().unwrap()))
    }

    #[test]
    fn a_host_is_one_address_or_one_line_and_has_a_network() {
        assert_ne!(host("198.51.100.1"), host("198.51.100.2"));
        assert_eq!(host("198.51.100.1"), host("::ffff:198.51.100.1"));
        assert_eq!(host("2001:db8::1"), host("2001:db8::ffff:1"));
        assert_ne!(host("2001:db8::1"), host("2001:db8:0:1::1"));
        assert_eq!(host("198.51.100.1").network(), host("198.51.100.2").network());
        assert_eq!(host("2001:db8::1").network(), host("2001:db8:0:1::1").network());
        assert_eq!(Source::Browser([1; 16]).network(), None);
    }
}
