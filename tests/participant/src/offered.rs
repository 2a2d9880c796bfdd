//! What a participant offers: the codecs, repairs and header extensions of a browser's offer to the product.

use std::time::Duration;

use rtc::interceptor::{NackGeneratorBuilder, NackResponderBuilder, Registry, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::interceptor_registry::{configure_rtcp_reports, configure_twcc};
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine};
use rtc::rtp_transceiver::RTCRtpTransceiverDirection;
use rtc::rtp_transceiver::RTCRtpTransceiverInit;
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RTCRtpHeaderExtensionCapability, RTCRtpRtxParameters, RtpCodecKind,
};

use crate::meter::Meter;

/// Payload type of a voice.
pub(crate) const OPUS: u8 = 111;
/// Payload type of a voice that repeats itself.
pub(crate) const RED: u8 = 63;
/// Payload type of pictures.
pub(crate) const VP8: u8 = 96;
/// Payload type of pictures sent again.
const RTX: u8 = 97;

/// Extension that repeats a line's name in its packets.
pub(crate) const MID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const SENT_AT_EXTENSION: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

/// Codecs and extensions, and what looks at every packet: repairs, reports, transport-wide numbers, and the meter at the wire.
pub(crate) fn engine(meter: Meter) -> Result<(MediaEngine, Registry), rtc::shared::error::Error> {
    let mut engine = MediaEngine::default();
    for kind in [RtpCodecKind::Audio, RtpCodecKind::Video] {
        for codec in codecs(kind) {
            engine.register_codec(codec, kind)?;
        }
        for uri in [MID_EXTENSION, SENT_AT_EXTENSION] {
            engine.register_header_extension(RTCRtpHeaderExtensionCapability { uri: uri.to_owned() }, kind, None)?;
        }
    }
    // The crate does not notice what a retransmission mended, and would ask for the same packet for ever.
    let asking = NackGeneratorBuilder::new().with_interval(ASKED_EVERY).with_max_nacks_per_packet(MOST_ASKED).build();
    let registry = Registry::new()
        .with(Slot::NackResponder, NackResponderBuilder::new().build())
        .with(Slot::NackGenerator, asking);
    let registry = configure_twcc(registry, &mut engine)?;
    let registry = configure_rtcp_reports(registry);
    Ok((engine, registry.with(Slot::from(AT_THE_WIRE), meter)))
}

/// Pause between two requests for what is missing.
const ASKED_EVERY: Duration = Duration::from_millis(50);
/// How often one packet is asked for.
const MOST_ASKED: u16 = 4;
/// Nearer to the network than everything else.
const AT_THE_WIRE: usize = 500;

/// The codecs of a line, the wanted one first.
pub(crate) fn codecs(kind: RtpCodecKind) -> Vec<RTCRtpCodecParameters> {
    let codec = |mime: &str, payload_type, format: &str| {
        let (clock_rate, channels) = if kind == RtpCodecKind::Audio { (48_000, 2) } else { (90_000, 0) };
        let rtp_codec = RTCRtpCodec {
            mime_type: mime.to_owned(),
            clock_rate,
            channels,
            sdp_fmtp_line: format.to_owned(),
            rtcp_feedback: Vec::new(),
        };
        RTCRtpCodecParameters { rtp_codec, payload_type }
    };
    let feedback = |words: &[(&str, &str)]| {
        let feedback = |(kind, parameter): &(&str, &str)| RTCPFeedback {
            typ: (*kind).to_owned(),
            parameter: (*parameter).to_owned(),
        };
        words.iter().map(feedback).collect()
    };
    if kind == RtpCodecKind::Audio {
        let mut opus = codec(MIME_TYPE_OPUS, OPUS, "minptime=10;useinbandfec=1");
        opus.rtp_codec.rtcp_feedback = feedback(&[("transport-cc", "")]);
        vec![opus, codec("audio/red", RED, "111/111")]
    } else {
        let mut vp8 = codec(MIME_TYPE_VP8, VP8, "");
        let words = [("goog-remb", ""), ("transport-cc", ""), ("ccm", "fir"), ("nack", ""), ("nack", "pli")];
        vp8.rtp_codec.rtcp_feedback = feedback(&words);
        vec![vp8, codec(MIME_TYPE_RTX, RTX, "apt=96")]
    }
}

/// A line's track, and how it is offered.
pub(crate) fn track(name: &str, kind: RtpCodecKind, ssrc: u32) -> (MediaStreamTrack, RTCRtpTransceiverInit) {
    let codec = codecs(kind).swap_remove(0).rtp_codec;
    let rtx = (kind == RtpCodecKind::Video).then(|| RTCRtpRtxParameters { ssrc: ssrc.wrapping_add(1) });
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), rtx, ..Default::default() },
        active: true,
        codec,
        ..Default::default()
    };
    let stream = if name == "screen" { "screen" } else { "person" };
    let track =
        MediaStreamTrack::new(stream.to_owned(), name.to_owned(), name.to_owned(), kind, vec![encoding.clone()]);
    let init = RTCRtpTransceiverInit {
        direction: RTCRtpTransceiverDirection::Sendrecv,
        streams: vec![stream.to_owned()],
        send_encodings: vec![encoding],
    };
    (track, init)
}
