use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use super::socket::UdpPort;

/// Wakes a worker that waits for datagrams.
#[derive(Debug)]
pub struct Waker {
    event: OwnedFd,
}

impl Waker {
    /// Makes a waker.
    ///
    /// # Errors
    ///
    /// The system's error if no descriptor is left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointer.
        let descriptor = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just opened and nothing else owns it.
        Ok(Self { event: unsafe { OwnedFd::from_raw_fd(descriptor) } })
    }

    /// Makes the next or present wait return.
    pub fn wake(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: eight bytes are read from a buffer of eight. A full counter already wakes, so the result does not matter.
        let _ = unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    /// Takes all wake-ups so far.
    pub fn clear(&self) {
        let mut count = [0; 8];
        // SAFETY: at most eight bytes are written to a buffer of eight. Nothing to read is as good as read.
        let _ = unsafe { libc::read(self.event.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

/// Waits until a datagram is there, the waker was used, or `timeout` is over; none waits without end.
///
/// Gives whether the waker was used.
pub fn wait_readable(port: &UdpPort, waker: &Waker, timeout: Option<Duration>) -> bool {
    let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut entries = [entry(port.as_raw_fd()), entry(waker.event.as_raw_fd())];
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: libc::c_long::from(timeout.subsec_nanos()),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: two entries are given and two counted; the timeout is null or outlives the call; the signal mask is left out.
    let ready = unsafe { libc::ppoll(entries.as_mut_ptr(), 2, timeout, std::ptr::null()) };
    ready > 0 && entries[1].revents != 0
}
