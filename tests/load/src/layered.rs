//! A client of larger rooms: it shows several people, and sends its camera in three layers.

use std::fmt::Write as _;

use colloque_sfu_core::rtp::{FIXED_HEADER_BYTES, write_header};

use crate::client::{MediaClient, OPUS, RTX, VP8};

/// Names of the layers, poorest first.
pub const RIDS: [&str; 3] = ["q", "h", "f"];
/// Streams of the layers of a client, and of retransmissions of them, counted from its camera's announced stream.
const LAYER_SSRC: u32 = 0x0100_0000;
const LAYER_RTX_SSRC: u32 = 0x0200_0000;

const MID_EXTENSION: u8 = 4;
const RID_EXTENSION: u8 = 10;
const REPAIRED_RID_EXTENSION: u8 = 11;

/// Stream of one layer.
#[must_use]
pub fn ssrc_of(client: &MediaClient, layer: usize, is_rtx: bool) -> u32 {
    let base = if is_rtx { LAYER_RTX_SSRC } else { LAYER_SSRC };
    client.ssrcs[1] + base * (layer as u32 + 1)
}

/// An offer with microphone, camera and screen, lines for `others` people, and the camera in layers if `has_layers`.
#[must_use]
pub fn offer(client: &MediaClient, others: usize, has_layers: bool) -> String {
    let plain = client.offer(crate::client::LINES);
    let mut sdp = String::new();
    let mut mid = "";
    for line in plain.lines() {
        if let Some(name) = line.strip_prefix("a=mid:") {
            mid = name;
        }
        let is_replaced = has_layers && mid == "1" && line.starts_with("a=ssrc");
        if line.starts_with("m=video") && mid == "1" && has_layers {
            write_layers(&mut sdp);
        }
        if line.starts_with("a=group:BUNDLE") {
            sdp.push_str(line);
            for extra in 0..2 * others.saturating_sub(1) {
                let _ = write!(sdp, " {}", extra + 3);
            }
            sdp.push_str("\r\n");
        } else if !is_replaced {
            let _ = write!(sdp, "{line}\r\n");
        }
    }
    for place in 1..others {
        for (media, formats, mid) in [("audio", "111", 1 + place * 2), ("video", "96 97", 2 + place * 2)] {
            let _ = write!(
                sdp,
                "m={media} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=recvonly\r\na=rtcp-mux\r\n"
            );
            sdp.push_str(match media {
                "audio" => "a=rtpmap:111 opus/48000/2\r\n",
                _ => "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n",
            });
        }
    }
    sdp
}

fn write_layers(sdp: &mut String) {
    let _ = write!(sdp, "a=extmap:{RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n");
    let _ = write!(sdp, "a=extmap:{REPAIRED_RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n");
    for rid in RIDS {
        let _ = write!(sdp, "a=rid:{rid} send\r\n");
    }
    let _ = write!(sdp, "a=simulcast:send {}\r\n", RIDS.join(";"));
}

/// A packet of one layer of the client's camera, with the names of line and layer in it; a retransmission of packet `repeats` where
/// given.
#[must_use]
pub fn sealed(
    client: &MediaClient,
    layer: usize,
    index: u64,
    timestamp: u32,
    repeats: Option<u16>,
    payload: &[u8],
) -> Vec<u8> {
    let is_rtx = repeats.is_some();
    let ssrc = ssrc_of(client, layer, is_rtx);
    let mut header = [0; FIXED_HEADER_BYTES];
    write_header(&mut header, if is_rtx { RTX } else { VP8 }, true, index as u16, timestamp, ssrc);
    header[0] |= 0x10;
    let rid_extension = if is_rtx { REPAIRED_RID_EXTENSION } else { RID_EXTENSION };
    let mut packet = header.to_vec();
    packet.extend_from_slice(&[
        0xbe,
        0xde,
        0,
        1,
        MID_EXTENSION << 4,
        b'1',
        rid_extension << 4,
        RIDS[layer].as_bytes()[0],
    ]);
    let header_bytes = packet.len();
    packet.extend(repeats.into_iter().flat_map(u16::to_be_bytes));
    packet.extend_from_slice(payload);
    client.sealed_whole(ssrc, index, header_bytes, packet)
}

/// A packet of the client's voice.
#[must_use]
pub fn sealed_voice(client: &MediaClient, index: u64, payload: &[u8]) -> Vec<u8> {
    client.sealed(client.ssrcs[0], OPUS, false, index, index as u32 * 960, payload)
}
