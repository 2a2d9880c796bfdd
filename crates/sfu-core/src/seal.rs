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
    /// Header extension that carries the number of the packet on the transport, and the number.
    pub number: Option<(u8, u16)>,
    /// For a retransmission: the sequence number of the packet that is repeated.
    pub repeats: Option<u16>,
}

impl Outgoing {
    /// Bytes of the packet on the line, with the headers of UDP and IP.
    pub(crate) const fn line_bytes(has_number: bool, is_repeat: bool, payload_bytes: usize) -> usize {
        plain_bytes(has_number, is_repeat, payload_bytes) + MAX_RTP_OVERHEAD_BYTES + LINE_OVERHEAD_BYTES
    }

    /// Whether a payload fits a datagram.
    pub(crate) const fn fits(has_number: bool, is_repeat: bool, payload_bytes: usize) -> bool {
        plain_bytes(has_number, is_repeat, payload_bytes) + MAX_RTP_OVERHEAD_BYTES <= MAX_DATAGRAM_BYTES
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
        self.send_with(secure, group, to, payload.len(), out, |room| {
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
        self.send_with(secure, group, to, payload.bytes(), out, |room| payload.write(codec, room));
    }

    /// Sends a packet of which every byte is padding.
    ///
    /// # Source
    ///
    /// RFC 3550 section 5.1: the last byte counts the padding.
    pub(crate) fn send_padding(&self, secure: &Secure, group: u32, to: Path, bytes: u8, out: &mut SendArena) {
        self.send_with(secure, group, to, usize::from(bytes), out, |room| {
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
        out: &mut SendArena,
        write: impl FnOnce(&mut [u8]),
    ) {
        let (has_number, is_repeat) = (self.number.is_some(), self.repeats.is_some());
        if !Self::fits(has_number, is_repeat, payload_bytes) {
            return;
        }
        let plain_bytes = plain_bytes(has_number, is_repeat, payload_bytes);
        out.push(to, group, plain_bytes + MAX_RTP_OVERHEAD_BYTES, |buffer| {
            let (header, mut rest) = buffer.split_at_mut(FIXED_HEADER_BYTES);
            let header: &mut [u8; FIXED_HEADER_BYTES] = header.try_into().expect("it was split there");
            write_header(header, self.payload_type, self.is_marked, self.index as u16, self.timestamp, self.ssrc);
            let mut header_bytes = FIXED_HEADER_BYTES;
            if let Some((id, number)) = self.number {
                let (extension, after) = rest.split_at_mut(NUMBER_EXTENSION_BYTES);
                let extension = extension.try_into().expect("it was split there");
                write_number_extension(header, extension, id, number);
                header_bytes += NUMBER_EXTENSION_BYTES;
                rest = after;
            }
            if let Some(sequence) = self.repeats {
                let (prefix, after) = rest.split_at_mut(2);
                prefix.copy_from_slice(&sequence.to_be_bytes());
                rest = after;
            }
            write(&mut rest[..payload_bytes]);
            secure.outbound.seal_rtp(self.ssrc, self.index, header_bytes, buffer, plain_bytes)
        });
    }
}

const fn plain_bytes(has_number: bool, is_repeat: bool, payload_bytes: usize) -> usize {
    let extension_bytes = if has_number { NUMBER_EXTENSION_BYTES } else { 0 };
    let prefix_bytes = if is_repeat { 2 } else { 0 };
    FIXED_HEADER_BYTES + extension_bytes + prefix_bytes + payload_bytes
}
