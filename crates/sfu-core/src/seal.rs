use crate::arena::{MAX_DATAGRAM_BYTES, Path, SendArena};
use crate::peer::Secure;
use crate::red::Redundant;
use crate::rtp::{FIXED_HEADER_BYTES, NUMBER_EXTENSION_BYTES, write_header, write_number_extension};
use crate::srtp::MAX_RTP_OVERHEAD_BYTES;
use crate::vp8::PictureNames;

/// Bytes of the headers of UDP and IP, which a packet takes on the line as well.
pub(crate) const LINE_OVERHEAD_BYTES: usize = 28;

/// An RTP packet that this server sends, but for its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing {
    pub payload_type: u8,
    pub is_marked: bool,
    pub ssrc: u32,
    pub index: u64,
    pub timestamp: u32,
    pub extensions: Extensions,
    /// For a retransmission: the sequence number of the packet that is repeated.
    pub repeats: Option<u16>,
}

impl Outgoing {
    /// Bytes of the packet on the line, with the headers of UDP and IP.
    pub(crate) const fn line_bytes(extensions: &Extensions, is_repeat: bool, payload_bytes: usize) -> usize {
        plain_bytes(extensions, is_repeat, payload_bytes) + MAX_RTP_OVERHEAD_BYTES + LINE_OVERHEAD_BYTES
    }

    /// Whether a payload fits a datagram.
    pub(crate) const fn fits(extensions: &Extensions, is_repeat: bool, payload_bytes: usize) -> bool {
        plain_bytes(extensions, is_repeat, payload_bytes) + MAX_RTP_OVERHEAD_BYTES <= MAX_DATAGRAM_BYTES
    }

    /// Writes and seals the packet, with the names of its picture shifted; what does not fit a datagram is left out.
    pub(crate) fn send(
        &self,
        secure: &Secure,
        group: u32,
        to: Path,
        payload: &[u8],
        names_shift: PictureNames,
        out: &mut SendArena,
    ) {
        self.send_with(secure, group, to, payload.len(), false, out, |room| {
            room.copy_from_slice(payload);
            names_shift.shift(room);
        });
    }

    /// Sends a packet that repeats others before it, all of the format `codec`.
    pub(crate) fn send_redundant(
        &self,
        secure: &Secure,
        group: u32,
        to: Path,
        codec: u8,
        payload: &Redundant<'_>,
        out: &mut SendArena,
    ) {
        self.send_with(secure, group, to, payload.bytes(), false, out, |room| payload.write(codec, room));
    }

    /// Sends a packet of which every byte is padding.
    ///
    /// # Source
    ///
    /// RFC 3550 section 5.1: a bit of the header tells that there is padding, and the last byte counts it. Without that bit a
    /// client takes the packet for the retransmission of a packet with the number zero.
    pub(crate) fn send_padding(&self, secure: &Secure, group: u32, to: Path, bytes: u8, out: &mut SendArena) {
        self.send_with(secure, group, to, usize::from(bytes), true, out, |room| {
            room.fill(0);
            if let Some(last) = room.last_mut() {
                *last = bytes;
            }
        });
    }

    fn send_with(
        &self,
        secure: &Secure,
        group: u32,
        to: Path,
        payload_bytes: usize,
        is_padding: bool,
        out: &mut SendArena,
        write: impl FnOnce(&mut [u8]),
    ) {
        let is_repeat = self.repeats.is_some();
        if !Self::fits(&self.extensions, is_repeat, payload_bytes) {
            return;
        }
        let plain_bytes = plain_bytes(&self.extensions, is_repeat, payload_bytes);
        out.push(to, group, plain_bytes + MAX_RTP_OVERHEAD_BYTES, |buffer| {
            let (header, mut rest) = buffer.split_at_mut(FIXED_HEADER_BYTES);
            let header: &mut [u8; FIXED_HEADER_BYTES] = header.try_into().expect("it was split there");
            write_header(header, self.payload_type, self.is_marked, self.index as u16, self.timestamp, self.ssrc);
            header[0] |= u8::from(is_padding) << 5;
            let extension_bytes = self.extensions.bytes();
            let (extensions, after) = rest.split_at_mut(extension_bytes);
            self.extensions.write(header, extensions);
            rest = after;
            if let Some(sequence) = self.repeats {
                let (prefix, after) = rest.split_at_mut(2);
                prefix.copy_from_slice(&sequence.to_be_bytes());
                rest = after;
            }
            write(&mut rest[..payload_bytes]);
            secure.outbound.seal_rtp(self.ssrc, self.index, FIXED_HEADER_BYTES + extension_bytes, buffer, plain_bytes)
        });
    }
}

const fn plain_bytes(extensions: &Extensions, is_repeat: bool, payload_bytes: usize) -> usize {
    let prefix_bytes = if is_repeat { 2 } else { 0 };
    FIXED_HEADER_BYTES + extensions.bytes() + prefix_bytes + payload_bytes
}

/// Header extensions of a packet, each with the id that the client gave it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extensions {
    /// The number of the packet on the transport.
    pub number: Option<(u8, u16)>,
    /// How long the client may hold the picture back before it shows it: [`PLAYOUT`].
    pub playout: Option<u8>,
}

/// Least and most that a picture is held back, in hundredths of a second, twelve bits each.
///
/// A picture that is held back holds the voice back as well, as both are played in step. Higher: fewer pictures are late on a bad
/// network. Lower: people interrupt each other less. A least of nothing would have Chromium show pictures as they come.
const PLAYOUT: [u8; 3] = [0x00, 0x10, 50];

impl Extensions {
    /// Bytes of the extensions with their own header, in whole words.
    pub(crate) const fn bytes(&self) -> usize {
        match (self.number.is_some(), self.playout.is_some()) {
            (false, false) => 0,
            (true, false) => NUMBER_EXTENSION_BYTES,
            (false, true) => 8,
            (true, true) => 12,
        }
    }

    /// # Source
    ///
    /// RFC 8285 section 4.2 (the form); libwebrtc's `playout-delay` extension (twelve bits each for the least and the most).
    fn write(&self, header: &mut [u8; FIXED_HEADER_BYTES], out: &mut [u8]) {
        match (self.number, self.playout) {
            (None, None) => {}
            (Some((id, number)), None) => {
                let out = out.try_into().expect("its length follows from the same extensions");
                write_number_extension(header, out, id, number);
            }
            (None, Some(playout)) => {
                header[0] |= 0x10;
                out.copy_from_slice(&[0xbe, 0xde, 0, 1, playout << 4 | 2, PLAYOUT[0], PLAYOUT[1], PLAYOUT[2]]);
            }
            (Some((id, number)), Some(playout)) => {
                header[0] |= 0x10;
                let [high, low] = number.to_be_bytes();
                out[..4].copy_from_slice(&[0xbe, 0xde, 0, 2]);
                out[4..7].copy_from_slice(&[id << 4 | 1, high, low]);
                out[7..].copy_from_slice(&[playout << 4 | 2, PLAYOUT[0], PLAYOUT[1], PLAYOUT[2], 0]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::rtp::RtpHeader;
    use crate::srtp::{InboundStream, Profile, SessionKeys};

    #[test]
    fn a_packet_of_padding_says_so() {
        let keys = || SessionKeys::derive(Profile::AeadAes256Gcm, &[1; 32], &[2; 12]);
        let secure = Secure { inbound: keys(), outbound: keys(), rtcp_index: 0, inbound_rtcp: Vec::new() };
        let packet = Outgoing {
            payload_type: 97,
            is_marked: false,
            ssrc: 5,
            index: 7,
            timestamp: 9,
            extensions: Extensions { number: Some((5, 3)), playout: None },
            repeats: None,
        };
        let opened_without_padding = |send: &dyn Fn(&mut SendArena)| {
            let mut out = SendArena::default();
            send(&mut out);
            let mut bytes = out.bytes(&out.transmits()[0]).to_vec();
            let header = RtpHeader::parse(&bytes).unwrap();
            let opened = keys().open_rtp(&mut InboundStream::default(), 5, 7, header.header_bytes, &mut bytes);
            header.without_padding(&bytes[header.header_bytes..opened.unwrap().1]).map(<[u8]>::to_vec)
        };
        let to = Path::from(SocketAddr::from(([192, 0, 2, 1], 9)));
        assert_eq!(opened_without_padding(&|out| packet.send_padding(&secure, 0, to, 255, out)), Some(Vec::new()));
        assert_eq!(
            opened_without_padding(&|out| packet.send(&secure, 0, to, b"media", PictureNames::default(), out)),
            Some(b"media".to_vec())
        );
    }
}
