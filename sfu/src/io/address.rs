use std::mem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An address as the kernel reads and writes it, for either family.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) union RawAddress {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

impl RawAddress {
    pub(super) const BYTES: libc::socklen_t = mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t;

    pub(super) fn zeroed() -> Self {
        // SAFETY: both variants are plain C structs for which all zeros is a valid value.
        unsafe { mem::zeroed() }
    }

    /// Writes `address` for a socket of the given family; IPv4 is mapped on an IPv6 socket. Gives the length in bytes.
    pub(super) fn write(&mut self, address: SocketAddr, is_v6: bool) -> libc::socklen_t {
        *self = Self::zeroed();
        let address = match address {
            SocketAddr::V4(v4) if is_v6 => SocketAddr::V6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0)),
            other => other,
        };
        match address {
            SocketAddr::V4(v4) => {
                self.v4 = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: v4.port().to_be(),
                    sin_addr: in_addr(*v4.ip()),
                    sin_zero: [0; 8],
                };
                mem::size_of::<libc::sockaddr_in>() as libc::socklen_t
            }
            SocketAddr::V6(v6) => {
                self.v6 = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: v6.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                    sin6_scope_id: v6.scope_id(),
                };
                mem::size_of::<libc::sockaddr_in6>() as libc::socklen_t
            }
        }
    }

    /// Reads an address that the kernel wrote, IPv4 unmapped; none for another family.
    pub(super) fn read(&self) -> Option<SocketAddr> {
        // SAFETY: the family is the first field of both variants, and every bit pattern of either is a valid value.
        unsafe {
            match libc::c_int::from(self.v4.sin_family) {
                libc::AF_INET => {
                    let ip = Ipv4Addr::from(u32::from_be(self.v4.sin_addr.s_addr));
                    Some(SocketAddr::from((ip, u16::from_be(self.v4.sin_port))))
                }
                libc::AF_INET6 => {
                    let ip = Ipv6Addr::from(self.v6.sin6_addr.s6_addr);
                    let port = u16::from_be(self.v6.sin6_port);
                    Some(match ip.to_ipv4_mapped() {
                        Some(ip) => SocketAddr::from((ip, port)),
                        None => SocketAddr::V6(SocketAddrV6::new(ip, port, 0, self.v6.sin6_scope_id)),
                    })
                }
                _ => None,
            }
        }
    }
}

pub(super) fn in_addr(ip: Ipv4Addr) -> libc::in_addr {
    libc::in_addr { s_addr: u32::from(ip).to_be() }
}

/// Room for the control messages of one datagram, aligned as the kernel asks.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Control([u8; Self::BYTES]);

impl Control {
    pub(super) const BYTES: usize = 80;

    pub(super) const fn zeroed() -> Self {
        Self([0; Self::BYTES])
    }

    pub(super) fn as_mut_ptr(&mut self) -> *mut libc::c_void {
        self.0.as_mut_ptr().cast()
    }

    /// Reads the address of this machine that a datagram was sent to, from `length` bytes that the kernel wrote.
    pub(super) fn local_address(&self, length: usize) -> Option<IpAddr> {
        self.find(length, |level, kind, data| match (level, kind) {
            // `ipi_spec_dst` follows the interface index: the address to answer from.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => Some(IpAddr::from(<[u8; 4]>::try_from(data.get(4..8)?).ok()?)),
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let ip = Ipv6Addr::from(<[u8; 16]>::try_from(data.get(..16)?).ok()?);
                Some(ip.to_ipv4_mapped().map_or(IpAddr::V6(ip), IpAddr::V4))
            }
            _ => None,
        })
    }

    /// Reads when a datagram reached the kernel, from `length` bytes that the kernel wrote.
    pub(super) fn arrived_at(&self, length: usize) -> Option<SystemTime> {
        self.find(length, |level, kind, data| {
            if (level, kind) != (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
                return None;
            }
            let seconds = i64::from_ne_bytes(data.get(..8)?.try_into().ok()?);
            let nanoseconds = i64::from_ne_bytes(data.get(8..16)?.try_into().ok()?);
            UNIX_EPOCH.checked_add(Duration::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?))
        })
    }

    /// Gives the first control message that `read` understands.
    fn find<T>(&self, length: usize, read: impl Fn(libc::c_int, libc::c_int, &[u8]) -> Option<T>) -> Option<T> {
        let mut at = 0;
        while let Some(header) = self.0[..length.min(Self::BYTES)].get(at..at + HEADER_BYTES) {
            let message_bytes = usize::from_ne_bytes(header[..8].try_into().ok()?);
            let level = libc::c_int::from_ne_bytes(header[8..12].try_into().ok()?);
            let kind = libc::c_int::from_ne_bytes(header[12..16].try_into().ok()?);
            let data = self.0.get(at + HEADER_BYTES..at + message_bytes)?;
            if let Some(found) = read(level, kind, data) {
                return Some(found);
            }
            at += message_bytes.next_multiple_of(8).max(HEADER_BYTES);
        }
        None
    }

    /// Writes what one send needs to say: the segment size, and the address to send from. Gives the length in bytes.
    pub(super) fn write(&mut self, segment_bytes: Option<u16>, local: Option<IpAddr>) -> usize {
        let mut at = 0;
        if let Some(segment_bytes) = segment_bytes {
            at = self.push(at, libc::SOL_UDP, libc::UDP_SEGMENT, &segment_bytes.to_ne_bytes());
        }
        match local {
            Some(IpAddr::V4(ip)) => {
                let mut info = [0; 12];
                info[4..8].copy_from_slice(&ip.octets());
                at = self.push(at, libc::IPPROTO_IP, libc::IP_PKTINFO, &info);
            }
            Some(IpAddr::V6(ip)) => {
                let mut info = [0; 20];
                info[..16].copy_from_slice(&ip.octets());
                at = self.push(at, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &info);
            }
            None => {}
        }
        at
    }

    fn push(&mut self, at: usize, level: libc::c_int, kind: libc::c_int, data: &[u8]) -> usize {
        let message_bytes = HEADER_BYTES + data.len();
        self.0[at..at + 8].copy_from_slice(&message_bytes.to_ne_bytes());
        self.0[at + 8..at + 12].copy_from_slice(&level.to_ne_bytes());
        self.0[at + 12..at + 16].copy_from_slice(&kind.to_ne_bytes());
        self.0[at + HEADER_BYTES..at + message_bytes].copy_from_slice(data);
        at + message_bytes.next_multiple_of(8)
    }
}

/// Bytes of `cmsghdr` where pointers have 64 bits.
const HEADER_BYTES: usize = mem::size_of::<libc::cmsghdr>();
const _: () = assert!(HEADER_BYTES == 16, "control messages are laid out for 64-bit Linux");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_arrival_is_read_behind_an_address() {
        let mut control = Control::zeroed();
        let local = IpAddr::from([192, 0, 2, 7]);
        let at = control.write(None, Some(local));
        let mut time = [0; 16];
        time[..8].copy_from_slice(&1_700_000_000_i64.to_ne_bytes());
        time[8..].copy_from_slice(&5_i64.to_ne_bytes());
        assert_eq!(control.arrived_at(at), None);
        let length = control.push(at, libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &time);
        assert_eq!(control.arrived_at(length), UNIX_EPOCH.checked_add(Duration::new(1_700_000_000, 5)));
        assert_eq!(control.local_address(length), Some(local));
    }

    #[test]
    fn addresses_are_read_back_on_both_families() {
        for (text, is_v6) in [("192.0.2.7:9", false), ("192.0.2.7:9", true), ("[2001:db8::1]:65535", true)] {
            let address: SocketAddr = text.parse().unwrap();
            let mut raw = RawAddress::zeroed();
            raw.write(address, is_v6);
            assert_eq!(raw.read(), Some(address));
        }
    }

    #[test]
    fn a_written_local_address_is_read_back_behind_a_segment_size() {
        for ip in ["192.0.2.7", "2001:db8::1"] {
            let ip: IpAddr = ip.parse().unwrap();
            let mut control = Control::zeroed();
            let length = control.write(Some(1200), Some(ip));
            assert_eq!(control.local_address(length), Some(ip));
        }
    }
}
