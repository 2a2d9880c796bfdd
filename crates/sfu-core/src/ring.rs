use crate::arena::MAX_DATAGRAM_BYTES;
use crate::rtp::FIXED_HEADER_BYTES;

/// Packets of audio that stay available for retransmission: 1.3 s at 20 ms each.
///
/// Higher: losses are repaired later. Lower: less memory for each publisher.
pub const AUDIO_RING_PACKETS: usize = 64;
/// Packets of video that stay available for retransmission: 1 s at 2.5 Mbit/s. Costs 384 KB for each published video.
///
/// Higher: losses are repaired later. Lower: less memory for each publisher.
pub const VIDEO_RING_PACKETS: usize = 256;

const PAYLOAD_BYTES: usize = MAX_DATAGRAM_BYTES - FIXED_HEADER_BYTES;

/// One published packet, opened: what every subscriber's copy is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Sequence number with its rollovers.
    pub index: u64,
    pub timestamp: u32,
    pub is_marked: bool,
    /// Without padding; empty for a packet that was padding only.
    pub payload: &'a [u8],
}

/// The last packets of one published track, one copy shared by all subscribers.
pub(crate) struct Ring {
    entries: Box<[Entry]>,
    bytes: Box<[u8]>,
    highest: Option<u64>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// Index plus one; zero is empty.
    occupant: u64,
    timestamp: u32,
    length: u16,
    is_marked: bool,
    /// Whether it came with another packet, or again, and not by itself yet.
    is_repaired: bool,
}

impl Ring {
    /// Makes an empty ring; `packets` is a power of two.
    pub(crate) fn with_packets(packets: usize) -> Self {
        debug_assert!(packets.is_power_of_two());
        Self {
            entries: vec![Entry::default(); packets].into_boxed_slice(),
            bytes: vec![0; packets * PAYLOAD_BYTES].into_boxed_slice(),
            highest: None,
        }
    }

    /// Keeps a packet; false when it is a duplicate, too old or too long, and must not be forwarded.
    pub(crate) fn insert(&mut self, packet: Packet<'_>, is_repaired: bool) -> bool {
        if packet.payload.len() > PAYLOAD_BYTES {
            return false;
        }
        if self.highest.is_some_and(|highest| packet.index + self.entries.len() as u64 <= highest) {
            return false;
        }
        let slot = self.slot(packet.index);
        if self.entries[slot].occupant == packet.index + 1 {
            return false;
        }
        self.entries[slot] = Entry {
            occupant: packet.index + 1,
            timestamp: packet.timestamp,
            length: packet.payload.len() as u16,
            is_marked: packet.is_marked,
            is_repaired,
        };
        let at = slot * PAYLOAD_BYTES;
        self.bytes[at..at + packet.payload.len()].copy_from_slice(packet.payload);
        self.highest = self.highest.max(Some(packet.index));
        true
    }

    /// Records that a packet that was repaired came by itself after all; true the first time.
    pub(crate) fn note_original(&mut self, index: u64) -> bool {
        let slot = self.slot(index);
        let entry = &mut self.entries[slot];
        entry.occupant == index + 1 && std::mem::take(&mut entry.is_repaired)
    }

    /// Finds a packet that is still kept.
    pub(crate) fn find(&self, index: u64) -> Option<Packet<'_>> {
        let slot = self.slot(index);
        let entry = self.entries[slot];
        if entry.occupant != index + 1 {
            return None;
        }
        let at = slot * PAYLOAD_BYTES;
        Some(Packet {
            index,
            timestamp: entry.timestamp,
            is_marked: entry.is_marked,
            payload: &self.bytes[at..at + usize::from(entry.length)],
        })
    }

    pub(crate) fn highest(&self) -> Option<u64> {
        self.highest
    }

    pub(crate) fn packets(&self) -> usize {
        self.entries.len()
    }

    fn slot(&self, index: u64) -> usize {
        (index % self.entries.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn packet(index: u64, payload: &[u8]) -> Packet<'_> {
        Packet { index, timestamp: index as u32 * 3, is_marked: index.is_multiple_of(2), payload }
    }

    #[test]
    fn a_packet_longer_than_a_datagram_is_refused() {
        let mut ring = Ring::with_packets(4);
        assert!(!ring.insert(packet(1, &[0; MAX_DATAGRAM_BYTES]), false));
        assert_eq!(ring.find(1), None);
    }

    proptest! {
        #[test]
        fn the_ring_holds_exactly_the_last_packets(
            steps in proptest::collection::vec((0u64..12, 0u64..12), 1..200),
        ) {
            let mut ring = Ring::with_packets(8);
            let mut kept = BTreeMap::new();
            let mut top = 100u64;
            for (forward, back) in steps {
                top += forward;
                let index = top - back;
                let payload = index.to_be_bytes();
                let highest = kept.last_key_value().map(|(highest, _)| *highest);
                let is_old = highest.is_some_and(|highest| index + 8 <= highest);
                prop_assert_eq!(ring.insert(packet(index, &payload), false), !is_old && !kept.contains_key(&index));
                if !is_old {
                    kept.insert(index, payload);
                }
                let highest = *kept.last_key_value().unwrap().0;
                for (index, payload) in &kept {
                    let expected = (index + 8 > highest).then(|| packet(*index, payload));
                    if expected.is_some() {
                        prop_assert_eq!(ring.find(*index), expected);
                    }
                }
            }
        }
    }
}
