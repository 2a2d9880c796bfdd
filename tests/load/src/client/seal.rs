//! What a client seals: media, and reports on what arrived.

use std::time::Instant;

use colloque_congestion::ArrivalLog;
use colloque_sfu_core::rtp::{FIXED_HEADER_BYTES, NUMBER_EXTENSION_BYTES, write_header, write_number_extension};
use colloque_sfu_core::srtp::{MAX_RTCP_OVERHEAD_BYTES, MAX_RTP_OVERHEAD_BYTES};

use super::{MAX_OVERHEAD_BYTES, MediaClient, NUMBER_EXTENSION};

impl MediaClient {
    /// Seals a media packet into `out`, which has room for [`MAX_OVERHEAD_BYTES`] and the payload; gives its length, zero
    /// without keys.
    pub fn seal(
        &self,
        ssrc: u32,
        payload_type: u8,
        is_marked: bool,
        index: u64,
        timestamp: u32,
        number: Option<u16>,
        payload: &[u8],
        out: &mut [u8],
    ) -> usize {
        let Some((outbound, _)) = &self.keys else { return 0 };
        let Some((header, rest)) = out.split_first_chunk_mut::<FIXED_HEADER_BYTES>() else { return 0 };
        write_header(header, payload_type, is_marked, index as u16, timestamp, ssrc);
        let mut header_bytes = FIXED_HEADER_BYTES;
        if let Some(number) = number {
            let Some(extension) = rest.first_chunk_mut::<NUMBER_EXTENSION_BYTES>() else { return 0 };
            write_number_extension(header, extension, NUMBER_EXTENSION, number);
            header_bytes += NUMBER_EXTENSION_BYTES;
        }
        out[header_bytes..header_bytes + payload.len()].copy_from_slice(payload);
        outbound.seal_rtp(ssrc, index, header_bytes, out, header_bytes + payload.len())
    }

    /// Seals a media packet of its own buffer.
    #[must_use]
    pub fn sealed(
        &self,
        ssrc: u32,
        payload_type: u8,
        is_marked: bool,
        index: u64,
        timestamp: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        self.sealed_with_number(ssrc, payload_type, is_marked, index, timestamp, None, payload)
    }

    /// Seals a media packet of its own buffer, with its number on the transport if it has one.
    #[must_use]
    pub fn sealed_with_number(
        &self,
        ssrc: u32,
        payload_type: u8,
        is_marked: bool,
        index: u64,
        timestamp: u32,
        number: Option<u16>,
        payload: &[u8],
    ) -> Vec<u8> {
        let mut out = vec![0; MAX_OVERHEAD_BYTES + payload.len()];
        let length = self.seal(ssrc, payload_type, is_marked, index, timestamp, number, payload, &mut out);
        out.truncate(length);
        out
    }

    /// Seals a packet whose header the caller wrote: the first `header_bytes` of `packet`.
    #[must_use]
    pub fn sealed_whole(&self, ssrc: u32, index: u64, header_bytes: usize, mut packet: Vec<u8>) -> Vec<u8> {
        let Some((outbound, _)) = &self.keys else { return Vec::new() };
        let plain_bytes = packet.len();
        packet.resize(plain_bytes + MAX_RTP_OVERHEAD_BYTES, 0);
        let length = outbound.seal_rtp(ssrc, index, header_bytes, &mut packet, plain_bytes);
        packet.truncate(length);
        packet
    }

    /// Seals the next report of what arrived; nothing without keys.
    pub fn sealed_arrivals(&mut self, arrivals: &mut ArrivalLog, now: Instant) -> Vec<u8> {
        let mut plain = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        arrivals.write_report(now, |bytes| plain.extend_from_slice(bytes));
        let words = (plain.len() / 4 - 1) as u16;
        plain[2..4].copy_from_slice(&words.to_be_bytes());
        self.sealed_rtcp(&plain)
    }

    /// Seals a compound of reports; nothing without keys.
    pub fn sealed_rtcp(&mut self, plain: &[u8]) -> Vec<u8> {
        let Some((outbound, _)) = &self.keys else { return Vec::new() };
        let mut out = plain.to_vec();
        out.resize(plain.len() + MAX_RTCP_OVERHEAD_BYTES, 0);
        let length = outbound.seal_rtcp(self.rtcp_index, &mut out, plain.len());
        self.rtcp_index += 1;
        out.truncate(length);
        out
    }
}
