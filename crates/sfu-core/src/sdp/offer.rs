use super::draft::LineDraft;
use super::{MAX_LINES, MAX_OFFER_BYTES, Rid};

/// What this server needs to know of a client's offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The client's ICE user name.
    pub ufrag: String,
    /// The client's ICE password, which its answers to this server's requests prove.
    pub password: String,
    /// The client's certificate.
    pub fingerprint: Fingerprint,
    /// Every media line, in the order of the offer.
    pub lines: Vec<OfferLine>,
}

/// One media line of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferLine {
    /// What the line carries.
    pub media: MediaKind,
    /// The transport as written, echoed in the answer.
    pub transport: String,
    /// The first format as written, echoed when the line is refused.
    pub first_format: String,
    /// Name of the line in the bundle; none when the offer gives none, and the line is refused then.
    pub mid: Option<Mid>,
    /// Who sends.
    pub direction: Direction,
    /// The usable codec and its retransmission format; none when the line has no codec that is forwarded.
    pub payload_types: Option<PayloadTypes>,
    /// Format parameters of the codec that are echoed, such as `minptime=10;useinbandfec=1`.
    pub parameters: String,
    /// Whether the client answers `nack` for this codec, and has a stream for what is sent again.
    pub has_nack: bool,
    /// Whether the client answers `ccm fir` for this codec.
    pub has_full_intra: bool,
    /// Whether the client takes reduced-size RTCP.
    pub has_reduced_rtcp: bool,
    /// Header extension id of the line's name, if the client offers it.
    pub mid_extension: Option<u8>,
    /// Header extension id of a packet's number on the transport, if the client offers it and reports on it.
    pub number_extension: Option<u8>,
    /// Header extension id of the bounds on how long a picture is held back, if the client offers it.
    pub playout_extension: Option<u8>,
    /// Stream that the client announces for this line.
    pub ssrc: Option<u32>,
    /// Retransmission stream that the client announces for this line.
    pub rtx_ssrc: Option<u32>,
    /// Encodings of one source that the client offers to send at once, poorest first, at most [`super::MAX_LAYERS`]; empty for one
    /// without a name.
    pub layers: Vec<Rid>,
    /// Header extension id of an encoding's name in its packets, if the client offers it.
    pub rid_extension: Option<u8>,
    /// Header extension id of an encoding's name in its retransmissions, if the client offers it.
    pub repaired_rid_extension: Option<u8>,
}

/// What a media line carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Anything that is refused, such as a data channel.
    Other,
}

impl MediaKind {
    /// The word of the media line; refused kinds are echoed as an application.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Other => "application",
        }
    }
}

/// Who sends on a media line, seen from the one who wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both.
    #[default]
    SendReceive,
    /// The writer.
    SendOnly,
    /// The other side.
    ReceiveOnly,
    /// Nobody, for now.
    Inactive,
}

impl Direction {
    /// The same line seen from the other side.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::SendReceive => Self::SendReceive,
            Self::SendOnly => Self::ReceiveOnly,
            Self::ReceiveOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// The same without what the writer receives.
    #[must_use]
    pub const fn without_receiving(self) -> Self {
        if self.sends() { Self::SendOnly } else { Self::Inactive }
    }

    /// Whether the writer sends.
    #[must_use]
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendReceive | Self::SendOnly)
    }

    /// Whether the writer receives.
    #[must_use]
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendReceive | Self::ReceiveOnly)
    }

    /// The attribute.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::SendReceive => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::ReceiveOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// Numbers that one client uses for a codec and for retransmissions of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadTypes {
    /// The codec itself.
    pub codec: u8,
    /// Retransmissions of it.
    pub rtx: Option<u8>,
    /// Packets of it that repeat earlier ones, audio only.
    pub red: Option<u8>,
}

/// SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// Name of a media line: one to sixteen letters, digits or hyphens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mid {
    bytes: [u8; 16],
    length: u8,
}

impl Mid {
    /// Reads a name; none when it is longer or has other characters.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+{}".contains(byte);
        if text.is_empty() || text.len() > 16 || !text.iter().all(is_token) {
            return None;
        }
        let mut bytes = [0; 16];
        bytes[..text.len()].copy_from_slice(text);
        Some(Self { bytes, length: text.len() as u8 })
    }

    /// The name as it travels in header extensions.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// The name as it stands in SDP.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// Why an offer is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseOfferError {
    /// Longer than [`MAX_OFFER_BYTES`].
    #[error("offer is too long")]
    TooLong,
    /// More media lines than [`MAX_LINES`].
    #[error("offer has too many media lines")]
    TooManyLines,
    /// No media line at all, or a line that is not SDP.
    #[error("offer is not a session description")]
    NotSdp,
    /// No usable ICE user name and password.
    #[error("offer has no ice credentials")]
    NoIceCredentials,
    /// No SHA-256 fingerprint, or two that differ.
    #[error("offer has no single certificate fingerprint")]
    NoFingerprint,
    /// The client wants to be the DTLS server.
    #[error("offer leaves no client role to its sender")]
    NotActive,
    /// No line that can be bundled with RTCP multiplexed.
    #[error("offer has no media that can be forwarded")]
    NoMedia,
    /// Two lines share a name.
    #[error("offer names two media lines alike")]
    RepeatedMid,
}

impl Offer {
    /// Reads an offer; total, bounded by [`MAX_OFFER_BYTES`] and [`MAX_LINES`].
    ///
    /// # Errors
    ///
    /// One variant of [`ParseOfferError`] for each rule that the offer breaks.
    pub fn parse(text: &str) -> Result<Self, ParseOfferError> {
        if text.len() > MAX_OFFER_BYTES {
            return Err(ParseOfferError::TooLong);
        }
        let mut session = Shared::default();
        let mut drafts: Vec<LineDraft<'_>> = Vec::new();
        for line in text.lines() {
            let line = line.trim_end_matches('\r');
            let Some((kind, value)) = line.split_once('=') else {
                if line.is_empty() {
                    continue;
                }
                return Err(ParseOfferError::NotSdp);
            };
            match kind {
                "m" if drafts.len() == MAX_LINES => return Err(ParseOfferError::TooManyLines),
                "m" => drafts.push(LineDraft::parse(value).ok_or(ParseOfferError::NotSdp)?),
                "a" => {
                    let (name, value) = value.split_once(':').unwrap_or((value, ""));
                    let shared = drafts.last_mut().map_or(&mut session, |draft| &mut draft.shared);
                    shared.read(name, value)?;
                    if let Some(draft) = drafts.last_mut() {
                        draft.read(name, value);
                    }
                }
                _ => {}
            }
        }
        Self::assemble(session, drafts)
    }

    fn assemble(mut session: Shared, drafts: Vec<LineDraft<'_>>) -> Result<Self, ParseOfferError> {
        if drafts.is_empty() {
            return Err(ParseOfferError::NotSdp);
        }
        let mut lines: Vec<OfferLine> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            session.merge(&draft.shared)?;
            let line = draft.finish();
            if line.mid.is_some() && lines.iter().any(|other| other.mid == line.mid) {
                return Err(ParseOfferError::RepeatedMid);
            }
            lines.push(line);
        }
        if !lines.iter().any(|line| line.mid.is_some() && line.payload_types.is_some()) {
            return Err(ParseOfferError::NoMedia);
        }
        if session.is_passive {
            return Err(ParseOfferError::NotActive);
        }
        let (Some(ufrag), Some(password)) = (session.ufrag, session.password) else {
            return Err(ParseOfferError::NoIceCredentials);
        };
        let fingerprint = session.fingerprint.ok_or(ParseOfferError::NoFingerprint)?;
        Ok(Self { ufrag, password, fingerprint, lines })
    }
}

/// Attributes that may stand before the first media line or in each.
#[derive(Default)]
pub(super) struct Shared {
    ufrag: Option<String>,
    password: Option<String>,
    fingerprint: Option<Fingerprint>,
    is_passive: bool,
}

impl Shared {
    fn read(&mut self, name: &str, value: &str) -> Result<(), ParseOfferError> {
        match name {
            "ice-ufrag" if is_ice_text(value, 4) => self.ufrag = Some(value.to_owned()),
            "ice-ufrag" => return Err(ParseOfferError::NoIceCredentials),
            "ice-pwd" if is_ice_text(value, 22) => self.password = Some(value.to_owned()),
            "ice-pwd" => return Err(ParseOfferError::NoIceCredentials),
            "setup" => self.is_passive = value == "passive",
            "fingerprint" => {
                let Some(fingerprint) = parse_fingerprint(value) else { return Ok(()) };
                if self.fingerprint.is_some_and(|other| other != fingerprint) {
                    return Err(ParseOfferError::NoFingerprint);
                }
                self.fingerprint = Some(fingerprint);
            }
            _ => {}
        }
        Ok(())
    }

    /// Lines of one bundle share one transport, so the first that names it speaks for all, and certificates must agree.
    fn merge(&mut self, line: &Self) -> Result<(), ParseOfferError> {
        if self.ufrag.is_none() {
            self.ufrag.clone_from(&line.ufrag);
        }
        if self.password.is_none() {
            self.password.clone_from(&line.password);
        }
        self.is_passive |= line.is_passive;
        match (self.fingerprint, line.fingerprint) {
            (Some(one), Some(other)) if one != other => Err(ParseOfferError::NoFingerprint),
            (one, other) => {
                self.fingerprint = one.or(other);
                Ok(())
            }
        }
    }
}

fn is_ice_text(text: &str, at_least: usize) -> bool {
    (at_least..=256).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte))
}

fn parse_fingerprint(value: &str) -> Option<Fingerprint> {
    let (algorithm, digits) = value.split_once(' ')?;
    if !algorithm.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut bytes = [0; 32];
    let mut pairs = digits.trim().split(':');
    for byte in &mut bytes {
        let pair = pairs.next().filter(|pair| pair.len() == 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(Fingerprint(bytes))
}
