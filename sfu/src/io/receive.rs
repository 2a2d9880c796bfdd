use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;
use std::time::SystemTime;

use colloque_sfu_core::{MAX_DATAGRAM_BYTES, Path, Transport};

use super::address::{Control, RawAddress};
use super::socket::UdpPort;

/// Datagrams taken by one system call.
pub const BATCH: usize = 64;

/// Fixed buffers for one `recvmmsg`.
pub struct ReceiveBatch {
    bytes: Box<[[u8; MAX_DATAGRAM_BYTES]; BATCH]>,
    names: Box<[RawAddress; BATCH]>,
    controls: Box<[Control; BATCH]>,
    vectors: Box<[libc::iovec; BATCH]>,
    headers: Box<[libc::mmsghdr; BATCH]>,
}

impl Default for ReceiveBatch {
    fn default() -> Self {
        let mut bytes = boxed([0; MAX_DATAGRAM_BYTES]);
        let mut names = boxed(RawAddress::zeroed());
        let mut controls = boxed(Control::zeroed());
        let mut vectors = boxed(libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 });
        // SAFETY: `mmsghdr` is a plain C struct for which all zeros is a valid value.
        let mut headers = boxed(unsafe { mem::zeroed::<libc::mmsghdr>() });
        for index in 0..BATCH {
            vectors[index] = libc::iovec { iov_base: bytes[index].as_mut_ptr().cast(), iov_len: MAX_DATAGRAM_BYTES };
            let header = &mut headers[index].msg_hdr;
            header.msg_name = (&raw mut names[index]).cast();
            header.msg_iov = &raw mut vectors[index];
            header.msg_iovlen = 1;
            header.msg_control = controls[index].as_mut_ptr();
        }
        Self { bytes, names, controls, vectors, headers }
    }
}

fn boxed<T: Clone>(value: T) -> Box<[T; BATCH]> {
    match vec![value; BATCH].into_boxed_slice().try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("the slice has the array's length"),
    }
}

impl ReceiveBatch {
    /// Takes what has arrived, without waiting; gives the number of datagrams, zero when there is none.
    ///
    /// # Errors
    ///
    /// The system's error, other than "nothing there" and "interrupted".
    pub fn receive(&mut self, port: &UdpPort) -> io::Result<usize> {
        for header in self.headers.iter_mut() {
            header.msg_hdr.msg_namelen = RawAddress::BYTES;
            header.msg_hdr.msg_controllen = if port.wants_local() { Control::BYTES } else { 0 };
            header.msg_hdr.msg_flags = 0;
        }
        // For the oldest: the others wait less.
        self.headers[0].msg_hdr.msg_controllen = Control::BYTES;
        // SAFETY: every header points to one name, one vector and one control buffer in boxes that this value owns and
        // never moves out of; the vectors cover exactly the byte buffers.
        let received = unsafe {
            libc::recvmmsg(
                port.as_raw_fd(),
                self.headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT,
                ptr::null_mut(),
            )
        };
        if received >= 0 {
            return Ok(received as usize);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
            _ => Err(error),
        }
    }

    /// One datagram of the last batch; none when it was longer than the buffer.
    pub fn datagram(&mut self, index: usize) -> Option<(Path, &mut [u8])> {
        let header = &self.headers[index];
        if header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let remote = self.names[index].read()?;
        let local = match header.msg_hdr.msg_controllen {
            0 => None,
            length => self.controls[index].local_address(length),
        };
        let length = (header.msg_len as usize).min(MAX_DATAGRAM_BYTES);
        Some((Path { transport: Transport::Udp, remote, local }, &mut self.bytes[index][..length]))
    }

    /// When the first datagram of the last batch reached the kernel; none where [`UdpPort::stamp_arrivals`] has no effect.
    #[must_use]
    pub fn arrived_at(&self) -> Option<SystemTime> {
        self.controls[0].arrived_at(self.headers[0].msg_hdr.msg_controllen)
    }

    /// Length of the buffers that the headers point to, in bytes.
    #[must_use]
    pub fn capacity_bytes(&self) -> usize {
        self.vectors.iter().map(|vector| vector.iov_len).sum()
    }
}
