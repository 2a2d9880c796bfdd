//! The client's half of ICE and DTLS-SRTP, without a socket: for load and for tests that drive the media plane in memory.

mod own;
mod seal;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use aws_lc_rs::hmac;
use colloque_sfu_core::rtp::{FIXED_HEADER_BYTES, NUMBER_EXTENSION_BYTES, RtpHeader, is_rtcp};
use colloque_sfu_core::srtp::{InboundStream, KeyPair, MAX_RTP_OVERHEAD_BYTES, Profile, SessionKeys};
use colloque_sfu_core::{fingerprint_of, stun};
use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};

/// Payload type of Opus in the client's offers.
pub const OPUS: u8 = 111;
/// Payload type of VP8 in the client's offers.
pub const VP8: u8 = 96;
/// Payload type of VP8 retransmissions in the client's offers.
pub const RTX: u8 = 97;

/// Payload type of a voice that repeats itself in the client's offers.
pub const RED: u8 = 63;

/// Header extension of a packet's number on the transport in the client's offers.
pub const NUMBER_EXTENSION: u8 = 5;

/// Most that a packet takes beside its payload.
pub const MAX_OVERHEAD_BYTES: usize = FIXED_HEADER_BYTES + NUMBER_EXTENSION_BYTES + MAX_RTP_OVERHEAD_BYTES;

/// Numbers of the three media lines: microphone, camera, screen.
pub const LINES: usize = 3;

/// One WebRTC client.
pub struct MediaClient {
    /// Streams that the client sends, one a line.
    pub ssrcs: [u32; LINES],
    /// Retransmission streams that the client sends, one a line.
    pub rtx_ssrcs: [u32; LINES],
    ufrag: String,
    password: String,
    /// The password of the offer before, while its answers may still be asked for.
    former_password: Option<String>,
    fingerprint: String,
    remote: Option<Remote>,
    dtls: Dtls,
    keys: Option<(SessionKeys, SessionKeys)>,
    profile: Option<Profile>,
    outbox: VecDeque<Vec<u8>>,
    inbound: Vec<(u32, InboundStream)>,
    inbound_rtcp: Vec<(u32, InboundStream)>,
    rtcp_index: u32,
    transactions: u64,
    is_validated: bool,
    is_closed: bool,
    has_numbers: bool,
    has_redundancy: bool,
}

/// What the answer says of the server.
#[derive(Debug, Clone)]
pub struct Remote {
    /// User name of the server's transport.
    pub ufrag: String,
    key: hmac::Key,
    /// Where the server is reached by UDP.
    pub candidates: Vec<SocketAddr>,
    /// Where the server is reached by TCP.
    pub tcp_candidates: Vec<SocketAddr>,
    /// Streams that the server announces, in the order of the answer.
    pub ssrcs: Vec<u32>,
    /// Whether the server takes numbers of packets.
    pub has_numbers: bool,
    /// Whether the server wants a voice that repeats itself.
    pub has_redundancy: bool,
}

/// What a datagram was.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// ICE or DTLS, handled; what must be sent back waits in the outbox.
    Handled,
    /// An opened media packet: its header, and where its payload ends.
    Media(RtpHeader, usize),
    /// An opened compound of reports, of this length.
    Report(usize),
    /// Not for this client, damaged or replayed.
    Ignored,
}

const NUMBER_URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

static CONFIG: LazyLock<Arc<Config>> =
    LazyLock::new(|| Arc::new(Config::builder().use_server_cookie(false).build().expect("the settings are constants")));

static CERTIFICATE: LazyLock<(DtlsCertificate, String)> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("the system gives randomness");
    let certificate =
        rcgen::CertificateParams::default().self_signed(&key).expect("default parameters make a certificate");
    let der = certificate.der().to_vec();
    let fingerprint = format_fingerprint(&der);
    (DtlsCertificate { certificate: der, private_key: key.serialize_der() }, fingerprint)
});

fn format_fingerprint(der: &[u8]) -> String {
    fingerprint_of(der).0.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

/// The datagram that a handshake begins with; empty if there is none.
#[must_use]
pub fn first_hello(now: Instant) -> Vec<u8> {
    let mut dtls = Dtls::new_12(Arc::clone(&CONFIG), CERTIFICATE.0.clone(), now);
    dtls.set_active(true);
    let mut buffer = [0; 2048];
    match dtls.handle_timeout(now).map(|()| dtls.poll_output(&mut buffer)) {
        Ok(Output::Packet(datagram)) => datagram.to_vec(),
        _ => Vec::new(),
    }
}

impl MediaClient {
    /// Makes a client whose numbers all follow from `number`; `is_dtls_client` false waits for the other side's hello.
    #[must_use]
    pub fn new(number: u32, is_dtls_client: bool, now: Instant) -> Self {
        let handshake = (Arc::clone(&CONFIG), CERTIFICATE.0.clone());
        Self::with_handshake(number, is_dtls_client, now, handshake)
    }

    /// Makes a client with settings and a certificate of its own.
    #[must_use]
    pub fn with_handshake(
        number: u32,
        is_dtls_client: bool,
        now: Instant,
        (config, certificate): (Arc<Config>, DtlsCertificate),
    ) -> Self {
        let fingerprint = format_fingerprint(&certificate.certificate);
        let mut dtls = Dtls::new_12(config, certificate, now);
        dtls.set_active(is_dtls_client);
        let ssrc = |stream: u32| 0x1000_0000 + number * 16 + stream;
        Self {
            ssrcs: [ssrc(0), ssrc(1), ssrc(2)],
            rtx_ssrcs: [ssrc(8), ssrc(9), ssrc(10)],
            ufrag: format!("c{number:07}"),
            password: format!("password-of-client-{number:08}"),
            former_password: None,
            fingerprint,
            remote: None,
            dtls,
            keys: None,
            profile: None,
            outbox: VecDeque::new(),
            inbound: Vec::new(),
            inbound_rtcp: Vec::new(),
            rtcp_index: 0,
            transactions: u64::from(number) << 32,
            is_validated: false,
            is_closed: false,
            has_numbers: false,
            has_redundancy: false,
        }
    }

    /// Has the client offer numbers and reports on them, as browsers do.
    #[must_use]
    pub fn with_numbers(self) -> Self {
        Self { has_numbers: true, ..self }
    }

    /// Has the client offer a voice that repeats itself, as Chromium does.
    #[must_use]
    pub fn with_redundancy(self) -> Self {
        Self { has_redundancy: true, ..self }
    }

    /// Whether the client's voice repeats itself: both have said so.
    #[must_use]
    pub fn has_redundancy(&self) -> bool {
        self.has_redundancy && self.remote.as_ref().is_some_and(|remote| remote.has_redundancy)
    }

    /// Whether client and server number their packets: both have said so.
    #[must_use]
    pub fn has_numbers(&self) -> bool {
        self.has_numbers && self.remote.as_ref().is_some_and(|remote| remote.has_numbers)
    }

    /// Fingerprint of the client's certificate, as SDP writes it.
    #[must_use]
    pub fn fingerprint() -> &'static str {
        &CERTIFICATE.1
    }

    /// Writes an offer with the first `lines` of microphone, camera and screen.
    #[must_use]
    pub fn offer(&self, lines: usize) -> String {
        self.describe("active", lines, "sendrecv", "")
    }

    /// Writes a description with the given DTLS role, direction and candidate line.
    #[must_use]
    pub fn describe(&self, setup: &str, lines: usize, direction: &str, candidate: &str) -> String {
        let mut sdp = String::from("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
        for mid in 0..lines {
            let _ = write!(sdp, " {mid}");
        }
        sdp.push_str("\r\n");
        for mid in 0..lines {
            let (media, formats) = match mid {
                0 if self.has_redundancy => ("audio", "111 63"),
                0 => ("audio", "111"),
                _ => ("video", "96 97"),
            };
            let _ = write!(
                sdp,
                "m={media} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n\
                 a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{setup}\r\n\
                 a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n{candidate}",
                self.ufrag, self.password, self.fingerprint
            );
            if self.has_numbers {
                let codec = if mid == 0 { OPUS } else { VP8 };
                let _ = write!(sdp, "a=rtcp-fb:{codec} transport-cc\r\na=extmap:{NUMBER_EXTENSION} {NUMBER_URI}\r\n");
            }
            if mid == 0 {
                sdp.push_str("a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n");
                if self.has_redundancy {
                    let _ = write!(sdp, "a=rtpmap:{RED} red/48000/2\r\na=fmtp:{RED} {OPUS}/{OPUS}\r\n");
                }
                let _ = write!(sdp, "a=ssrc:{} cname:load\r\n", self.ssrcs[mid]);
            } else {
                sdp.push_str("a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\n");
                sdp.push_str("a=rtcp-fb:96 goog-remb\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n");
                let (Some(ssrc), Some(rtx)) = (self.ssrcs.get(mid), self.rtx_ssrcs.get(mid)) else { continue };
                let _ = write!(
                    sdp,
                    "a=ssrc-group:FID {ssrc} {rtx}\r\na=ssrc:{ssrc} cname:load\r\na=ssrc:{rtx} cname:load\r\n"
                );
            }
        }
        sdp
    }

    /// Takes the server's description; false when it lacks what ICE needs.
    pub fn accept(&mut self, sdp: &str) -> bool {
        let attribute = |name: &str| sdp.lines().find_map(|line| line.trim_end().strip_prefix(name).map(str::to_owned));
        let (Some(ufrag), Some(password)) = (attribute("a=ice-ufrag:"), attribute("a=ice-pwd:")) else { return false };
        let mut ssrcs = Vec::new();
        for line in sdp.lines().filter_map(|line| line.strip_prefix("a=ssrc:")) {
            if let Some(Ok(ssrc)) = line.split(' ').next().map(str::parse)
                && !ssrcs.contains(&ssrc)
            {
                ssrcs.push(ssrc);
            }
        }
        let has_numbers = sdp.contains(&format!("a=extmap:{NUMBER_EXTENSION} {NUMBER_URI}"));
        let key = stun::integrity_key(password.as_bytes());
        let (candidates, tcp_candidates) = (candidates_of(sdp, "udp"), candidates_of(sdp, "tcp"));
        let has_redundancy = sdp.contains(&format!("a=rtpmap:{RED} red/48000/2"));
        self.remote = Some(Remote { ufrag, key, candidates, tcp_candidates, ssrcs, has_numbers, has_redundancy });
        true
    }

    /// What the server's description said.
    #[must_use]
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// Queues an ICE check that chooses this path.
    pub fn check(&mut self) {
        let Some(remote) = &self.remote else { return };
        self.transactions += 1;
        let mut transaction = [0; 12];
        transaction[4..].copy_from_slice(&self.transactions.to_be_bytes());
        let check =
            stun::write_binding_request(transaction, remote.ufrag.as_bytes(), self.ufrag.as_bytes(), true, &remote.key);
        self.outbox.push_back(check);
    }

    /// The next datagram to send.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// Repeats what was lost on the way: an unanswered check, a handshake flight.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.is_validated {
            self.check();
        } else if self.dtls.handle_timeout(now).is_ok() {
            self.drain();
        }
    }

    /// Takes one datagram, opened in place.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &mut [u8]) -> Received {
        match datagram.first() {
            Some(0..=3) => self.handle_stun(now, datagram),
            Some(20..=63) => {
                if self.dtls.handle_timeout(now).is_err() || self.dtls.handle_packet(datagram).is_err() {
                    self.is_closed = true;
                    return Received::Ignored;
                }
                self.drain();
                Received::Handled
            }
            Some(128..=191) if is_rtcp(datagram) => self.open_rtcp(datagram),
            Some(128..=191) => self.open_rtp(datagram),
            _ => Received::Ignored,
        }
    }

    fn handle_stun(&mut self, now: Instant, datagram: &[u8]) -> Received {
        if stun::BindingRequest::parse(datagram).is_ok() {
            // The other side is a full agent: it wants to be answered as well.
            return self.answer_check(datagram);
        }
        let is_success = datagram.len() >= 20 && datagram[..2] == [0x01, 0x01];
        if !is_success || self.is_validated {
            return Received::Ignored;
        }
        self.is_validated = true;
        if self.dtls.is_active() && self.dtls.handle_timeout(now).is_ok() {
            self.drain();
        }
        Received::Handled
    }

    fn answer_check(&mut self, datagram: &[u8]) -> Received {
        let Ok(request) = stun::BindingRequest::parse(datagram) else { return Received::Ignored };
        let passwords = [Some(&self.password), self.former_password.as_ref()];
        let keys = passwords.into_iter().flatten().map(|password| stun::integrity_key(password.as_bytes()));
        let Some(key) = keys.into_iter().find(|key| request.is_authentic(key)) else { return Received::Ignored };
        let mut out = [0; stun::MAX_RESPONSE_BYTES];
        let unspecified = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
        let length = stun::write_binding_success(request.transaction, unspecified, &key, &mut out);
        self.outbox.push_back(out[..length].to_vec());
        Received::Handled
    }

    fn drain(&mut self) {
        let mut buffer = [0; 2048];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(datagram) => self.outbox.push_back(datagram.to_vec()),
                Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        SrtpProfile::AEAD_AES_256_GCM => Profile::AeadAes256Gcm,
                        SrtpProfile::AEAD_AES_128_GCM => Profile::AeadAes128Gcm,
                        _ => Profile::Aes128CmHmacSha1_80,
                    };
                    self.profile = Some(profile);
                    let pair = KeyPair::from_keying_material(profile, &material);
                    self.keys = pair.map(|pair| match self.dtls.is_active() {
                        true => (pair.client, pair.server),
                        false => (pair.server, pair.client),
                    });
                }
                Output::CloseNotify => self.is_closed = true,
                Output::Timeout(_) | Output::BufferTooSmall { .. } => return,
                _ => {}
            }
        }
    }

    /// How media is protected, as the handshake settled it.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        self.profile
    }

    /// Whether media can be sent.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// Whether the server said good-bye or refused the handshake.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Uses keys that both sides know beforehand, instead of a handshake: for the raw floor.
    pub fn use_fixed_keys(&mut self, outbound: SessionKeys, inbound: SessionKeys) {
        self.keys = Some((outbound, inbound));
    }

    fn open_rtp(&mut self, datagram: &mut [u8]) -> Received {
        let Some((_, inbound)) = &self.keys else { return Received::Ignored };
        let Some(header) = RtpHeader::parse(datagram) else { return Received::Ignored };
        let stream = stream_of(&mut self.inbound, header.ssrc);
        match inbound.open_rtp(stream, header.ssrc, header.sequence, header.header_bytes, datagram) {
            Ok((_, plain_bytes)) => Received::Media(header, plain_bytes),
            Err(_) => Received::Ignored,
        }
    }

    fn open_rtcp(&mut self, datagram: &mut [u8]) -> Received {
        let Some((_, inbound)) = &self.keys else { return Received::Ignored };
        let Some(ssrc) = datagram.get(4..8).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]])) else {
            return Received::Ignored;
        };
        let stream = stream_of(&mut self.inbound_rtcp, ssrc);
        inbound.open_rtcp(stream, datagram).map_or(Received::Ignored, Received::Report)
    }
}

fn stream_of(streams: &mut Vec<(u32, InboundStream)>, ssrc: u32) -> &mut InboundStream {
    let at = match streams.iter().position(|(known, _)| *known == ssrc) {
        Some(at) => at,
        None => {
            streams.push((ssrc, InboundStream::default()));
            streams.len() - 1
        }
    };
    &mut streams[at].1
}

fn candidates_of(sdp: &str, transport: &str) -> Vec<SocketAddr> {
    let candidates = sdp.lines().filter_map(|line| line.trim_end().strip_prefix("a=candidate:"));
    let of_transport = candidates.filter_map(|candidate| {
        let words: Vec<&str> = candidate.split(' ').collect();
        words.get(2)?.eq_ignore_ascii_case(transport).then_some(())?;
        Some(SocketAddr::new(words.get(4)?.parse().ok()?, words.get(5)?.parse().ok()?))
    });
    of_transport.collect()
}
