use std::time::{Duration, Instant};

use colloque_ids::PeerId;

use crate::arena::{MAX_DATAGRAM_BYTES, NO_GROUP, Path, SendArena};
use crate::budget::Spent;
use crate::dtls::DtlsTransport;
use crate::ice::IceAgent;
use crate::ring::Packet;
use crate::rtcp::CompoundWriter;
use crate::rtp::{FIXED_HEADER_BYTES, RtpHeader, write_header};
use crate::sdp::{Mid, PayloadTypes};
use crate::slot::{Mapped, Slot};
use crate::srtp::{InboundStream, MAX_RTCP_OVERHEAD_BYTES, MAX_RTP_OVERHEAD_BYTES, SessionKeys};
use crate::track::TrackKind;

/// Streams that one peer may send, retransmissions included: three tracks, and as many again after a change of streams.
pub(crate) const MAX_INBOUND_STREAMS: usize = 16;
/// Silence after which a peer counts as lost.
///
/// Higher: a dead connection is shown later. Lower: a short outage of the radio link is shown as a loss.
pub const PEER_LOST_AFTER: Duration = Duration::from_secs(5);
/// Silence after which a peer is removed.
pub const PEER_GONE_AFTER: Duration = Duration::from_secs(30);
/// Round trip assumed until the first report proves one.
const ASSUMED_ROUND_TRIP: Duration = Duration::from_millis(100);

/// One WebRTC transport.
pub(crate) struct Peer {
    pub id: PeerId,
    /// Key of the room.
    pub room: usize,
    /// Own key: groups what is sent to this peer.
    pub key: usize,
    /// Order of arrival.
    pub joined: u64,
    pub ice: IceAgent,
    pub dtls: DtlsTransport,
    pub secure: Option<Secure>,
    pub lines: Vec<MediaLine>,
    pub heard_at: Instant,
    pub is_lost: bool,
    /// Whether the next tick looks at this peer, out of turn.
    pub is_urgent: bool,
    /// Whether a cap must be told to the publisher before its next turn.
    pub owes_report: bool,
    pub round_trip: Duration,
    /// Survives a change of transport: a new offer brings no new budget.
    pub spent: Spent,
    inbound: Vec<Inbound>,
}

/// Keys of a transport whose handshake is complete.
pub(crate) struct Secure {
    pub inbound: SessionKeys,
    pub outbound: SessionKeys,
    pub rtcp_index: u32,
    /// Replay state of the client's RTCP, by the SSRC that it is sent from.
    pub inbound_rtcp: Vec<(u32, InboundStream)>,
}

/// One accepted media line, with what the client publishes on it and what it is sent on it.
pub(crate) struct MediaLine {
    pub mid: Mid,
    pub types: PayloadTypes,
    pub mid_extension: Option<u8>,
    pub ssrc: Option<u32>,
    pub rtx_ssrc: Option<u32>,
    pub has_nack: bool,
    pub track: Option<usize>,
    pub slot: Option<Slot>,
}

/// One stream that the client sends.
struct Inbound {
    ssrc: u32,
    line: usize,
    is_rtx: bool,
    stream: InboundStream,
}

/// An opened packet of a peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    pub line: usize,
    pub is_rtx: bool,
    /// Index in the stream that carried it, which is the retransmission stream when `is_rtx`.
    pub index: u64,
    /// Header and payload together, in bytes.
    pub plain_bytes: usize,
}

impl Peer {
    pub(crate) fn new(
        id: PeerId,
        room: usize,
        key: usize,
        joined: u64,
        ice: IceAgent,
        dtls: DtlsTransport,
        now: Instant,
    ) -> Self {
        Self {
            id,
            room,
            key,
            joined,
            ice,
            dtls,
            secure: None,
            lines: Vec::new(),
            heard_at: now,
            is_lost: false,
            is_urgent: false,
            owes_report: false,
            round_trip: ASSUMED_ROUND_TRIP,
            spent: Spent::new(now),
            inbound: Vec::new(),
        }
    }

    /// Forgets what belonged to an earlier transport of this peer.
    pub(crate) fn replace_transport(&mut self, ice: IceAgent, dtls: DtlsTransport, now: Instant) {
        self.ice = ice;
        self.dtls = dtls;
        self.secure = None;
        self.lines = Vec::new();
        self.inbound = Vec::new();
        self.heard_at = now;
    }

    /// Opens an RTP packet in place; none when it is not of this peer, damaged, replayed or of an unknown stream.
    pub(crate) fn open_rtp(&mut self, header: &RtpHeader, packet: &mut [u8]) -> Option<Opened> {
        let secure = self.secure.as_ref()?;
        if let Some(inbound) = self.inbound.iter_mut().find(|inbound| inbound.ssrc == header.ssrc) {
            let (index, plain_bytes) = secure
                .inbound
                .open_rtp(&mut inbound.stream, header.ssrc, header.sequence, header.header_bytes, packet)
                .ok()?;
            return Some(Opened { line: inbound.line, is_rtx: inbound.is_rtx, index, plain_bytes });
        }
        if self.inbound.len() == MAX_INBOUND_STREAMS {
            return None;
        }
        let (line, is_rtx) = self.line_of(header, packet)?;
        let mut stream = InboundStream::default();
        let (index, plain_bytes) =
            secure.inbound.open_rtp(&mut stream, header.ssrc, header.sequence, header.header_bytes, packet).ok()?;
        self.inbound.push(Inbound { ssrc: header.ssrc, line, is_rtx, stream });
        Some(Opened { line, is_rtx, index, plain_bytes })
    }

    /// Where a stream that was not seen before belongs: by its announced number, or by the name in its packets.
    fn line_of(&self, header: &RtpHeader, packet: &[u8]) -> Option<(usize, bool)> {
        let announced = self.lines.iter().position(|line| line.ssrc == Some(header.ssrc));
        if let Some(line) = announced {
            return Some((line, false));
        }
        if let Some(line) = self.lines.iter().position(|line| line.rtx_ssrc == Some(header.ssrc)) {
            return Some((line, true));
        }
        let named = |line: &MediaLine| {
            line.mid_extension.and_then(|id| header.extension(packet, id)) == Some(line.mid.as_bytes())
        };
        let line = self.lines.iter().position(named)?;
        let types = self.lines[line].types;
        if header.payload_type == types.codec {
            return Some((line, false));
        }
        (Some(header.payload_type) == types.rtx).then_some((line, true))
    }

    /// Opens a compound RTCP packet in place and gives its plain length.
    pub(crate) fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let secure = self.secure.as_mut()?;
        let ssrc = u32::from_be_bytes(packet.get(4..8)?.try_into().ok()?);
        if let Some((_, stream)) = secure.inbound_rtcp.iter_mut().find(|(known, _)| *known == ssrc) {
            return secure.inbound.open_rtcp(stream, packet).ok();
        }
        if secure.inbound_rtcp.len() == MAX_INBOUND_STREAMS {
            return None;
        }
        let mut stream = InboundStream::default();
        let plain_bytes = secure.inbound.open_rtcp(&mut stream, packet).ok()?;
        secure.inbound_rtcp.push((ssrc, stream));
        Some(plain_bytes)
    }

    /// Sends one packet of a track on one line, if its stream can take it.
    pub(crate) fn forward(
        &mut self,
        line: usize,
        packet: &Packet<'_>,
        is_keyframe: bool,
        now: Instant,
        out: &mut SendArena,
    ) {
        let Some(to) = self.ice.selected() else { return };
        let Some(secure) = &self.secure else { return };
        let Some(slot) = self.lines.get_mut(line).and_then(|line| line.slot.as_mut()) else { return };
        let Some(mapped) = slot.map(packet, is_keyframe, now) else { return };
        seal_media(secure, slot, self.key, to, packet, mapped, out);
    }

    /// Sends a packet again that the subscriber missed, as RTX where the client can read it.
    pub(crate) fn resend(
        &mut self,
        line: usize,
        packet: &Packet<'_>,
        ring_packets: usize,
        now: Instant,
        out: &mut SendArena,
    ) {
        let Some(to) = self.ice.selected() else { return };
        let Some(secure) = &self.secure else { return };
        let Some(slot) = self.lines.get_mut(line).and_then(|line| line.slot.as_mut()) else { return };
        let Some(mapped) = slot.place(packet) else { return };
        if !slot.may_resend(packet, ring_packets, now) {
            return;
        }
        match (slot.types.rtx, slot.rtx_ssrc) {
            (Some(payload_type), Some(ssrc)) => {
                seal_rtx(secure, slot, payload_type, ssrc, self.key, to, packet, mapped, out);
            }
            _ => seal_media(secure, slot, self.key, to, packet, mapped, out),
        }
    }

    /// Writes, seals and sends one compound RTCP packet.
    pub(crate) fn send_rtcp(&mut self, out: &mut SendArena, write: impl FnOnce(&mut CompoundWriter<'_>)) {
        let Some(to) = self.ice.selected() else { return };
        let Some(secure) = &mut self.secure else { return };
        out.push(to, NO_GROUP, CompoundWriter::MAX_BYTES + MAX_RTCP_OVERHEAD_BYTES, |buffer| {
            let mut writer = CompoundWriter::new(&mut buffer[..CompoundWriter::MAX_BYTES]);
            write(&mut writer);
            let plain_bytes = writer.length();
            if plain_bytes == 0 {
                return 0;
            }
            let sealed = secure.outbound.seal_rtcp(secure.rtcp_index, buffer, plain_bytes);
            secure.rtcp_index = (secure.rtcp_index + 1) & 0x7fff_ffff;
            sealed
        });
    }

    /// The SSRC that this server's feedback to the peer is sent from.
    pub(crate) fn feedback_ssrc(&self) -> u32 {
        self.lines.iter().find_map(|line| line.slot.as_ref()).map_or(2, |slot| slot.ssrc)
    }

    /// The line whose stream to this peer has the number `ssrc`.
    pub(crate) fn line_sending(&self, ssrc: u32) -> Option<usize> {
        self.lines.iter().position(|line| line.slot.as_ref().is_some_and(|slot| slot.ssrc == ssrc))
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.secure.is_some()
    }

    /// Whether datagrams from `path` are this peer's, whoever else claims the address.
    pub(crate) fn holds(&self, path: Path, now: Instant) -> bool {
        let silence = now.saturating_duration_since(self.heard_at);
        self.is_connected() && silence < PEER_LOST_AFTER && self.ice.holds(path, now)
    }
}

fn seal_media(
    secure: &Secure,
    slot: &Slot,
    key: usize,
    to: Path,
    packet: &Packet<'_>,
    mapped: Mapped,
    out: &mut SendArena,
) {
    let plain_bytes = FIXED_HEADER_BYTES + packet.payload.len();
    if plain_bytes + MAX_RTP_OVERHEAD_BYTES > MAX_DATAGRAM_BYTES {
        return;
    }
    out.push(to, key as u32, plain_bytes + MAX_RTP_OVERHEAD_BYTES, |buffer| {
        let (header, payload) = buffer.split_at_mut(FIXED_HEADER_BYTES);
        let header: &mut [u8; FIXED_HEADER_BYTES] = header.try_into().expect("it was split there");
        write_header(header, slot.types.codec, packet.is_marked, mapped.index as u16, mapped.timestamp, slot.ssrc);
        payload[..packet.payload.len()].copy_from_slice(packet.payload);
        secure.outbound.seal_rtp(slot.ssrc, mapped.index, FIXED_HEADER_BYTES, buffer, plain_bytes)
    });
}

/// Wraps a packet for the retransmission stream.
///
/// # Source
///
/// RFC 4588 section 4: the original sequence number stands before the payload.
fn seal_rtx(
    secure: &Secure,
    slot: &mut Slot,
    payload_type: u8,
    ssrc: u32,
    key: usize,
    to: Path,
    packet: &Packet<'_>,
    mapped: Mapped,
    out: &mut SendArena,
) {
    let plain_bytes = FIXED_HEADER_BYTES + 2 + packet.payload.len();
    if plain_bytes + MAX_RTP_OVERHEAD_BYTES > MAX_DATAGRAM_BYTES {
        return;
    }
    let index = slot.take_rtx_index();
    out.push(to, key as u32, plain_bytes + MAX_RTP_OVERHEAD_BYTES, |buffer| {
        let (header, payload) = buffer.split_at_mut(FIXED_HEADER_BYTES);
        let header: &mut [u8; FIXED_HEADER_BYTES] = header.try_into().expect("it was split there");
        write_header(header, payload_type, packet.is_marked, index as u16, mapped.timestamp, ssrc);
        payload[..2].copy_from_slice(&(mapped.index as u16).to_be_bytes());
        payload[2..2 + packet.payload.len()].copy_from_slice(packet.payload);
        secure.outbound.seal_rtp(ssrc, index, FIXED_HEADER_BYTES, buffer, plain_bytes)
    });
}

impl MediaLine {
    pub(crate) fn kind(&self) -> Option<TrackKind> {
        self.slot.as_ref().map(|slot| slot.kind)
    }
}
