//! RTP headers: read without allocation, written with one extension at most.
//!
//! # Source
//!
//! RFC 3550 section 5.1 (header), RFC 8285 (header extensions), RFC 4588 (retransmission).

/// What a received RTP header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Last packet of a frame (video) or first of a talk spurt (audio).
    pub is_marked: bool,
    /// Whether the payload ends in padding.
    pub has_padding: bool,
    /// Sequence number on the wire.
    pub sequence: u16,
    /// Sampling instant in units of the codec's clock.
    pub timestamp: u32,
    /// Whose stream this is.
    pub ssrc: u32,
    /// Bytes before the payload, extensions included.
    pub header_bytes: usize,
    /// Where the header extensions are and of which profile; empty without extensions.
    extensions: (usize, usize, u16),
}

/// Bytes of a header without sources and extensions.
pub const FIXED_HEADER_BYTES: usize = 12;

impl RtpHeader {
    /// Reads a header; none when the bytes are not an RTP packet of version 2. Total, no allocation.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let fixed = packet.first_chunk::<FIXED_HEADER_BYTES>()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut header_bytes = FIXED_HEADER_BYTES + 4 * usize::from(fixed[0] & 15);
        let mut extensions = (0, 0, 0);
        if fixed[0] & 0x10 != 0 {
            let prefix = packet.get(header_bytes..header_bytes + 4)?;
            let profile = u16::from_be_bytes([prefix[0], prefix[1]]);
            let extension_bytes = 4 * usize::from(u16::from_be_bytes([prefix[2], prefix[3]]));
            extensions = (header_bytes + 4, extension_bytes, profile);
            header_bytes += 4 + extension_bytes;
        }
        if packet.len() < header_bytes {
            return None;
        }
        Some(Self {
            payload_type: fixed[1] & 0x7f,
            is_marked: fixed[1] & 0x80 != 0,
            has_padding: fixed[0] & 0x20 != 0,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            header_bytes,
            extensions,
        })
    }

    /// Finds one header extension of the packet that this header was read from.
    #[must_use]
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        let (at, length, profile) = self.extensions;
        let mut rest = packet.get(at..at + length)?;
        let is_two_byte = profile & 0xfff0 == 0x1000;
        if !is_two_byte && profile != 0xbede {
            return None;
        }
        loop {
            let (&first, after) = rest.split_first()?;
            if first == 0 {
                rest = after;
                continue;
            }
            let (found, length, after) = if is_two_byte {
                let (&length, after) = after.split_first()?;
                (first, usize::from(length), after)
            } else {
                (first >> 4, usize::from(first & 15) + 1, after)
            };
            if !is_two_byte && found == 15 {
                return None;
            }
            let value = after.get(..length)?;
            if found == id {
                return Some(value);
            }
            rest = &after[length..];
        }
    }

    /// The number of the packet on its transport, by the extension `id`.
    #[must_use]
    pub fn transport_number(&self, packet: &[u8], id: u8) -> Option<u16> {
        self.extension(packet, id)?.first_chunk().map(|number| u16::from_be_bytes(*number))
    }

    /// Cuts the padding off an opened payload; none when the padding is longer than the payload.
    #[must_use]
    pub fn without_padding<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        if !self.has_padding {
            return Some(payload);
        }
        let padding = usize::from(*payload.last()?);
        if padding == 0 {
            return None;
        }
        payload.get(..payload.len().checked_sub(padding)?)
    }
}

/// Writes a header without sources and extensions.
pub fn write_header(
    out: &mut [u8; FIXED_HEADER_BYTES],
    payload_type: u8,
    is_marked: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    out[0] = 0x80;
    out[1] = payload_type & 0x7f | if is_marked { 0x80 } else { 0 };
    out[2..4].copy_from_slice(&sequence.to_be_bytes());
    out[4..8].copy_from_slice(&timestamp.to_be_bytes());
    out[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

/// Bytes of a header extension that holds the number of a packet on its transport.
pub const NUMBER_EXTENSION_BYTES: usize = 8;

/// Adds the extension `id` with the number of the packet on its transport to a header that was written before.
///
/// # Source
///
/// RFC 8285 section 4.2; draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2.
pub fn write_number_extension(
    header: &mut [u8; FIXED_HEADER_BYTES],
    out: &mut [u8; NUMBER_EXTENSION_BYTES],
    id: u8,
    number: u16,
) {
    header[0] |= 0x10;
    let [high, low] = number.to_be_bytes();
    *out = [0xbe, 0xde, 0, 1, id << 4 | 1, high, low, 0];
}

/// Whether a datagram that begins like RTP is RTCP.
///
/// # Source
///
/// RFC 5761 section 4.
#[must_use]
pub fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|second| (192..=223).contains(second))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_written_header_is_read_back() {
        let mut packet = [0; FIXED_HEADER_BYTES];
        write_header(&mut packet, 96, true, 65_535, 90_000, 0xdead_beef);
        let header = RtpHeader::parse(&packet).unwrap();
        assert_eq!((header.payload_type, header.is_marked, header.has_padding), (96, true, false));
        assert_eq!((header.sequence, header.timestamp, header.ssrc), (65_535, 90_000, 0xdead_beef));
        assert_eq!(header.header_bytes, 12);
    }

    #[test]
    fn a_written_number_is_read_back() {
        let mut packet = [0; FIXED_HEADER_BYTES + NUMBER_EXTENSION_BYTES];
        let (header, extension) = packet.split_first_chunk_mut::<FIXED_HEADER_BYTES>().unwrap();
        write_header(header, 96, false, 1, 2, 3);
        write_number_extension(header, extension.try_into().unwrap(), 5, 0x1234);
        let header = RtpHeader::parse(&packet).unwrap();
        assert_eq!((header.header_bytes, header.extension(&packet, 5)), (packet.len(), Some(&[0x12, 0x34][..])));
    }

    #[test]
    fn one_byte_extensions_are_found() {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xbe, 0xde, 0, 2];
        packet.extend_from_slice(&[0x10, 7, 0, 0x41, b'a', b'b', 0, 0]);
        let header = RtpHeader::parse(&packet).unwrap();
        assert_eq!(header.header_bytes, 24);
        assert_eq!(header.extension(&packet, 4), Some(&b"ab"[..]));
        assert_eq!(header.extension(&packet, 1), Some(&[7][..]));
        assert_eq!(header.extension(&packet, 9), None);
    }

    #[test]
    fn two_byte_extensions_are_found() {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0x10, 0, 0, 2];
        packet.extend_from_slice(&[17, 0, 0, 4, 2, b'a', b'b', 0]);
        let header = RtpHeader::parse(&packet).unwrap();
        assert_eq!(header.extension(&packet, 4), Some(&b"ab"[..]));
        assert_eq!(header.extension(&packet, 17), Some(&[][..]));
    }

    #[test]
    fn padding_longer_than_the_payload_is_refused() {
        let header = RtpHeader::parse(&[0xa0, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]).unwrap();
        assert_eq!(header.without_padding(&[1, 2, 0, 2]), Some(&[1, 2][..]));
        assert_eq!(header.without_padding(&[1, 2, 0, 5]), None);
        assert_eq!(header.without_padding(&[0]), None);
        assert_eq!(header.without_padding(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), id: u8) {
            if let Some(header) = RtpHeader::parse(&bytes) {
                prop_assert!(header.header_bytes <= bytes.len());
                let _ = header.extension(&bytes, id);
                let _ = header.without_padding(&bytes[header.header_bytes..]);
            }
        }
    }
}
