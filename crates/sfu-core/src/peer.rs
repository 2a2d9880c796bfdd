use std::time::{Duration, Instant};

use colloque_congestion::ArrivalLog;
use colloque_ids::PeerId;

use crate::arena::{Path, SendArena};
use crate::budget::Spent;
use crate::downlink::Downlink;
use crate::dtls::DtlsTransport;
use crate::ice::IceAgent;
use crate::links::LossMean;
use crate::rtcp::CompoundWriter;
use crate::rtp::RtpHeader;
use crate::sdp::{Mid, PayloadTypes, Rid};
use crate::share::LinkTold;
use crate::slot::Slot;
use crate::srtp::{InboundStream, MAX_RTCP_OVERHEAD_BYTES, SessionKeys};
use crate::track::{PLACES, TrackKind};

/// Streams that one peer may send, retransmissions included: a voice, a screen and three layers of a camera, and as many again
/// after a change of streams.
pub(crate) const MAX_INBOUND_STREAMS: usize = 20;
/// Silence after which a peer counts as lost.
///
/// Higher: a dead connection is shown later. Lower: a short outage of the radio link is shown as a loss.
pub const PEER_LOST_AFTER: Duration = Duration::from_secs(5);
/// Silence after which a peer is removed.
pub const PEER_GONE_AFTER: Duration = Duration::from_secs(30);
/// Round trip assumed until the first report proves one.
pub(crate) const ASSUMED_ROUND_TRIP: Duration = Duration::from_millis(100);

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
    /// Whether a report on arrivals is due, and leaves with the next packet to this peer.
    pub owes_feedback: bool,
    pub round_trip: Duration,
    /// What the peer's link carries; none for a client that does not report on numbered packets.
    pub downlink: Option<Box<Downlink>>,
    /// What the peer's client says that it can receive, in bits per second; believed where there is no [`Downlink`].
    pub receivable_bps: Option<u64>,
    /// Arrivals of the peer's numbered packets.
    pub arrivals: Option<Box<ArrivalLog>>,
    /// The cap that the peer was told last, in bits per second.
    pub told_bps: u64,
    /// What was last said of this peer's link.
    pub link_told: Option<LinkTold>,
    /// What is lost of the peer's voice on the way to this server.
    pub uplink_loss: LossMean,
    /// Whether something waits for the peer's link.
    pub is_paced: bool,
    /// Keys of the others whom the peer hears and sees, by the place of the lines that show them.
    pub places: [Option<usize>; PLACES],
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
    /// Header extension that numbers packets on the transport, both ways.
    pub number_extension: Option<u8>,
    /// Header extension that bounds how long the client holds a picture back.
    pub playout_extension: Option<u8>,
    pub ssrc: Option<u32>,
    pub rtx_ssrc: Option<u32>,
    /// Header extensions that carry an encoding's name, in its packets and in retransmissions of them.
    pub rid_extension: Option<u8>,
    pub repaired_rid_extension: Option<u8>,
    /// Names of the encodings that the client sends at once, poorest first; empty for one without a name.
    pub layers: Vec<Rid>,
    pub has_nack: bool,
    /// Which of the others the line shows.
    pub place: usize,
    /// What the client publishes, one track for each encoding, in the order of `layers`.
    pub tracks: Vec<usize>,
    pub slot: Option<Slot>,
}

/// One stream that the client sends.
struct Inbound {
    ssrc: u32,
    /// Unknown after a renegotiation, until its next packet.
    place: Option<StreamPlace>,
    stream: InboundStream,
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StreamPlace {
    line: usize,
    /// Which of the line's encodings.
    layer: usize,
    is_rtx: bool,
}

/// An opened packet of a peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    pub line: usize,
    /// Which of the line's encodings.
    pub layer: usize,
    pub is_rtx: bool,
    /// Whether nothing of the stream was opened before.
    pub is_first: bool,
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
            owes_feedback: false,
            round_trip: ASSUMED_ROUND_TRIP,
            downlink: None,
            receivable_bps: None,
            arrivals: None,
            told_bps: 0,
            link_told: None,
            uplink_loss: LossMean::default(),
            is_paced: false,
            places: [None; PLACES],
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
        self.downlink = None;
        self.receivable_bps = None;
        self.arrivals = None;
        self.told_bps = 0;
        self.link_told = None;
        self.uplink_loss = LossMean::default();
        self.heard_at = now;
    }

    /// Opens an RTP packet in place; none when it is not of this peer, damaged, replayed or of an unknown stream.
    pub(crate) fn open_rtp(&mut self, header: &RtpHeader, packet: &mut [u8]) -> Option<Opened> {
        let secure = self.secure.as_ref()?;
        let known = self.inbound.iter().position(|inbound| inbound.ssrc == header.ssrc);
        let place = match known.and_then(|known| self.inbound[known].place) {
            Some(place) => place,
            None if known.is_none() && self.inbound.len() == MAX_INBOUND_STREAMS => return None,
            None => self.place_of(header, packet)?,
        };
        let mut first = InboundStream::default();
        let stream = known.map_or(&mut first, |known| &mut self.inbound[known].stream);
        let (index, plain_bytes) =
            secure.inbound.open_rtp(stream, header.ssrc, header.sequence, header.header_bytes, packet).ok()?;
        match known {
            Some(known) => self.inbound[known].place = Some(place),
            None => self.inbound.push(Inbound { ssrc: header.ssrc, place: Some(place), stream: first }),
        }
        let StreamPlace { line, layer, is_rtx } = place;
        Some(Opened { line, layer, is_rtx, is_first: known.is_none(), index, plain_bytes })
    }

    /// Numbers of the streams that were opened.
    pub(crate) fn inbound_ssrcs(&self) -> impl Iterator<Item = u32> {
        self.inbound.iter().map(|inbound| inbound.ssrc)
    }

    /// Forgets which streams belong to a line, whose encodings are others now: the next packet of each says it anew.
    ///
    /// What was opened stays known: under the same keys nothing is taken twice.
    pub(crate) fn unname_streams_of(&mut self, line: usize) {
        for inbound in &mut self.inbound {
            inbound.place.take_if(|place| place.line == line);
        }
    }

    /// Where a stream that was not seen before belongs: by its announced number, or by the names in its packets.
    ///
    /// # Source
    ///
    /// RFC 8843 section 9.2 (lines), RFC 8852 section 3 (encodings and their retransmissions).
    fn place_of(&self, header: &RtpHeader, packet: &[u8]) -> Option<StreamPlace> {
        let announced = self.lines.iter().position(|line| line.ssrc == Some(header.ssrc));
        if let Some(line) = announced {
            return Some(StreamPlace { line, layer: 0, is_rtx: false });
        }
        if let Some(line) = self.lines.iter().position(|line| line.rtx_ssrc == Some(header.ssrc)) {
            return Some(StreamPlace { line, layer: 0, is_rtx: true });
        }
        let named = |line: &MediaLine| {
            line.mid_extension.and_then(|id| header.extension(packet, id)) == Some(line.mid.as_bytes())
        };
        let line = self.lines.iter().position(named)?;
        let MediaLine { types, rid_extension, repaired_rid_extension, layers, .. } = &self.lines[line];
        let is_rtx = Some(header.payload_type) == types.rtx;
        if !is_rtx && header.payload_type != types.codec && Some(header.payload_type) != types.red {
            return None;
        }
        if layers.is_empty() {
            return Some(StreamPlace { line, layer: 0, is_rtx });
        }
        let extension = if is_rtx { repaired_rid_extension } else { rid_extension };
        let name = header.extension(packet, (*extension)?)?;
        let layer = layers.iter().position(|layer| layer.as_bytes() == name)?;
        Some(StreamPlace { line, layer, is_rtx })
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

    /// Writes, seals and sends one compound RTCP packet.
    pub(crate) fn send_rtcp(&mut self, out: &mut SendArena, write: impl FnOnce(&mut CompoundWriter<'_>)) {
        let Some(to) = self.ice.selected() else { return };
        let Some(secure) = &mut self.secure else { return };
        out.push(to, self.key as u32, CompoundWriter::MAX_BYTES + MAX_RTCP_OVERHEAD_BYTES, |buffer| {
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

    /// Any stream that the peer sends; zero before it sends one.
    pub(crate) fn published_ssrc(&self) -> u32 {
        {
            let is_media = |inbound: &&Inbound| inbound.place.is_some_and(|place| !place.is_rtx);
            self.inbound.iter().find(is_media).map_or(0, |inbound| inbound.ssrc)
        }
    }

    /// Records that a numbered packet of the peer arrived.
    pub(crate) fn note_arrival(&mut self, number: u16, now: Instant) {
        self.arrivals.get_or_insert_with(|| Box::new(ArrivalLog::new(now))).note_arrival(number, now);
    }

    /// The line whose stream to this peer has the number `ssrc`.
    pub(crate) fn line_sending(&self, ssrc: u32) -> Option<usize> {
        self.lines.iter().position(|line| line.slot.as_ref().is_some_and(|slot| slot.ssrc == ssrc))
    }

    /// Whether the peer's client publishes a voice or a face.
    pub(crate) fn publishes_itself(&self) -> bool {
        self.lines.iter().any(|line| !line.tracks.is_empty() && line.kind() != Some(TrackKind::Screen))
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.secure.is_some()
    }

    /// Whether datagrams from `path` are this peer's, whoever else claims the address: a peer that proved it, in its handshake as well.
    pub(crate) fn holds(&self, path: Path, now: Instant) -> bool {
        let silence = now.saturating_duration_since(self.heard_at);
        silence < PEER_LOST_AFTER && self.ice.holds(path, now)
    }
}

impl MediaLine {
    pub(crate) fn kind(&self) -> Option<TrackKind> {
        self.slot.as_ref().map(|slot| slot.kind)
    }
}
