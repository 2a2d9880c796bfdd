use std::fmt::Write as _;
use std::net::SocketAddr;

use super::draft::{MID_EXTENSION, NUMBER_EXTENSION, PLAYOUT_EXTENSION, REPAIRED_RID_EXTENSION, RID_EXTENSION};
use super::{Direction, Fingerprint, MediaKind, OfferLine};

/// Where the client reaches this server, and the credentials that prove it may.
pub(crate) struct Candidates<'a> {
    pub udp: &'a [SocketAddr],
    pub tcp: &'a [SocketAddr],
    pub ufrag: &'a str,
    pub password: &'a str,
    pub fingerprint: &'a Fingerprint,
}

/// One media line of the answer: the offer's line, and what this server sends on it.
pub(crate) struct AnswerLine<'a> {
    pub offered: &'a OfferLine,
    pub direction: Direction,
    pub sends: Option<SlotNames>,
}

/// How the streams of one line are announced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotNames {
    pub ssrc: u32,
    pub rtx_ssrc: Option<u32>,
    /// Streams of one group are played in step: voice and face share it, a shared screen does not.
    /// The others are numbered from two on.
    pub stream: &'static str,
    pub track: &'static str,
    /// Which of the others of its kind this is, from zero.
    pub place: usize,
}

/// What Chromium assumes of the way to this server before anything is known, in thousands of bits per second, instead of its 300;
/// other browsers ignore it.
///
/// Higher: a slow link begins with a queue. Lower: the first picture comes later.
const START_KBPS: u32 = 600;

/// Name of the one clock behind everything that this server sends to one client.
pub(crate) const CNAME: &str = "colloque";

/// Writes the answer to an offer of which each line stands in `lines`, in order.
pub(crate) fn write_answer(session: u64, candidates: &Candidates<'_>, lines: &[AnswerLine<'_>]) -> String {
    let mut out = String::with_capacity(2_048);
    // Writing to a string cannot fail, so the results carry nothing.
    let _ = write!(out, "v=0\r\no=- {} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n", session >> 1);
    out.push_str("a=group:BUNDLE");
    for line in lines.iter().filter(|line| is_accepted(line)) {
        if let Some(mid) = line.offered.mid {
            let _ = write!(out, " {}", mid.as_str());
        }
    }
    out.push_str("\r\na=msid-semantic: WMS *\r\n");
    let mut is_first = true;
    for line in lines {
        if is_accepted(line) {
            write_accepted(&mut out, candidates, line, is_first);
            is_first = false;
        } else {
            write_refused(&mut out, line);
        }
    }
    out
}

fn is_accepted(line: &AnswerLine<'_>) -> bool {
    line.offered.mid.is_some() && line.offered.payload_types.is_some()
}

fn write_refused(out: &mut String, line: &AnswerLine<'_>) {
    let offered = line.offered;
    let _ = write!(
        out,
        "m={} 0 {} {}\r\nc=IN IP4 0.0.0.0\r\n",
        offered.media.word(),
        offered.transport,
        offered.first_format
    );
    if let Some(mid) = offered.mid {
        let _ = write!(out, "a=mid:{}\r\n", mid.as_str());
    }
    out.push_str("a=inactive\r\n");
}

fn write_accepted(out: &mut String, candidates: &Candidates<'_>, line: &AnswerLine<'_>, is_first: bool) {
    let offered = line.offered;
    let (Some(mid), Some(types)) = (offered.mid, offered.payload_types) else { return };
    let _ = write!(out, "m={} 9 {}", offered.media.word(), offered.transport);
    // The first format is the one that the client sends.
    if let Some(red) = types.red {
        let _ = write!(out, " {red}");
    }
    let _ = write!(out, " {}", types.codec);
    if let Some(rtx) = types.rtx {
        let _ = write!(out, " {rtx}");
    }
    out.push_str("\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n");
    let _ = write!(out, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", candidates.ufrag, candidates.password);
    out.push_str("a=fingerprint:sha-256 ");
    for (index, byte) in candidates.fingerprint.0.iter().enumerate() {
        let _ = write!(out, "{}{byte:02X}", if index == 0 { "" } else { ":" });
    }
    out.push_str("\r\na=setup:passive\r\n");
    let _ = write!(out, "a=mid:{}\r\n", mid.as_str());
    if let Some(id) = offered.mid_extension {
        let _ = write!(out, "a=extmap:{id} {MID_EXTENSION}\r\n");
    }
    if let Some(id) = offered.number_extension {
        let _ = write!(out, "a=extmap:{id} {NUMBER_EXTENSION}\r\n");
    }
    if let Some(id) = offered.playout_extension.filter(|_| line.direction.sends()) {
        let _ = write!(out, "a=extmap:{id} {PLAYOUT_EXTENSION}\r\n");
    }
    let has_layers = !offered.layers.is_empty() && line.direction.receives();
    if has_layers {
        write_layers(out, offered);
    }
    let _ = write!(out, "a={}\r\na=rtcp-mux\r\n", line.direction.word());
    if offered.has_reduced_rtcp {
        out.push_str("a=rtcp-rsize\r\n");
    }
    write_codec(out, offered);
    if let Some(names) = line.sends {
        write_streams(out, &names);
    }
    // Candidates of a bundle stand on its first line only.
    if is_first {
        for (index, address) in candidates.udp.iter().enumerate() {
            write_candidate(out, index + 1, "udp", udp_priority(index), *address, "");
        }
        for (index, address) in candidates.tcp.iter().enumerate() {
            let foundation = candidates.udp.len() + index + 1;
            write_candidate(out, foundation, "tcp", tcp_priority(index), *address, " tcptype passive");
        }
        out.push_str("a=end-of-candidates\r\n");
    }
}

fn write_codec(out: &mut String, offered: &OfferLine) {
    let Some(types) = offered.payload_types else { return };
    let codec = types.codec;
    match offered.media {
        MediaKind::Audio => {
            let _ = write!(out, "a=rtpmap:{codec} opus/48000/2\r\n");
        }
        MediaKind::Video | MediaKind::Other => {
            let _ = write!(out, "a=rtpmap:{codec} VP8/90000\r\na=rtcp-fb:{codec} goog-remb\r\n");
            let _ = write!(out, "a=rtcp-fb:{codec} nack pli\r\n");
        }
    }
    if offered.number_extension.is_some() {
        let _ = write!(out, "a=rtcp-fb:{codec} transport-cc\r\n");
    }
    if offered.has_full_intra {
        let _ = write!(out, "a=rtcp-fb:{codec} ccm fir\r\n");
    }
    if offered.has_nack {
        let _ = write!(out, "a=rtcp-fb:{codec} nack\r\n");
    }
    if offered.media == MediaKind::Video {
        let _ = write!(out, "a=fmtp:{codec} x-google-start-bitrate={START_KBPS}\r\n");
    } else {
        // A client that is silent sends next to nothing, and the server stops that as well.
        let separator = if offered.parameters.is_empty() { "" } else { ";" };
        let _ = write!(out, "a=fmtp:{codec} {}{separator}usedtx=1\r\n", offered.parameters);
    }
    if let Some(red) = types.red {
        let _ = write!(out, "a=rtpmap:{red} red/48000/2\r\na=fmtp:{red} {codec}/{codec}\r\n");
    }
    if let Some(rtx) = types.rtx {
        let clock = if offered.media == MediaKind::Audio { 48_000 } else { 90_000 };
        let _ = write!(out, "a=rtpmap:{rtx} rtx/{clock}\r\na=fmtp:{rtx} apt={codec}\r\n");
    }
}

/// Takes every encoding that was offered and read.
fn write_layers(out: &mut String, offered: &OfferLine) {
    let extensions = [(offered.rid_extension, RID_EXTENSION), (offered.repaired_rid_extension, REPAIRED_RID_EXTENSION)];
    for (id, uri) in extensions {
        if let Some(id) = id {
            let _ = write!(out, "a=extmap:{id} {uri}\r\n");
        }
    }
    for rid in &offered.layers {
        let _ = write!(out, "a=rid:{} recv\r\n", rid.as_str());
    }
    out.push_str("a=simulcast:recv ");
    for (index, rid) in offered.layers.iter().enumerate() {
        let _ = write!(out, "{}{}", if index == 0 { "" } else { ";" }, rid.as_str());
    }
    out.push_str("\r\n");
}

fn write_streams(out: &mut String, names: &SlotNames) {
    let SlotNames { ssrc, rtx_ssrc, stream, track, place } = *names;
    let suffix = if place == 0 { String::new() } else { format!("-{}", place + 1) };
    let msid = format!("{stream}{suffix} {track}{suffix}");
    let _ = write!(out, "a=msid:{msid}\r\n");
    if let Some(rtx) = rtx_ssrc {
        let _ = write!(out, "a=ssrc-group:FID {ssrc} {rtx}\r\n");
    }
    for ssrc in [Some(ssrc), rtx_ssrc].into_iter().flatten() {
        let _ = write!(out, "a=ssrc:{ssrc} cname:{CNAME}\r\na=ssrc:{ssrc} msid:{msid}\r\n");
    }
}

fn write_candidate(out: &mut String, foundation: usize, word: &str, priority: u32, address: SocketAddr, more: &str) {
    let (ip, port) = (address.ip(), address.port());
    let _ = write!(out, "a=candidate:{foundation} 1 {word} {priority} {ip} {port} typ host{more}\r\n");
}

/// Earlier addresses are preferred.
///
/// # Source
///
/// RFC 8445 section 5.1.2.1.
fn udp_priority(index: usize) -> u32 {
    let local_preference = 65_535 - index.min(65_535) as u32;
    (HOST_PREFERENCE << 24) | (local_preference << 8) | 255
}

/// Earlier addresses are preferred; the direction preference of a host that only accepts connections is 4.
///
/// # Source
///
/// RFC 6544 section 4.2.
fn tcp_priority(index: usize) -> u32 {
    let local_preference = (4 << 13) + 8_191 - index.min(8_191) as u32;
    (HOST_TCP_PREFERENCE << 24) | (local_preference << 8) | 255
}

const HOST_PREFERENCE: u32 = 126;
/// Below every candidate of UDP, as a relay of the client's own may be better than TCP to this server.
const HOST_TCP_PREFERENCE: u32 = 90;
