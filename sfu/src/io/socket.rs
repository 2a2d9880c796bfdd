use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use socket2::{Domain, Protocol, Socket, Type};

/// One bound UDP port.
pub struct UdpPort {
    socket: UdpSocket,
    is_v6: bool,
    wants_local: bool,
}

impl UdpPort {
    /// Binds `address` with kernel buffers of `buffer_bytes` each way, or what the system allows of it.
    ///
    /// An unspecified IPv6 address takes IPv4 as well. On an unspecified address each datagram brings the address that it
    /// was sent to, so that the answer can leave from there.
    ///
    /// # Errors
    ///
    /// The system's error if the address is not of this machine, taken, or not permitted.
    pub fn bind(address: SocketAddr, buffer_bytes: usize) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        let wants_local = address.ip().is_unspecified();
        if address.is_ipv6() {
            socket.set_only_v6(!wants_local)?;
        }
        // A smaller buffer than asked for loses packets only under load, so a refusal does not stop the start.
        let _ = socket.set_recv_buffer_size(buffer_bytes);
        let _ = socket.set_send_buffer_size(buffer_bytes);
        for option in [libc::SO_RCVBUFFORCE, libc::SO_SNDBUFFORCE] {
            let _ =
                set_option(&socket, libc::SOL_SOCKET, option, libc::c_int::try_from(buffer_bytes).unwrap_or(i32::MAX));
        }
        if wants_local {
            if address.is_ipv6() {
                set_option(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
            } else {
                set_option(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)?;
            }
        }
        socket.bind(&address.into())?;
        Ok(Self { socket: socket.into(), is_v6: address.is_ipv6(), wants_local })
    }

    /// Has the kernel note when each datagram arrives, for [`super::ReceiveBatch::arrived_at`].
    ///
    /// # Errors
    ///
    /// The system's error where it cannot.
    pub fn stamp_arrivals(&self) -> io::Result<()> {
        set_option(&self.socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
    }

    /// The address and port that were bound.
    ///
    /// # Errors
    ///
    /// The system's error, which a bound socket does not give.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub(super) fn is_v6(&self) -> bool {
        self.is_v6
    }

    pub(super) fn wants_local(&self) -> bool {
        self.wants_local
    }
}

impl AsRawFd for UdpPort {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

fn set_option(socket: &impl AsRawFd, level: libc::c_int, option: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the option value is one integer that outlives the call, and its size is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            mem::size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Keeps the calling thread on one core.
///
/// # Errors
///
/// The system's error if the core does not exist or is not allowed.
pub fn pin_to_core(core: usize) -> io::Result<()> {
    if core >= libc::CPU_SETSIZE as usize {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: a core set is a plain bit field for which all zeros is a valid value, `core` is below its size, and the set
    // outlives the call; thread 0 is the calling thread.
    let result = unsafe {
        let mut cores: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(core, &mut cores);
        libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &raw const cores)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
