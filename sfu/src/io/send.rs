use std::io;
use std::mem;
use std::os::fd::AsRawFd;
use std::ptr;

use colloque_sfu_core::{NO_GROUP, Path, SendArena, Transmit, Transport};

use super::address::{Control, RawAddress};
use super::socket::UdpPort;

/// Segments of one message: the limit of every kernel that has UDP segmentation.
const MAX_SEGMENTS: usize = 64;
/// Bytes of one message, below the limit of an IP datagram.
const MAX_MESSAGE_BYTES: usize = 65_000;
/// Segment that fits the path of nearly every network: what is refused below it is segmentation itself, RFC 8899 section 1.
const MAX_SAFE_SEGMENT_BYTES: usize = 1_200;
/// Messages given to one system call.
const MAX_MESSAGES: usize = 256;
const NONE: u32 = u32::MAX;

/// What became of the datagrams of one arena.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SendCounts {
    /// Datagrams given to the kernel.
    pub datagrams: usize,
    /// Messages that carried them.
    pub messages: usize,
    /// Datagrams that the kernel refused.
    pub refused: usize,
}

/// Scratch space that turns an arena into few system calls: datagrams of one destination and one length go together.
pub struct SendBatch {
    /// First and last datagram of each group in this batch, and which batch wrote them.
    groups: Vec<Chain>,
    batch: u64,
    /// Groups of this batch in the order of their first datagram.
    active: Vec<u32>,
    next: Vec<u32>,
    messages: Vec<Message>,
    vectors: Vec<libc::iovec>,
    names: Vec<RawAddress>,
    controls: Vec<Control>,
    headers: Vec<libc::mmsghdr>,
    can_segment: bool,
}

#[derive(Clone, Copy)]
struct Chain {
    batch: u64,
    last: u32,
    first: u32,
}

#[derive(Clone, Copy)]
struct Message {
    to: Path,
    first_vector: usize,
    vectors: usize,
    segment_bytes: usize,
}

impl SendBatch {
    /// Makes the scratch space; `can_segment` false sends every datagram in a message of its own.
    #[must_use]
    pub fn new(can_segment: bool) -> Self {
        // SAFETY: `mmsghdr` is a plain C struct for which all zeros is a valid value.
        let header = unsafe { mem::zeroed::<libc::mmsghdr>() };
        Self {
            groups: Vec::new(),
            batch: 0,
            active: Vec::new(),
            next: Vec::new(),
            messages: Vec::new(),
            vectors: Vec::new(),
            names: vec![RawAddress::zeroed(); MAX_MESSAGES],
            controls: vec![Control::zeroed(); MAX_MESSAGES],
            headers: vec![header; MAX_MESSAGES],
            can_segment,
        }
    }

    /// Sends everything in the arena that goes by UDP, in order for each destination, and leaves the arena to its owner.
    ///
    /// A kernel or device without segmentation is noticed by its refusal; from then on every datagram goes alone.
    pub fn send(&mut self, port: &UdpPort, arena: &SendArena) -> SendCounts {
        let mut counts = SendCounts::default();
        self.plan(arena);
        let mut from = 0;
        while from < self.messages.len() {
            let sent = self.send_messages(port, from, &mut counts);
            match sent {
                Ok(sent) => from += sent,
                Err(error) => {
                    let message = self.messages[from];
                    let refusal = error.raw_os_error().filter(|_| message.vectors > 1);
                    if let Some(refusal @ (libc::EINVAL | libc::EIO | libc::EOPNOTSUPP)) = refusal {
                        // Segments above the path's limit are invalid too, which says nothing of other destinations.
                        let is_of_path = refusal == libc::EINVAL && message.segment_bytes > MAX_SAFE_SEGMENT_BYTES;
                        self.can_segment &= is_of_path;
                        self.split(from);
                    } else if error.kind() != io::ErrorKind::Interrupted {
                        counts.refused += message.vectors;
                        from += 1;
                    }
                }
            }
        }
        counts
    }

    /// Orders the datagrams by destination and cuts them into messages of equal segments, of which only the last may be
    /// shorter.
    fn plan(&mut self, arena: &SendArena) {
        self.batch += 1;
        self.active.clear();
        self.next.clear();
        self.messages.clear();
        self.vectors.clear();
        let transmits = arena.transmits();
        for (index, transmit) in transmits.iter().enumerate() {
            self.next.push(NONE);
            if transmit.to.transport != Transport::Udp {
                continue;
            }
            if transmit.group == NO_GROUP {
                self.push(arena, transmit, false);
            } else {
                self.chain(transmit.group, index as u32);
            }
        }
        for at in 0..self.active.len() {
            let mut index = self.groups[self.active[at] as usize].first;
            let mut is_first = true;
            while index != NONE {
                self.push(arena, &transmits[index as usize], !is_first);
                is_first = false;
                index = self.next[index as usize];
            }
        }
    }

    fn chain(&mut self, group: u32, index: u32) {
        if self.groups.len() <= group as usize {
            self.groups.resize(group as usize + 1, Chain { batch: 0, first: NONE, last: NONE });
        }
        let chain = &mut self.groups[group as usize];
        if chain.batch == self.batch {
            self.next[chain.last as usize] = index;
            chain.last = index;
        } else {
            *chain = Chain { batch: self.batch, first: index, last: index };
            self.active.push(group);
        }
    }

    /// Adds a datagram to the last message when `may_join` and its segments allow, else begins another.
    fn push(&mut self, arena: &SendArena, transmit: &Transmit, may_join: bool) {
        let bytes = arena.bytes(transmit);
        let vector = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        if may_join
            && self.can_segment
            && let Some(message) = self.messages.last_mut()
        {
            // Only the last segment may be shorter, so a shorter one closes the message.
            let last_bytes = self.vectors[message.first_vector + message.vectors - 1].iov_len;
            let fits = last_bytes == message.segment_bytes
                && bytes.len() <= message.segment_bytes
                && message.vectors < MAX_SEGMENTS
                && (message.vectors + 1) * message.segment_bytes <= MAX_MESSAGE_BYTES
                && message.to == transmit.to;
            if fits {
                message.vectors += 1;
                self.vectors.push(vector);
                return;
            }
        }
        self.messages.push(Message {
            to: transmit.to,
            first_vector: self.vectors.len(),
            vectors: 1,
            segment_bytes: bytes.len(),
        });
        self.vectors.push(vector);
    }

    /// Replaces one message by one for each of its segments.
    fn split(&mut self, at: usize) {
        let Message { to, first_vector, vectors, .. } = self.messages[at];
        let single = (first_vector..first_vector + vectors).map(|first_vector| Message {
            to,
            first_vector,
            vectors: 1,
            segment_bytes: self.vectors[first_vector].iov_len,
        });
        let single: Vec<Message> = single.collect();
        self.messages.splice(at..=at, single);
    }

    fn send_messages(&mut self, port: &UdpPort, from: usize, counts: &mut SendCounts) -> io::Result<usize> {
        let messages = &self.messages[from..];
        let count = messages.len().min(MAX_MESSAGES);
        for (index, message) in messages[..count].iter().enumerate() {
            let header = &mut self.headers[index].msg_hdr;
            header.msg_namelen = self.names[index].write(message.to.remote, port.is_v6());
            header.msg_name = (&raw mut self.names[index]).cast();
            header.msg_iov = &raw mut self.vectors[message.first_vector];
            header.msg_iovlen = message.vectors;
            let segment_bytes = (message.vectors > 1).then_some(message.segment_bytes as u16);
            let control_bytes = self.controls[index].write(segment_bytes, message.to.local);
            header.msg_control = if control_bytes == 0 { ptr::null_mut() } else { self.controls[index].as_mut_ptr() };
            header.msg_controllen = control_bytes;
        }
        // SAFETY: the headers point to names, vectors and control buffers of this value, none of which is moved or resized
        // before the call returns; the vectors point into the arena, which the caller borrows meanwhile. The kernel only
        // reads through them.
        let sent = unsafe { libc::sendmmsg(port.as_raw_fd(), self.headers.as_mut_ptr(), count as libc::c_uint, 0) };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        let sent = sent as usize;
        counts.messages += sent;
        counts.datagrams += self.messages[from..from + sent].iter().map(|message| message.vectors).sum::<usize>();
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::time::Duration;

    use super::*;

    /// A port whose kernel refuses segmentation: it makes no segments without checksums.
    fn without_segmentation() -> UdpPort {
        let port = UdpPort::bind(([127, 0, 0, 1], 0).into(), 1 << 20).unwrap();
        let on: libc::c_int = 1;
        // SAFETY: the option value is one integer that outlives the call, and its size is given.
        let set = unsafe {
            let length = mem::size_of::<libc::c_int>() as libc::socklen_t;
            libc::setsockopt(port.as_raw_fd(), libc::SOL_SOCKET, libc::SO_NO_CHECK, (&raw const on).cast(), length)
        };
        assert_eq!(set, 0);
        port
    }

    fn receiver() -> UdpSocket {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        receiver
    }

    fn arena(to: &UdpSocket, count: u8, bytes: usize) -> SendArena {
        let mut arena = SendArena::default();
        for number in 0..count {
            arena.push(to.local_addr().unwrap().into(), 1, bytes, |out| {
                out.fill(number);
                out.len()
            });
        }
        arena
    }

    fn received(receiver: &UdpSocket, count: u8, bytes: usize) {
        let mut datagram = [0; 2048];
        for number in 0..count {
            let length = receiver.recv(&mut datagram).unwrap();
            assert_eq!((length, datagram[0]), (bytes, number));
        }
    }

    #[test]
    fn datagrams_of_one_destination_leave_in_few_messages() {
        let (port, receiver) = (UdpPort::bind(([127, 0, 0, 1], 0).into(), 1 << 20).unwrap(), receiver());
        let counts = SendBatch::new(true).send(&port, &arena(&receiver, 20, 1_000));
        assert_eq!(counts, SendCounts { datagrams: 20, messages: 1, refused: 0 });
        received(&receiver, 20, 1_000);
    }

    #[test]
    fn where_the_kernel_refuses_segments_every_datagram_arrives_alone_from_then_on() {
        let (port, receiver) = (without_segmentation(), receiver());
        let mut batch = SendBatch::new(true);
        for _ in 0..2 {
            let counts = batch.send(&port, &arena(&receiver, 20, 1_000));
            assert_eq!(counts, SendCounts { datagrams: 20, messages: 20, refused: 0 });
            received(&receiver, 20, 1_000);
        }
        assert!(!batch.can_segment);
    }

    #[test]
    fn segments_above_a_paths_limit_arrive_alone_and_say_nothing_of_other_paths() {
        let (port, receiver) = (without_segmentation(), receiver());
        let mut batch = SendBatch::new(true);
        let counts = batch.send(&port, &arena(&receiver, 5, MAX_SAFE_SEGMENT_BYTES + 1));
        assert_eq!(counts, SendCounts { datagrams: 5, messages: 5, refused: 0 });
        received(&receiver, 5, MAX_SAFE_SEGMENT_BYTES + 1);
        assert!(batch.can_segment);
    }
}
