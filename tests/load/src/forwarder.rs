//! An SFU made of str0m, without a socket: what Colloque's media plane is measured and compared with.
//!
//! str0m does ICE-lite, DTLS, SRTP, feedback and retransmissions; this module does what str0m leaves to an SFU: who gets
//! what, where a stream begins, and how often a keyframe is asked for.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use colloque_sfu_core::{KEYFRAME_REQUEST_INTERVAL, Path, SendArena, stun};
use str0m::bwe::Bitrate;
use str0m::change::SdpOffer;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::crypto::from_feature_flags;
use str0m::media::{KeyframeRequestKind, Mid};
use str0m::net::{DatagramRecv, Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite, SeqNo, Ssrc, Vp8Descriptor};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// What a subscriber's link is assumed to carry at first, where it is estimated.
const FIRST_ESTIMATE_KBPS: u64 = 2_000;
/// What a subscriber's link should carry, in kilobits a second: the publisher's cap of Colloque.
const DESIRED_KBPS: u64 = 2_500;
/// Pause between two reports on a stream: Colloque's.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Why an offer is not answered.
#[derive(Debug, thiserror::Error)]
pub enum AnswerOfferError {
    /// The offer is no description.
    #[error("offer cannot be read")]
    Read(#[from] str0m::error::SdpError),
    /// str0m refuses the offer.
    #[error("offer is refused")]
    Refused(#[from] str0m::RtcError),
    /// The server's own address is none.
    #[error("address cannot be announced")]
    Announce(#[from] str0m::error::IceError),
}

/// Rooms of peers that str0m serves.
///
/// Push inputs, then [`Forwarder::flush`], then pull datagrams from the arena: what a batch of datagrams brings for one
/// subscriber is given to str0m at once, which is less work for it than packet by packet.
pub struct Forwarder {
    announced: SocketAddr,
    has_estimate: bool,
    peers: Vec<Peer>,
    by_ufrag: HashMap<String, usize>,
    by_address: HashMap<SocketAddr, usize>,
    rooms: HashMap<usize, Vec<usize>>,
    /// When each peer is looked at; entries that an earlier one replaced are skipped.
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Peers that something was given to since they were last asked for output.
    dirty: Vec<usize>,
}

struct Peer {
    rtc: Rtc,
    room: usize,
    local: Option<std::net::IpAddr>,
    /// What str0m said last.
    wakes_at: Option<Instant>,
    /// The entry among the timers that counts: not later than `wakes_at`.
    queued_at: Option<Instant>,
    is_dirty: bool,
    is_connected: bool,
    lines: Vec<Line>,
}

/// One media line: what the peer is sent on it, and when it was last asked for a keyframe.
struct Line {
    mid: Mid,
    is_video: bool,
    ssrc: Option<Ssrc>,
    flow: Option<Flow>,
    /// Whether the peer sent anything on it: a silent one is not asked for keyframes.
    is_heard: bool,
    asked_at: Option<Instant>,
}

/// Where a stream began: str0m and the client agree on the first rollover only if it begins before it.
#[derive(Clone, Copy)]
struct Flow {
    publisher: usize,
    first: u64,
    subtracted: u64,
}

static CRYPTO: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(from_feature_flags()));

/// One certificate for all peers, as servers have it.
static CERTIFICATE: LazyLock<DtlsCert> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("the system gives randomness");
    let certificate =
        rcgen::CertificateParams::default().self_signed(&key).expect("default parameters make a certificate");
    DtlsCert { certificate: certificate.der().to_vec(), private_key: key.serialize_der() }
});

impl Forwarder {
    /// An SFU that clients reach at `announced`; with `has_estimate` it estimates and paces every subscriber's link.
    #[must_use]
    pub fn new(announced: SocketAddr, has_estimate: bool) -> Self {
        Self {
            announced,
            has_estimate,
            peers: Vec::new(),
            by_ufrag: HashMap::new(),
            by_address: HashMap::new(),
            rooms: HashMap::new(),
            timers: BinaryHeap::new(),
            dirty: Vec::new(),
        }
    }

    /// Takes a client's offer and gives the answer.
    ///
    /// # Errors
    ///
    /// - [`AnswerOfferError::Read`] if the offer is no description.
    /// - [`AnswerOfferError::Refused`] if str0m does not take it.
    /// - [`AnswerOfferError::Announce`] if the announced address cannot be a candidate.
    pub fn connect_peer(&mut self, now: Instant, room: usize, offer: &str) -> Result<String, AnswerOfferError> {
        let offer = SdpOffer::from_sdp_string(offer)?;
        let mut rtc = Rtc::builder()
            .set_crypto_provider(Arc::clone(&CRYPTO))
            .set_dtls_cert(CERTIFICATE.clone())
            .set_rtp_mode(true)
            .set_ice_lite(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .set_rtcp_report_interval_audio(REPORT_INTERVAL)
            .set_rtcp_report_interval_video(REPORT_INTERVAL)
            .enable_bwe(self.has_estimate.then_some(Bitrate::kbps(FIRST_ESTIMATE_KBPS)))
            .build(now);
        rtc.add_local_candidate(Candidate::host(self.announced, "udp")?);
        let answer = rtc.sdp_api().accept_offer(offer)?.to_sdp_string();
        if self.has_estimate {
            rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::kbps(DESIRED_KBPS));
        }
        let lines = (0..answer.lines().filter(|line| line.starts_with("m=")).count()).map(|number| {
            let mid = Mid::from(number.to_string().as_str());
            let ssrc = rtc.direct_api().stream_tx_by_mid(mid, None).map(|stream| stream.ssrc());
            Line { mid, is_video: number > 0, ssrc, flow: None, is_heard: false, asked_at: None }
        });
        let lines = lines.collect();
        let key = self.peers.len();
        let ufrag = rtc.direct_api().local_ice_credentials().ufrag;
        self.by_ufrag.insert(ufrag, key);
        self.rooms.entry(room).or_default().push(key);
        self.peers.push(Peer {
            rtc,
            room,
            local: None,
            wakes_at: None,
            queued_at: None,
            is_dirty: false,
            is_connected: false,
            lines,
        });
        self.mark(key);
        Ok(answer)
    }

    /// Takes one datagram that came from `from`; what it brings waits for [`Forwarder::flush`].
    pub fn handle_datagram(&mut self, now: Instant, from: Path, datagram: &[u8], out: &mut SendArena) {
        let Ok(contents) = DatagramRecv::try_from(datagram) else { return };
        let receive = Receive { proto: Protocol::Udp, source: from.remote, destination: self.announced, contents };
        let input = Input::Receive(now, receive);
        let key = match self.by_address.get(&from.remote) {
            Some(key) => *key,
            None => {
                let Ok(request) = stun::BindingRequest::parse(datagram) else { return };
                let Some(key) = std::str::from_utf8(request.to_ufrag).ok().and_then(|ufrag| self.by_ufrag.get(ufrag))
                else {
                    return;
                };
                if !self.peers[*key].rtc.accepts(&input) {
                    return;
                }
                self.by_address.insert(from.remote, *key);
                *key
            }
        };
        let peer = &mut self.peers[key];
        peer.local = from.local;
        if peer.rtc.handle_input(input).is_err() {
            peer.rtc.disconnect();
        }
        self.drain(now, key, out);
    }

    /// Gives every subscriber what the last inputs brought for it.
    pub fn flush(&mut self, now: Instant, out: &mut SendArena) {
        while let Some(key) = self.dirty.pop() {
            let peer = &mut self.peers[key];
            peer.is_dirty = false;
            if peer.rtc.handle_input(Input::Timeout(now)).is_err() {
                peer.rtc.disconnect();
            }
            self.drain(now, key, out);
        }
    }

    /// When [`Forwarder::handle_timeout`] has something to do.
    #[must_use]
    pub fn next_timeout(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, key))) = self.timers.peek().copied() {
            let Peer { wakes_at, queued_at, .. } = &mut self.peers[key];
            if *queued_at == Some(at) && wakes_at.is_some_and(|wakes_at| wakes_at <= at) {
                return Some(at);
            }
            self.timers.pop();
            if *queued_at == Some(at) {
                *queued_at = *wakes_at;
                self.timers.extend(wakes_at.map(|wakes_at| Reverse((wakes_at, key))));
            }
        }
        None
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, out: &mut SendArena) {
        while self.next_timeout().is_some_and(|at| at <= now) && !out.should_flush() {
            let Some(Reverse((_, key))) = self.timers.pop() else { return };
            (self.peers[key].wakes_at, self.peers[key].queued_at) = (None, None);
            self.mark(key);
            self.flush(now, out);
        }
    }

    fn mark(&mut self, key: usize) {
        if !std::mem::replace(&mut self.peers[key].is_dirty, true) {
            self.dirty.push(key);
        }
    }

    /// Takes everything that str0m has for one peer.
    fn drain(&mut self, now: Instant, key: usize, out: &mut SendArena) {
        loop {
            let peer = &mut self.peers[key];
            match peer.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    peer.wakes_at = Some(at);
                    if peer.queued_at.is_none_or(|queued_at| at < queued_at) {
                        peer.queued_at = Some(at);
                        self.timers.push(Reverse((at, key)));
                    }
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    let to = Path { local: peer.local, ..Path::from(transmit.destination) };
                    out.push(to, key as u32, transmit.contents.len(), |buffer| {
                        buffer.copy_from_slice(&transmit.contents);
                        buffer.len()
                    });
                }
                Ok(Output::Event(event)) => self.take(now, key, event),
                Err(_) => peer.rtc.disconnect(),
            }
        }
    }

    fn take(&mut self, now: Instant, key: usize, event: Event) {
        match event {
            Event::Connected => {
                self.peers[key].is_connected = true;
                for publisher in self.others(key) {
                    self.request_keyframes(now, publisher, None);
                }
            }
            Event::RtpPacket(packet) => self.forward(now, key, &packet),
            Event::KeyframeRequest(request) => {
                for publisher in self.others(key) {
                    self.request_keyframes(now, publisher, Some(request.mid));
                }
            }
            _ => {}
        }
    }

    fn others(&self, key: usize) -> Vec<usize> {
        let room = self.rooms.get(&self.peers[key].room);
        room.into_iter().flatten().copied().filter(|other| *other != key).collect()
    }

    fn forward(&mut self, now: Instant, publisher: usize, packet: &RtpPacket) {
        let Some(mid) = packet.header.ext_vals.mid.or_else(|| self.mid_of(publisher, packet.header.ssrc)) else {
            return;
        };
        let room = self.peers[publisher].room;
        for line in self.peers[publisher].lines.iter_mut().filter(|line| line.mid == mid) {
            line.is_heard = true;
        }
        let mut awaits_keyframe = false;
        for at in 0..self.rooms.get(&room).map_or(0, Vec::len) {
            let key = self.rooms[&room][at];
            let peer = &mut self.peers[key];
            if key == publisher || !peer.is_connected {
                continue;
            }
            let Some(line) = peer.lines.iter_mut().find(|line| line.mid == mid) else { continue };
            let Some(sequence) = line.place(publisher, packet) else {
                awaits_keyframe |= line.flow.is_none();
                continue;
            };
            let is_video = line.is_video;
            let Some(ssrc) = line.ssrc else { continue };
            let write = RtpWrite::new(
                packet.header.payload_type,
                sequence,
                packet.header.timestamp,
                packet.timestamp,
                Arc::clone(&packet.payload),
            );
            let mut direct = peer.rtc.direct_api();
            if let Some(stream) = direct.stream_tx(&ssrc) {
                let write = write.marker(packet.header.marker).nackable(is_video);
                stream.write_rtp(write.ext_vals(ExtensionValues::default()));
                self.mark(key);
            }
        }
        if awaits_keyframe {
            self.request_keyframes(now, publisher, Some(mid));
        }
    }

    fn mid_of(&mut self, publisher: usize, ssrc: Ssrc) -> Option<Mid> {
        self.peers[publisher].rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid())
    }

    /// Asks a publisher for keyframes of one video line or of all, unless it was asked a moment ago.
    fn request_keyframes(&mut self, now: Instant, publisher: usize, mid: Option<Mid>) {
        let Peer { rtc, lines, .. } = &mut self.peers[publisher];
        let mut has_asked = false;
        let can_be_asked = |line: &&mut Line| line.is_video && line.is_heard && mid.is_none_or(|mid| mid == line.mid);
        for line in lines.iter_mut().filter(can_be_asked) {
            let is_paused = line
                .asked_at
                .is_some_and(|asked_at| now.saturating_duration_since(asked_at) < KEYFRAME_REQUEST_INTERVAL);
            let mut direct = rtc.direct_api();
            if let Some(stream) = direct.stream_rx_by_mid(line.mid, None).filter(|_| !is_paused) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                line.asked_at = Some(now);
                has_asked = true;
            }
        }
        if has_asked {
            self.mark(publisher);
        }
    }
}

impl Line {
    /// The number of a packet on this line; none before the keyframe that the picture begins with.
    fn place(&mut self, publisher: usize, packet: &RtpPacket) -> Option<SeqNo> {
        let index = *packet.seq_no;
        let flow = match self.flow.filter(|flow| flow.publisher == publisher) {
            Some(flow) => flow,
            None => {
                let begins = !self.is_video
                    || Vp8Descriptor::parse(&packet.payload)
                        .is_ok_and(|descriptor| descriptor.starts_keyframe(&packet.payload));
                if !begins {
                    return None;
                }
                let flow = Flow { publisher, first: index, subtracted: index & !0xffff };
                self.flow = Some(flow);
                flow
            }
        };
        (index >= flow.first).then(|| (index - flow.subtracted).into())
    }
}
