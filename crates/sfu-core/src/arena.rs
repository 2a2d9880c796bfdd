use std::net::{IpAddr, SocketAddr};

/// Where the state machine writes what must be sent: one buffer, allocated once, emptied by the shell.
pub struct SendArena {
    bytes: Box<[u8]>,
    used: usize,
    transmits: Vec<Transmit>,
    dropped: u64,
}

/// Where a datagram comes from or goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// What carries it.
    pub transport: Transport,
    /// The client's address.
    pub remote: SocketAddr,
    /// The address of this machine that the client sends to, and wants to be answered from; none when the socket has
    /// only one.
    pub local: Option<IpAddr>,
}

/// What carries datagrams between a client and this server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// As they are.
    Udp,
    /// One after the other in a TCP connection, each behind its length; the number tells the connections apart.
    ///
    /// # Source
    ///
    /// RFC 4571 section 2; RFC 6544.
    Tcp(u32),
}

impl From<SocketAddr> for Path {
    fn from(remote: SocketAddr) -> Self {
        Self { transport: Transport::Udp, remote, local: None }
    }
}

impl Path {
    /// The path through one TCP connection of a client.
    #[must_use]
    pub fn tcp(remote: SocketAddr, connection: u32) -> Self {
        Self { transport: Transport::Tcp(connection), remote, local: None }
    }
}

/// One datagram in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmit {
    /// Where to send it.
    pub to: Path,
    /// Small number shared by the datagrams of one destination, for grouping; [`NO_GROUP`] for a lone datagram.
    pub group: u32,
    offset: u32,
    length: u32,
}

/// Group of a datagram that must not be grouped.
pub const NO_GROUP: u32 = u32::MAX;
/// Largest datagram that is received or sent, in bytes.
pub const MAX_DATAGRAM_BYTES: usize = 1500;
/// Datagrams that an arena holds.
const MAX_TRANSMITS: usize = 2048;
/// Room that one input may need: a packet to seven subscribers, or an answered loss report.
const RESERVE_TRANSMITS: usize = 256;

impl Default for SendArena {
    fn default() -> Self {
        Self {
            bytes: vec![0; MAX_TRANSMITS * MAX_DATAGRAM_BYTES].into_boxed_slice(),
            used: 0,
            transmits: Vec::with_capacity(MAX_TRANSMITS),
            dropped: 0,
        }
    }
}

impl SendArena {
    /// Writes one datagram of at most `capacity` bytes by `write`, which gives the length that it used.
    ///
    /// A full arena drops the datagram and counts it.
    pub fn push(&mut self, to: Path, group: u32, capacity: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        if self.transmits.len() == MAX_TRANSMITS || self.used + capacity > self.bytes.len() {
            self.dropped += 1;
            return;
        }
        let length = write(&mut self.bytes[self.used..self.used + capacity]);
        debug_assert!(length <= capacity);
        if length == 0 {
            return;
        }
        self.transmits.push(Transmit { to, group, offset: self.used as u32, length: length as u32 });
        self.used += length;
    }

    /// The datagrams in the order in which they were written.
    #[must_use]
    pub fn transmits(&self) -> &[Transmit] {
        &self.transmits
    }

    /// The bytes of one datagram of this arena.
    #[must_use]
    pub fn bytes(&self, transmit: &Transmit) -> &[u8] {
        &self.bytes[transmit.offset as usize..(transmit.offset + transmit.length) as usize]
    }

    /// Whether the shell should send now, before it gives the next input.
    #[must_use]
    pub fn should_flush(&self) -> bool {
        self.transmits.len() + RESERVE_TRANSMITS > MAX_TRANSMITS
    }

    /// Forgets everything, after it was sent.
    pub fn clear(&mut self) {
        self.used = 0;
        self.transmits.clear();
    }

    /// Bytes of all datagrams together.
    #[must_use]
    pub fn used_bytes(&self) -> usize {
        self.used
    }

    /// Datagrams dropped because the arena was full, since it was made.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_arena_drops_and_counts() {
        let mut arena = SendArena::default();
        let to = Path::from(SocketAddr::from(([192, 0, 2, 1], 9)));
        for _ in 0..MAX_TRANSMITS + 3 {
            arena.push(to, NO_GROUP, MAX_DATAGRAM_BYTES, |out| out.len());
        }
        assert_eq!((arena.transmits().len(), arena.dropped()), (MAX_TRANSMITS, 3));
        arena.clear();
        arena.push(to, NO_GROUP, 4, |out| {
            out.copy_from_slice(b"abcd");
            3
        });
        assert_eq!(arena.bytes(&arena.transmits()[0]), b"abc");
    }
}
