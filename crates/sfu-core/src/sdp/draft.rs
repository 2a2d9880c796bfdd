use super::offer::Shared;
use super::rid::RidDraft;
use super::{Direction, MediaKind, Mid, OfferLine, PayloadTypes};

/// One media line while it is read.
pub(super) struct LineDraft<'a> {
    media: MediaKind,
    port: &'a str,
    transport: &'a str,
    formats: Vec<&'a str>,
    pub(super) shared: Shared,
    mid: Option<Mid>,
    direction: Direction,
    has_rtcp_mux: bool,
    is_bundle_only: bool,
    has_reduced_rtcp: bool,
    mid_extension: Option<u8>,
    number_extension: Option<u8>,
    playout_extension: Option<u8>,
    rid_extension: Option<u8>,
    repaired_rid_extension: Option<u8>,
    rids: RidDraft<'a>,
    /// Codec and clock of each payload type.
    maps: Vec<(u8, &'a str)>,
    parameters: Vec<(u8, &'a str)>,
    feedback: Vec<(&'a str, &'a str)>,
    ssrcs: Vec<u32>,
    flow: Option<(u32, u32)>,
}

/// Attributes of one kind that one media line may have; what exceeds it is not read.
const MAX_ATTRIBUTES: usize = 256;

impl<'a> LineDraft<'a> {
    pub(super) fn parse(value: &'a str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let media = match words.next()? {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            _ => MediaKind::Other,
        };
        let port = words.next()?;
        let transport = words.next().filter(|word| word.len() <= 32 && word.is_ascii())?;
        let formats: Vec<&str> = words.take(MAX_ATTRIBUTES).collect();
        if formats.first()?.len() > 32 {
            return None;
        }
        Some(Self {
            media,
            port,
            transport,
            formats,
            shared: Shared::default(),
            mid: None,
            direction: Direction::default(),
            has_rtcp_mux: false,
            is_bundle_only: false,
            has_reduced_rtcp: false,
            mid_extension: None,
            number_extension: None,
            playout_extension: None,
            rid_extension: None,
            repaired_rid_extension: None,
            rids: RidDraft::default(),
            maps: Vec::new(),
            parameters: Vec::new(),
            feedback: Vec::new(),
            ssrcs: Vec::new(),
            flow: None,
        })
    }

    pub(super) fn read(&mut self, name: &str, value: &'a str) {
        match name {
            "mid" => self.mid = Mid::parse(value.as_bytes()),
            "sendrecv" => self.direction = Direction::SendReceive,
            "sendonly" => self.direction = Direction::SendOnly,
            "recvonly" => self.direction = Direction::ReceiveOnly,
            "inactive" => self.direction = Direction::Inactive,
            "rtcp-mux" => self.has_rtcp_mux = true,
            "bundle-only" => self.is_bundle_only = true,
            "rtcp-rsize" => self.has_reduced_rtcp = true,
            "extmap" => {
                if let Some((id, uri)) = value.split_once(' ') {
                    let id = id.split_once('/').map_or(id, |(id, _)| id);
                    let id = id.parse().ok().filter(|id| (1..=14).contains(id));
                    match uri.trim() {
                        MID_EXTENSION => self.mid_extension = id,
                        NUMBER_EXTENSION => self.number_extension = id,
                        PLAYOUT_EXTENSION => self.playout_extension = id,
                        RID_EXTENSION => self.rid_extension = id,
                        REPAIRED_RID_EXTENSION => self.repaired_rid_extension = id,
                        _ => {}
                    }
                }
            }
            "rid" => self.rids.declare(value),
            "simulcast" => self.rids.read_simulcast(value),
            "rtpmap" => push_numbered(&mut self.maps, value),
            "fmtp" => push_numbered(&mut self.parameters, value),
            "rtcp-fb" => {
                if let Some(entry) = value.split_once(' ')
                    && self.feedback.len() < MAX_ATTRIBUTES
                {
                    self.feedback.push(entry);
                }
            }
            "ssrc" => {
                let number = value.split_once(' ').map_or(value, |(number, _)| number);
                if let Ok(ssrc) = number.parse()
                    && !self.ssrcs.contains(&ssrc)
                    && self.ssrcs.len() < MAX_ATTRIBUTES
                {
                    self.ssrcs.push(ssrc);
                }
            }
            "ssrc-group" => {
                if let Some(rest) = value.strip_prefix("FID ")
                    && let Some((first, second)) = rest.split_once(' ')
                    && let (Ok(first), Ok(second)) = (first.parse(), second.trim().parse())
                {
                    self.flow = self.flow.or(Some((first, second)));
                }
            }
            _ => {}
        }
    }

    pub(super) fn finish(self) -> OfferLine {
        // Port zero refuses a line, except for one that is only ever sent in a bundle (RFC 8843 section 6).
        let is_wanted = self.port != "0" || self.is_bundle_only;
        let can_bundle = self.has_rtcp_mux && self.transport.contains("RTP/SAVPF") && is_wanted;
        let payload_types = if can_bundle { self.payload_types() } else { None };
        let codec = payload_types.map(|types| types.codec);
        let has_feedback = |wanted: &str| {
            self.feedback.iter().any(|(number, kind)| {
                *kind == wanted && (*number == "*" || number.parse().ok() == codec) && codec.is_some()
            })
        };
        // Streams of several encodings are told apart by their names: announced numbers would stand for one of them only.
        let can_have_layers = self.media == MediaKind::Video && self.rid_extension.is_some();
        let layers = if can_have_layers { self.rids.finish() } else { Vec::new() };
        let is_announced = layers.is_empty();
        OfferLine {
            media: self.media,
            transport: self.transport.to_owned(),
            first_format: self.formats.first().copied().unwrap_or("0").to_owned(),
            mid: self.mid,
            direction: self.direction,
            payload_types,
            parameters: codec.map(|codec| self.echoed_parameters(codec)).unwrap_or_default(),
            // A packet is never sealed twice under one number with another extension, which AES-GCM does not survive: without a
            // retransmission stream nothing is repeated.
            has_nack: has_feedback("nack") && payload_types.is_some_and(|types| types.rtx.is_some()),
            has_full_intra: has_feedback("ccm fir"),
            has_reduced_rtcp: self.has_reduced_rtcp,
            number_extension: self.number_extension.filter(|_| has_feedback("transport-cc")),
            mid_extension: self.mid_extension,
            playout_extension: self.playout_extension.filter(|_| self.media == MediaKind::Video),
            ssrc: self.flow.map(|(first, _)| first).or(self.ssrcs.first().copied()).filter(|_| is_announced),
            rtx_ssrc: self.flow.map(|(_, second)| second).filter(|_| is_announced),
            layers,
            rid_extension: self.rid_extension,
            repaired_rid_extension: self.repaired_rid_extension,
        }
    }

    /// The first offered Opus (audio) or VP8 (video), with the retransmission format that names it.
    fn payload_types(&self) -> Option<PayloadTypes> {
        let wanted = match self.media {
            MediaKind::Audio => "opus/48000/2",
            MediaKind::Video => "vp8/90000",
            MediaKind::Other => return None,
        };
        // Sets of payload types as bits: an offer with many lines costs no more than its length.
        let offered = self.formats.iter().filter_map(|format| format.parse().ok()).fold(0, with_type);
        let is_offered = |number: u8| with_type(0, number) & offered != 0;
        let codec = self
            .maps
            .iter()
            .find(|(number, map)| map.eq_ignore_ascii_case(wanted) && is_offered(*number))
            .map(|(number, _)| *number)?;
        let repairs = self
            .parameters
            .iter()
            .filter(|(_, text)| text.trim().strip_prefix("apt=").and_then(|apt| apt.parse().ok()) == Some(codec));
        let repairs = repairs.map(|(number, _)| *number).fold(0, with_type);
        let rtx = self
            .maps
            .iter()
            .find(|(number, map)| {
                with_type(0, *number) & offered & repairs != 0
                    && map.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("rtx/"))
            })
            .map(|(number, _)| *number);
        Some(PayloadTypes { codec, rtx, red: self.redundancy(codec).filter(|number| is_offered(*number)) })
    }

    /// The format whose packets repeat earlier packets of `codec`, and nothing else.
    ///
    /// # Source
    ///
    /// RFC 2198 section 5: the format's parameters name the formats of the blocks.
    fn redundancy(&self, codec: u8) -> Option<u8> {
        let is_red = |map: &str| self.media == MediaKind::Audio && map.eq_ignore_ascii_case("red/48000/2");
        let number = self.maps.iter().find(|(_, map)| is_red(map)).map(|(number, _)| *number)?;
        let (_, blocks) = self.parameters.iter().find(|(of, _)| *of == number)?;
        blocks.trim().split('/').all(|block| block.parse() == Ok(codec)).then_some(number)
    }

    fn echoed_parameters(&self, codec: u8) -> String {
        let offered = self.parameters.iter().find(|(number, _)| *number == codec).map_or("", |(_, text)| *text);
        let is_echoed = |parameter: &&str| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                ECHOED_PARAMETERS.contains(&name) && value.len() <= 6 && value.bytes().all(|b| b.is_ascii_digit())
            })
        };
        offered.split(';').map(str::trim).filter(is_echoed).collect::<Vec<_>>().join(";")
    }
}

/// Adds a payload type to a set; RTP has 128 of them, and what is above is none.
const fn with_type(set: u128, number: u8) -> u128 {
    if number < 128 { set | 1 << number } else { set }
}

fn push_numbered<'a>(into: &mut Vec<(u8, &'a str)>, value: &'a str) {
    if let Some((number, text)) = value.split_once(' ')
        && let Ok(number) = number.parse()
        && into.len() < MAX_ATTRIBUTES
    {
        into.push((number, text));
    }
}

/// Extension that repeats a line's name in its packets.
pub(super) const MID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// Extension that numbers all packets of a transport.
pub(super) const NUMBER_EXTENSION: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
/// Extension that bounds how long a picture is held back.
pub(super) const PLAYOUT_EXTENSION: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
/// Extension that repeats an encoding's name in its packets.
pub(super) const RID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
/// Extension that repeats it in retransmissions of them.
pub(super) const REPAIRED_RID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
/// Opus parameters that are the sender's business and pass through.
const ECHOED_PARAMETERS: [&str; 2] = ["minptime", "useinbandfec"];
